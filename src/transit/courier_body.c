#include "transit/courier_body.h"

enum {
    /* The index of the largest body: a length for each frame, and their number. */
    INDEX_BYTES_MAX = (STORE_BODY_BYTES_MAX / BODY_FRAME_BYTES + 1) * 4 + 4,
    COUNT_BYTES = 4,
};

static bool is_inline(const struct courier_body *body) { return body->work->body.len > 0; }

/* Appends what the store has from there; false: nothing. */
static bool ask(struct task *t, struct courier_body *body, uint64_t offset, struct buffer *out) {
    struct courier *courier = body->session->courier;
    struct transit_body question = {body->session->order.session, body->work->outgoing.message, offset};
    struct buffer packed = buffer_new(IPC_FRAME_BYTES_MAX);
    struct ipc_answer answer;
    transit_body_pack(&packed, &question);
    bool is_answered = courier_ask(t, courier, TRANSIT_BODY, buffer_slice(&packed), true,
                                   env_now_ms(courier->env) + TRANSIT_BODY_MS, &answer);
    buffer_free(&packed);
    if (!is_answered) return false;
    size_t before = out->len;
    buffer_append(out, buffer_slice(&answer.body));
    ipc_answer_free(&answer);
    return out->len > before;
}

/* Appends packed bytes from `offset` until at least `len` are there. */
static bool gather(struct task *t, struct courier_body *body, uint64_t offset, size_t len,
                   struct buffer *out) {
    if (is_inline(body)) {
        if (out->len == 0) buffer_append(out, slice_skip(body->work->body, (size_t)offset));
        return out->len >= len;
    }
    while (out->len < len)
        if (!ask(t, body, offset + out->len, out)) return false;
    return true;
}

/* ---- the index ---- */

static bool read_index(struct task *t, struct courier_body *body) {
    uint64_t packed_bytes = body->work->outgoing.packed_bytes;
    uint64_t tail = packed_bytes < INDEX_BYTES_MAX ? packed_bytes : INDEX_BYTES_MAX;
    uint64_t index_bytes;
    if (tail < COUNT_BYTES || !gather(t, body, packed_bytes - tail, (size_t)tail, &body->index_bytes))
        return false;
    struct slice end = slice_sub(buffer_slice(&body->index_bytes), 0, (size_t)tail);
    struct slice count = slice_skip(end, end.len - COUNT_BYTES);
    if (body_index_bytes(count, packed_bytes, &index_bytes) != BODY_UNPACK_OK || index_bytes > end.len)
        return false;
    struct slice index = slice_skip(end, end.len - (size_t)index_bytes);
    return body_index_read(index, packed_bytes, &body->index) == BODY_UNPACK_OK;
}

/* ---- frames ---- */

static bool read_frame(struct task *t, struct courier_body *body) {
    uint32_t len = body_index_length(&body->index, body->frame);
    if (!gather(t, body, body->offset, len, &body->packed)) return false;
    buffer_clear(&body->raw);
    body->raw_at = 0;
    struct slice frame = slice_sub(buffer_slice(&body->packed), 0, len);
    if (body_unpack_frame(body->session->courier->unpacker, frame, &body->raw) != BODY_UNPACK_OK)
        return false;
    if (body->frame == 0) body->raw_at = body->left_out;
    buffer_consume(&body->packed, len);
    body->offset += len;
    body->frame++;
    return true;
}

/* The first field, folded or not, where it is a Return-Path that lies within the first frame. */
static size_t return_path_bytes(struct slice raw) {
    static const struct slice name = SLICE_INIT("Return-Path:");
    if (!slice_equal_nocase(slice_sub(raw, 0, name.len), name)) return 0;
    size_t at = 0;
    do {
        size_t end = slice_find(slice_skip(raw, at), SLICE("\r\n"));
        if (end == SLICE_NOT_FOUND) return 0;
        at += end + 2;
    } while (at < raw.len && (raw.ptr[at] == ' ' || raw.ptr[at] == '\t'));
    return at;
}

int courier_body_open(struct task *t, struct courier_body *body, struct courier_session *session,
                      const struct transit_work *work) {
    *body = (struct courier_body){
        .session = session,
        .work = work,
        .index_bytes = buffer_new(INDEX_BYTES_MAX + TRANSIT_BODY_BYTES_MAX),
        .packed = buffer_new(2 * TRANSIT_BODY_BYTES_MAX + 2 * (size_t)BODY_FRAME_BYTES),
        .raw = buffer_new(BODY_FRAME_BYTES),
    };
    if (is_inline(body) && work->body.len != work->outgoing.packed_bytes) return -EIO;
    if (!read_index(t, body)) return -EIO;
    if (body->index.frame_count == 0) return 0;
    if (!read_frame(t, body)) return -EIO;
    body->left_out = return_path_bytes(buffer_slice(&body->raw));
    courier_body_rewind(body);
    return 0;
}

void courier_body_close(struct courier_body *body) {
    buffer_free(&body->index_bytes);
    buffer_free(&body->packed);
    buffer_free(&body->raw);
}

/* The first frame is read once, where it is the only one that was. */
void courier_body_rewind(struct courier_body *body) {
    if (body->frame == 1) {
        body->raw_at = body->left_out;
        return;
    }
    body->frame = 0;
    body->offset = 0;
    body->raw_at = 0;
    buffer_clear(&body->packed);
    buffer_clear(&body->raw);
}

ssize_t courier_body_read(struct task *t, void *context, void *bytes, size_t len) {
    struct courier_body *body = context;
    while (body->raw_at == body->raw.len) {
        if (body->frame == body->index.frame_count) return 0;
        if (!read_frame(t, body)) return -EIO;
    }
    struct slice piece = slice_sub(buffer_slice(&body->raw), body->raw_at, len);
    memcpy(bytes, piece.ptr, piece.len);
    body->raw_at += piece.len;
    return (ssize_t)piece.len;
}
