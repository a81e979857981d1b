/* The append-only log of what happened, for flight recorder, webhooks and statistics. It is kept for
   STORE_EVENTS_KEPT_DAYS, and STORE_EVENTS_KEPT_MAX of them; ids rise and never come again. */
#ifndef STORE_EVENT_H
#define STORE_EVENT_H

#include "store/commit.h"

/* Numbers are stored: never change one. */
enum event_kind {
    /* Subject: message; count: recipients. */
    EVENT_ACCEPTED = 1,
    /* Subject: account. */
    EVENT_ACCOUNT_ADDED = 2,
    EVENT_ACCOUNT_REMOVED = 3,
    EVENT_PASSWORD_CHANGED = 4,
    /* Subject: domain. */
    EVENT_DOMAIN_ADDED = 5,
    EVENT_DOMAIN_REMOVED = 6,
    /* Subject: a message whose sender could not be told; count: its recipients. */
    EVENT_REPORT_DROPPED = 7,
    /* Subject: account; count: what is switched off. */
    EVENT_ACCOUNT_CHANGED = 8,
    /* Subject: route. */
    EVENT_ROUTE_ADDED = 20,
    EVENT_ROUTE_CHANGED = 21,
    EVENT_ROUTE_REMOVED = 22,
    /* Subject: a key of a domain. It signs from now on. */
    EVENT_SIGNING_KEY_MADE = 30,
    EVENT_SIGNING_KEY_USED = 31,
    /* Subject: a mailbox that outreach sends from; of its health `count` is the cause. */
    EVENT_SENDER_ADDED = 40,
    EVENT_SENDER_CHANGED = 41,
    EVENT_SENDER_REMOVED = 42,
    EVENT_SENDER_GREEN = 43,
    EVENT_SENDER_RED = 44,
    /* Its daily maximum was raised over that for all. */
    EVENT_SENDER_OVERRIDE = 45,
    /* Subject: a webhook; of DISABLED `count` is what was answered last, or 0. */
    EVENT_WEBHOOK_ADDED = 60,
    EVENT_WEBHOOK_ROTATED = 61,
    EVENT_WEBHOOK_ENABLED = 62,
    EVENT_WEBHOOK_DISABLED = 63,
    EVENT_WEBHOOK_REMOVED = 64,
    EVENT_WEBHOOK_REPLAYED = 65,
};

void event_add(struct commit *commit, uint64_t tenant, enum event_kind kind, uint64_t subject,
               uint64_t count);
/* Removes some of those that are too old or too many. True: there may be more. */
bool event_prune(struct commit *commit);

/* The same of another table that only grows, whose rows have `id` and `at_ms`. */
struct event_log {
    const char *newest;
    const char *oldest;
    const char *remove;
    int64_t kept_max;
    int64_t kept_days;
};
bool event_log_prune(struct commit *commit, const struct event_log *log);

#endif
