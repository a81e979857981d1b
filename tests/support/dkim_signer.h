/* Private keys for tests of DKIM and ARC: what the store role does with a digest, done by OpenSSL at once. */
#ifndef DKIM_SIGNER_H
#define DKIM_SIGNER_H

#include "trust/arc_seal.h"

struct test_key {
    struct evp_pkey_st *key;
    enum dkim_algorithm algorithm;
};

/* A new one; `bits` of RSA, which Ed25519 does not look at. Free it with test_key_free. */
struct test_key test_key_make(enum dkim_algorithm algorithm, unsigned bits);
/* One in PEM (PKCS #8, or RSA's own). */
struct test_key test_key_of_pem(enum dkim_algorithm algorithm, struct slice pem);
void test_key_free(struct test_key *key);

/* Appends p='s value (RFC 6376 3.6.1, RFC 8463 4), or that of the bare RSAPublicKey. */
void test_key_public(const struct test_key *key, bool is_bare, struct buffer *out);
/* Appends the signature of a digest. */
void test_key_sign(const struct test_key *key, const uint8_t digest[DKIM_DIGEST_BYTES], struct buffer *out);

/* Appends a message's DKIM-Signature by this key, or its three ARC fields; the results of composing. */
enum dkim_sign_result test_sign(const struct test_key *key, const struct dkim_forms *forms,
                                struct dkim_signer signer, struct slice message, struct buffer *out);
enum arc_seal_result test_seal(const struct test_key *key, struct arc_sealer sealer, struct slice message,
                               struct buffer *out);

#endif
