/* engine_status: what the store holds, in short reads. */
#include "store/engine_state.h"

static const char status_counts[] = "SELECT (SELECT count(*) FROM account), (SELECT count(*) FROM domain)";
static const char status_segments[] =
    "SELECT count(*), coalesce(sum(bytes), 0), coalesce(sum(live_count), 0), coalesce(sum(raw_bytes), 0),"
    " coalesce(sum(live_bytes), 0) FROM segment";

static void read_counts(struct db *db, struct store_status *status) {
    struct db_rows rows = DB_ROWS(db, status_counts);
    if (!db_rows_next(&rows)) return;
    status->accounts = db_rows_id(&rows, 0);
    status->domains = db_rows_id(&rows, 1);
    db_rows_end(&rows);
}

static void read_segments(struct db *db, struct store_status *status) {
    struct db_rows rows = DB_ROWS(db, status_segments);
    if (!db_rows_next(&rows)) return;
    status->segments = db_rows_id(&rows, 0);
    status->body_bytes = db_rows_id(&rows, 1);
    status->messages = db_rows_id(&rows, 2);
    status->mail_bytes = db_rows_id(&rows, 3);
    status->live_bytes = db_rows_id(&rows, 4);
    db_rows_end(&rows);
}

enum store_result engine_status(struct engine *engine, struct store_status *status) {
    *status = (struct store_status){.commits = engine->queue.commits, .committed = engine->queue.committed};
    const int64_t *states = engine->queue.queue_counts.states;
    status->queue_waiting = (uint64_t)states[QUEUE_WAITING];
    status->queue_held = (uint64_t)states[QUEUE_HELD];
    status->queue_reporting = (uint64_t)states[QUEUE_REPORTING];
    LIST_EACH(&engine->queue.waiting, operation, struct commit_operation, link) status->waiting++;
    status->free_bytes = folder_free_bytes(engine->env, engine->folder);
    db_begin_read(engine->db);
    read_counts(engine->db, status);
    read_segments(engine->db, status);
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result;
}
