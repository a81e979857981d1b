/*
 * Webhooks: URLs of other programs that are told of events (store/feed.h). A webhook has a cursor, the event
 * up to which all were told or set aside, and a row for each event that waits for another attempt, was
 * delivered, or was given up. What comes of an attempt and where the cursor stands then are one commit, so
 * that after a crash only what was under way comes again. Secrets are sealed (store/sealed.h), bound to the
 * URL, and never shown again. Who delivers is in hook/office.h.
 */
#ifndef STORE_WEBHOOK_H
#define STORE_WEBHOOK_H

#include "store/engine.h"

/* Stored. */
enum webhook_state { WEBHOOK_ACTIVE = 0, WEBHOOK_DISABLED = 1 };

struct webhook {
    uint64_t id;
    struct slice url;
    /* Separated by commas: types, or "outreach.*" for all below; "*" for all. */
    struct slice kinds;
    enum webhook_state state;
    /* Why it is disabled. */
    struct slice reason;
    int64_t added_ms;
    uint64_t cursor;
    /* The last success; since when none came where one should have; 0: never, or not so. */
    int64_t success_ms;
    int64_t failing_ms;
    /* In a row. */
    uint64_t failures;
    uint64_t delivered;
    uint64_t given_up;
    uint64_t waiting;
    /* The secret before the present one signs, too, until then; 0: there is none. */
    int64_t old_until_ms;
};

/* Stored. */
enum webhook_delivery_state { WEBHOOK_WAITING = 0, WEBHOOK_DELIVERED = 1, WEBHOOK_GIVEN_UP = 2 };
enum { WEBHOOK_DELIVERY_STATES = WEBHOOK_GIVEN_UP + 1 };

/* One event on its way to a webhook. */
struct webhook_delivery {
    uint64_t event;
    enum webhook_delivery_state state;
    uint64_t attempts;
    /* Of one that waits: when it is tried again. */
    int64_t next_ms;
    int64_t first_ms;
    int64_t last_ms;
    /* What the last attempt met: HTTP's status, or 0, and in words. */
    unsigned status;
    struct slice detail;
};

/* "active", "disabled"; "waiting", "delivered", "given_up". */
const char *webhook_state_word(enum webhook_state state);
const char *webhook_delivery_state_word(enum webhook_delivery_state state);

/* ---- what an administrator does ---- */

/* Its events begin now. STORE_EXISTS: there is one with this URL; STORE_OVER_QUOTA: WEBHOOKS_MAX. URL and
   kinds are the caller's to check. Waits. */
enum store_result engine_webhook_add(struct task *t, struct engine *engine, struct slice url,
                                     struct slice kinds, struct slice secret, uint64_t *id);
/* Another secret; the present one signs beside it until `old_until_ms`. STORE_NOT_FOUND. Waits. */
enum store_result engine_webhook_rotate(struct task *t, struct engine *engine, uint64_t id,
                                        struct slice secret, int64_t old_until_ms);
/* What waits is tried at once, and its attempts count from there. STORE_NOT_FOUND. Waits. */
enum store_result engine_webhook_enable(struct task *t, struct engine *engine, uint64_t id);
/* Nothing is lost: events wait. STORE_NOT_FOUND. Waits. */
enum store_result engine_webhook_disable(struct task *t, struct engine *engine, uint64_t id,
                                         struct slice reason);
/* With its secret and all deliveries. STORE_NOT_FOUND. Waits. */
enum store_result engine_webhook_remove(struct task *t, struct engine *engine, uint64_t id);
/* All events since then come again, in their order, with the ids they had. STORE_NOT_FOUND; STORE_REFUSED:
   it has not got that far yet. Waits. */
enum store_result engine_webhook_replay(struct task *t, struct engine *engine, uint64_t id, int64_t since_ms);
/* This one event, now. STORE_NOT_FOUND: there is no such webhook. Waits. */
enum store_result engine_webhook_replay_one(struct task *t, struct engine *engine, uint64_t id,
                                            uint64_t event);

/* In the order they were added; in `arena`. These read and do not wait. */
enum store_result engine_webhook_list(struct engine *engine, struct arena *arena, struct webhook **webhooks,
                                      size_t *count);
enum store_result engine_webhook_read(struct engine *engine, struct arena *arena, uint64_t id,
                                      struct webhook *webhook);
/* The newest events first, those before the event `before` (0: all), `max` at most. */
enum store_result engine_webhook_deliveries(struct engine *engine, struct arena *arena, uint64_t id,
                                            uint64_t before, size_t max, struct webhook_delivery **deliveries,
                                            size_t *count);

/* ---- what the deliverer does ---- */

struct webhook_secrets {
    struct slice present;
    /* Or empty. */
    struct slice old;
};
/* In `arena`; the caller wipes them. STORE_NOT_FOUND; STORE_FAILED: they cannot be opened. Waits. */
enum store_result engine_webhook_secrets(struct task *t, struct engine *engine, struct arena *arena,
                                         uint64_t id, struct webhook_secrets *secrets);

/* What is to be done for a webhook now. */
struct webhook_work {
    struct webhook webhook;
    /* An event that waited for its next attempt, which is due; 0: none is. */
    uint64_t event;
    uint64_t attempts;
    /* No new event may go before those that wait. */
    bool is_held;
    /* When the first that waits is due; INT64_MAX: none waits. */
    int64_t next_ms;
};
/* STORE_NOT_FOUND. In `arena`. Reads, does not wait. */
enum store_result engine_webhook_work(struct engine *engine, struct arena *arena, uint64_t id, int64_t now_ms,
                                      struct webhook_work *work);

enum webhook_outcome {
    WEBHOOK_SUCCEEDED,
    /* Tried again at due_ms. */
    WEBHOOK_FAILED,
    /* It was the last attempt. Where none succeeded since the first, the webhook is disabled, and the event
       waits for the day it is enabled. */
    WEBHOOK_FAILED_FOR_GOOD,
    /* The event is not kept any more. */
    WEBHOOK_EVENT_GONE,
    /* Its receiver wants no more: disabled. */
    WEBHOOK_UNWANTED,
};
struct webhook_settlement {
    uint64_t webhook;
    uint64_t event;
    enum webhook_outcome outcome;
    /* This one included. */
    uint64_t attempts;
    int64_t due_ms;
    unsigned status;
    struct slice detail;
    /* The cursor as it was read; it moves to the event only where it is so still, and that lies behind it. */
    uint64_t cursor;
};
/* *disabled: this disabled it. STORE_NOT_FOUND: it was removed meanwhile. Waits. */
enum store_result engine_webhook_settle(struct task *t, struct engine *engine,
                                        const struct webhook_settlement *settlement, bool *disabled);
/* Nothing up to `to` is wanted. Does nothing where the cursor is not `from` any more. Waits. */
enum store_result engine_webhook_skip(struct task *t, struct engine *engine, uint64_t id, uint64_t from,
                                      uint64_t to);

/* The tables, for a migration. */
#define WEBHOOK_TABLES                                                                                     \
    "CREATE TABLE webhook (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, url TEXT NOT NULL,"            \
    " kinds TEXT NOT NULL, state INTEGER NOT NULL, reason TEXT NOT NULL, secret BLOB NOT NULL,"            \
    " old_secret BLOB NOT NULL, old_until_ms INTEGER NOT NULL, cursor INTEGER NOT NULL,"                   \
    " added_ms INTEGER NOT NULL, success_ms INTEGER NOT NULL, failing_ms INTEGER NOT NULL,"                \
    " failures INTEGER NOT NULL, delivered INTEGER NOT NULL, given_up INTEGER NOT NULL,"                   \
    " UNIQUE (tenant, url)) STRICT;"                                                                       \
    "CREATE TABLE webhook_delivery (webhook INTEGER NOT NULL, event INTEGER NOT NULL,"                     \
    " state INTEGER NOT NULL, attempts INTEGER NOT NULL, next_ms INTEGER NOT NULL,"                        \
    " first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, status INTEGER NOT NULL, detail TEXT NOT NULL," \
    " PRIMARY KEY (webhook, event)) STRICT, WITHOUT ROWID;"                                                \
    "CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook, state, next_ms);"

#endif
