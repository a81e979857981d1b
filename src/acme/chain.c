#include "acme/chain.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "base/encode.h"

enum { CLOCK_SLACK_MS = 60 * 60 * 1000, IDENTIFIER_BYTES_MAX = 256 };

struct certificates {
    X509 *items[ACME_CERTIFICATES_MAX];
    size_t count;
    bool is_too_long;
};

static void read_all(struct slice pem, struct certificates *found) {
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    *found = (struct certificates){0};
    for (;;) {
        X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
        if (!certificate) break;
        found->is_too_long = found->count == ACME_CERTIFICATES_MAX;
        if (found->is_too_long) {
            X509_free(certificate);
            break;
        }
        found->items[found->count++] = certificate;
    }
    BIO_free(bio);
    ERR_clear_error();
}

static void free_all(struct certificates *found) {
    for (size_t i = 0; i < found->count; i++) X509_free(found->items[i]);
}

static bool write_all(const struct certificates *found, struct buffer *out) {
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    bool good = bio != NULL;
    for (size_t i = 0; good && i < found->count; i++) good = PEM_write_bio_X509(bio, found->items[i]) == 1;
    long len = good ? BIO_get_mem_data(bio, &text) : 0;
    if (len > 0) buffer_append(out, slice_of(text, (size_t)len));
    BIO_free(bio);
    return len > 0 && !buffer_overflowed(out);
}

static bool is_of_key(X509 *leaf, struct slice key_pem) {
    BIO *bio = BIO_new_mem_buf(key_pem.ptr, (int)key_pem.len);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    bool good = key && X509_check_private_key(leaf, key) == 1;
    EVP_PKEY_free(key);
    BIO_free(bio);
    ERR_clear_error();
    return good;
}

static bool is_linked(const struct certificates *found) {
    for (size_t i = 0; i + 1 < found->count; i++) {
        EVP_PKEY *issuer = X509_get0_pubkey(found->items[i + 1]);
        if (!issuer || X509_verify(found->items[i], issuer) != 1) return false;
    }
    return true;
}

/* False: a time that cannot be. */
static bool time_ms(const ASN1_TIME *time, int64_t *ms) {
    struct tm parts;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0;
    int seconds = 0;
    bool good = epoch && ASN1_TIME_to_tm(time, &parts) == 1 && ASN1_TIME_diff(&days, &seconds, epoch, time);
    *ms = ((int64_t)days * 86400 + seconds) * 1000;
    ASN1_TIME_free(epoch);
    return good;
}

static bool copy_name(const GENERAL_NAME *name, struct arena *arena, struct acme_leaf *leaf) {
    if (name->type != GEN_DNS) return true;
    struct slice text =
        slice_of(ASN1_STRING_get0_data(name->d.dNSName), (size_t)ASN1_STRING_length(name->d.dNSName));
    if (leaf->name_count == ACME_NAMES_MAX || text.len > ACME_NAME_BYTES_MAX) return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= 0x20 || text.ptr[i] >= 0x7f) return false;
    return arena_try_copy(arena, text, &leaf->names[leaf->name_count++]);
}

static bool read_names(const X509 *certificate, struct arena *arena, struct acme_leaf *leaf) {
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool good = names != NULL;
    for (int i = 0; good && i < sk_GENERAL_NAME_num(names); i++)
        good = copy_name(sk_GENERAL_NAME_value(names, i), arena, leaf);
    GENERAL_NAMES_free(names);
    return good;
}

static void read_issuer(const X509 *certificate, struct arena *arena, struct acme_leaf *leaf) {
    char text[128] = "";
    (void)X509_NAME_get_text_by_NID(X509_get_issuer_name(certificate), NID_commonName, text, sizeof text);
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f) *at = '?';
    leaf->issuer = arena_copy(arena, slice_from_text(text));
}

/* RFC 9773 4.1: the authority key identifier, a dot, the serial number as DER has it. */
static void read_identifier(X509 *certificate, struct arena *arena, struct acme_leaf *leaf) {
    const ASN1_OCTET_STRING *authority = X509_get0_authority_key_id(certificate);
    unsigned char *der = NULL;
    int len = i2d_ASN1_INTEGER(X509_get_serialNumber(certificate), &der);
    struct buffer text = buffer_new(IDENTIFIER_BYTES_MAX);
    if (authority && len > 2 && der[1] < 0x80) {
        base64url_encode(&text,
                         slice_of(ASN1_STRING_get0_data(authority), (size_t)ASN1_STRING_length(authority)));
        buffer_append_byte(&text, '.');
        base64url_encode(&text, slice_of(der + 2, (size_t)len - 2));
    }
    if (!buffer_overflowed(&text)) leaf->identifier = arena_copy(arena, buffer_slice(&text));
    buffer_free(&text);
    OPENSSL_free(der);
}

static bool read_leaf(X509 *certificate, struct arena *arena, struct acme_leaf *leaf) {
    *leaf = (struct acme_leaf){0};
    read_issuer(certificate, arena, leaf);
    read_identifier(certificate, arena, leaf);
    return read_names(certificate, arena, leaf) &&
           time_ms(X509_get0_notBefore(certificate), &leaf->not_before_ms) &&
           time_ms(X509_get0_notAfter(certificate), &leaf->not_after_ms);
}

bool acme_leaf_has(const struct acme_leaf *leaf, struct slice name) {
    for (size_t i = 0; i < leaf->name_count; i++)
        if (slice_equal_nocase(leaf->names[i], name)) return true;
    return false;
}

static const char *check(const struct certificates *found, struct slice key_pem, const struct slice *names,
                         size_t count, int64_t now_ms, struct arena *arena, struct acme_leaf *leaf) {
    if (found->is_too_long) return "it has too many certificates";
    if (found->count == 0 || !read_leaf(found->items[0], arena, leaf))
        return "it cannot be read as PEM certificates";
    if (!is_of_key(found->items[0], key_pem)) return "it is not for the key that it was asked for";
    if (!is_linked(found)) return "its certificates are not signed by each other";
    if (leaf->not_before_ms > now_ms + CLOCK_SLACK_MS || leaf->not_after_ms <= now_ms)
        return "it is not valid now (is this machine's clock right?)";
    for (size_t i = 0; i < count; i++)
        if (!acme_leaf_has(leaf, names[i])) return "it is not for all names that it was asked for";
    return NULL;
}

const char *acme_chain_check(struct slice pem, struct slice key_pem, const struct slice *names, size_t count,
                             int64_t now_ms, struct arena *arena, struct buffer *chain,
                             struct acme_leaf *leaf) {
    struct certificates found;
    read_all(pem, &found);
    const char *fault = check(&found, key_pem, names, count, now_ms, arena, leaf);
    if (!fault && !write_all(&found, chain)) fault = "it is too long";
    free_all(&found);
    ERR_clear_error();
    return fault;
}
