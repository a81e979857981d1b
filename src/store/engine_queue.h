/*
 * The queue in the data folder: the part of the engine (store/engine.h) that transit/scheduler.h decides
 * with. What is under way is the scheduler's knowledge and lives in memory only; here is what must survive.
 * Calls without a task read only, and do not wait; results are in `arena`.
 */
#ifndef STORE_ENGINE_QUEUE_H
#define STORE_ENGINE_QUEUE_H

#include "store/engine.h"
#include "store/queue_model.h"

/* Whom to tell of what becomes due by a commit: called on the loop, after it. One listener; NULL: none. It is
   told of destinations that cannot be reached now (failures > 0), too. */
void engine_queue_listen(struct engine *engine,
                         void (*on_queued)(void *context, const struct queue_news *news), void *context);

/* Destinations with something due by now, the longest due first, at most `max`. */
enum store_result engine_queue_destinations(struct engine *engine, struct arena *arena, int64_t now_ms,
                                            size_t max, struct destination **destinations, size_t *count);
/* The next time at which any destination is due, or QUEUE_NEVER. */
int64_t engine_queue_next_due(struct engine *engine);
/* The same, leaving out those that are due by now. */
int64_t engine_queue_next_due_after(struct engine *engine, int64_t now_ms);
/* STORE_NOT_FOUND. */
enum store_result engine_queue_destination(struct engine *engine, struct arena *arena, uint64_t id,
                                           struct destination *destination);

/* The places of one stream at a destination that are due by now and lie behind `*after` (all zero: from the
   beginning), in order; fewer than `max`: that was all. */
enum store_result engine_queue_read(struct engine *engine, uint64_t destination, enum queue_stream stream,
                                    const struct queue_place *after, int64_t now_ms,
                                    struct queue_place *places, size_t max, size_t *count);
/* What an attempt needs: the message and its recipients that are due at the destination, at most
   `recipients_max`. STORE_NOT_FOUND: none is (any more). */
enum store_result engine_queue_open(struct engine *engine, struct arena *arena, uint64_t destination,
                                    uint64_t message, int64_t now_ms, size_t recipients_max,
                                    struct outgoing *outgoing);
/* Appends packed bytes of the message (store/body_pack.h), from `offset`, at most `len`. */
enum store_result engine_queue_body(struct engine *engine, uint64_t message, uint64_t offset, size_t len,
                                    struct buffer *out);

/* Records an attempt. What is delivered or failed goes, or owes a report, as its NOTIFY says and its sender
   is not null. *is_left: recipients of the message are still due here. STORE_NOT_FOUND: the owner removed
   it meanwhile; nothing is recorded. */
enum store_result engine_queue_settle(struct task *t, struct engine *engine,
                                      const struct settlement *settlement, bool *is_left);
/* The same where nobody waits for it: it is recorded with what others have committed, or soon. */
enum store_result engine_queue_settle_patiently(struct task *t, struct engine *engine,
                                                const struct settlement *settlement, bool *is_left);
/* The destination could not be reached (failures > 0, due again at due_ms), or could (0), or has nothing
   left before due_ms. What becomes due at it earlier, by a commit, brings due_ms forward only while there
   are no failures. */
enum store_result engine_queue_set_destination(struct task *t, struct engine *engine, uint64_t destination,
                                               uint32_t failures, struct slice reason, int64_t due_ms);
/* The least due time of what waits at a destination, or QUEUE_NEVER. */
int64_t engine_queue_due_of(struct engine *engine, uint64_t destination);

/* One message at one destination. */
struct queue_claim {
    uint64_t message;
    uint64_t destination;
};
/* What waits and was accepted before, with a message above `after`, in order: where it is due, if at all,
   does not matter. */
enum store_result engine_queue_old(struct engine *engine, int64_t accepted_before_ms, uint64_t after,
                                   struct queue_claim *claims, size_t max, size_t *count);

/* For reports: as engine_queue_open, with what became of each recipient. */
enum store_result engine_queue_open_report(struct engine *engine, struct arena *arena, uint64_t message,
                                           size_t recipients_max, struct outgoing *outgoing);
/* Messages accepted before `accepted_before_ms` with recipients that still wait, whose sender wants to know
   (RFC 3461 4.1: NOTIFY unsaid or with DELAY) and was not told, oldest first. */
enum store_result engine_queue_delayed(struct engine *engine, int64_t accepted_before_ms, uint64_t *messages,
                                       size_t max, size_t *count);
enum store_result engine_queue_open_delayed(struct engine *engine, struct arena *arena, uint64_t message,
                                            size_t recipients_max, struct outgoing *outgoing);
/* Messages that are held because their account is over its limit, of which it is to be told. */
enum store_result engine_queue_held(struct engine *engine, uint64_t *messages, size_t max, size_t *count);
enum store_result engine_queue_open_held(struct engine *engine, struct arena *arena, uint64_t message,
                                         size_t recipients_max, struct outgoing *outgoing);
/* Stores the report, and its recipients go (or, with REPORT_DELAY and REPORT_HELD, are told of), in one
 * commit. */
enum store_result engine_queue_reported(struct task *t, struct engine *engine,
                                        const struct report_done *done);

/* ---- the owner's ---- */

/* What is meant: one message (and of it one recipient, or with `recipient` empty all), else all that waits at
   the destinations of a domain, else everything. Of what owes a report nothing is changed. */
struct queue_selection {
    uint64_t message;
    struct slice recipient;
    struct slice domain;
};
enum queue_order {
    /* Try now, whatever is known of the destination. */
    QUEUE_ORDER_RETRY,
    QUEUE_ORDER_HOLD,
    QUEUE_ORDER_RELEASE,
    /* Nobody is told. */
    QUEUE_ORDER_REMOVE,
    /* As failed: the sender is told, as NOTIFY says. */
    QUEUE_ORDER_FAIL,
    QUEUE_ORDER_STREAM,
};
/* *changed: recipients. Many are changed some at a time; an attempt that is under way meanwhile is recorded
   for those that are still there. STORE_NOT_FOUND: no such message, recipient or destination. */
enum store_result engine_queue_order(struct task *t, struct engine *engine,
                                     const struct queue_selection *selection, enum queue_order order,
                                     enum queue_stream stream, uint64_t *changed);

/* One line for a destination, those with most first; read in the scan lane (STORE_BUSY: it is in use). */
struct queue_summary {
    struct destination destination;
    uint64_t waiting;
    uint64_t held;
    int64_t oldest_ms;
    /* The first is due, or the destination again; or QUEUE_NEVER. */
    int64_t next_ms;
};
struct queue_overview {
    struct queue_summary *lines;
    size_t count;
    /* Also those that have no line. */
    uint64_t destinations;
};
enum store_result engine_queue_overview(struct task *t, struct engine *engine, struct arena *arena,
                                        size_t max, struct queue_overview *overview);

/* Messages in the order they came, those behind `after`; empty, or QUEUE_STATES: any. As above. */
struct queue_filter {
    uint64_t after;
    struct slice domain;
    struct slice sender;
    enum queue_state state;
    size_t max;
};
struct queue_line {
    uint64_t message;
    int64_t received_ms;
    struct slice mail_from;
    uint64_t raw_bytes;
    enum queue_stream stream;
    uint64_t states[QUEUE_STATES];
    int64_t next_ms;
    /* One of its recipients. */
    struct slice address;
};
struct queue_listing {
    struct queue_line *lines;
    size_t count;
    bool has_more;
};
enum store_result engine_queue_list(struct task *t, struct engine *engine, struct arena *arena,
                                    const struct queue_filter *filter, struct queue_listing *listing);

/* A message with its recipients, whatever their state; beside each its own. */
struct queue_shown {
    struct outgoing outgoing;
    struct {
        enum queue_state state;
        int64_t due_ms;
    } * states;
};
enum store_result engine_queue_show(struct engine *engine, struct arena *arena, uint64_t message,
                                    size_t recipients_max, struct queue_shown *shown);

/* What happened to a message, the oldest first (FLIGHT_TRACE_ROWS_MAX at most), also long after it left.
   STORE_NOT_FOUND. */
enum store_result engine_queue_trace(struct engine *engine, struct arena *arena, uint64_t message,
                                     struct flight **flights, size_t *count);
/* By its Message-ID, in angle brackets or not, or its queue id in hexadecimal. STORE_NOT_FOUND. */
enum store_result engine_queue_find(struct engine *engine, struct arena *arena, struct slice text,
                                    uint64_t *message);

#endif
