#include "store/sts_policy.h"

#include "base/limits.h"
#include "store/engine_state.h"

enum { EXPIRED_ROWS = 50 };

static const char policy_read[] =
    "SELECT domain, id, policy, fetched_ms, expires_ms, tried_ms FROM sts_policy WHERE domain = $1";
static const char policy_due[] = "SELECT domain, id, policy, fetched_ms, expires_ms, tried_ms FROM sts_policy"
                                 " WHERE tried_ms < $1 AND expires_ms > $2 ORDER BY tried_ms LIMIT 1";
static const char policy_count[] = "SELECT count(*) FROM sts_policy";
static const char policy_renew[] =
    "UPDATE sts_policy SET id = $2, policy = $3, fetched_ms = $4, expires_ms = $5, tried_ms = $6"
    " WHERE domain = $1";
static const char policy_insert[] =
    "INSERT INTO sts_policy (domain, id, policy, fetched_ms, expires_ms, tried_ms)"
    " VALUES ($1, $2, $3, $4, $5, $6)";
static const char policy_tried[] = "UPDATE sts_policy SET tried_ms = $2 WHERE domain = $1";
static const char policy_expired[] =
    "DELETE FROM sts_policy WHERE domain IN (SELECT domain FROM sts_policy WHERE expires_ms <= $1 LIMIT $2)";

/* Ends the read. */
static enum store_result read_row(struct engine *engine, struct arena *arena, struct db_rows rows,
                                  struct sts_policy *policy) {
    bool is_there = db_rows_next(&rows);
    if (is_there) {
        *policy = (struct sts_policy){.domain = arena_copy(arena, db_rows_bytes(&rows, 0)),
                                      .id = arena_copy(arena, db_rows_bytes(&rows, 1)),
                                      .text = arena_copy(arena, db_rows_bytes(&rows, 2)),
                                      .fetched_ms = db_rows_number(&rows, 3),
                                      .expires_ms = db_rows_number(&rows, 4),
                                      .tried_ms = db_rows_number(&rows, 5)};
        db_rows_end(&rows);
    }
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result == STORE_OK && !is_there ? STORE_NOT_FOUND : result;
}

enum store_result engine_sts_policy(struct engine *engine, struct arena *arena, struct slice domain,
                                    struct sts_policy *policy) {
    db_begin_read(engine->db);
    return read_row(engine, arena, DB_ROWS(engine->db, policy_read, DB_TEXT(domain)), policy);
}

enum store_result engine_sts_policy_due(struct engine *engine, struct arena *arena, int64_t now_ms,
                                        int64_t tried_before_ms, struct sts_policy *policy) {
    db_begin_read(engine->db);
    return read_row(engine, arena,
                    DB_ROWS(engine->db, policy_due, DB_NUMBER(tried_before_ms), DB_NUMBER(now_ms)), policy);
}

static void write_row(struct db *db, const char *sql, const struct sts_policy *policy) {
    DB_RUN(db, sql, DB_TEXT(policy->domain), DB_TEXT(policy->id), DB_BYTES(policy->text),
           DB_NUMBER(policy->fetched_ms), DB_NUMBER(policy->expires_ms), DB_NUMBER(policy->tried_ms));
}

/* What is kept already is renewed however many there are. */
static enum store_result keep(struct commit *commit, void *argument) {
    const struct sts_policy *policy = argument;
    struct db *db = commit->db;
    DB_RUN(db, policy_expired, DB_NUMBER(commit->now_ms), DB_NUMBER(EXPIRED_ROWS));
    if (policy->text.len == 0) {
        DB_RUN(db, policy_tried, DB_TEXT(policy->domain), DB_NUMBER(policy->tried_ms));
        return STORE_OK;
    }
    write_row(db, policy_renew, policy);
    if (db_changed(db)) return STORE_OK;
    if (DB_READ_NUMBER(db, policy_count, 0) >= MTA_STS_STORED_MAX) return STORE_OVER_QUOTA;
    write_row(db, policy_insert, policy);
    return STORE_OK;
}

enum store_result engine_sts_policy_keep(struct task *t, struct engine *engine,
                                         const struct sts_policy *policy) {
    struct sts_policy copy = *policy;
    struct commit_operation operation = {.run = keep, .argument = &copy, .is_patient = true};
    return commit_run(t, &engine->queue, &operation);
}
