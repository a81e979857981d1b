#include "filter/rspamd_talk.h"

#include <stdio.h>

#include "base/limits.h"
#include "filter/body_pieces.h"
#include "filter/rspamd.h"
#include "io/stream.h"
#include "wire/http_answer.h"

enum { HEAD_BYTES_MAX = 128 * 1024, PLACE_BYTES = 64 };

static bool is_down(struct filter_talk *talk, struct slice why) {
    *talk->verdict = (struct filter_verdict){.action = FILTER_DOWN, .text = why};
    return false;
}

static bool failed(struct filter_talk *talk, const char *doing, int error) {
    return is_down(talk, arena_printf(talk->arena, "%s rspamd: %s", doing, strerror(-error)));
}

static bool send_head(struct task *t, struct filter_talk *talk, struct stream *stream) {
    struct buffer head = buffer_new(HEAD_BYTES_MAX);
    char host[PLACE_BYTES];
    bool is_v6 = strchr(talk->address, ':') != NULL;
    snprintf(host, sizeof host, is_v6 ? "[%s]:%u" : "%s:%u", talk->address, (unsigned)talk->port);
    const struct filter_question *question = talk->question;
    rspamd_request_write(&head, question, slice_from_text(host), question->raw_bytes - question->trace_bytes);
    bool is_whole = !buffer_overflowed(&head);
    int sent = is_whole ? stream_write(t, stream, buffer_slice(&head), talk->deadline_ms) : 0;
    buffer_free(&head);
    if (!is_whole) return is_down(talk, SLICE("the envelope is too long"));
    return sent ? failed(talk, "sending to", sent) : true;
}

/* The raw bytes behind the trace; exactly as many as were announced. */
static bool send_pieces(struct task *t, struct filter_talk *talk, struct stream *stream,
                        struct body_pieces *pieces, struct buffer *raw) {
    uint64_t trace_left = talk->question->trace_bytes;
    uint64_t left = talk->question->raw_bytes - trace_left;
    enum body_pieces_status status;
    while ((status = body_pieces_next(pieces, raw)) == BODY_PIECES_MORE) {
        struct slice piece = buffer_slice(raw);
        struct slice trace = slice_take(&piece, trace_left < piece.len ? (size_t)trace_left : piece.len);
        trace_left -= trace.len;
        if (piece.len > left) break;
        left -= piece.len;
        int sent = stream_write(t, stream, piece, talk->deadline_ms);
        if (sent) return failed(talk, "sending to", sent);
    }
    if (status != BODY_PIECES_END || left || trace_left) return is_down(talk, SLICE("the body is damaged"));
    return true;
}

static bool send_body(struct task *t, struct filter_talk *talk, struct stream *stream) {
    const struct filter_question *question = talk->question;
    struct body_pieces *pieces = body_pieces_open(question->packed, question->file, question->packed_bytes);
    if (!pieces) return is_down(talk, SLICE("the body is damaged"));
    struct buffer raw = buffer_new(BODY_FRAME_BYTES);
    bool is_sent = send_pieces(t, talk, stream, pieces, &raw);
    buffer_free(&raw);
    body_pieces_free(&pieces);
    return is_sent;
}

static bool judge_status(struct filter_talk *talk, enum http_answer_status status) {
    if (status == HTTP_ANSWER_WHOLE) return true;
    return is_down(talk, status == HTTP_ANSWER_TOO_LARGE ? SLICE("rspamd's answer is too long")
                                                         : SLICE("rspamd's answer is not HTTP, or cut off"));
}

static bool receive(struct task *t, struct filter_talk *talk, struct stream *stream,
                    struct http_answer *answer) {
    uint8_t bytes[4096];
    enum http_answer_status status = HTTP_ANSWER_MORE;
    while (status == HTTP_ANSWER_MORE) {
        ssize_t got = stream_read(t, stream, bytes, sizeof bytes, talk->deadline_ms);
        if (got < 0) return failed(talk, "waiting for", (int)got);
        status = got ? http_answer_feed(answer, slice_of(bytes, (size_t)got)) : http_answer_end(answer);
    }
    return judge_status(talk, status);
}

static void hear(struct task *t, struct filter_talk *talk, struct stream *stream) {
    struct http_answer answer;
    http_answer_begin(&answer, FILTER_ANSWER_BYTES_MAX);
    if (receive(t, talk, stream, &answer)) {
        if (answer.status == 200)
            rspamd_verdict_read(buffer_slice(&answer.body), talk->arena, talk->verdict);
        else
            (void)is_down(talk, arena_printf(talk->arena, "rspamd answered with status %u", answer.status));
    }
    http_answer_free(&answer);
}

void rspamd_ask(struct task *t, struct filter_talk *talk) {
    struct env *env = task_env(t);
    struct stream *stream = NULL;
    struct connect_request request = {talk->address, talk->port, NULL};
    int64_t connect_ms = env_now_ms(env) + FILTER_CONNECT_MS;
    int error = stream_connect(t, env, &request, connect_ms, &stream);
    if (error) {
        (void)failed(talk, "connecting to", error);
        return;
    }
    if (send_head(t, talk, stream) && send_body(t, talk, stream)) hear(t, talk, stream);
    stream_close(&stream);
}
