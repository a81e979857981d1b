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

void sending_limit_forget(struct db *db, uint64_t account) { DB_RUN(db, account_delete, DB_NUMBER(account)); }

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
