/* One question to rspamd over HTTP: connects, sends the message as it is unpacked, reads the answer. */
#ifndef FILTER_RSPAMD_TALK_H
#define FILTER_RSPAMD_TALK_H

#include "base/arena.h"
#include "filter/filter.h"

/* One question to a filter at one place. */
struct filter_talk {
    /* Of the verdict's texts. */
    struct arena *arena;
    char address[48];
    uint16_t port;
    int64_t deadline_ms;
    const struct filter_question *question;
    struct filter_verdict *verdict;
};

/* Waits until the deadline; every way it can go wrong is FILTER_DOWN with its reason. */
void rspamd_ask(struct task *t, struct filter_talk *talk);

#endif
