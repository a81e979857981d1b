#include "web/web_server.h"

#include <stdlib.h>

#include "base/limits.h"
#include "web/web_routes.h"
#include "wire/http_chunked.h"
#include "wire/http_reply.h"
#include "wire/http_target.h"

enum { HEAD_BYTES_MAX = 16 * 1024 };

struct web_session {
    struct conn conn;
    struct web_server *server;
    struct peer peer;
    struct http_frame frame;
    enum http_error frame_error;
    bool implicit_tls;
    /* A head has begun; it must be whole by then. */
    bool is_in_head;
    int64_t head_until_ms;
    unsigned requests;
};

/* Slow bytes of a head do not move its deadline. */
static enum frame_state wait_for_more(struct web_session *session) {
    int64_t now_ms = env_now_ms(session->conn.env);
    if (!session->is_in_head) session->head_until_ms = now_ms + HTTP_HEAD_MS;
    session->is_in_head = true;
    int64_t left_ms = session->head_until_ms - now_ms;
    conn_set_idle_ms(&session->conn, left_ms > 1 ? left_ms : 1);
    return FRAME_MORE;
}

static enum frame_state session_frame(void *context, struct slice input, size_t *len) {
    struct web_session *session = context;
    switch (http_frame_next(&session->frame, input, len, &session->frame_error)) {
    case HTTP_FRAME_MORE:
        return wait_for_more(session);
    case HTTP_FRAME_BAD:
        *len = input.len;
        return FRAME_COMMAND;
    default:
        return FRAME_COMMAND;
    }
}

/* ---- the response ---- */

/* What every answer carries: nothing may run, be framed, guessed at or kept. */
static const struct {
    struct slice name;
    struct slice value;
} fixed_fields[] = {
    {SLICE_INIT("Content-Security-Policy"),
     SLICE_INIT("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")},
    {SLICE_INIT("X-Content-Type-Options"), SLICE_INIT("nosniff")},
    {SLICE_INIT("X-Frame-Options"), SLICE_INIT("DENY")},
    {SLICE_INIT("Referrer-Policy"), SLICE_INIT("no-referrer")},
    {SLICE_INIT("Cross-Origin-Resource-Policy"), SLICE_INIT("same-origin")},
    {SLICE_INIT("Cross-Origin-Opener-Policy"), SLICE_INIT("same-origin")},
    {SLICE_INIT("Cache-Control"), SLICE_INIT("no-store")},
};

static void write_head(struct web_session *session, const struct web_response *response, bool closes) {
    struct buffer head = buffer_new(3 * (size_t)HTTP_REQUEST_LINE_BYTES_MAX + HEAD_BYTES_MAX);
    http_reply_begin(&head, response->status, env_wall_ms(session->conn.env));
    /* RFC 9110 8.6: none behind 204. */
    if (response->status != 204) {
        http_reply_field(&head, SLICE("Content-Type"), slice_from_text(response->content_type));
        http_reply_number(&head, SLICE("Content-Length"), response->body.len);
    }
    if (response->location.len) http_reply_field(&head, SLICE("Location"), buffer_slice(&response->location));
    if (response->disposition.len)
        http_reply_field(&head, SLICE("Content-Disposition"), response->disposition);
    if (response->challenge.len) http_reply_field(&head, SLICE("WWW-Authenticate"), response->challenge);
    if (response->allow.len) http_reply_field(&head, SLICE("Allow"), response->allow);
    for (size_t i = 0; i < sizeof fixed_fields / sizeof fixed_fields[0]; i++)
        http_reply_field(&head, fixed_fields[i].name, fixed_fields[i].value);
    http_reply_field(&head, SLICE("Connection"), closes ? SLICE("close") : SLICE("keep-alive"));
    http_reply_end(&head);
    conn_write(&session->conn, buffer_slice(&head));
    buffer_free(&head);
}

/* RFC 9112 9.6: what the client still sends is read for a moment, lest a reset takes the answer back. */
static void linger(struct task *t, struct web_session *session) {
    struct conn *conn = &session->conn;
    size_t seen = 0;
    conn_set_step_ms(conn, HTTP_LINGER_MS);
    if (conn_flush(t, conn)) return;
    conn->stream->ops->shutdown(conn->stream);
    while (seen < HTTP_BODY_UNWANTED_BYTES_MAX) {
        conn_consume(conn, conn_input(conn).len);
        ssize_t got = conn_fill(t, conn);
        if (got <= 0) break;
        seen += (size_t)got;
    }
}

static void send_response(struct task *t, struct web_session *session, const struct web_response *response,
                          bool is_head, bool closes) {
    LOG_FACT(session->conn.env->log, LOG_LEVEL_DEBUG, "http.request", LOG_CSTR("peer", session->peer.address),
             LOG_NUMBER("status", response->status), LOG_NUMBER("bytes", response->body.len));
    if (response->status >= 200 && response->status < 600)
        metrics_add(&session->conn.env->metrics, METRIC_HTTP_RESPONSES + response->status / 100 - 2, 1);
    write_head(session, response, closes);
    if (!is_head) conn_write(&session->conn, buffer_slice(&response->body));
    if (!closes) return;
    conn_close(&session->conn);
    linger(t, session);
}

static void refuse(struct task *t, struct web_session *session, unsigned status) {
    struct web_response response = web_response_new();
    web_response_fail(&response, status);
    send_response(t, session, &response, false, true);
    web_response_free(&response);
}

/* ---- the body ---- */

/* Without a buffer nobody asked for it. */
static void take_bytes(void *context, struct slice bytes) {
    if (context) buffer_append(context, bytes);
}

/* Uses up what is there. 0, -EAGAIN for more, or -EPROTO. */
static int take_some(struct conn *conn, const struct http_request *request, struct http_chunked *chunked,
                     uint64_t *left, struct buffer *body) {
    size_t used = conn_input(conn).len < *left ? conn_input(conn).len : (size_t)*left;
    enum http_chunked_status status = HTTP_CHUNKED_MORE;
    if (request->is_chunked)
        status = http_chunked_read(chunked, conn_input(conn), (struct byte_sink){take_bytes, body}, &used);
    else
        take_bytes(body, slice_sub(conn_input(conn), 0, used));
    if (!request->is_chunked) *left -= used;
    conn_consume(conn, used);
    if (status == HTTP_CHUNKED_END || (!request->is_chunked && *left == 0)) return 0;
    return status == HTTP_CHUNKED_MORE ? -EAGAIN : -EPROTO;
}

/* Reads the body, into `body` or to forget it. False: the connection cannot be kept. */
static bool read_body(struct task *t, struct web_session *session, const struct http_request *request,
                      size_t bytes_max, struct buffer *body) {
    struct conn *conn = &session->conn;
    struct http_chunked chunked = http_chunked_new(bytes_max);
    uint64_t left = request->body_bytes;
    int64_t until_ms = env_now_ms(conn->env) + HTTP_BODY_MS;
    if (!request->is_chunked && left == 0) return true;
    for (;;) {
        int result = take_some(conn, request, &chunked, &left, body);
        if (result != -EAGAIN) return result == 0;
        int64_t left_ms = until_ms - env_now_ms(conn->env);
        if (left_ms <= 0) return false;
        conn_set_step_ms(conn, left_ms < HTTP_STEP_MS ? left_ms : HTTP_STEP_MS);
        if (conn_fill(t, conn) <= 0) return false;
    }
}

/* Nothing is sent before the final answer, so who waits for 100 need not send it at all (RFC 9110 10.1.1). */
static bool skip_body(struct task *t, struct web_session *session, const struct http_request *request) {
    bool has_body = request->is_chunked || request->body_bytes;
    if (has_body && (request->expects_continue || request->body_bytes > HTTP_BODY_UNWANTED_BYTES_MAX))
        return false;
    return read_body(t, session, request, HTTP_BODY_UNWANTED_BYTES_MAX, NULL);
}

/* ---- the request ---- */

/* A body that its route reads comes before the answer. False: refused. */
static bool take_body(struct task *t, struct web_session *session, const struct http_request *request,
                      size_t bytes_max, struct buffer *body) {
    bool has_body = request->is_chunked || request->body_bytes;
    if (request->body_bytes > bytes_max) {
        refuse(t, session, HTTP_CONTENT_TOO_LARGE);
        return false;
    }
    if (has_body && request->expects_continue)
        conn_write(&session->conn, SLICE("HTTP/1.1 100 Continue\r\n\r\n"));
    if (conn_flush(t, &session->conn) == 0 && read_body(t, session, request, bytes_max, body)) return true;
    refuse(t, session, HTTP_BAD_REQUEST);
    return false;
}

static bool is_too_large(const struct http_request *request) {
    return request->body_bytes > HTTP_BODY_UNWANTED_BYTES_MAX;
}

static void answer(struct task *t, struct web_session *session, const struct http_request *request,
                   struct slice path) {
    struct web_exchange exchange = {.server = session->server,
                                    .request = request,
                                    .path = path,
                                    .peer = &session->peer,
                                    .is_tls = session->conn.stream->security.is_tls};
    size_t body_max = web_routes_body_max(request, path, exchange.is_tls);
    struct buffer body = buffer_new(body_max);
    if (body_max && !take_body(t, session, request, body_max, &body)) {
        buffer_free(&body);
        return;
    }
    exchange.body = buffer_slice(&body);
    struct web_response response = web_response_new();
    if (body_max == 0 && is_too_large(request))
        web_response_fail(&response, HTTP_CONTENT_TOO_LARGE);
    else
        web_routes_run(t, &exchange, &response);
    bool keeps = request->keeps_alive && session->requests < HTTP_REQUESTS_A_CONNECTION_MAX &&
                 (body_max || skip_body(t, session, request));
    conn_set_step_ms(&session->conn, HTTP_STEP_MS);
    send_response(t, session, &response, request->method == HTTP_METHOD_HEAD, !keeps);
    web_response_free(&response);
    buffer_free(&body);
}

static void serve(struct task *t, struct web_session *session, const struct http_request *request) {
    struct buffer path = buffer_new(HTTP_REQUEST_LINE_BYTES_MAX);
    bool is_asterisk = slice_equal(request->path, SLICE("*"));
    if (is_asterisk) buffer_append(&path, request->path);
    if (!is_asterisk && http_path_normalise(request->path, &path) != HTTP_PATH_OK)
        refuse(t, session, HTTP_BAD_REQUEST);
    else
        answer(t, session, request, buffer_slice(&path));
    buffer_free(&path);
}

static void session_command(struct task *t, void *context, struct slice head) {
    struct web_session *session = context;
    struct http_request request;
    enum http_error error = session->frame_error;
    session->frame = (struct http_frame){0};
    session->is_in_head = false;
    session->requests++;
    if (!error) error = http_request_parse(head, &request);
    if (error)
        refuse(t, session, (unsigned)error);
    else
        serve(t, session, &request);
    conn_set_idle_ms(&session->conn, HTTP_IDLE_MS);
}

/* RFC 9110 15.5.9: only where a request has begun is there somebody to tell. */
static void session_expired(struct task *t, void *context) {
    struct web_session *session = context;
    if (session->is_in_head) refuse(t, session, 408);
}

static void session_closed(void *context) { free(context); }

static void session_first(struct task *t, void *context) {
    struct web_session *session = context;
    if (session->implicit_tls) (void)!conn_start_tls(t, &session->conn, session->server->tls);
}

static const struct session_ops session_ops = {
    .frame = session_frame, .command = session_command, .expired = session_expired, .closed = session_closed};

void web_accept(struct web_server *server, struct stream *stream, bool implicit_tls) {
    struct web_session *session = calloc(1, sizeof *session);
    if (!session) FATAL("out of memory for a web session");
    session->server = server;
    session->peer = stream->peer;
    session->implicit_tls = implicit_tls;
    conn_init(&session->conn, stream, &session_ops, session, server->group, HTTP_HEAD_BYTES_MAX);
    conn_count(&session->conn, METRIC_PROTOCOL_HTTP);
    conn_set_idle_ms(&session->conn, HTTP_HEAD_MS);
    conn_set_step_ms(&session->conn, HTTP_STEP_MS);
    conn_start(&session->conn, session_first);
}
