#include "store/seen.h"

#include "base/limits.h"
#include "store/engine_state.h"
#include "store/sts_policy.h"
#include "store/tls_result.h"

enum { DAY_MS = 24 * 3600 * 1000, PRUNE_ROWS = 500, ITEM_BYTES = 16 };

static const char seen_again[] =
    "UPDATE seen SET count = count + 1 WHERE day = $1 AND domain = $2 AND item = $3";
static const char seen_insert[] = "INSERT INTO seen (day, domain, item, count) VALUES ($1, $2, $3, 1)";
static const char policy_insert[] =
    "INSERT INTO seen_policy (day, domain, record, row_count, left_out) VALUES ($1, $2, $3, 0, 0)"
    " ON CONFLICT (day, domain) DO NOTHING";
static const char policy_record[] =
    "UPDATE seen_policy SET record = $3 WHERE day = $1 AND domain = $2 AND record <> $3";
static const char policy_rows[] = "SELECT row_count FROM seen_policy WHERE day = $1 AND domain = $2";
static const char policy_count[] =
    "UPDATE seen_policy SET row_count = row_count + 1 WHERE day = $1 AND domain IN ($2, '')";
static const char policy_left_out[] =
    "UPDATE seen_policy SET left_out = left_out + 1 WHERE day = $1 AND domain = $2";
static const char policy_next[] =
    "SELECT day, domain, record, left_out FROM seen_policy WHERE (day, domain) > ($1, $2) AND day <= $3"
    " AND domain <> '' ORDER BY day, domain LIMIT 1";
static const char seen_items[] =
    "SELECT item, count FROM seen WHERE day = $1 AND domain = $2 ORDER BY count DESC LIMIT $3";
static const char seen_delete[] = "DELETE FROM seen WHERE day = $1 AND domain = $2";
static const char policy_delete[] = "DELETE FROM seen_policy WHERE day = $1 AND domain = $2";
static const char tls_next[] =
    "SELECT day, domain FROM tls_result WHERE (day, domain) > ($1, $2) AND day <= $3"
    " ORDER BY day, domain LIMIT 1";
static const char tls_items[] = "SELECT policy, policy_id, host, result, sender, address, count"
                                " FROM tls_result WHERE day = $1 AND domain = $2 ORDER BY count DESC"
                                " LIMIT $3";
static const char tls_delete[] = "DELETE FROM tls_result WHERE day = $1 AND domain = $2";
static const char seen_old[] =
    "DELETE FROM seen WHERE (day, domain, item) IN (SELECT day, domain, item FROM seen"
    " WHERE day < $1 LIMIT $2)";
static const char policy_old[] = "DELETE FROM seen_policy WHERE (day, domain) IN (SELECT day, domain FROM "
                                 "seen_policy WHERE day < $1 LIMIT $2)";

/* ---- counting ---- */

static bool has_room(struct db *db, int64_t day, struct slice domain) {
    return DB_READ_NUMBER(db, policy_rows, 0, DB_NUMBER(day), DB_TEXT(SLICE_EMPTY)) < SEEN_DAY_ROWS_MAX &&
           DB_READ_NUMBER(db, policy_rows, 0, DB_NUMBER(day), DB_TEXT(domain)) < SEEN_DOMAIN_ROWS_MAX;
}

/* The domain's own row counts as one of the day's. */
static bool know_domain(struct db *db, int64_t day, const struct seen *seen) {
    if (DB_READ_NUMBER(db, policy_rows, -1, DB_NUMBER(day), DB_TEXT(seen->domain)) >= 0) {
        DB_RUN(db, policy_record, DB_NUMBER(day), DB_TEXT(seen->domain), DB_TEXT(seen->record));
        return true;
    }
    if (!has_room(db, day, seen->domain)) return false;
    DB_RUN(db, policy_insert, DB_NUMBER(day), DB_TEXT(SLICE_EMPTY), DB_TEXT(SLICE_EMPTY));
    DB_RUN(db, policy_count, DB_NUMBER(day), DB_TEXT(SLICE_EMPTY));
    DB_RUN(db, policy_insert, DB_NUMBER(day), DB_TEXT(seen->domain), DB_TEXT(seen->record));
    return true;
}

static enum store_result add(struct commit *commit, void *argument) {
    const struct seen *seen = argument;
    struct db *db = commit->db;
    int64_t day = commit->now_ms / DAY_MS;
    if (!know_domain(db, day, seen)) return db_result(db, STORE_OVER_QUOTA);
    DB_RUN(db, seen_again, DB_NUMBER(day), DB_TEXT(seen->domain), DB_BYTES(seen->item));
    if (db_changed(db)) return STORE_OK;
    if (!has_room(db, day, seen->domain)) {
        DB_RUN(db, policy_left_out, DB_NUMBER(day), DB_TEXT(seen->domain));
        return STORE_OK;
    }
    DB_RUN(db, seen_insert, DB_NUMBER(day), DB_TEXT(seen->domain), DB_BYTES(seen->item));
    DB_RUN(db, policy_count, DB_NUMBER(day), DB_TEXT(seen->domain));
    return STORE_OK;
}

enum store_result engine_seen_add(struct task *t, struct engine *engine, const struct seen *seen) {
    struct seen copy = *seen;
    struct commit_operation operation = {.run = add, .argument = &copy, .is_patient = true};
    bool is_sound = seen->domain.len && seen->domain.len <= DNS_NAME_BYTES_MAX && seen->item.len &&
                    seen->item.len <= SEEN_ROW_BYTES_MAX && seen->record.len <= TRUST_TXT_BYTES_MAX;
    return is_sound ? commit_run(t, &engine->queue, &operation) : STORE_REFUSED;
}

/* ---- reading ---- */

struct filling {
    struct arena *arena;
    struct seen_batch *batch;
    size_t capacity;
    size_t room;
};

static void fill(struct filling *filling, struct slice bytes, uint64_t count) {
    struct seen_batch *batch = filling->batch;
    struct seen_item *items = NULL;
    if (bytes.len + ITEM_BYTES <= filling->room)
        items = arena_try_grow(filling->arena, batch->items, batch->count, &filling->capacity, sizeof *items);
    if (!items) {
        batch->left_out += count;
        return;
    }
    batch->items = items;
    if (!arena_try_copy(filling->arena, bytes, &items[batch->count].bytes)) {
        batch->left_out += count;
        return;
    }
    filling->room -= bytes.len + ITEM_BYTES;
    items[batch->count++].count = count;
}

static void fill_seen(struct db *db, struct filling *filling) {
    const struct seen_place *place = &filling->batch->place;
    struct db_rows rows = DB_ROWS(db, seen_items, DB_NUMBER(place->day), DB_TEXT(place->domain),
                                  DB_NUMBER(2 * SEEN_DOMAIN_ROWS_MAX));
    while (db_rows_next(&rows)) fill(filling, db_rows_bytes(&rows, 0), db_rows_id(&rows, 1));
}

static void fill_tls(struct db *db, struct filling *filling) {
    const struct seen_place *place = &filling->batch->place;
    struct buffer item = buffer_new(4 * (size_t)SEEN_ROW_BYTES_MAX);
    struct db_rows rows = DB_ROWS(db, tls_items, DB_NUMBER(place->day), DB_TEXT(place->domain),
                                  DB_NUMBER(2 * SEEN_DOMAIN_ROWS_MAX));
    while (db_rows_next(&rows)) {
        struct tls_result result = {.policy = (enum tls_policy_type)(db_rows_id(&rows, 0) % TLS_POLICY_TYPES),
                                    .policy_id = db_rows_bytes(&rows, 1),
                                    .host = db_rows_bytes(&rows, 2),
                                    .result = (enum tls_result_type)(db_rows_id(&rows, 3) % TLS_RESULT_TYPES),
                                    .sender_address = db_rows_bytes(&rows, 4),
                                    .host_address = db_rows_bytes(&rows, 5)};
        buffer_clear(&item);
        seen_tls_pack(&item, &result);
        if (!buffer_overflowed(&item)) fill(filling, buffer_slice(&item), db_rows_id(&rows, 6));
    }
    buffer_free(&item);
}

/* Days before that are told to nobody any more, whatever is still kept of them. */
static int64_t first_day(int64_t now_ms) { return now_ms / DAY_MS - SEEN_DAYS_MAX; }

/* The first place behind. False: none. */
static bool find_place(struct engine *engine, const char *sql, struct arena *arena, int64_t last_day,
                       const struct seen_place *after, struct seen_batch *batch, bool has_text) {
    struct seen_place from = {.day = first_day(env_wall_ms(engine->env))};
    if (after->day >= from.day) from = *after;
    struct db_rows rows =
        DB_ROWS(engine->db, sql, DB_NUMBER(from.day), DB_TEXT(from.domain), DB_NUMBER(last_day));
    if (!db_rows_next(&rows)) return false;
    *batch = (struct seen_batch){
        .place = {.day = db_rows_number(&rows, 0), .domain = arena_copy(arena, db_rows_bytes(&rows, 1))}};
    if (has_text) {
        batch->text = arena_copy(arena, db_rows_bytes(&rows, 2));
        batch->left_out = db_rows_id(&rows, 3);
    }
    db_rows_end(&rows);
    return true;
}

enum store_result engine_seen_next(struct engine *engine, struct arena *arena, int64_t last_day,
                                   const struct seen_place *after, size_t bytes_max,
                                   struct seen_batch *batch) {
    struct filling filling = {.arena = arena, .batch = batch, .room = bytes_max};
    db_begin_read(engine->db);
    bool is_found = find_place(engine, policy_next, arena, last_day, after, batch, true);
    if (is_found) fill_seen(engine->db, &filling);
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result == STORE_OK && !is_found ? STORE_NOT_FOUND : result;
}

enum store_result engine_seen_tls_next(struct engine *engine, struct arena *arena, int64_t last_day,
                                       const struct seen_place *after, size_t bytes_max,
                                       struct seen_batch *batch) {
    struct filling filling = {.arena = arena, .batch = batch, .room = bytes_max};
    struct sts_policy policy;
    db_begin_read(engine->db);
    bool is_found = find_place(engine, tls_next, arena, last_day, after, batch, false);
    if (is_found) fill_tls(engine->db, &filling);
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    if (result != STORE_OK) return result;
    if (!is_found) return STORE_NOT_FOUND;
    if (engine_sts_policy(engine, arena, batch->place.domain, &policy) == STORE_OK) batch->text = policy.text;
    return STORE_OK;
}

/* ---- removing ---- */

struct removal {
    enum feedback_kind kind;
    struct seen_place place;
};

static enum store_result remove_place(struct commit *commit, void *argument) {
    const struct removal *removal = argument;
    struct db *db = commit->db;
    struct db_value day = DB_NUMBER(removal->place.day);
    if (removal->kind == FEEDBACK_TLS) {
        DB_RUN(db, tls_delete, day, DB_TEXT(removal->place.domain));
        return STORE_OK;
    }
    DB_RUN(db, seen_delete, day, DB_TEXT(removal->place.domain));
    DB_RUN(db, policy_delete, day, DB_TEXT(removal->place.domain));
    return STORE_OK;
}

enum store_result engine_seen_remove(struct task *t, struct engine *engine, enum feedback_kind kind,
                                     const struct seen_place *place) {
    struct removal removal = {kind, *place};
    struct commit_operation operation = {.run = remove_place, .argument = &removal};
    return commit_run(t, &engine->queue, &operation);
}

bool seen_prune(struct commit *commit) {
    struct db *db = commit->db;
    int64_t first = first_day(commit->now_ms);
    DB_RUN(db, seen_old, DB_NUMBER(first), DB_NUMBER(PRUNE_ROWS));
    bool has_more = db_changed(db) == PRUNE_ROWS;
    DB_RUN(db, policy_old, DB_NUMBER(first), DB_NUMBER(PRUNE_ROWS));
    return db_changed(db) == PRUNE_ROWS || has_more;
}
