/* The office's parts: office.c (its life, its desks), office_desk.c (one event on its way). */
#ifndef HOOK_OFFICE_STATE_H
#define HOOK_OFFICE_STATE_H

#include "base/limits.h"
#include "base/limits_hook.h"
#include "base/list.h"
#include "hook/office.h"
#include "io/task.h"
#include "store/feed.h"
#include "store/webhook.h"

struct hook_office {
    struct hook_office_options options;
    struct hook_office_settings settings;
    struct scope scope;
    /* Events, webhooks or answers: all desks look. */
    /* For desks: something happened, or an administrator did something; for the office: the latter. */
    struct gate changed;
    struct gate ordered;
    struct list desks;
};

/* A webhook at work. Ends where that is gone or disabled. */
struct hook_desk {
    struct list link;
    struct hook_office *office;
    uint64_t webhook;
    /* Nothing from the cursor, as it was, up to here is wanted: so it need not be read again. */
    uint64_t cursor;
    uint64_t seen;
    /* So many were passed over; the store does not know of it yet. */
    uint64_t passed;
    /* The store cannot keep anything, or open a secret: nothing is sent before then (wall clock), lest the
       same event be sent over and over. */
    int64_t not_before_ms;
};

/* Delivers one event, if one is due. Returns when to look again (wall clock; INT64_MAX: when something
   happens), or -1: the desk is to be closed. Waits. */
int64_t hook_desk_round(struct task *t, struct hook_desk *desk);

/* An event, signed, to the webhook's URL. STORE_BUSY: the remote role did not answer. Waits. */
enum store_result hook_send(struct task *t, struct hook_office *office, struct arena *arena,
                            const struct webhook *webhook, const struct feed_event *event,
                            struct hook_report *report);

#endif
