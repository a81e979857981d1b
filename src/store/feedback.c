#include "store/feedback.h"

#include "base/limits.h"
#include "store/directory.h"
#include "store/engine_state.h"

enum { DAY_MS = 24 * 3600 * 1000, PRUNE_ROWS = 50 };

static const char feedback_insert[] =
    "INSERT INTO feedback (id, received_ms, kind, domain, organization, report, author, trust, begin_s, "
    "end_s,"
    " passed, failed, details) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
static const char feedback_same[] = "SELECT 1 FROM feedback WHERE kind = $1 AND domain = $2 AND organization"
                                    " = $3 AND report = $4 AND author = $5 AND trust = $6";
static const char feedback_day[] = "SELECT count(*) FROM feedback WHERE received_ms >= $1";
static const char feedback_domain_day[] =
    "SELECT count(*) FROM feedback WHERE received_ms >= $1 AND domain = $2";
#define COLUMNS                                                                                          \
    "SELECT id, received_ms, kind, domain, organization, report, author, trust, begin_s, end_s, passed," \
    " failed"
static const char feedback_list[] = COLUMNS
    " FROM feedback WHERE received_ms >= $1 AND ($2 = '' OR domain = $2 OR substr(domain, -length($3))"
    " = $3) ORDER BY received_ms DESC, id DESC LIMIT $4";
static const char feedback_one[] = COLUMNS ", details FROM feedback WHERE id = $1";
static const char feedback_oldest[] = "SELECT received_ms FROM feedback ORDER BY received_ms LIMIT 1";
static const char feedback_count[] = "SELECT count(*) FROM feedback";
static const char feedback_delete[] =
    "DELETE FROM feedback WHERE id IN (SELECT id FROM feedback ORDER BY received_ms LIMIT $1)";

/* ---- keeping ---- */

/* Ours, or below one of ours. */
static bool is_ours(struct db *db, struct slice name) {
    while (name.len) {
        struct domain domain;
        if (domain_find(db, name, &domain)) return true;
        size_t at = slice_find_byte(name, '.');
        name = at == SLICE_NOT_FOUND ? SLICE_EMPTY : slice_skip(name, at + 1);
    }
    return false;
}

static bool is_there(struct db *db, const struct feedback_entry *entry) {
    return DB_READ_NUMBER(db, feedback_same, 0, DB_NUMBER(entry->kind), DB_TEXT(entry->domain),
                          DB_TEXT(entry->organization), DB_TEXT(entry->report), DB_TEXT(entry->author),
                          DB_NUMBER(entry->trust)) != 0;
}

static bool is_too_many(const struct commit *commit, const struct feedback_entry *entry) {
    int64_t day_ms = commit->now_ms / DAY_MS * DAY_MS;
    return DB_READ_NUMBER(commit->db, feedback_day, 0, DB_NUMBER(day_ms)) >= FEEDBACK_DAY_MAX ||
           DB_READ_NUMBER(commit->db, feedback_domain_day, 0, DB_NUMBER(day_ms), DB_TEXT(entry->domain)) >=
               FEEDBACK_DOMAIN_DAY_MAX;
}

static enum store_result keep(struct commit *commit, void *argument) {
    const struct feedback_entry *entry = argument;
    struct db *db = commit->db;
    if (!is_ours(db, entry->domain)) return db_result(db, STORE_NOT_FOUND);
    if (is_there(db, entry)) return db_result(db, STORE_EXISTS);
    if (is_too_many(commit, entry)) return db_result(db, STORE_OVER_QUOTA);
    DB_RUN(db, feedback_insert, DB_NUMBER(commit_id_new(commit)), DB_NUMBER(commit->now_ms),
           DB_NUMBER(entry->kind), DB_TEXT(entry->domain), DB_TEXT(entry->organization),
           DB_TEXT(entry->report), DB_TEXT(entry->author), DB_NUMBER(entry->trust), DB_NUMBER(entry->begin_s),
           DB_NUMBER(entry->end_s), DB_NUMBER(entry->passed), DB_NUMBER(entry->failed),
           DB_BYTES(entry->details));
    return STORE_OK;
}

static bool is_sound(const struct feedback_entry *entry) {
    return entry->kind != FEEDBACK_NONE && entry->domain.len &&
           entry->domain.len <= FEEDBACK_TEXT_BYTES_MAX &&
           entry->organization.len <= FEEDBACK_TEXT_BYTES_MAX &&
           entry->report.len <= FEEDBACK_TEXT_BYTES_MAX && entry->author.len <= FEEDBACK_TEXT_BYTES_MAX &&
           entry->details.len && entry->details.len <= FEEDBACK_STORED_BYTES_MAX;
}

enum store_result engine_feedback_keep(struct task *t, struct engine *engine,
                                       const struct feedback_entry *entry) {
    struct feedback_entry copy = *entry;
    struct commit_operation operation = {.run = keep, .argument = &copy};
    if (!is_sound(entry)) return STORE_REFUSED;
    return commit_run(t, &engine->queue, &operation);
}

/* ---- reading ---- */

static struct feedback_entry entry_of(const struct db_rows *rows, struct arena *arena) {
    return (struct feedback_entry){.id = db_rows_id(rows, 0),
                                   .received_ms = db_rows_number(rows, 1),
                                   .kind = (enum feedback_kind)(db_rows_id(rows, 2) % FEEDBACK_KINDS),
                                   .domain = arena_copy(arena, db_rows_bytes(rows, 3)),
                                   .organization = arena_copy(arena, db_rows_bytes(rows, 4)),
                                   .report = arena_copy(arena, db_rows_bytes(rows, 5)),
                                   .author = arena_copy(arena, db_rows_bytes(rows, 6)),
                                   .trust = (enum feedback_trust)(db_rows_id(rows, 7) % FEEDBACK_TRUSTS),
                                   .begin_s = db_rows_number(rows, 8),
                                   .end_s = db_rows_number(rows, 9),
                                   .passed = db_rows_id(rows, 10),
                                   .failed = db_rows_id(rows, 11)};
}

enum store_result engine_feedback_list(struct engine *engine, struct arena *arena, struct slice domain,
                                       int64_t since_ms, size_t max, struct feedback_entry **entries,
                                       size_t *count) {
    struct slice below = arena_printf(arena, ".%.*s", SLICE_PRINT(domain));
    *entries = ARENA_NEW_ARRAY(arena, struct feedback_entry, max);
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, feedback_list, DB_NUMBER(since_ms), DB_TEXT(domain),
                                  DB_TEXT(below), DB_NUMBER(max));
    while (db_rows_next(&rows)) (*entries)[(*count)++] = entry_of(&rows, arena);
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result;
}

enum store_result engine_feedback_find(struct engine *engine, struct arena *arena, uint64_t id,
                                       struct feedback_entry *entry) {
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, feedback_one, DB_NUMBER(id));
    bool is_found = db_rows_next(&rows);
    if (is_found) {
        *entry = entry_of(&rows, arena);
        entry->details = arena_copy(arena, db_rows_bytes(&rows, 12));
        db_rows_end(&rows);
    }
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result == STORE_OK && !is_found ? STORE_NOT_FOUND : result;
}

bool feedback_prune(struct commit *commit) {
    struct db *db = commit->db;
    int64_t oldest_ms = DB_READ_NUMBER(db, feedback_oldest, INT64_MAX);
    bool is_old = oldest_ms < commit->now_ms - (int64_t)FEEDBACK_KEPT_DAYS * DAY_MS;
    if (!is_old && DB_READ_NUMBER(db, feedback_count, 0) <= FEEDBACK_KEPT_MAX) return false;
    DB_RUN(db, feedback_delete, DB_NUMBER(PRUNE_ROWS));
    return db_changed(db) == PRUNE_ROWS;
}
