/*
 * TLS over any stream. OpenSSL reads and writes the stream below through a BIO of ours; when
 * it wants a direction, that is what is watched below, whichever direction the caller waits for.
 */
#include "io/real/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "io/real/loop.h"

struct tls_stream {
    struct stream stream;
    struct stream *inner;
    const struct tls_context *context;
    SSL *ssl;
    /* What the last read and write wanted of the stream below. */
    unsigned read_wants;
    unsigned write_wants;
    int inner_error;
    /* The certificate's first fault, where that ends nothing. */
    int passed_over;
};

static struct tls_stream *tls_of(struct stream *stream) {
    return CONTAINER_OF(stream, struct tls_stream, stream);
}

const struct tls_context *tls_context_of(const SSL *ssl) {
    const struct tls_stream *s = SSL_get_app_data(ssl);
    return s->context;
}

static int bio_read(BIO *bio, char *bytes, int len) {
    struct tls_stream *s = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t got = s->inner->ops->read(s->inner, bytes, (size_t)len);
    if (got == -EAGAIN) BIO_set_retry_read(bio);
    if (got < 0 && got != -EAGAIN) s->inner_error = (int)got;
    return got < 0 ? -1 : (int)got;
}

static int bio_write(BIO *bio, const char *bytes, int len) {
    struct tls_stream *s = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t put = s->inner->ops->write(s->inner, slice_of(bytes, (size_t)len));
    if (put == -EAGAIN) BIO_set_retry_write(bio);
    if (put < 0 && put != -EAGAIN) s->inner_error = (int)put;
    return put < 0 ? -1 : (int)put;
}

static long bio_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *stream_method(struct tls_context *context) {
    if (context->stream_method) return context->stream_method;
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
    if (!method || !BIO_meth_set_read(method, bio_read) || !BIO_meth_set_write(method, bio_write) ||
        !BIO_meth_set_ctrl(method, bio_control))
        FATAL("OpenSSL takes no BIO method");
    context->stream_method = method;
    return method;
}

static ssize_t result_of(struct tls_stream *s, int result, unsigned *wants) {
    switch (SSL_get_error(s->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        *wants = STREAM_READABLE;
        return -EAGAIN;
    case SSL_ERROR_WANT_WRITE:
        *wants = STREAM_WRITABLE;
        return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL:
        return s->inner_error ? s->inner_error : -ECONNRESET;
    default:
        return -EPROTO;
    }
}

/* INT64_MAX where the peer showed no certificate. */
static int64_t certificate_left_s(const SSL *ssl) {
    int days = 0;
    int seconds = 0;
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    if (!certificate || !ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)))
        return INT64_MAX;
    return (int64_t)days * 86400 + seconds;
}

static enum tls_fault fault_kind(long fault) {
    switch (fault) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return TLS_FAULT_NAME;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return TLS_FAULT_DATES;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return TLS_FAULT_TRUST;
    default:
        return TLS_FAULT_OTHER;
    }
}

/* True: there is one. */
static bool note_fault(struct tls_stream *s) {
    long fault = s->passed_over ? s->passed_over : SSL_get_verify_result(s->ssl);
    if (SSL_get_verify_mode(s->ssl) == SSL_VERIFY_NONE || fault == X509_V_OK) return false;
    s->stream.security.peer_fault = X509_verify_cert_error_string(fault);
    s->stream.security.peer_fault_kind = fault_kind(fault);
    return true;
}

static void note_security(struct tls_stream *s) {
    s->stream.security = (struct stream_security){
        .is_tls = true,
        .protocol = SSL_get_version(s->ssl),
        .cipher = SSL_get_cipher_name(s->ssl),
        .bits = SSL_get_cipher_bits(s->ssl, NULL),
    };
    if (SSL_is_server(s->ssl)) return;
    s->stream.security.peer_certificate_left_s = certificate_left_s(s->ssl);
    (void)note_fault(s);
}

static ssize_t tls_read(struct stream *stream, void *bytes, size_t len) {
    struct tls_stream *s = tls_of(stream);
    ERR_clear_error();
    int got = SSL_read(s->ssl, bytes, len > INT32_MAX ? INT32_MAX : (int)len);
    return got > 0 ? got : result_of(s, got, &s->read_wants);
}

/* We refused its certificate; else it was the peer who ended the handshake, or something else. */
static bool is_peer_refused(struct tls_stream *s) { return !SSL_is_server(s->ssl) && note_fault(s); }

static ssize_t go_on_with_handshake(struct tls_stream *s) {
    ERR_clear_error();
    int result = SSL_do_handshake(s->ssl);
    if (result != 1) {
        ssize_t error = result_of(s, result, &s->write_wants);
        if (error == -EPROTO && is_peer_refused(s)) return -EKEYREJECTED;
        return error ? error : -ECONNRESET;
    }
    note_security(s);
    return 0;
}

static ssize_t tls_write(struct stream *stream, struct slice bytes) {
    struct tls_stream *s = tls_of(stream);
    if (bytes.len == 0) return go_on_with_handshake(s);
    ERR_clear_error();
    int put = SSL_write(s->ssl, bytes.ptr, bytes.len > INT32_MAX ? INT32_MAX : (int)bytes.len);
    if (put > 0) return put;
    ssize_t error = result_of(s, put, &s->write_wants);
    return error ? error : -ECONNRESET;
}

static void call_and_clear(struct waker *waker) {
    struct waker once = *waker;
    *waker = (struct waker){0};
    if (once.call) once.call(once.context);
}

/* Either direction may have waited for this one; a waker too many does no harm. */
static void inner_ready(void *context) {
    struct tls_stream *s = context;
    call_and_clear(&s->stream.on_readable);
    call_and_clear(&s->stream.on_writable);
}

static void tls_watch(struct stream *stream, unsigned events) {
    struct tls_stream *s = tls_of(stream);
    unsigned wants =
        (events & STREAM_READABLE ? s->read_wants : 0) | (events & STREAM_WRITABLE ? s->write_wants : 0);
    struct waker waker = {inner_ready, s};
    if (wants & STREAM_READABLE) stream_watch_readable(s->inner, waker);
    if (wants & STREAM_WRITABLE) stream_watch_writable(s->inner, waker);
}

static void tls_shutdown(struct stream *stream) {
    struct tls_stream *s = tls_of(stream);
    ERR_clear_error();
    if (SSL_is_init_finished(s->ssl)) (void)SSL_shutdown(s->ssl);
    s->inner->ops->shutdown(s->inner);
}

static void tls_close(struct stream *stream) {
    struct tls_stream *s = tls_of(stream);
    SSL_free(s->ssl);
    stream_close(&s->inner);
    free(s);
}

static struct handle tls_detach(struct stream *stream) {
    (void)stream;
    FATAL("a TLS stream cannot be handed over");
}

static ssize_t tls_send_handle(struct stream *stream, struct slice bytes, struct handle handle) {
    (void)stream;
    (void)bytes;
    (void)handle;
    return -EOPNOTSUPP;
}

static bool tls_take_handle(struct stream *stream, struct handle *handle) {
    (void)stream;
    (void)handle;
    return false;
}

/* RFC 5929 4.1: the hash that the certificate's signature has, SHA-256 where that is weaker; a signature
   that names no hash gives no binding. */
static size_t end_point_binding(const X509 *certificate, uint8_t bytes[STREAM_BINDING_BYTES_MAX]) {
    int digest = NID_undef;
    unsigned len = 0;
    if (!certificate || !OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &digest, NULL)) return 0;
    if (digest == NID_md5 || digest == NID_sha1) digest = NID_sha256;
    const EVP_MD *hash = EVP_get_digestbynid(digest);
    if (!hash || EVP_MD_get_size(hash) > STREAM_BINDING_BYTES_MAX) return 0;
    return X509_digest(certificate, hash, bytes, &len) == 1 ? len : 0;
}

/* RFC 9266 2 and 4.2: of TLS 1.2 only with the extended master secret. */
static size_t exporter_binding(SSL *ssl, uint8_t bytes[STREAM_BINDING_BYTES_MAX]) {
    static const char label[] = "EXPORTER-Channel-Binding";
    enum { EXPORTER_BYTES = 32 };
    if (SSL_version(ssl) < TLS1_3_VERSION && SSL_get_extms_support(ssl) != 1) return 0;
    int result = SSL_export_keying_material(ssl, bytes, EXPORTER_BYTES, label, sizeof label - 1, NULL, 0, 1);
    return result == 1 ? EXPORTER_BYTES : 0;
}

static size_t tls_binding(struct stream *stream, enum stream_binding kind,
                          uint8_t bytes[STREAM_BINDING_BYTES_MAX]) {
    const struct tls_stream *s = tls_of(stream);
    if (!SSL_is_init_finished(s->ssl)) return 0;
    if (kind == STREAM_BINDING_EXPORTER) return exporter_binding(s->ssl, bytes);
    const X509 *own = SSL_is_server(s->ssl) ? SSL_get_certificate(s->ssl) : NULL;
    const X509 *certificate = own ? own : SSL_get0_peer_certificate(s->ssl);
    size_t len = end_point_binding(certificate, bytes);
    ERR_clear_error();
    return len;
}

static const struct stream_ops tls_ops = {
    .read = tls_read,
    .write = tls_write,
    .watch = tls_watch,
    .send_handle = tls_send_handle,
    .take_handle = tls_take_handle,
    .detach = tls_detach,
    .binding = tls_binding,
    .shutdown = tls_shutdown,
    .close = tls_close,
};

/* Asks for the name and wants a certificate for it, where the context wants one at all (RFC 9525 6). An
   address is not asked for (RFC 6066 3). */
static void want_peer(SSL *ssl, const char *name) {
    X509_VERIFY_PARAM *wanted = SSL_get0_param(ssl);
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_ip_asc(wanted, name) == 1) return;
    ERR_clear_error();
    if (X509_VERIFY_PARAM_set1_host(wanted, name, 0) != 1 || SSL_set_tlsext_host_name(ssl, name) != 1)
        FATAL("OpenSSL takes no host's name");
}

/* The certificate's faults are noted, and passed over. */
static int pass_over(int is_good, X509_STORE_CTX *store) {
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_stream *s = SSL_get_app_data(ssl);
    if (!is_good && !s->passed_over) s->passed_over = X509_STORE_CTX_get_error(store);
    return 1;
}

static void want(struct tls_stream *s, struct tls_peer *peer) {
    SSL *ssl = s->ssl;
    if (peer->dane)
        tls_dane_want(ssl, peer->dane);
    else if (peer->name)
        want_peer(ssl, peer->name);
    if (peer->is_advisory) SSL_set_verify(ssl, SSL_get_verify_mode(ssl), pass_over);
}

struct stream *real_tls_wrap(struct env *env, struct stream *inner, struct tls_context *context,
                             bool is_server, struct tls_peer *peer) {
    tls_context_trust_all(context);
    struct tls_stream *s = calloc(1, sizeof *s);
    BIO *bio = BIO_new(stream_method(context));
    SSL *ssl = SSL_new(context->certificates[0]);
    if (!s || !bio || !ssl) FATAL("out of memory for a TLS connection");
    *s = (struct tls_stream){.inner = inner,
                             .context = context,
                             .ssl = ssl,
                             .read_wants = STREAM_READABLE,
                             .write_wants = STREAM_WRITABLE};
    s->stream.ops = &tls_ops;
    s->stream.env = env;
    s->stream.peer = inner->peer;
    BIO_set_data(bio, s);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    (void)SSL_set_app_data(ssl, s);
    if (is_server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    if (peer) want(s, peer);
    return &s->stream;
}
