/* engine_expunge: removes entries by ranges, in one commit however many they are. */
#include "store/account.h"
#include "store/change.h"
#include "store/engine_state.h"
#include "store/entry.h"

struct expunge_request {
    uint64_t mailbox;
    struct uid_ranges uids;
    bool only_deleted;
    /* Of this expunge; 0: nothing went. */
    uint64_t modseq;
};

static enum store_result expunge(struct commit *commit, void *argument) {
    struct expunge_request *request = argument;
    struct mailbox_state mailbox;
    if (!mailbox_load(commit->db, request->mailbox, &mailbox)) return db_result(commit->db, STORE_NOT_FOUND);
    struct mailbox_state before = mailbox;
    mailbox.modseq++;
    for (size_t i = 0; i < request->uids.count; i++)
        entry_remove(commit, &mailbox, request->uids.ranges[i], request->only_deleted, false);
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
