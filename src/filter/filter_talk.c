/* What talks to all kinds of filters have in common: a connection, the message's bytes, how it fails. */
#include "filter/filter_talk.h"

#include "base/limits.h"
#include "wire/wire_text.h"

bool filter_talk_is_down(struct filter_talk *talk, struct slice why) {
    *talk->verdict = (struct filter_verdict){.action = FILTER_DOWN, .text = why};
    return false;
}

bool filter_talk_failed(struct filter_talk *talk, const char *doing, int error) {
    return filter_talk_is_down(talk,
                               arena_printf(talk->arena, "%s %s: %s", doing, talk->name, strerror(-error)));
}

bool filter_talk_connect(struct task *t, struct filter_talk *talk) {
    struct env *env = task_env(t);
    struct connect_request request = {talk->address, talk->port, NULL};
    int error = stream_connect(t, env, &request, env_now_ms(env) + FILTER_CONNECT_MS, &talk->stream);
    return error ? filter_talk_failed(talk, "connecting to", error) : true;
}

bool filter_talk_send(struct task *t, struct filter_talk *talk, struct slice bytes) {
    int error = stream_write(t, talk->stream, bytes, talk->deadline_ms);
    return error ? filter_talk_failed(talk, "sending to", error) : true;
}

static bool is_damaged(struct filter_talk *talk) {
    return filter_talk_is_down(talk, SLICE("the body is damaged"));
}

static bool give_pieces(struct task *t, struct filter_talk *talk, filter_talk_sink *sink, void *context,
                        struct body_pieces *pieces, struct buffer *raw) {
    uint64_t trace_left = talk->question->trace_bytes;
    uint64_t left = talk->question->raw_bytes - trace_left;
    enum body_pieces_status status;
    while ((status = body_pieces_next(pieces, raw)) == BODY_PIECES_MORE) {
        struct slice piece = buffer_slice(raw);
        struct slice trace = slice_take(&piece, trace_left < piece.len ? (size_t)trace_left : piece.len);
        trace_left -= trace.len;
        if (piece.len > left) return is_damaged(talk);
        left -= piece.len;
        if (!sink(t, talk, context, piece)) return false;
    }
    return status == BODY_PIECES_END && !left && !trace_left ? true : is_damaged(talk);
}

bool filter_talk_each_piece(struct task *t, struct filter_talk *talk, filter_talk_sink *sink, void *context) {
    const struct filter_question *question = talk->question;
    struct body_pieces *pieces = body_pieces_open(question->packed, question->file, question->packed_bytes);
    if (!pieces) return is_damaged(talk);
    struct buffer raw = buffer_new(BODY_FRAME_BYTES);
    bool is_given = give_pieces(t, talk, sink, context, pieces, &raw);
    buffer_free(&raw);
    body_pieces_free(&pieces);
    return is_given;
}

struct slice filter_talk_clean(struct filter_talk *talk, struct slice text) {
    struct buffer clean = buffer_new(KIB(4));
    wire_text_clean(&clean, slice_sub(text, 0, FILTER_TEXT_BYTES_MAX), true);
    struct slice copy = arena_copy(talk->arena, buffer_slice(&clean));
    buffer_free(&clean);
    return copy;
}
