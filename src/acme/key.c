#include "acme/key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/encode.h"

enum { NAMES_TEXT_BYTES_MAX = ACME_NAMES_MAX * (ACME_NAME_BYTES_MAX + 5) };

static EVP_PKEY *key_of(struct slice pem) {
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

bool acme_key_make(struct buffer *pem) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    bool good = key && bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
    long len = good ? BIO_get_mem_data(bio, &text) : 0;
    if (len > 0) buffer_append(pem, slice_of(text, (size_t)len));
    BIO_free(bio);
    EVP_PKEY_free(key);
    return len > 0 && !buffer_overflowed(pem);
}

static bool read_coordinate(const EVP_PKEY *key, const char *name, uint8_t out[32]) {
    BIGNUM *number = NULL;
    bool good = EVP_PKEY_get_bn_param(key, name, &number) == 1 && BN_bn2binpad(number, out, 32) == 32;
    BN_free(number);
    return good;
}

bool acme_key_point(struct slice pem, struct acme_point *point) {
    EVP_PKEY *key = key_of(pem);
    bool good = key && EVP_PKEY_is_a(key, "EC") && read_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, point->x) &&
                read_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, point->y);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return good;
}

void acme_thumbprint(struct buffer *out, const struct acme_point *point) {
    struct buffer jwk = buffer_new(256);
    uint8_t digest[32];
    acme_jwk_write(&jwk, point);
    if (EVP_Q_digest(NULL, "SHA256", NULL, jwk.ptr, jwk.len, digest, NULL) != 1)
        FATAL("OpenSSL has no SHA-256");
    base64url_encode(out, slice_of(digest, sizeof digest));
    buffer_free(&jwk);
}

/* RFC 7518 3.4: the two numbers themselves, not DER. */
static bool split_signature(const uint8_t *der, size_t len, uint8_t signature[ACME_SIGNATURE_BYTES]) {
    ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &der, (long)len);
    bool good = numbers && BN_bn2binpad(ECDSA_SIG_get0_r(numbers), signature, 32) == 32 &&
                BN_bn2binpad(ECDSA_SIG_get0_s(numbers), signature + 32, 32) == 32;
    ECDSA_SIG_free(numbers);
    return good;
}

bool acme_key_sign(struct slice pem, struct slice input, uint8_t signature[ACME_SIGNATURE_BYTES]) {
    EVP_PKEY *key = key_of(pem);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t der[128];
    size_t len = sizeof der;
    bool good = key && context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(context, der, &len, input.ptr, input.len) == 1 &&
                split_signature(der, len, signature);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return good;
}

/* ---- the request ---- */

static bool add_names(X509_REQ *request, const struct slice *names, size_t count) {
    struct buffer text = buffer_new(NAMES_TEXT_BYTES_MAX);
    for (size_t i = 0; i < count; i++)
        buffer_printf(&text, "%sDNS:%.*s", i ? "," : "", SLICE_PRINT(names[i]));
    buffer_append_byte(&text, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, (const char *)text.ptr);
    STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
    bool good = !buffer_overflowed(&text) && extension && extensions &&
                sk_X509_EXTENSION_push(extensions, extension) && X509_REQ_add_extensions(request, extensions);
    sk_X509_EXTENSION_free(extensions);
    X509_EXTENSION_free(extension);
    buffer_free(&text);
    return good;
}

static bool write_der(X509_REQ *request, struct buffer *out) {
    int len = i2d_X509_REQ(request, NULL);
    uint8_t *room = len > 0 ? buffer_reserve(out, (size_t)len) : NULL;
    if (!room || i2d_X509_REQ(request, &room) != len) return false;
    buffer_grew(out, (size_t)len);
    return true;
}

bool acme_csr_make(struct slice pem, const struct slice *names, size_t count, struct buffer *der) {
    EVP_PKEY *key = key_of(pem);
    X509_REQ *request = X509_REQ_new();
    bool good = key && request && count > 0 && X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
                X509_REQ_set_pubkey(request, key) == 1 && add_names(request, names, count) &&
                X509_REQ_sign(request, key, EVP_sha256()) > 0 && write_der(request, der);
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return good;
}
