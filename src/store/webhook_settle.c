/* What came of an attempt to deliver an event, and where a webhook's cursor stands then: one commit. */
#include "base/limits_hook.h"
#include "store/engine_state.h"
#include "store/event.h"
#include "store/schema.h"
#include "store/webhook.h"

static const char webhook_state[] =
    "SELECT state, success_ms, failures, delivered FROM webhook WHERE id = $1";
static const char webhook_succeeded[] =
    "UPDATE webhook SET success_ms = $2, failing_ms = 0, failures = 0, delivered = delivered + 1"
    " WHERE id = $1";
static const char webhook_failed[] =
    "UPDATE webhook SET failures = failures + 1, failing_ms = CASE failing_ms WHEN 0 THEN $2 ELSE failing_ms"
    " END WHERE id = $1";
static const char webhook_gave_up[] = "UPDATE webhook SET given_up = given_up + 1 WHERE id = $1";
static const char webhook_disable[] = "UPDATE webhook SET state = 1, reason = $2 WHERE id = $1";
static const char webhook_advance[] =
    "UPDATE webhook SET cursor = $3 WHERE id = $1 AND cursor = $2 AND cursor < $3";
static const char delivery_first[] =
    "SELECT first_ms FROM webhook_delivery WHERE webhook = $1 AND event = $2 AND state = 0";
static const char delivery_write[] =
    "INSERT INTO webhook_delivery (webhook, event, state, attempts, next_ms, first_ms, last_ms, status,"
    " detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (webhook, event) DO UPDATE SET"
    " state = $3, attempts = $4, next_ms = $5, first_ms = $6, last_ms = $7, status = $8, detail = $9";
static const char deliveries_now[] =
    "UPDATE webhook_delivery SET next_ms = $2 WHERE webhook = $1 AND state = 0 AND next_ms > $2";
static const char deliveries_old[] =
    "DELETE FROM webhook_delivery WHERE webhook = $1 AND state = $2 AND next_ms < $3";
static const char deliveries_many[] =
    "DELETE FROM webhook_delivery WHERE webhook = $1 AND state <> 0 AND event <= (SELECT event FROM"
    " webhook_delivery WHERE webhook = $1 ORDER BY event DESC LIMIT 1 OFFSET $2)";

enum { PRUNED_EVERY = 100 };

struct settling {
    const struct webhook_settlement *settlement;
    struct commit *commit;
    /* As it was before. */
    int64_t success_ms;
    uint64_t failures;
    uint64_t delivered;
    int64_t first_ms;
    bool is_disabled;
};

static bool load(struct settling *settling) {
    const struct webhook_settlement *settlement = settling->settlement;
    struct db *db = settling->commit->db;
    struct db_rows rows = DB_ROWS(db, webhook_state, DB_NUMBER(settlement->webhook));
    bool is_found = db_rows_next(&rows);
    if (is_found) {
        settling->is_disabled = db_rows_number(&rows, 0) != WEBHOOK_ACTIVE;
        settling->success_ms = db_rows_number(&rows, 1);
        settling->failures = db_rows_id(&rows, 2);
        settling->delivered = db_rows_id(&rows, 3);
    }
    db_rows_end(&rows);
    settling->first_ms =
        DB_READ_NUMBER(db, delivery_first, 0, DB_NUMBER(settlement->webhook), DB_NUMBER(settlement->event));
    if (settling->first_ms == 0) settling->first_ms = settling->commit->now_ms;
    return is_found;
}

/* `next_ms` of one that is over is when it was over. */
static void write_delivery(struct settling *settling, enum webhook_delivery_state state, int64_t next_ms) {
    const struct webhook_settlement *settlement = settling->settlement;
    int64_t now_ms = settling->commit->now_ms;
    DB_RUN(settling->commit->db, delivery_write, DB_NUMBER(settlement->webhook), DB_NUMBER(settlement->event),
           DB_NUMBER(state), DB_NUMBER(settlement->attempts), DB_NUMBER(next_ms),
           DB_NUMBER(settling->first_ms), DB_NUMBER(now_ms), DB_NUMBER(settlement->status),
           DB_TEXT(slice_sub(settlement->detail, 0, WEBHOOK_REASON_BYTES_MAX)));
}

static void disable(struct settling *settling, struct slice reason) {
    uint64_t id = settling->settlement->webhook;
    if (settling->is_disabled) return;
    settling->is_disabled = true;
    DB_RUN(settling->commit->db, webhook_disable, DB_NUMBER(id), DB_TEXT(reason));
    event_add(settling->commit, TENANT_DEFAULT, EVENT_WEBHOOK_DISABLED, id, settling->settlement->status);
}

static void prune(struct settling *settling) {
    struct db *db = settling->commit->db;
    uint64_t id = settling->settlement->webhook;
    int64_t from_ms = settling->commit->now_ms - WEBHOOK_KEPT_DAYS * (int64_t)24 * 3600 * 1000;
    DB_RUN(db, deliveries_old, DB_NUMBER(id), DB_NUMBER(WEBHOOK_DELIVERED), DB_NUMBER(from_ms));
    DB_RUN(db, deliveries_old, DB_NUMBER(id), DB_NUMBER(WEBHOOK_GIVEN_UP), DB_NUMBER(from_ms));
    DB_RUN(db, deliveries_many, DB_NUMBER(id), DB_NUMBER(WEBHOOK_KEPT_MAX));
}

static void succeed(struct settling *settling) {
    struct commit *commit = settling->commit;
    uint64_t id = settling->settlement->webhook;
    write_delivery(settling, WEBHOOK_DELIVERED, commit->now_ms);
    DB_RUN(commit->db, webhook_succeeded, DB_NUMBER(id), DB_NUMBER(commit->now_ms));
    if (settling->failures >= WEBHOOK_DOWN_FAILURES)
        DB_RUN(commit->db, deliveries_now, DB_NUMBER(id), DB_NUMBER(commit->now_ms));
    if (settling->delivered % PRUNED_EVERY == 0) prune(settling);
}

static void fail(struct settling *settling, int64_t next_ms) {
    write_delivery(settling, WEBHOOK_WAITING, next_ms);
    DB_RUN(settling->commit->db, webhook_failed, DB_NUMBER(settling->settlement->webhook),
           DB_NUMBER(settling->commit->now_ms));
}

static void give_up(struct settling *settling) {
    write_delivery(settling, WEBHOOK_GIVEN_UP, settling->commit->now_ms);
    DB_RUN(settling->commit->db, webhook_gave_up, DB_NUMBER(settling->settlement->webhook));
}

/* One event that its receiver does not take is given up; a receiver that took none for days is. */
static void fail_for_good(struct settling *settling) {
    const struct webhook_settlement *settlement = settling->settlement;
    if (settling->success_ms >= settling->first_ms) {
        give_up(settling);
        return;
    }
    fail(settling, settling->commit->now_ms);
    int64_t hours = (settling->commit->now_ms - settling->first_ms) / (3600 * 1000);
    disable(settling,
            arena_printf(settling->commit->arena, "nothing could be delivered for %lld hours; at last: %.*s",
                         (long long)hours,
                         SLICE_PRINT(slice_sub(settlement->detail, 0, WEBHOOK_REASON_BYTES_MAX))));
}

static void act(struct settling *settling) {
    const struct webhook_settlement *settlement = settling->settlement;
    switch (settlement->outcome) {
    case WEBHOOK_SUCCEEDED:
        succeed(settling);
        break;
    case WEBHOOK_FAILED:
        fail(settling, settlement->due_ms);
        break;
    case WEBHOOK_FAILED_FOR_GOOD:
        fail_for_good(settling);
        break;
    case WEBHOOK_EVENT_GONE:
        give_up(settling);
        break;
    case WEBHOOK_UNWANTED:
        fail(settling, settling->commit->now_ms);
        disable(settling, settlement->detail);
        break;
    }
}

static enum store_result settle(struct commit *commit, void *argument) {
    struct settling *settling = argument;
    const struct webhook_settlement *settlement = settling->settlement;
    *settling = (struct settling){.settlement = settlement, .commit = commit};
    if (!load(settling)) return db_result(commit->db, STORE_NOT_FOUND);
    bool was_disabled = settling->is_disabled;
    act(settling);
    DB_RUN(commit->db, webhook_advance, DB_NUMBER(settlement->webhook), DB_NUMBER(settlement->cursor),
           DB_NUMBER(settlement->event));
    settling->is_disabled = settling->is_disabled && !was_disabled;
    return STORE_OK;
}

enum store_result engine_webhook_settle(struct task *t, struct engine *engine,
                                        const struct webhook_settlement *settlement, bool *disabled) {
    struct settling settling = {.settlement = settlement};
    struct commit_operation operation = {.run = settle, .argument = &settling};
    enum store_result result = commit_run(t, &engine->queue, &operation);
    *disabled = result == STORE_OK && settling.is_disabled;
    return result;
}

/* ---- passing over ---- */

struct skipping {
    uint64_t id;
    uint64_t from;
    uint64_t to;
};

static enum store_result skip(struct commit *commit, void *argument) {
    const struct skipping *skipping = argument;
    DB_RUN(commit->db, webhook_advance, DB_NUMBER(skipping->id), DB_NUMBER(skipping->from),
           DB_NUMBER(skipping->to));
    return STORE_OK;
}

enum store_result engine_webhook_skip(struct task *t, struct engine *engine, uint64_t id, uint64_t from,
                                      uint64_t to) {
    struct skipping skipping = {id, from, to};
    struct commit_operation operation = {.run = skip, .argument = &skipping, .is_patient = true};
    return commit_run(t, &engine->queue, &operation);
}
