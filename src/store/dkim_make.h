/*
 * A signing key as libcrypto has it: made, written down, read, and used. For threads: making an RSA key burns
 * some 0.1 s, an RSA signature nearly a millisecond. Nothing here waits or keeps anything.
 */
#ifndef STORE_DKIM_MAKE_H
#define STORE_DKIM_MAKE_H

#include <openssl/types.h>

#include "base/buffer.h"
#include "wire/dkim_field.h"

/* RFC 8301 3.2: at least 1024, and 2048 is what is asked for. Longer records do not fit every DNS editor. */
enum { DKIM_RSA_BITS = 2048, DKIM_ED25519_BYTES = 32 };

/* A new RSA key, PKCS#8 in DER. False: libcrypto cannot. */
NODISCARD bool dkim_make_rsa(struct buffer *private);
/* The Ed25519 key of a random seed. */
NODISCARD bool dkim_make_ed25519(const uint8_t seed[DKIM_ED25519_BYTES], struct buffer *private);

/* Of PKCS#8 in DER; freed with EVP_PKEY_free, which wipes it. NULL: it is no key of that algorithm. */
EVP_PKEY *dkim_private_read(enum dkim_algorithm algorithm, struct slice private);
/* What p= has: the SubjectPublicKeyInfo of RSA (RFC 6376 3.6.1), the 32 bytes of Ed25519 (RFC 8463 4). */
NODISCARD bool dkim_private_public(enum dkim_algorithm algorithm, EVP_PKEY *key, struct buffer *public);
/* "v=DKIM1; k=rsa; p=..." (RFC 6376 3.6.1). */
void dkim_record_write(enum dkim_algorithm algorithm, struct slice public, struct buffer *out);
/* RFC 8017 8.2; RFC 8463 3. At most DKIM_SIGNATURE_BYTES_MAX. */
NODISCARD bool dkim_private_sign(enum dkim_algorithm algorithm, EVP_PKEY *key,
                             const uint8_t digest[DKIM_DIGEST_BYTES], struct buffer *signature);

#endif
