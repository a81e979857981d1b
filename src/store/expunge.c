/* engine_expunge: removes entries by ranges, in one commit however many they are. */
#include "base/limits.h"
#include "store/account.h"
#include "store/change.h"
#include "store/engine_state.h"
#include "store/entry.h"
#include "store/range.h"

struct expunge_request {
    uint64_t mailbox;
    struct uid_ranges uids;
    bool only_deleted;
    /* Of this expunge; 0: nothing went. */
    uint64_t modseq;
};

/* By an index that has only these. */
static const char deleted_next[] = "SELECT uid FROM entry INDEXED BY entry_deleted WHERE mailbox = $1 AND "
                                   "uid BETWEEN $2 AND $3 AND flags & 8"
                                   " ORDER BY uid LIMIT $4";
_Static_assert(FLAG_DELETED == 8, "as the index entry_deleted has it");

struct few {
    struct uid_range ranges[STORE_EXPUNGE_FEW];
    size_t count;
    size_t messages;
};

static void add_few(void *context, struct uid_range range) {
    struct few *few = context;
    few->ranges[few->count++] = range;
}

/* What is \Deleted in the range, where that is little. */
static bool find_few(struct db *db, uint64_t mailbox, struct uid_range range, struct few *few) {
    struct uid_runs runs = {add_few, few, {0, 0}};
    *few = (struct few){.count = 0};
    struct db_rows rows = DB_ROWS(db, deleted_next, DB_NUMBER(mailbox), DB_NUMBER(range.first),
                                  DB_NUMBER(range.last), DB_NUMBER(STORE_EXPUNGE_FEW + 1));
    while (db_rows_next(&rows)) {
        if (++few->messages > STORE_EXPUNGE_FEW) {
            db_rows_end(&rows);
            return false;
        }
        uid_runs_add(&runs, (uint32_t)db_rows_number(&rows, 0));
    }
    uid_runs_end(&runs);
    return true;
}

/* Whatever goes is looked at several times: where little goes, the rest of a large mailbox is not. */
static void remove_deleted(struct commit *commit, struct mailbox_state *mailbox, struct uid_range range) {
    struct few few;
    if (!find_few(commit->db, mailbox->id, range, &few)) {
        entry_remove(commit, mailbox, range, true, false);
        return;
    }
    for (size_t i = 0; i < few.count; i++) entry_remove(commit, mailbox, few.ranges[i], true, false);
}

static enum store_result expunge(struct commit *commit, void *argument) {
    struct expunge_request *request = argument;
    struct mailbox_state mailbox;
    if (!mailbox_load(commit->db, request->mailbox, &mailbox)) return db_result(commit->db, STORE_NOT_FOUND);
    struct mailbox_state before = mailbox;
    mailbox.modseq++;
    for (size_t i = 0; i < request->uids.count; i++) {
        struct uid_range range = request->uids.ranges[i];
        if (request->only_deleted)
            remove_deleted(commit, &mailbox, range);
        else
            entry_remove(commit, &mailbox, range, false, false);
    }
    if (mailbox.message_count == before.message_count) return STORE_OK;
    change_prune(commit->db, &mailbox);
    mailbox_save(commit, &mailbox);
    account_use(commit->db, mailbox.account, mailbox.bytes - before.bytes,
                mailbox.message_count - before.message_count);
    request->modseq = mailbox.modseq;
    return STORE_OK;
}

enum store_result engine_expunge(struct task *t, struct engine *engine, uint64_t mailbox,
                                 struct uid_ranges uids, bool only_deleted, uint64_t *modseq) {
    struct expunge_request request = {mailbox, uids, only_deleted, 0};
    struct commit_operation operation = {.run = expunge, .argument = &request};
    enum store_result result = commit_run(t, &engine->queue, &operation);
    if (result == STORE_OK) *modseq = request.modseq;
    return result;
}
