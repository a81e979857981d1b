#include "store/dkim_make.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/encode.h"
#include "base/limits.h"

static bool write_private(EVP_PKEY *key, struct buffer *private) {
    PKCS8_PRIV_KEY_INFO *info = key ? EVP_PKEY2PKCS8(key) : NULL;
    unsigned char *der = NULL;
    int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
    PKCS8_PRIV_KEY_INFO_free(info);
    if (len <= 0) return false;
    buffer_append(private, slice_of(der, (size_t)len));
    OPENSSL_clear_free(der, (size_t)len);
    return !buffer_overflowed(private);
}

bool dkim_make_rsa(struct buffer *private) {
    EVP_PKEY *key = EVP_RSA_gen(DKIM_RSA_BITS);
    bool is_made = write_private(key, private);
    EVP_PKEY_free(key);
    return is_made;
}

bool dkim_make_ed25519(const uint8_t seed[DKIM_ED25519_BYTES], struct buffer *private) {
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, DKIM_ED25519_BYTES);
    bool is_made = write_private(key, private);
    EVP_PKEY_free(key);
    return is_made;
}

static int type_of(enum dkim_algorithm algorithm) {
    return algorithm == DKIM_RSA_SHA256 ? EVP_PKEY_RSA : EVP_PKEY_ED25519;
}

EVP_PKEY *dkim_private_read(enum dkim_algorithm algorithm, struct slice private) {
    const unsigned char *at = private.ptr;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)private.len);
    EVP_PKEY *key = info ? EVP_PKCS82PKEY(info) : NULL;
    PKCS8_PRIV_KEY_INFO_free(info);
    ERR_clear_error();
    if (key && EVP_PKEY_get_base_id(key) == type_of(algorithm)) return key;
    EVP_PKEY_free(key);
    return NULL;
}

static bool rsa_public(EVP_PKEY *key, struct buffer *public) {
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    if (len <= 0) return false;
    buffer_append(public, slice_of(der, (size_t)len));
    OPENSSL_free(der);
    return !buffer_overflowed(public);
}

static bool ed25519_public(EVP_PKEY *key, struct buffer *public) {
    size_t len = DKIM_ED25519_BYTES;
    uint8_t *room = buffer_reserve(public, len);
    if (!room || EVP_PKEY_get_raw_public_key(key, room, &len) != 1) return false;
    buffer_grew(public, len);
    return true;
}

bool dkim_private_public(enum dkim_algorithm algorithm, EVP_PKEY *key, struct buffer *public) {
    return algorithm == DKIM_RSA_SHA256 ? rsa_public(key, public) : ed25519_public(key, public);
}

void dkim_record_write(enum dkim_algorithm algorithm, struct slice public, struct buffer *out) {
    buffer_append_text(out, "v=DKIM1; k=");
    buffer_append_text(out, algorithm == DKIM_RSA_SHA256 ? "rsa" : "ed25519");
    buffer_append_text(out, "; p=");
    base64_encode(out, public);
}

static bool rsa_sign(EVP_PKEY *key, const uint8_t *digest, uint8_t *out, size_t *len) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    bool is_signed = context && EVP_PKEY_sign_init(context) == 1 &&
                     EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
                     EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
                     EVP_PKEY_sign(context, out, len, digest, DKIM_DIGEST_BYTES) == 1;
    EVP_PKEY_CTX_free(context);
    return is_signed;
}

static bool ed25519_sign(EVP_PKEY *key, const uint8_t *digest, uint8_t *out, size_t *len) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_signed = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
                     EVP_DigestSign(context, out, len, digest, DKIM_DIGEST_BYTES) == 1;
    EVP_MD_CTX_free(context);
    return is_signed;
}

bool dkim_private_sign(enum dkim_algorithm algorithm, EVP_PKEY *key, const uint8_t digest[DKIM_DIGEST_BYTES],
                   struct buffer *signature) {
    size_t len = DKIM_SIGNATURE_BYTES_MAX;
    uint8_t *room = buffer_reserve(signature, len);
    bool is_signed = room && (algorithm == DKIM_RSA_SHA256 ? rsa_sign(key, digest, room, &len)
                                                           : ed25519_sign(key, digest, room, &len));
    if (is_signed) buffer_grew(signature, len);
    return is_signed;
}
