/* TLS settings and certificates. Versions and ciphers follow RFC 9325: TLS 1.2 at least. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "io/real/tls.h"

static struct tls_context *context_new(void) {
    struct tls_context *context = calloc(1, sizeof *context);
    if (!context) FATAL("out of memory for TLS settings");
    return context;
}

static SSL_CTX *ssl_context_new(const SSL_METHOD *method) {
    SSL_CTX *ssl = SSL_CTX_new(method);
    if (!ssl) FATAL("OpenSSL gives no context");
    (void)SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
    (void)SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                       SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
    (void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    return ssl;
}

static BIO *bio_of(struct slice pem) {
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    if (!bio) FATAL("out of memory for a certificate");
    return bio;
}

static bool use_chain(SSL_CTX *ssl, struct slice pem) {
    BIO *bio = bio_of(pem);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    bool good = certificate && SSL_CTX_use_certificate(ssl, certificate) == 1;
    X509_free(certificate);
    while (good) {
        X509 *issuer = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (!issuer) break;
        good = SSL_CTX_add0_chain_cert(ssl, issuer) == 1;
        if (!good) X509_free(issuer);
    }
    BIO_free(bio);
    ERR_clear_error();
    return good;
}

static bool use_key(SSL_CTX *ssl, struct slice pem) {
    BIO *bio = bio_of(pem);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    bool good = key && SSL_CTX_use_PrivateKey(ssl, key) == 1;
    EVP_PKEY_free(key);
    BIO_free(bio);
    ERR_clear_error();
    return good;
}

static bool is_of_context(const struct tls_context *context, const SSL_CTX *ssl) {
    for (size_t i = 0; i < context->certificate_count; i++)
        if (context->certificates[i] == ssl) return true;
    return false;
}

/* RFC 6066 3: the first certificate that covers the asked name. */
static int choose_certificate(SSL *ssl, int *alert, void *argument) {
    (void)alert;
    (void)argument;
    const struct tls_context *context = tls_context_of(ssl);
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    /* It is shown a challenge's. */
    if (!is_of_context(context, SSL_get_SSL_CTX(ssl))) return SSL_TLSEXT_ERR_OK;
    if (!name) return SSL_TLSEXT_ERR_NOACK;
    for (size_t i = 0; i < context->certificate_count; i++) {
        X509 *certificate = SSL_CTX_get0_certificate(context->certificates[i]);
        if (X509_check_host(certificate, name, 0, 0, NULL) != 1) continue;
        (void)SSL_set_SSL_CTX(ssl, context->certificates[i]);
        break;
    }
    return SSL_TLSEXT_ERR_OK;
}

/* RFC 7301 3.2: a client that names protocols and not ours is refused. */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_len,
                           const unsigned char *offered, unsigned offered_len, void *argument) {
    (void)argument;
    const struct tls_context *context = tls_context_of(ssl);
    if (!context->alpn) return SSL_TLSEXT_ERR_NOACK;
    struct slice list = slice_of(offered, offered_len);
    while (list.len) {
        struct slice name = slice_take(&list, 1);
        name = slice_take(&list, name.ptr[0]);
        if (!slice_equal(name, slice_from_text(context->alpn))) continue;
        *chosen = name.ptr;
        *chosen_len = (unsigned char)name.len;
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

const char *tls_context_add(struct tls_context *context, struct slice certificates_pem,
                            struct slice key_pem) {
    if (context->certificate_count == TLS_CERTIFICATES_MAX) return "too many certificates";
    SSL_CTX *ssl = ssl_context_new(TLS_server_method());
    const char *reason = NULL;
    if (!use_chain(ssl, certificates_pem))
        reason = "no PEM certificate that OpenSSL can read";
    else if (!use_key(ssl, key_pem))
        reason = "no PEM private key that OpenSSL can read and that belongs to the certificate";
    if (reason) {
        SSL_CTX_free(ssl);
        return reason;
    }
    (void)SSL_CTX_set_tlsext_servername_callback(ssl, choose_certificate);
    SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, NULL);
    SSL_CTX_set_client_hello_cb(ssl, tls_challenge_look, NULL);
    context->certificates[context->certificate_count++] = ssl;
    return NULL;
}

struct tls_context *tls_context_server(struct slice certificates_pem, struct slice key_pem,
                                       const char **reason) {
    struct tls_context *context = context_new();
    *reason = tls_context_add(context, certificates_pem, key_pem);
    if (*reason) tls_context_free(&context);
    return context;
}

struct tls_context *tls_context_like(const struct tls_context *context) {
    struct tls_context *other = context_new();
    other->certificate_count = context->certificate_count;
    for (size_t i = 0; i < context->certificate_count; i++) {
        other->certificates[i] = context->certificates[i];
        if (SSL_CTX_up_ref(other->certificates[i]) != 1) FATAL("OpenSSL counts no more contexts");
    }
    return other;
}

struct tls_context *tls_context_client(void) {
    struct tls_context *context = context_new();
    SSL_CTX *ssl = ssl_context_new(TLS_client_method());
    SSL_CTX_set_verify(ssl, SSL_VERIFY_NONE, NULL);
    if (SSL_CTX_dane_enable(ssl) != 1) FATAL("OpenSSL knows no DANE");
    context->certificates[context->certificate_count++] = ssl;
    return context;
}

/* False: there is no more. */
static bool trust_next(SSL_CTX *ssl, BIO *bio) {
    X509 *root = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    bool is_there = root && X509_STORE_add_cert(SSL_CTX_get_cert_store(ssl), root) == 1;
    X509_free(root);
    ERR_clear_error();
    return is_there;
}

void tls_context_trust_all(struct tls_context *context) {
    if (!context->roots) return;
    while (trust_next(context->certificates[0], context->roots)) continue;
    BIO_free(context->roots);
    context->roots = NULL;
}

/* A system's roots are many, and most of those who could connect never do. The first tells whether there are
   any. */
static bool trust(struct tls_context *context, struct slice roots_pem) {
    context->roots = BIO_new(BIO_s_mem());
    if (!context->roots || BIO_write(context->roots, roots_pem.ptr, (int)roots_pem.len) != (int)roots_pem.len)
        FATAL("out of memory for certificates");
    return trust_next(context->certificates[0], context->roots);
}

struct tls_context *tls_context_client_trusting(struct slice roots_pem, const char **reason) {
    struct tls_context *context = tls_context_client();
    *reason = NULL;
    SSL_CTX_set_verify(context->certificates[0], SSL_VERIFY_PEER, NULL);
    if (!trust(context, roots_pem)) {
        *reason = "no PEM certificate that OpenSSL can read";
        tls_context_free(&context);
    }
    return context;
}

void tls_context_set_alpn(struct tls_context *context, const char *protocol) { context->alpn = protocol; }

void tls_context_free(struct tls_context **context) {
    if (!*context) return;
    for (size_t i = 0; i < (*context)->certificate_count; i++) SSL_CTX_free((*context)->certificates[i]);
    BIO_free((*context)->roots);
    if ((*context)->stream_method) BIO_meth_free((*context)->stream_method);
    free(*context);
    *context = NULL;
}
