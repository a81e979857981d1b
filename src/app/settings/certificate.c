#include "app/settings/certificate.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum { DAYS = 3650, SECONDS_A_DAY = 86400 };

static bool add_extension(X509 *certificate, int nid, const char *value) {
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    bool good = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

static bool fill(X509 *certificate, EVP_PKEY *key, const char *hostname, const char *domain) {
    char names[1024];
    (void)snprintf(names, sizeof names, "DNS:%s,DNS:%s,DNS:localhost,IP:127.0.0.1", hostname, domain);
    X509_NAME *name = X509_get_subject_name(certificate);
    BIGNUM *serial = BN_new();
    bool good = serial && BN_rand(serial, 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
                BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) &&
                X509_set_version(certificate, 2) &&
                X509_gmtime_adj(X509_getm_notBefore(certificate), -SECONDS_A_DAY) &&
                X509_gmtime_adj(X509_getm_notAfter(certificate), (long)DAYS * SECONDS_A_DAY) &&
                X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"posthaste", -1,
                                           -1, 0) &&
                X509_set_issuer_name(certificate, name) && X509_set_pubkey(certificate, key) &&
                add_extension(certificate, NID_subject_alt_name, names) &&
                add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
                X509_sign(certificate, key, EVP_sha256());
    BN_free(serial);
    return good;
}

static bool append_pem(BIO *bio, struct buffer *out) {
    char *text;
    long len = BIO_get_mem_data(bio, &text);
    if (len > 0) buffer_append(out, slice_of(text, (size_t)len));
    return len > 0;
}

bool certificate_make(const char *hostname, const char *domain, struct buffer *certificate_pem,
                      struct buffer *key_pem) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    BIO *certificate_bio = BIO_new(BIO_s_mem());
    BIO *key_bio = BIO_new(BIO_s_mem());
    bool good = key && certificate && certificate_bio && key_bio &&
                fill(certificate, key, hostname, domain) &&
                PEM_write_bio_X509(certificate_bio, certificate) &&
                PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL) &&
                append_pem(certificate_bio, certificate_pem) && append_pem(key_bio, key_pem);
    BIO_free(certificate_bio);
    BIO_free(key_bio);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return good;
}
