/* engine_deliver: one accepted message, for local mailboxes and the queue, in one commit. */
#include <stdlib.h>

#include "store/answer.h"
#include "store/engine_state.h"
#include "store/event.h"
#include "store/inbox.h"
#include "store/junk.h"
#include "store/keyword.h"
#include "store/message.h"
#include "store/queue.h"

struct deliver_request {
    const struct delivery *delivery;
    struct commit_body body;
    enum queue_state queued;
};

static int compare_ids(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

/* Each account once. */
static size_t sort_accounts(const struct delivery *delivery, struct arena *arena, uint64_t **sorted) {
    size_t count = 0;
    uint64_t *ids = ARENA_NEW_ARRAY(arena, uint64_t, delivery->account_count);
    if (delivery->account_count) memcpy(ids, delivery->accounts, sizeof *ids * delivery->account_count);
    qsort(ids, delivery->account_count, sizeof *ids, compare_ids);
    for (size_t i = 0; i < delivery->account_count; i++)
        if (i == 0 || ids[i] != ids[i - 1]) ids[count++] = ids[i];
    *sorted = ids;
    return count;
}

/* The RCPT command already refused accounts that were full. A message for one account must fit; one
   for several may pass the limit once, because else an account that is nearly full would keep it
   from all the others for as long as the sender tries. */
static bool fits(int64_t quota_bytes, int64_t used_bytes, uint64_t raw_bytes, bool is_only) {
    if (quota_bytes == 0) return true;
    if (used_bytes >= quota_bytes) return false;
    return !is_only || raw_bytes <= (uint64_t)(quota_bytes - used_bytes);
}

static enum store_result check_account(struct commit *commit, const struct delivery *delivery, bool is_only,
                                       uint64_t account) {
    const struct inbox *inbox = inbox_of(commit, account);
    if (!inbox) return db_result(commit->db, STORE_NOT_FOUND);
    bool is_good = fits(inbox->quota_bytes, inbox->used_bytes, delivery->body.raw_bytes, is_only);
    return is_good ? STORE_OK : STORE_OVER_QUOTA;
}

static enum store_result check_accounts(struct commit *commit, const struct delivery *delivery,
                                        const uint64_t *accounts, size_t count) {
    bool is_only = count == 1 && delivery->queue_count == 0;
    enum store_result result = STORE_OK;
    for (size_t i = 0; i < count && result == STORE_OK; i++)
        result = check_account(commit, delivery, is_only, accounts[i]);
    return result;
}

/* 0: there is none, or the mailbox has no bit left for it. */
static uint64_t keyword_flag(struct commit *commit, const struct delivery *delivery, uint64_t mailbox) {
    bool is_full = false;
    return delivery->keyword.len ? keyword_bits(commit->db, mailbox, &delivery->keyword, 1, true, &is_full)
                                 : 0;
}

static void store_delivery(struct commit *commit, struct deliver_request *request, const uint64_t *accounts,
                           size_t count) {
    const struct delivery *delivery = request->delivery;
    for (size_t i = 0; i < count; i++) {
        struct inbox *inbox = inbox_of(commit, accounts[i]);
        if (!inbox) return;
        if (delivery->is_junk)
            junk_add(commit, inbox, delivery);
        else
            inbox_add(commit, inbox,
                      &(struct entry_row){delivery->id, keyword_flag(commit, delivery, inbox->mailbox.id),
                                          delivery->received_ms, (int64_t)delivery->body.raw_bytes});
    }
    if (delivery->queue_count) request->queued = queue_add(commit, delivery);
    event_add(commit, delivery->tenant, EVENT_ACCEPTED, delivery->id, count + delivery->queue_count);
    answer_of_delivery(commit, delivery);
}

/* What a delivery comes to that cannot be stored: it may be that it was, and is asked again. */
static enum store_result unless_stored(struct commit *commit, const struct delivery *delivery,
                                       enum store_result otherwise) {
    switch (message_look(commit->db, delivery->id, delivery->received_ms, delivery->body.raw_bytes)) {
    case MESSAGE_STORED:
        return db_result(commit->db, STORE_OK);
    case MESSAGE_OTHER:
        return STORE_EXISTS;
    case MESSAGE_NEW:
        break;
    }
    return otherwise;
}

static enum store_result deliver(struct commit *commit, void *argument) {
    struct deliver_request *request = argument;
    const struct delivery *delivery = request->delivery;
    uint64_t *accounts = NULL;
    size_t count = sort_accounts(delivery, commit->arena, &accounts);
    enum store_result result = check_accounts(commit, delivery, accounts, count);
    if (result != STORE_OK) return unless_stored(commit, delivery, result);
    struct message message = {.id = delivery->id,
                              .tenant = delivery->tenant,
                              .received_ms = delivery->received_ms,
                              .facts = &delivery->facts,
                              .place = &request->body.place,
                              .refs = count + (delivery->queue_count ? 1 : 0)};
    if (!message_insert(commit, &message)) return unless_stored(commit, delivery, STORE_EXISTS);
    store_delivery(commit, request, accounts, count);
    return STORE_OK;
}

enum store_result engine_deliver(struct task *t, struct engine *engine, const struct delivery *delivery) {
    if (delivery->account_count + delivery->queue_count == 0 || delivery->id == 0) return STORE_REFUSED;
    struct file *spool = spool_take(&engine->spools, delivery->body.spool);
    struct deliver_request request = {
        .delivery = delivery, .body = {.id = delivery->id, .source = &delivery->body, .spool = spool}};
    struct commit_operation operation = {
        .run = deliver, .argument = &request, .bodies = &request.body, .body_count = 1, .uses_inboxes = true};
    enum store_result result = STORE_REFUSED;
    if (body_source_is_sound(&delivery->body, spool)) result = commit_run(t, &engine->queue, &operation);
    if (spool) spool_give_back(&engine->spools, delivery->body.spool);
    if (result == STORE_OK && request.queued == QUEUE_HELD)
        LOG_WARN(engine->env->log, "queue.over_limit", LOG_ID("id", delivery->id),
                 LOG_NUMBER("account", delivery->account), LOG_TEXT("from", delivery->mail_from),
                 LOG_NUMBER("recipients", delivery->queue_count),
                 LOG_CSTR("next", "it is held: posthaste queue list messages, then queue release or remove"));
    return result;
}
