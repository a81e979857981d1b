#include "filter/rspamd_talk.h"

#include <stdio.h>

#include "base/limits.h"
#include "filter/rspamd.h"
#include "wire/http_answer.h"

enum { HEAD_BYTES_MAX = 128 * 1024, PLACE_BYTES = 64 };

static bool send_head(struct task *t, struct filter_talk *talk) {
    struct buffer head = buffer_new(HEAD_BYTES_MAX);
    char host[PLACE_BYTES];
    bool is_v6 = strchr(talk->address, ':') != NULL;
    snprintf(host, sizeof host, is_v6 ? "[%s]:%u" : "%s:%u", talk->address, (unsigned)talk->port);
    const struct filter_question *question = talk->question;
    rspamd_request_write(&head, question, slice_from_text(host), question->raw_bytes - question->trace_bytes);
    bool is_sent = buffer_overflowed(&head) ? filter_talk_is_down(talk, SLICE("the envelope is too long"))
                                            : filter_talk_send(t, talk, buffer_slice(&head));
    buffer_free(&head);
    return is_sent;
}

static bool send_piece(struct task *t, struct filter_talk *talk, void *context, struct slice piece) {
    (void)context;
    return filter_talk_send(t, talk, piece);
}

static bool judge_status(struct filter_talk *talk, enum http_answer_status status) {
    if (status == HTTP_ANSWER_WHOLE) return true;
    return filter_talk_is_down(talk, status == HTTP_ANSWER_TOO_LARGE
                                         ? SLICE("rspamd's answer is too long")
                                         : SLICE("rspamd's answer is not HTTP, or cut off"));
}

static bool receive(struct task *t, struct filter_talk *talk, struct http_answer *answer) {
    uint8_t bytes[4096];
    enum http_answer_status status = HTTP_ANSWER_MORE;
    while (status == HTTP_ANSWER_MORE) {
        ssize_t got = stream_read(t, talk->stream, bytes, sizeof bytes, talk->deadline_ms);
        if (got < 0) return filter_talk_failed(talk, "waiting for", (int)got);
        status = got ? http_answer_feed(answer, slice_of(bytes, (size_t)got)) : http_answer_end(answer);
    }
    return judge_status(talk, status);
}

static void hear(struct task *t, struct filter_talk *talk) {
    struct http_answer answer;
    http_answer_begin(&answer, FILTER_ANSWER_BYTES_MAX);
    if (receive(t, talk, &answer)) {
        if (answer.status == 200)
            rspamd_verdict_read(buffer_slice(&answer.body), talk->arena, talk->verdict);
        else
            (void)filter_talk_is_down(
                talk, arena_printf(talk->arena, "rspamd answered with status %u", answer.status));
    }
    http_answer_free(&answer);
}

void rspamd_ask(struct task *t, struct filter_talk *talk) {
    talk->name = "rspamd";
    if (!filter_talk_connect(t, talk)) return;
    if (send_head(t, talk) && filter_talk_each_piece(t, talk, send_piece, NULL)) hear(t, talk);
    stream_close(&talk->stream);
}
