#include "store/tls_result.h"

#include "base/limits.h"

enum { DAY_MS = 24 * 3600 * 1000, PRUNE_ROWS = 500 };

static const char result_add[] =
    "INSERT INTO tls_result (day, domain, policy, policy_id, host, result, sender, address, count)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)"
    " ON CONFLICT (day, domain, policy, policy_id, host, result, sender, address)"
    " DO UPDATE SET count = count + 1";
static const char result_day[] = "SELECT domain, policy, policy_id, host, result, sender, address, count"
                                 " FROM tls_result WHERE day = $1 ORDER BY domain, policy, policy_id, host,"
                                 " result, sender, address LIMIT $2";
static const char result_first[] = "SELECT day FROM tls_result ORDER BY day LIMIT 1";
static const char result_count[] = "SELECT count(*) FROM tls_result";
static const char result_prune[] =
    "DELETE FROM tls_result WHERE (day, domain, policy, policy_id, host, result, sender, address) IN"
    " (SELECT day, domain, policy, policy_id, host, result, sender, address FROM tls_result WHERE day = $1"
    " LIMIT $2)";

void tls_results_add(struct commit *commit, struct slice domain, const struct tls_result *results,
                     size_t count) {
    if (domain.len == 0) return;
    for (size_t i = 0; i < count && i < TLS_RESULTS_MAX; i++)
        DB_RUN(commit->db, result_add, DB_NUMBER(commit->now_ms / DAY_MS), DB_TEXT(domain),
               DB_NUMBER(results[i].policy), DB_TEXT(results[i].policy_id), DB_TEXT(results[i].host),
               DB_NUMBER(results[i].result), DB_TEXT(results[i].sender_address),
               DB_TEXT(results[i].host_address));
}

/* The oldest day goes as a whole, some rows at a time. */
bool tls_results_prune(struct commit *commit) {
    struct db *db = commit->db;
    int64_t day = DB_READ_NUMBER(db, result_first, INT64_MAX);
    bool is_old = day < commit->now_ms / DAY_MS - TLS_RESULT_DAYS;
    if (!is_old && DB_READ_NUMBER(db, result_count, 0) <= TLS_RESULT_ROWS_MAX) return false;
    DB_RUN(db, result_prune, DB_NUMBER(day), DB_NUMBER(PRUNE_ROWS));
    return db_changed(db) == PRUNE_ROWS;
}

static struct tls_result_row row_of(const struct db_rows *rows, struct arena *arena, int64_t day) {
    return (struct tls_result_row){
        .day = day,
        .domain = arena_copy(arena, db_rows_bytes(rows, 0)),
        .result = {.policy = (enum tls_policy_type)(db_rows_number(rows, 1) % TLS_POLICY_TYPES),
                   .policy_id = arena_copy(arena, db_rows_bytes(rows, 2)),
                   .host = arena_copy(arena, db_rows_bytes(rows, 3)),
                   .result = (enum tls_result_type)(db_rows_number(rows, 4) % TLS_RESULT_TYPES),
                   .sender_address = arena_copy(arena, db_rows_bytes(rows, 5)),
                   .host_address = arena_copy(arena, db_rows_bytes(rows, 6))},
        .count = db_rows_id(rows, 7)};
}

enum store_result tls_results_read(struct db *db, struct arena *arena, int64_t day, size_t max,
                                   struct tls_result_row **found, size_t *count) {
    *found = ARENA_NEW_ARRAY(arena, struct tls_result_row, max);
    *count = 0;
    db_begin_read(db);
    struct db_rows rows = DB_ROWS(db, result_day, DB_NUMBER(day), DB_NUMBER(max));
    while (db_rows_next(&rows)) (*found)[(*count)++] = row_of(&rows, arena, day);
    return db_commit(db);
}
