/*
 * TLS cut at its record layer (RFC 8446 5.1): each record is a type, the version and a length, and
 * then its bytes as they are. A handshake of three records stands for the real one, so that there
 * is something to wait for, to fail, and to be cut off in. Whatever does not begin like a record,
 * as bytes sent in the clear do, is a protocol error.
 */
#include "io/tls.h"

#include <stdlib.h>

#include "io/sim/world.h"

enum { RECORD_HEAD_BYTES = 5, RECORD_BYTES_MAX = 16384, READ_BYTES = 4096 };
enum { RECORD_ALERT = 21, RECORD_HANDSHAKE = 22, RECORD_DATA = 23 };
enum { ALERT_CLOSE_NOTIFY = 0, ALERT_HANDSHAKE_FAILURE = 40 };
enum { HELLO_CLIENT = 1, HELLO_SERVER = 2, FINISHED = 20 };

enum shake {
    /* The next thing to do. */
    SHAKE_SEND_HELLO,
    SHAKE_READ_CLIENT_HELLO,
    SHAKE_READ_SERVER_HELLO,
    SHAKE_READ_FINISHED,
    SHAKE_DONE,
};

struct sim_tls {
    struct stream stream;
    struct stream *inner;
    enum shake shake;
    /* Received and not taken apart; data not read; a record not sent, and what of it is the caller's. */
    struct buffer in;
    struct buffer data;
    struct buffer out;
    size_t out_caller_bytes;
    bool saw_close_notify;
    /* A negated errno: nothing goes any more. */
    int error;
};

static struct sim_tls *tls_of(struct stream *stream) { return CONTAINER_OF(stream, struct sim_tls, stream); }

static void put_record(struct sim_tls *s, uint8_t type, struct slice bytes) {
    const uint8_t head[RECORD_HEAD_BYTES] = {type, 3, 3, (uint8_t)(bytes.len >> 8), (uint8_t)bytes.len};
    buffer_append(&s->out, slice_of(head, sizeof head));
    buffer_append(&s->out, bytes);
}

static void put_byte_record(struct sim_tls *s, uint8_t type, uint8_t byte) {
    put_record(s, type, slice_of(&byte, 1));
}

/* 0 once all is sent, -EAGAIN, or an error. */
static int flush(struct sim_tls *s) {
    while (s->out.len) {
        ssize_t sent = s->inner->ops->write(s->inner, buffer_slice(&s->out));
        if (sent < 0) return (int)sent;
        buffer_consume(&s->out, (size_t)sent);
    }
    return 0;
}

static int fail(struct sim_tls *s) {
    if (!s->error) {
        put_byte_record(s, RECORD_ALERT, ALERT_HANDSHAKE_FAILURE);
        (void)flush(s);
        s->error = -EPROTO;
    }
    return s->error;
}

static void shaken(struct sim_tls *s) {
    s->shake = SHAKE_DONE;
    s->stream.security = (struct stream_security){
        .is_tls = true, .protocol = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384", .bits = 256};
}

static int take_handshake(struct sim_tls *s, uint8_t message) {
    struct sim_world *world = sim_world_of(s->stream.env);
    if (sim_world_chance(world, world->network.tls_failure_chance)) return fail(s);
    if (s->shake == SHAKE_READ_CLIENT_HELLO && message == HELLO_CLIENT) {
        put_byte_record(s, RECORD_HANDSHAKE, HELLO_SERVER);
        s->shake = SHAKE_READ_FINISHED;
        return 0;
    }
    if (s->shake == SHAKE_READ_SERVER_HELLO && message == HELLO_SERVER) {
        put_byte_record(s, RECORD_HANDSHAKE, FINISHED);
        shaken(s);
        return 0;
    }
    if (s->shake != SHAKE_READ_FINISHED || message != FINISHED) return fail(s);
    shaken(s);
    return 0;
}

static int take_record(struct sim_tls *s, uint8_t type, struct slice bytes) {
    if (type == RECORD_HANDSHAKE && bytes.len == 1) return take_handshake(s, bytes.ptr[0]);
    if (type == RECORD_DATA && s->shake == SHAKE_DONE) {
        buffer_append(&s->data, bytes);
        return 0;
    }
    if (type != RECORD_ALERT || bytes.len != 1 || bytes.ptr[0] != ALERT_CLOSE_NOTIFY) {
        s->error = -EPROTO;
        return s->error;
    }
    s->saw_close_notify = true;
    return 0;
}

/* Takes apart what is there. 1: at least one record; 0: none; or an error. */
static int take_records(struct sim_tls *s) {
    int taken = 0;
    while (s->in.len) {
        const uint8_t *head = s->in.ptr;
        bool is_type = head[0] >= RECORD_ALERT && head[0] <= RECORD_DATA;
        if (!is_type || (s->in.len > 1 && head[1] != 3)) return fail(s);
        if (s->in.len < RECORD_HEAD_BYTES) break;
        size_t len = (size_t)head[3] << 8 | head[4];
        if (len > RECORD_BYTES_MAX) return fail(s);
        if (s->in.len < RECORD_HEAD_BYTES + len) break;
        int result = take_record(s, head[0], slice_of(head + RECORD_HEAD_BYTES, len));
        if (result) return result;
        buffer_consume(&s->in, RECORD_HEAD_BYTES + len);
        taken = 1;
    }
    return taken;
}

/* Reads below until a record is there. 1, 0 at the end, -EAGAIN, or an error. */
static int read_record(struct sim_tls *s) {
    for (;;) {
        int taken = take_records(s);
        if (taken || s->saw_close_notify) return taken;
        uint8_t *room = buffer_reserve(&s->in, READ_BYTES);
        if (!room) return fail(s);
        ssize_t got = s->inner->ops->read(s->inner, room, READ_BYTES);
        if (got <= 0) return (int)got;
        buffer_grew(&s->in, (size_t)got);
    }
}

/* 0 once hands are shaken, -EAGAIN, or an error. */
static int shake_on(struct sim_tls *s) {
    if (s->error) return s->error;
    if (s->shake == SHAKE_SEND_HELLO) {
        put_byte_record(s, RECORD_HANDSHAKE, HELLO_CLIENT);
        s->shake = SHAKE_READ_SERVER_HELLO;
    }
    for (;;) {
        int result = s->out_caller_bytes ? 0 : flush(s);
        if (result || s->shake == SHAKE_DONE) return result;
        result = read_record(s);
        if (result <= 0) return result ? result : -ECONNRESET;
    }
}

static ssize_t sim_tls_read(struct stream *stream, void *bytes, size_t len) {
    struct sim_tls *s = tls_of(stream);
    int result = shake_on(s);
    if (result && s->data.len == 0) return result;
    while (s->data.len == 0) {
        if (s->saw_close_notify) return 0;
        result = read_record(s);
        if (result <= 0) return result;
    }
    if (len > s->data.len) len = s->data.len;
    memcpy(bytes, s->data.ptr, len);
    buffer_consume(&s->data, len);
    return (ssize_t)len;
}

/* As with OpenSSL a record is written when all of it is: until then the caller repeats the call. */
static ssize_t sim_tls_write(struct stream *stream, struct slice bytes) {
    struct sim_tls *s = tls_of(stream);
    int result = shake_on(s);
    if (result || bytes.len == 0) return result;
    if (!s->out_caller_bytes) {
        struct slice part = slice_sub(bytes, 0, RECORD_BYTES_MAX);
        put_record(s, RECORD_DATA, part);
        s->out_caller_bytes = part.len;
    }
    result = flush(s);
    if (result) return result;
    size_t written = s->out_caller_bytes;
    s->out_caller_bytes = 0;
    return (ssize_t)written;
}

static void call_and_clear(struct waker *waker) {
    struct waker once = *waker;
    *waker = (struct waker){0};
    if (once.call) once.call(once.context);
}

/* Writing may wait for the peer's hello, and reading for room to send one. */
static void inner_ready(void *context) {
    struct sim_tls *s = context;
    struct waker writable = s->stream.on_writable;
    s->stream.on_writable = (struct waker){0};
    call_and_clear(&s->stream.on_readable);
    if (writable.call) writable.call(writable.context);
}

static void sim_tls_watch(struct stream *stream, unsigned events) {
    struct sim_tls *s = tls_of(stream);
    struct waker waker = {inner_ready, s};
    bool is_sending = s->out.len > 0;
    bool is_reading = (events & STREAM_READABLE) || (!is_sending && s->shake != SHAKE_DONE);
    /* What was read already is there, whatever the stream below has: a writable event comes soon. */
    bool is_ready = s->data.len || s->saw_close_notify || s->error;
    if (is_reading) stream_watch_readable(s->inner, waker);
    if (is_sending || is_ready || (events & STREAM_WRITABLE && s->shake == SHAKE_DONE))
        stream_watch_writable(s->inner, waker);
}

static void sim_tls_shutdown(struct stream *stream) {
    struct sim_tls *s = tls_of(stream);
    if (s->shake == SHAKE_DONE && !s->error) put_byte_record(s, RECORD_ALERT, ALERT_CLOSE_NOTIFY);
    (void)flush(s);
    s->inner->ops->shutdown(s->inner);
}

static void sim_tls_close(struct stream *stream) {
    struct sim_tls *s = tls_of(stream);
    stream_close(&s->inner);
    buffer_free(&s->in);
    buffer_free(&s->data);
    buffer_free(&s->out);
    free(s);
}

static struct handle sim_tls_detach(struct stream *stream) {
    (void)stream;
    FATAL("a TLS stream cannot be handed over");
}

static ssize_t sim_tls_send_handle(struct stream *stream, struct slice bytes, struct handle handle) {
    (void)stream;
    (void)bytes;
    (void)handle;
    return -EOPNOTSUPP;
}

static bool sim_tls_take_handle(struct stream *stream, struct handle *handle) {
    (void)stream;
    (void)handle;
    return false;
}

static const struct stream_ops sim_tls_ops = {
    .read = sim_tls_read,
    .write = sim_tls_write,
    .watch = sim_tls_watch,
    .send_handle = sim_tls_send_handle,
    .take_handle = sim_tls_take_handle,
    .detach = sim_tls_detach,
    .shutdown = sim_tls_shutdown,
    .close = sim_tls_close,
};

struct stream *sim_tls_wrap(struct env *env, struct stream *inner, struct tls_context *context,
                            bool is_server, struct tls_peer *peer) {
    (void)context;
    (void)peer;
    struct sim_tls *s = sim_alloc(sizeof *s);
    s->stream = (struct stream){.ops = &sim_tls_ops, .env = env, .peer = inner->peer};
    s->inner = inner;
    s->shake = is_server ? SHAKE_READ_CLIENT_HELLO : SHAKE_SEND_HELLO;
    s->in = buffer_new(2 * (RECORD_HEAD_BYTES + RECORD_BYTES_MAX) + READ_BYTES);
    s->data = buffer_new(4 * RECORD_BYTES_MAX);
    s->out = buffer_new(2 * (RECORD_HEAD_BYTES + RECORD_BYTES_MAX));
    return &s->stream;
}
