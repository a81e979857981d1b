/*
 * What the store role and the remote role say to each other to deliver webhooks, as bytes. The store chooses
 * the event, writes the payload and signs it; the remote role looks the host up, connects, and says what was
 * answered. It never sees a secret, and of answers' bodies nothing comes back.
 */
#ifndef HOOK_PROTOCOL_H
#define HOOK_PROTOCOL_H

#include "ipc/pack.h"

enum hook_message {
    /* To the remote role: a struct hook_post; answer: a struct hook_report. */
    HOOK_POST = 360,
};

struct hook_post {
    struct slice url;
    /* As they go into the header. */
    struct slice id;
    struct slice timestamp;
    struct slice signatures;
    struct slice payload;
};

enum hook_end {
    /* An answer came, whatever it says. */
    HOOK_ANSWERED,
    /* None did. */
    HOOK_UNANSWERED,
    /* The host may not be connected to: no attempt was made. */
    HOOK_REFUSED,
    /* The remote role ends: this was no attempt. */
    HOOK_INTERRUPTED,
};
enum { HOOK_ENDS = HOOK_INTERRUPTED + 1 };

struct hook_report {
    enum hook_end end;
    /* HTTP's, where it was answered. */
    unsigned status;
    /* RFC 9110 10.2.3: it asks not to be asked again for so long; 0: it said nothing. */
    int64_t retry_after_ms;
    /* For people: why there is no answer. */
    struct slice words;
};

void hook_post_pack(struct buffer *out, const struct hook_post *post);
/* These borrow from `body`. False: it is none. */
NODISCARD bool hook_post_unpack(struct slice body, struct hook_post *post);
void hook_report_pack(struct buffer *out, const struct hook_report *report);
NODISCARD bool hook_report_unpack(struct slice body, struct hook_report *report);

#endif
