#include "store/sending_limit.h"

#include "base/limits.h"
#include "store/engine_state.h"

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };

static const char step_sum[] =
    "SELECT coalesce(sum(recipients), 0) FROM sending WHERE account = $1 AND step >= $2";
static const char step_add[] = "INSERT INTO sending (account, step, recipients) VALUES ($1, $2, $3)"
                               " ON CONFLICT (account, step) DO UPDATE SET recipients = recipients + $3";
/* Steps to come are of a clock that was wrong. */
static const char step_delete[] = "DELETE FROM sending WHERE account = $1 AND (step < $2 OR step > $3)";
/* A notice to come is of a clock that was wrong. */
static const char notice_owe[] =
    "INSERT INTO sending_notice (account, message, at_ms) VALUES ($1, $2, $3) ON CONFLICT (account) DO UPDATE"
    " SET message = $2, at_ms = $3 WHERE at_ms <= $4 OR at_ms > $3";
static const char notice_owed[] = "SELECT 1 FROM sending_notice WHERE message = $1 AND message <> 0";
static const char notice_given[] =
    "UPDATE sending_notice SET message = 0 WHERE message = $1 AND message <> 0";
static const char notice_delete[] = "DELETE FROM sending_notice WHERE account = $1";
static const char account_delete[] = "DELETE FROM sending WHERE account = $1";

/* The first step that lies, at least in part, within so long before now. */
static int64_t first_step(int64_t now_ms, int64_t window_ms) {
    return (now_ms - window_ms) / SENDING_STEP_MS;
}

static bool has_room(struct commit *commit, uint64_t account, size_t recipients, int64_t window_ms,
                     uint64_t limit) {
    if (limit == 0) return true;
    uint64_t sent = (uint64_t)DB_READ_NUMBER(commit->db, step_sum, 0, DB_NUMBER(account),
                                             DB_NUMBER(first_step(commit->now_ms, window_ms)));
    return recipients <= limit && sent <= limit - recipients;
}

bool sending_limit_take(struct commit *commit, uint64_t account, size_t recipients) {
    if (account == 0 || recipients == 0) return true;
    int64_t step = commit->now_ms / SENDING_STEP_MS;
    DB_RUN(commit->db, step_delete, DB_NUMBER(account), DB_NUMBER(first_step(commit->now_ms, DAY_MS)),
           DB_NUMBER(step));
    const struct sending_limits *limits = &commit->sending;
    if (!has_room(commit, account, recipients, HOUR_MS, limits->recipients_per_hour) ||
        !has_room(commit, account, recipients, DAY_MS, limits->recipients_per_day))
        return false;
    DB_RUN(commit->db, step_add, DB_NUMBER(account), DB_NUMBER(step), DB_NUMBER(recipients));
    return true;
}

void sending_notice_owe(struct commit *commit, uint64_t account, uint64_t message) {
    DB_RUN(commit->db, notice_owe, DB_NUMBER(account), DB_NUMBER(message), DB_NUMBER(commit->now_ms),
           DB_NUMBER(commit->now_ms - SENDING_NOTICE_MS));
}

bool sending_notice_is_owed(struct db *db, uint64_t message) {
    return DB_READ_NUMBER(db, notice_owed, 0, DB_NUMBER(message)) != 0;
}

void sending_notice_given(struct db *db, uint64_t message) { DB_RUN(db, notice_given, DB_NUMBER(message)); }

void sending_limit_forget(struct db *db, uint64_t account) {
    DB_RUN(db, account_delete, DB_NUMBER(account));
    DB_RUN(db, notice_delete, DB_NUMBER(account));
}

static enum store_result set_limits(struct commit *commit, void *argument) {
    commit->sending = *(const struct sending_limits *)argument;
    return STORE_OK;
}

enum store_result engine_sending_limits(struct task *t, struct engine *engine,
                                        const struct sending_limits *limits) {
    struct sending_limits copy = *limits;
    struct commit_operation operation = {.run = set_limits, .argument = &copy};
    return commit_run(t, &engine->queue, &operation);
}
