/* engine_append: messages that a client gives, with flags, all or none (RFC 3502). */
#include <stdlib.h>

#include "base/limits.h"
#include "store/account.h"
#include "store/answer_hand.h"
#include "store/engine_state.h"
#include "store/entry.h"
#include "store/import.h"
#include "store/keyword.h"
#include "store/message.h"

static const char account_tenant[] = "SELECT tenant FROM account WHERE id = $1";

enum { FLAGS_SYSTEM = FLAG_SEEN | FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DELETED | FLAG_DRAFT };

struct append_request {
    const struct append *appends;
    size_t count;
    struct commit_body *bodies;
    struct append_result *result;
};

/* STORE_OK: all are new. */
static enum store_result check(struct db *db, const struct append_request *request, uint64_t account) {
    int64_t quota_bytes = 0;
    int64_t used_bytes = 0;
    if (!account_quota(db, account, &quota_bytes, &used_bytes)) return db_result(db, STORE_NOT_FOUND);
    for (size_t i = 0; i < request->count; i++) {
        const struct append *append = &request->appends[i];
        if (import_is_known(db, account, append->source)) continue;
        used_bytes += (int64_t)append->body.raw_bytes;
        if (message_look(db, append->id, append->saved_ms, append->body.raw_bytes) != MESSAGE_NEW)
            return STORE_EXISTS;
    }
    return quota_bytes && used_bytes > quota_bytes ? STORE_OVER_QUOTA : STORE_OK;
}

/* False: an import brought it before. */
static bool store_one(struct commit *commit, struct mailbox_state *mailbox, uint64_t tenant,
                      const struct append *append, const struct commit_body *body) {
    if (append->source.len && !import_note(commit->db, mailbox->account, append->source)) return false;
    bool is_full = false;
    uint64_t keywords =
        keyword_bits(commit->db, mailbox->id, append->keywords, append->keyword_count, true, &is_full);
    struct message message = {.id = append->id,
                              .tenant = tenant,
                              .received_ms = append->saved_ms,
                              .facts = &append->facts,
                              .place = &body->place,
                              .refs = 1};
    if (!message_insert(commit, &message)) {
        db_fail(commit->db, STORE_EXISTS);
        return false;
    }
    entry_insert(commit->db, mailbox,
                 &(struct entry_row){append->id, (append->flags & FLAGS_SYSTEM) | keywords, append->saved_ms,
                                     (int64_t)append->body.raw_bytes});
    answer_of_append(commit, tenant, mailbox->account, append);
    return true;
}

/* Asked again: the UIDs of before, or 0 where the messages were moved or removed since. */
static bool is_stored(struct commit *commit, const struct append_request *request) {
    const struct append *first = &request->appends[0];
    if (first->source.len) return false;
    if (message_look(commit->db, first->id, first->saved_ms, first->body.raw_bytes) != MESSAGE_STORED)
        return false;
    request->result->first_uid = entry_find_message(commit->db, first->mailbox, first->id);
    return true;
}

static enum store_result append_all(struct commit *commit, void *argument) {
    const struct append_request *request = argument;
    struct mailbox_state mailbox;
    if (!mailbox_load(commit->db, request->appends[0].mailbox, &mailbox))
        return db_result(commit->db, STORE_NOT_FOUND);
    int64_t bytes = mailbox.bytes;
    *request->result = (struct append_result){(uint32_t)mailbox.uidvalidity, (uint32_t)mailbox.uidnext};
    if (is_stored(commit, request)) return STORE_OK;
    enum store_result result = check(commit->db, request, mailbox.account);
    if (result != STORE_OK) return result;
    uint64_t tenant = (uint64_t)DB_READ_NUMBER(commit->db, account_tenant, 1, DB_NUMBER(mailbox.account));
    int64_t stored = 0;
    mailbox.modseq++;
    for (size_t i = 0; i < request->count; i++)
        stored += store_one(commit, &mailbox, tenant, &request->appends[i], &request->bodies[i]);
    if (stored == 0) return STORE_OK;
    mailbox_save(commit, &mailbox);
    account_use(commit->db, mailbox.account, mailbox.bytes - bytes, stored);
    return STORE_OK;
}

static bool prepare(struct engine *engine, const struct append_request *request) {
    for (size_t i = 0; i < request->count; i++) {
        const struct append *append = &request->appends[i];
        struct file *spool = spool_take(&engine->spools, append->body.spool);
        request->bodies[i] = (struct commit_body){.id = append->id, .source = &append->body, .spool = spool};
        if (append->id == 0 || append->mailbox != request->appends[0].mailbox) return false;
        if (!body_source_is_sound(&append->body, spool)) return false;
    }
    return true;
}

enum store_result engine_append(struct task *t, struct engine *engine, const struct append *appends,
                                size_t count, struct append_result *result) {
    if (count == 0 || count > STORE_APPENDS_MAX) return STORE_REFUSED;
    struct append_request request = {appends, count, calloc(count, sizeof *request.bodies), result};
    if (!request.bodies) FATAL("out of memory for an append");
    struct commit_operation operation = {
        .run = append_all, .argument = &request, .bodies = request.bodies, .body_count = count};
    enum store_result stored = STORE_REFUSED;
    if (prepare(engine, &request)) stored = commit_run(t, &engine->queue, &operation);
    for (size_t i = 0; i < count; i++)
        if (request.bodies[i].spool) spool_give_back(&engine->spools, appends[i].body.spool);
    free(request.bodies);
    return stored;
}
