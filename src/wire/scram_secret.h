/*
 * The secret half of SCRAM (RFC 5802 3): what is stored of a password, and the check of one
 * proof. This half runs where the secrets are; the edge sees neither. Comparisons take the
 * same time whatever differs, and intermediate keys are wiped. The salt comes from the caller.
 */
#ifndef WIRE_SCRAM_SECRET_H
#define WIRE_SCRAM_SECRET_H

#include "base/limits.h"
#include "wire/scram.h"

struct scram_keys {
    enum scram_hash hash;
    uint32_t iterations;
    uint8_t salt[SCRAM_SALT_BYTES_MAX];
    size_t salt_len;
    uint8_t stored_key[SCRAM_HASH_BYTES_MAX];
    uint8_t server_key[SCRAM_HASH_BYTES_MAX];
};

/* Derives what to store. Takes some milliseconds of CPU at 4,096 iterations: not on an event
   loop. Errors: PASSWORD_INVALID, ITERATIONS_INVALID, SALT_INVALID (empty, or over
   SCRAM_SALT_BYTES_MAX). */
NODISCARD enum scram_error scram_secret_derive(enum scram_hash hash, struct slice password, struct slice salt,
                                               uint32_t iterations, struct scram_keys *secret);

/* A secret for a user that does not exist, so that the exchange looks like any other and ends
   in a wrong proof: the same salt each time, from a key that the server keeps to itself. */
void scram_secret_invent(enum scram_hash hash, struct slice server_key, struct slice name,
                         uint32_t iterations, struct scram_keys *secret);

/* Is `proof` right for this AuthMessage? If so, scram_hash_bytes of the server's signature are
   written to `signature`; if not, it is zeroed. */
NODISCARD bool scram_secret_check(const struct scram_keys *secret, struct slice auth_message,
                                  struct slice proof, uint8_t signature[SCRAM_HASH_BYTES_MAX]);

/* The password in the form that is hashed: SASLprep (RFC 4013) with unassigned code points
   allowed, through ICU. False: empty, not UTF-8, over SASL_PASSWORD_BYTES_MAX or prohibited.
   Every way to log in with a password should compare this form. */
NODISCARD bool scram_password_prepare(struct slice password, struct buffer *prepared);

/* RFC 5802 3: HMAC, H and Hi, shared with scram_client. Outputs are scram_hash_bytes long. */
void scram_hmac(enum scram_hash hash, struct slice key, struct slice text, uint8_t *out);
void scram_digest(enum scram_hash hash, struct slice bytes, uint8_t *out);
/* SaltedPassword. Errors as scram_secret_derive. */
NODISCARD enum scram_error scram_salted_password(enum scram_hash hash, struct slice password,
                                                 struct slice salt, uint32_t iterations, uint8_t *out);

#endif
