#include "io/deflate.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/limits.h"

struct deflate_stream {
    struct stream stream;
    struct stream *inner;
    z_stream inflater;
    z_stream deflater;
    bool has_inflater;
    /* All that came ends with a block. */
    bool is_between_blocks;
    bool has_deflater;
    /* At rest: the last of what the peer has sent, as the next inflater must know it. */
    struct buffer history;
    /* Compressed bytes that came and were not looked at. */
    struct buffer received;
    /* Compressed bytes that stand for the first `accepted_bytes` of a write that was asked to come again. */
    struct buffer unsent;
    size_t accepted_bytes;
    bool at_end;
};

static struct deflate_stream *deflate_of(struct stream *stream) {
    return CONTAINER_OF(stream, struct deflate_stream, stream);
}

/* ---- reading ---- */

/* Negative: without a header (RFC 1951). The peer may use the whole window. */
static void need_inflater(struct deflate_stream *s) {
    if (s->has_inflater) return;
    s->inflater = (z_stream){0};
    if (inflateInit2(&s->inflater, -MAX_WBITS) != Z_OK) FATAL("out of memory for a compressed stream");
    if (s->history.len && inflateSetDictionary(&s->inflater, s->history.ptr, (uInt)s->history.len) != Z_OK)
        FATAL("zlib takes no dictionary");
    buffer_free(&s->history);
    s->has_inflater = true;
}

/* Between two blocks an inflater knows no more than what was sent last; there every flush leads. */
static void rest_inflater(struct deflate_stream *s) {
    if (!s->has_inflater || s->received.len || s->at_end || !s->is_between_blocks) return;
    uInt len = 0;
    if (inflateGetDictionary(&s->inflater, NULL, &len) != Z_OK) return;
    uint8_t *room = buffer_reserve(&s->history, len);
    ASSERT(room);
    if (inflateGetDictionary(&s->inflater, room, &len) != Z_OK) return;
    buffer_grew(&s->history, len);
    (void)inflateEnd(&s->inflater);
    s->has_inflater = false;
    buffer_free(&s->received);
}

/* zlib.h says so of inflate(): 128 and no bit of a byte left over. A call that has nothing to do does not. */
static void note_block(struct deflate_stream *s, bool had_input) {
    enum { BETWEEN_BLOCKS = 128 };
    bool is_between_blocks = s->inflater.data_type == BETWEEN_BLOCKS;
    if (had_input || is_between_blocks) s->is_between_blocks = is_between_blocks;
}

/* Inflates what there is. Bytes made, 0: more is needed, -EPROTO. */
static ssize_t inflate_some(struct deflate_stream *s, void *bytes, size_t len) {
    z_stream *z = &s->inflater;
    if (s->received.len) need_inflater(s);
    if (!s->has_inflater) return 0;
    z->next_in = s->received.ptr;
    z->avail_in = (uInt)s->received.len;
    z->next_out = bytes;
    z->avail_out = (uInt)len;
    int result = inflate(z, Z_SYNC_FLUSH);
    note_block(s, s->received.len > 0);
    buffer_consume(&s->received, s->received.len - z->avail_in);
    s->at_end = result == Z_STREAM_END;
    /* Z_BUF_ERROR: there was nothing to do. */
    if (result != Z_OK && result != Z_BUF_ERROR && !s->at_end) return -EPROTO;
    return (ssize_t)(len - z->avail_out);
}

static ssize_t receive(struct deflate_stream *s) {
    uint8_t *room = buffer_reserve(&s->received, DEFLATE_READ_BYTES);
    ssize_t got = s->inner->ops->read(s->inner, room, DEFLATE_READ_BYTES);
    if (got > 0)
        buffer_grew(&s->received, (size_t)got);
    else
        buffer_free(&s->received);
    return got;
}

static ssize_t deflate_read(struct stream *stream, void *bytes, size_t len) {
    struct deflate_stream *s = deflate_of(stream);
    size_t silent_bytes = 0;
    if (len > DEFLATE_TURN_BYTES_MAX) len = DEFLATE_TURN_BYTES_MAX;
    while (!s->at_end && silent_bytes <= DEFLATE_SILENT_BYTES_MAX) {
        ssize_t made = inflate_some(s, bytes, len);
        if (made) return made;
        if (s->at_end) break;
        ssize_t got = receive(s);
        if (got <= 0) return got;
        silent_bytes += (size_t)got;
    }
    return s->at_end ? 0 : -EPROTO;
}

/* ---- writing ---- */

static void need_deflater(struct deflate_stream *s) {
    if (s->has_deflater) return;
    s->deflater = (z_stream){0};
    if (deflateInit2(&s->deflater, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -DEFLATE_WINDOW_BITS,
                     DEFLATE_MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        FATAL("out of memory for a compressed stream");
    s->has_deflater = true;
}

/* What the next one writes goes on behind the last flush, and refers to nothing before it. */
static void rest_deflater(struct deflate_stream *s) {
    if (!s->has_deflater || s->unsent.len) return;
    (void)deflateEnd(&s->deflater);
    s->has_deflater = false;
}

/* RFC 4978 4: a sync flush behind it, so that the other side can tell all of it. */
static void compress_all(struct deflate_stream *s, struct slice bytes) {
    z_stream *z = &s->deflater;
    need_deflater(s);
    z->next_in = (Bytef *)(uintptr_t)bytes.ptr;
    z->avail_in = (uInt)bytes.len;
    do {
        z->next_out = buffer_reserve(&s->unsent, DEFLATE_READ_BYTES);
        z->avail_out = DEFLATE_READ_BYTES;
        int result = deflate(z, Z_SYNC_FLUSH);
        ASSERT(result == Z_OK || result == Z_BUF_ERROR);
        buffer_grew(&s->unsent, DEFLATE_READ_BYTES - z->avail_out);
    } while (z->avail_out == 0);
}

/* Bytes count as written when what they became is; until then the caller comes again with them. */
static ssize_t deflate_write(struct stream *stream, struct slice bytes) {
    struct deflate_stream *s = deflate_of(stream);
    if (s->unsent.len == 0 && bytes.len) {
        s->accepted_bytes = bytes.len < DEFLATE_TURN_BYTES_MAX ? bytes.len : DEFLATE_TURN_BYTES_MAX;
        compress_all(s, slice_sub(bytes, 0, s->accepted_bytes));
    }
    while (s->unsent.len) {
        ssize_t put = s->inner->ops->write(s->inner, buffer_slice(&s->unsent));
        if (put < 0) return put;
        buffer_consume(&s->unsent, (size_t)put);
    }
    buffer_free(&s->unsent);
    size_t accepted_bytes = s->accepted_bytes;
    s->accepted_bytes = 0;
    return (ssize_t)accepted_bytes;
}

/* ---- the rest ---- */

static void call_and_clear(struct waker *waker) {
    struct waker once = *waker;
    *waker = (struct waker){0};
    if (once.call) once.call(once.context);
}

static void inner_readable(void *context) {
    call_and_clear(&((struct deflate_stream *)context)->stream.on_readable);
}

static void inner_writable(void *context) {
    call_and_clear(&((struct deflate_stream *)context)->stream.on_writable);
}

/* A read that said -EAGAIN has told all that came, so that only the stream below can bring more. */
static void deflate_watch(struct stream *stream, unsigned events) {
    struct deflate_stream *s = deflate_of(stream);
    if (events & STREAM_READABLE) stream_watch_readable(s->inner, (struct waker){inner_readable, s});
    if (events & STREAM_WRITABLE) stream_watch_writable(s->inner, (struct waker){inner_writable, s});
}

static ssize_t deflate_send_handle(struct stream *stream, struct slice bytes, struct handle handle) {
    (void)stream;
    (void)bytes;
    (void)handle;
    return -EOPNOTSUPP;
}

static bool deflate_take_handle(struct stream *stream, struct handle *handle) {
    (void)stream;
    (void)handle;
    return false;
}

static struct handle deflate_detach(struct stream *stream) {
    (void)stream;
    FATAL("a compressed stream cannot be handed over");
}

static size_t deflate_binding(struct stream *stream, enum stream_binding kind,
                              uint8_t bytes[STREAM_BINDING_BYTES_MAX]) {
    return stream_binding(deflate_of(stream)->inner, kind, bytes);
}

static void deflate_rest(struct stream *stream) {
    struct deflate_stream *s = deflate_of(stream);
    rest_inflater(s);
    rest_deflater(s);
}

static void deflate_shutdown(struct stream *stream) {
    struct stream *inner = deflate_of(stream)->inner;
    inner->ops->shutdown(inner);
}

static void deflate_close(struct stream *stream) {
    struct deflate_stream *s = deflate_of(stream);
    if (s->has_inflater) (void)inflateEnd(&s->inflater);
    if (s->has_deflater) (void)deflateEnd(&s->deflater);
    buffer_free(&s->history);
    buffer_free(&s->received);
    buffer_free(&s->unsent);
    stream_close(&s->inner);
    free(s);
}

static const struct stream_ops deflate_ops = {
    .read = deflate_read,
    .write = deflate_write,
    .watch = deflate_watch,
    .send_handle = deflate_send_handle,
    .take_handle = deflate_take_handle,
    .detach = deflate_detach,
    .binding = deflate_binding,
    .rest = deflate_rest,
    .shutdown = deflate_shutdown,
    .close = deflate_close,
};

void stream_deflate(struct stream **stream) {
    struct stream *inner = *stream;
    struct deflate_stream *s = calloc(1, sizeof *s);
    if (!s) FATAL("out of memory for a compressed stream");
    stream_unwatch(inner);
    s->inner = inner;
    s->stream.ops = &deflate_ops;
    s->stream.env = inner->env;
    s->stream.peer = inner->peer;
    s->stream.security = inner->security;
    s->received = buffer_new(2 * (size_t)DEFLATE_READ_BYTES);
    s->unsent = buffer_new(2 * (size_t)DEFLATE_TURN_BYTES_MAX + 2 * (size_t)DEFLATE_READ_BYTES);
    s->history = buffer_new((size_t)1 << MAX_WBITS);
    *stream = &s->stream;
}
