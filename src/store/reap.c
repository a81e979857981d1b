#include "store/reap.h"

#include "base/limits.h"

static const char dropped_next[] = "SELECT id, message FROM dropped ORDER BY id LIMIT $1";
static const char dropped_delete[] = "DELETE FROM dropped WHERE id <= $1";
static const char body_drop[] = "UPDATE body SET refs = refs - 1 WHERE id = $1";
static const char body_referenced[] =
    "SELECT segment, place, stored_bytes, raw_bytes, refs FROM body WHERE id = $1";
static const char body_delete[] = "DELETE FROM body WHERE id = $1";
static const char message_delete[] = "DELETE FROM message WHERE id = $1";

void reap_reference(struct commit *commit, uint64_t message) {
    struct db *db = commit->db;
    struct db_rows rows = DB_ROWS(db, body_referenced, DB_NUMBER(message));
    if (!db_rows_next(&rows)) return;
    bool is_last = db_rows_number(&rows, 4) <= 1;
    struct body_place place = {db_rows_id(&rows, 0), db_rows_id(&rows, 1), db_rows_id(&rows, 2),
                               db_rows_id(&rows, 3)};
    db_rows_end(&rows);
    if (!is_last) {
        DB_RUN(db, body_drop, DB_NUMBER(message));
        return;
    }
    DB_RUN(db, body_delete, DB_NUMBER(message));
    DB_RUN(db, message_delete, DB_NUMBER(message));
    body_count_dead(db, &place);
}

static enum store_result reap(struct commit *commit, void *argument) {
    bool *has_more = argument;
    uint64_t messages[STORE_REAP_ROWS];
    size_t count = 0;
    uint64_t last = 0;
    struct db_rows rows = DB_ROWS(commit->db, dropped_next, DB_NUMBER(STORE_REAP_ROWS));
    while (db_rows_next(&rows)) {
        last = db_rows_id(&rows, 0);
        messages[count++] = db_rows_id(&rows, 1);
    }
    for (size_t i = 0; i < count; i++) reap_reference(commit, messages[i]);
    if (count) DB_RUN(commit->db, dropped_delete, DB_NUMBER(last));
    *has_more = count == STORE_REAP_ROWS;
    return STORE_OK;
}

enum store_result reap_step(struct task *t, struct commit_queue *queue, bool *has_more) {
    struct commit_operation operation = {.run = reap, .argument = has_more};
    return commit_run(t, queue, &operation);
}
