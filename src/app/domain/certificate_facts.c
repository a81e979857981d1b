/* What a certificate says that belongs into DNS (app/domain/domain_facts.h). */
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "app/domain/domain_facts.h"
#include "base/encode.h"

/* Authorities by a part of their organisation's name, and what they read in CAA records (RFC 8659 4.2). */
static const struct {
    const char *organization;
    struct slice issuer;
} authorities[] = {{"Let's Encrypt", SLICE_INIT("letsencrypt.org")},
                   {"Google Trust", SLICE_INIT("pki.goog")},
                   {"ZeroSSL", SLICE_INIT("sectigo.com")},
                   {"Sectigo", SLICE_INIT("sectigo.com")},
                   {"Buypass", SLICE_INIT("buypass.com")},
                   {"DigiCert", SLICE_INIT("digicert.com")},
                   {"GlobalSign", SLICE_INIT("globalsign.com")},
                   {"Amazon", SLICE_INIT("amazon.com")},
                   {"SSL Corp", SLICE_INIT("ssl.com")},
                   {"HARICA", SLICE_INIT("harica.gr")}};

static struct slice issuer_of(X509 *certificate) {
    char organization[256] = "";
    (void)X509_NAME_get_text_by_NID(X509_get_issuer_name(certificate), NID_organizationName, organization,
                                    sizeof organization);
    for (size_t i = 0; i < sizeof authorities / sizeof authorities[0]; i++)
        if (strstr(organization, authorities[i].organization)) return authorities[i].issuer;
    return SLICE_EMPTY;
}

static struct slice key_hash_of(struct arena *arena, X509 *certificate) {
    uint8_t hash[SHA256_DIGEST_LENGTH];
    unsigned char *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    if (len <= 0) return SLICE_EMPTY;
    (void)SHA256(der, (size_t)len, hash);
    OPENSSL_free(der);
    struct buffer hex = buffer_new(2 * sizeof hash);
    hex_encode(&hex, slice_of(hash, sizeof hash));
    struct slice copy = arena_copy(arena, buffer_slice(&hex));
    buffer_free(&hex);
    return copy;
}

static X509 *read_first(struct slice pem) {
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    return certificate;
}

int64_t certificate_ends_ms(struct slice pem) {
    X509 *certificate = read_first(pem);
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0;
    int seconds = 0;
    bool is_read =
        certificate && epoch && ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(certificate)) == 1;
    ASN1_TIME_free(epoch);
    X509_free(certificate);
    return is_read ? ((int64_t)days * 86400 + seconds) * 1000 : 0;
}

bool certificate_facts(struct arena *arena, struct slice pem, struct slice *key_hash, struct slice *issuer) {
    X509 *certificate = read_first(pem);
    if (!certificate) return false;
    *key_hash = key_hash_of(arena, certificate);
    *issuer = issuer_of(certificate);
    X509_free(certificate);
    return key_hash->len > 0;
}
