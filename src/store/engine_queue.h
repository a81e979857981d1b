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
/* What waits and was accepted before, with a message above `after`, in order: where it is due, if at all, does
   not matter. */
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
/* Stores the report, and its recipients go (or, with REPORT_DELAY, are told of), in one commit. */
enum store_result engine_queue_reported(struct task *t, struct engine *engine,
                                        const struct report_done *done);

#endif
