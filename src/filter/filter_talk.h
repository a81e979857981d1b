/* One question to a filter at one place; for who speaks its protocol. */
#ifndef FILTER_FILTER_TALK_H
#define FILTER_FILTER_TALK_H

#include "base/arena.h"
#include "filter/body_pieces.h"
#include "filter/filter.h"
#include "io/stream.h"

struct filter_talk {
    /* Of the verdict's texts. */
    struct arena *arena;
    /* Of the filter, for words: "rspamd". */
    const char *name;
    char address[48];
    uint16_t port;
    int64_t deadline_ms;
    const struct filter_question *question;
    struct filter_verdict *verdict;
    struct stream *stream;
};

/* There is no verdict, and why; return false. */
bool filter_talk_is_down(struct filter_talk *talk, struct slice why);
bool filter_talk_failed(struct filter_talk *talk, const char *doing, int error);

/* Opens talk->stream. */
bool filter_talk_connect(struct task *t, struct filter_talk *talk);
bool filter_talk_send(struct task *t, struct filter_talk *talk, struct slice bytes);

/* Where the message goes, piece by piece; false ends it. */
typedef bool filter_talk_sink(struct task *t, struct filter_talk *talk, void *context, struct slice piece);
/* The raw bytes behind the trace, exactly as many as the question says. */
bool filter_talk_each_piece(struct task *t, struct filter_talk *talk, filter_talk_sink *sink, void *context);

/* What a filter says, made clean; in the arena. */
struct slice filter_talk_clean(struct filter_talk *talk, struct slice text);

#endif
