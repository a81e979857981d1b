/* TLS-ALPN-01 (RFC 8737): a CA that asks whether a name is ours is shown a certificate made for that alone.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "io/real/tls.h"

enum { DAY_S = 86400, NAME_BYTES_MAX = 253 };

static const struct slice protocol = SLICE_INIT("acme-tls/1");

/* ---- the certificate (RFC 8737 3) ---- */

static bool add_name(X509 *certificate, struct slice name) {
    char text[NAME_BYTES_MAX + 8];
    (void)snprintf(text, sizeof text, "DNS:%.*s", SLICE_PRINT(name));
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, text);
    bool good = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

/* An OCTET STRING in the extension's own. */
static bool add_digest(X509 *certificate, const uint8_t digest[32]) {
    uint8_t der[34] = {V_ASN1_OCTET_STRING, 32};
    memcpy(der + 2, digest, 32);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OBJECT *identifier = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
    X509_EXTENSION *extension = NULL;
    bool good = value && identifier && ASN1_OCTET_STRING_set(value, der, sizeof der) == 1;
    if (good) extension = X509_EXTENSION_create_by_OBJ(NULL, identifier, 1, value);
    good = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    ASN1_OBJECT_free(identifier);
    ASN1_OCTET_STRING_free(value);
    return good;
}

static bool fill(X509 *certificate, EVP_PKEY *key, struct slice name, const uint8_t digest[32]) {
    X509_NAME *subject = X509_get_subject_name(certificate);
    return X509_set_version(certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_S) &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), DAY_S) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)"acme", -1, -1,
                                      0) == 1 &&
           X509_set_issuer_name(certificate, subject) == 1 && X509_set_pubkey(certificate, key) == 1 &&
           add_name(certificate, name) && add_digest(certificate, digest) &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
}

/* ---- the handshake ---- */

static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_len,
                           const unsigned char *offered, unsigned offered_len, void *argument) {
    (void)ssl;
    (void)offered;
    (void)offered_len;
    (void)argument;
    *chosen = protocol.ptr;
    *chosen_len = (unsigned char)protocol.len;
    return SSL_TLSEXT_ERR_OK;
}

static bool show(SSL *ssl, struct slice name, const uint8_t digest[32]) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    bool good = key && certificate && context && fill(certificate, key, name, digest) &&
                SSL_CTX_use_certificate(context, certificate) == 1 &&
                SSL_CTX_use_PrivateKey(context, key) == 1;
    if (good) {
        SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
        good = SSL_set_SSL_CTX(ssl, context) != NULL;
    }
    /* The connection holds it from here on. */
    SSL_CTX_free(context);
    X509_free(certificate);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return good;
}

/* RFC 7301 3.1; RFC 8737 3: that protocol and no other. */
static bool offers_only(struct slice extension) {
    struct slice list = slice_skip(extension, 2);
    return list.len == protocol.len + 1 && slice_equal(slice_skip(list, 1), protocol);
}

/* RFC 6066 3: a list of one host name. Empty: there is none. */
static struct slice name_of(struct slice extension) {
    struct slice rest = slice_skip(extension, 2);
    if (rest.len < 3 || rest.ptr[0] != TLSEXT_NAMETYPE_host_name) return SLICE_EMPTY;
    size_t len = (size_t)rest.ptr[1] << 8 | rest.ptr[2];
    struct slice name = slice_skip(rest, 3);
    return len == name.len && len <= NAME_BYTES_MAX ? name : SLICE_EMPTY;
}

static struct slice extension_of(SSL *ssl, unsigned type) {
    const unsigned char *bytes;
    size_t len;
    return SSL_client_hello_get0_ext(ssl, type, &bytes, &len) == 1 ? slice_of(bytes, len) : SLICE_EMPTY;
}

static bool is_plain(struct slice name) {
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_alnum(name.ptr[i]) && name.ptr[i] != '-' && name.ptr[i] != '.') return false;
    return name.len > 0;
}

int tls_challenge_look(SSL *ssl, int *alert, void *argument) {
    (void)argument;
    const struct tls_context *context = tls_context_of(ssl);
    uint8_t digest[32];
    if (!context->find_challenge) return SSL_CLIENT_HELLO_SUCCESS;
    if (!offers_only(extension_of(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation)))
        return SSL_CLIENT_HELLO_SUCCESS;
    struct slice name = name_of(extension_of(ssl, TLSEXT_TYPE_server_name));
    if (is_plain(name) && context->find_challenge(context->find_context, name, digest) &&
        show(ssl, name, digest))
        return SSL_CLIENT_HELLO_SUCCESS;
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_CLIENT_HELLO_ERROR;
}

void tls_context_set_challenges(struct tls_context *context, tls_challenge_fn *find, void *find_context) {
    context->find_challenge = find;
    context->find_context = find_context;
}
