#include "trust/dkim_public_key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

enum {
    ED25519_KEY_BYTES = 32,
    /* A SubjectPublicKeyInfo of DKIM_RSA_BITS_MAX bits with an exponent as long, and some more. */
    KEY_BYTES_MAX = 4096,
    WORK_BITS = 1024,
    WORK_EXPONENT_BITS = 17,
    ED25519_WORK = 4,
};

/* A multiplication costs the square of the modulus, and there is one for each bit of the exponent. */
static unsigned work_of(const struct dkim_rsa_key *rsa) {
    unsigned factor = (rsa->bits + WORK_BITS - 1) / WORK_BITS;
    return factor * factor * ((rsa->exponent_bits + WORK_EXPONENT_BITS - 1) / WORK_EXPONENT_BITS);
}

static enum dkim_fault open_rsa(struct slice bytes, struct dkim_public_key *key) {
    struct dkim_rsa_key rsa;
    if (!dkim_rsa_key_read(bytes, &rsa)) return DKIM_FAULT_KEY_MALFORMED;
    key->bits = rsa.bits;
    if (rsa.bits < DKIM_RSA_BITS_MIN) return DKIM_FAULT_KEY_SHORT;
    if (rsa.bits > DKIM_RSA_BITS_MAX || rsa.exponent_bits > DKIM_RSA_EXPONENT_BITS_MAX)
        return DKIM_FAULT_KEY_LONG;
    key->work = work_of(&rsa);
    const unsigned char *at = rsa.der.ptr;
    key->key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)rsa.der.len);
    return key->key ? DKIM_FAULT_NONE : DKIM_FAULT_KEY_MALFORMED;
}

static enum dkim_fault open_ed25519(struct slice bytes, struct dkim_public_key *key) {
    if (bytes.len != ED25519_KEY_BYTES) return DKIM_FAULT_KEY_MALFORMED;
    key->bits = 8 * ED25519_KEY_BYTES;
    key->work = ED25519_WORK;
    key->key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes.ptr, bytes.len);
    return key->key ? DKIM_FAULT_NONE : DKIM_FAULT_KEY_MALFORMED;
}

enum dkim_fault dkim_public_key_open(const struct dkim_key_record *record, struct dkim_public_key *key) {
    struct buffer bytes = buffer_new(KEY_BYTES_MAX);
    enum dkim_fault fault = DKIM_FAULT_KEY_MALFORMED;
    *key = (struct dkim_public_key){.type = record->type};
    if (dkim_base64_decode(record->public_key, &bytes))
        fault = record->type == DKIM_KEY_RSA ? open_rsa(buffer_slice(&bytes), key)
                                             : open_ed25519(buffer_slice(&bytes), key);
    buffer_free(&bytes);
    ERR_clear_error();
    return fault;
}

void dkim_public_key_close(struct dkim_public_key *key) {
    EVP_PKEY_free(key->key);
    key->key = NULL;
}

/* RFC 8017 8.2.2, with the digest that is there already. */
static bool fits_rsa(EVP_PKEY *key, const uint8_t *digest, struct slice signature) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    if (!context) FATAL("no memory for a key");
    bool fits = EVP_PKEY_verify_init(context) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
                EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
                EVP_PKEY_verify(context, signature.ptr, signature.len, digest, DKIM_DIGEST_BYTES) == 1;
    EVP_PKEY_CTX_free(context);
    return fits;
}

/* RFC 8463 3: the digest is the message that PureEdDSA signs. */
static bool fits_ed25519(EVP_PKEY *key, const uint8_t *digest, struct slice signature) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context) FATAL("no memory for a key");
    bool fits = EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(context, signature.ptr, signature.len, digest, DKIM_DIGEST_BYTES) == 1;
    EVP_MD_CTX_free(context);
    return fits;
}

bool dkim_public_key_fits(const struct dkim_public_key *key, const uint8_t digest[DKIM_DIGEST_BYTES],
                          struct slice signature) {
    bool fits = key->type == DKIM_KEY_RSA ? fits_rsa(key->key, digest, signature)
                                          : fits_ed25519(key->key, digest, signature);
    ERR_clear_error();
    return fits;
}
