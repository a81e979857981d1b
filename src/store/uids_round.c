/* Upkeep of stored sets of UIDs: read in the upkeep lane on the rounds' connection, stored by one small
   commit each. */
#include "base/limits.h"
#include "store/engine_state.h"
#include "store/mailbox.h"
#include "store/segment.h"
#include "store/uids.h"

/* Large, with holes, and nothing stored that is still near to what is there. */
static const char wanting[] =
    "SELECT mailbox.id, mailbox.modseq, mailbox.uidnext FROM mailbox"
    " LEFT JOIN stored_uids ON stored_uids.mailbox = mailbox.id"
    " WHERE mailbox.id > $1 AND message_count >= $2 AND message_count < mailbox.uidnext - 1"
    " AND (stored_uids.mailbox IS NULL OR stored_uids.modseq < change_floor"
    " OR mailbox.modseq - stored_uids.modseq > $3 OR mailbox.uidnext - stored_uids.uidnext > $4)"
    " ORDER BY mailbox.id LIMIT 1";
static const char stored_write[] =
    "INSERT INTO stored_uids (mailbox, modseq, uidnext, checksum, bytes) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (mailbox) DO UPDATE SET modseq = $2, uidnext = $3, checksum = $4, bytes = $5";

/* The set of one mailbox, of one moment. */
struct storing {
    struct db *db;
    uint64_t mailbox;
    uint64_t modseq;
    uint64_t uidnext;
    struct buffer bytes;
    bool is_found;
};

static void read_next(void *argument) {
    struct storing *storing = argument;
    buffer_clear(&storing->bytes);
    db_begin_read(storing->db);
    struct db_rows rows =
        DB_ROWS(storing->db, wanting, DB_NUMBER(storing->mailbox), DB_NUMBER(STORE_UIDS_STORED_MIN),
                DB_NUMBER(STORE_UIDS_STORED_COMMITS), DB_NUMBER(STORE_UIDS_STORED_NEW));
    storing->is_found = db_rows_next(&rows);
    if (storing->is_found) {
        struct uid_set set = UID_SET_EMPTY;
        storing->mailbox = db_rows_id(&rows, 0);
        storing->modseq = db_rows_id(&rows, 1);
        storing->uidnext = db_rows_id(&rows, 2);
        db_rows_end(&rows);
        uids_read(storing->db, storing->mailbox, &set);
        uid_set_serialise(&set, &storing->bytes);
        uid_set_free(&set);
    }
    (void)db_commit(storing->db);
}

/* What is said of a moment that is past stays true; only the mailbox may have gone. */
static enum store_result write_set(struct commit *commit, void *argument) {
    const struct storing *storing = argument;
    struct mailbox_state mailbox;
    if (!mailbox_load(commit->db, storing->mailbox, &mailbox)) return db_result(commit->db, STORE_OK);
    struct slice bytes = buffer_slice(&storing->bytes);
    DB_RUN(commit->db, stored_write, DB_NUMBER(storing->mailbox), DB_NUMBER(storing->modseq),
           DB_NUMBER(storing->uidnext), DB_NUMBER(segment_checksum(bytes)), DB_BYTES(bytes));
    return STORE_OK;
}

static enum store_result store_sets(struct task *t, struct engine *engine, struct storing *storing) {
    struct commit_operation operation = {.run = write_set, .argument = storing};
    for (;;) {
        lane_run(t, engine->upkeep.lane, read_next, storing);
        db_complain(storing->db, engine->env->log);
        if (db_failure(storing->db) != STORE_OK || !storing->is_found) return db_failure(storing->db);
        /* One that is too large for what an operation may take is done without. */
        if (buffer_overflowed(&storing->bytes)) continue;
        enum store_result result = commit_run(t, &engine->queue, &operation);
        if (result != STORE_OK) return result;
        if (task_sleep(t, STORE_UPKEEP_STEP_MS) != WAIT_OK) return STORE_GONE;
    }
}

enum store_result uids_round(struct task *t, struct engine *engine) {
    if (upkeep_open(engine)) return STORE_FAILED;
    db_failure_clear(engine->upkeep.db);
    struct storing storing = {.db = engine->upkeep.db, .bytes = buffer_new(STORE_UIDS_STORED_BYTES_MAX)};
    enum store_result result = store_sets(t, engine, &storing);
    buffer_free(&storing.bytes);
    return result;
}
