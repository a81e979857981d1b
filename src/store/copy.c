#include "store/copy.h"

#include "base/limits.h"
#include "store/account.h"
#include "store/change.h"
#include "store/engine_state.h"
#include "store/entry.h"
#include "store/keyword.h"
#include "store/message.h"
#include "store/range.h"

static const char entry_chunk[] =
    "SELECT uid, message, flags, saved_ms, raw_bytes FROM entry WHERE mailbox = $1 AND uid BETWEEN $2 AND $3"
    " ORDER BY uid LIMIT $4";
static const char entry_bytes[] =
    "SELECT coalesce(sum(raw_bytes), 0) FROM entry WHERE mailbox = $1 AND uid BETWEEN $2 AND $3";

enum { CHUNK_ROWS = 256 };

struct copying {
    struct commit *commit;
    struct mailbox_state *from;
    struct mailbox_state *to;
    bool is_move;
    /* The last UID that was there before: copies into the same mailbox are not copied again. */
    uint64_t last_uid;
    struct keyword_translation keywords;
    struct range_list copied;
};

static struct uid_range clip(const struct copying *copying, struct uid_range range) {
    if (range.last > copying->last_uid) range.last = (uint32_t)copying->last_uid;
    return range;
}

static bool is_over_quota(const struct copying *copying, struct uid_ranges uids) {
    struct db *db = copying->commit->db;
    int64_t quota_bytes = 0;
    int64_t used_bytes = 0;
    if (copying->is_move && copying->from->account == copying->to->account) return false;
    if (!account_quota(db, copying->to->account, &quota_bytes, &used_bytes) || quota_bytes == 0) return false;
    for (size_t i = 0; i < uids.count; i++) {
        struct uid_range range = clip(copying, uids.ranges[i]);
        used_bytes += DB_READ_NUMBER(db, entry_bytes, 0, DB_NUMBER(copying->from->id), DB_NUMBER(range.first),
                                     DB_NUMBER(range.last));
    }
    return used_bytes > quota_bytes;
}

struct chunk {
    struct entry_row rows[CHUNK_ROWS];
    uint32_t uids[CHUNK_ROWS];
    size_t count;
};

static void read_chunk(struct copying *copying, struct uid_range range, struct chunk *chunk) {
    chunk->count = 0;
    struct db_rows rows = DB_ROWS(copying->commit->db, entry_chunk, DB_NUMBER(copying->from->id),
                                  DB_NUMBER(range.first), DB_NUMBER(range.last), DB_NUMBER(CHUNK_ROWS));
    while (db_rows_next(&rows)) {
        chunk->uids[chunk->count] = (uint32_t)db_rows_number(&rows, 0);
        chunk->rows[chunk->count++] = (struct entry_row){db_rows_id(&rows, 1), db_rows_id(&rows, 2),
                                                         db_rows_number(&rows, 3), db_rows_number(&rows, 4)};
    }
}

static void copy_chunk(struct copying *copying, struct chunk *chunk) {
    for (size_t i = 0; i < chunk->count; i++) {
        struct entry_row *row = &chunk->rows[i];
        row->flags = keyword_translate(&copying->keywords, row->flags);
        entry_insert(copying->commit->db, copying->to, row);
        if (!copying->is_move) message_refer(copying->commit->db, row->message, 1);
        range_list_add(&copying->copied, chunk->uids[i]);
    }
}

static void copy_range(struct copying *copying, struct uid_range range) {
    struct chunk *chunk = ARENA_NEW(copying->commit->arena, struct chunk);
    range = clip(copying, range);
    while (range.first <= range.last) {
        read_chunk(copying, range, chunk);
        copy_chunk(copying, chunk);
        if (chunk->count < CHUNK_ROWS) return;
        range.first = chunk->uids[chunk->count - 1] + 1;
    }
}

static void remove_moved(struct copying *copying, struct uid_ranges uids) {
    for (size_t i = 0; i < uids.count; i++)
        entry_remove(copying->commit, copying->from, clip(copying, uids.ranges[i]), false, true);
    change_prune(copying->commit->db, copying->from);
}

static void save(struct copying *copying, const struct mailbox_state *mailbox,
                 const struct mailbox_state *before) {
    mailbox_save(copying->commit, mailbox);
    account_use(copying->commit->db, mailbox->account, mailbox->bytes - before->bytes,
                mailbox->message_count - before->message_count);
}

enum store_result copy_entries(struct commit *commit, struct mailbox_state *from, struct mailbox_state *to,
                               struct uid_ranges uids, bool is_move, struct arena *arena,
                               struct copy_result *result) {
    struct copying copying = {commit, from, to, is_move, from->uidnext - 1, {0}, range_list_new()};
    struct mailbox_state from_before = *from;
    struct mailbox_state to_before = *to;
    copying.keywords = (struct keyword_translation){.db = commit->db, .from = from->id, .to = to->id};
    *result = (struct copy_result){(uint32_t)to->uidvalidity, {NULL, 0}, (uint32_t)to->uidnext};
    if (is_over_quota(&copying, uids)) return STORE_OVER_QUOTA;
    to->modseq++;
    for (size_t i = 0; i < uids.count; i++) copy_range(&copying, uids.ranges[i]);
    /* Here rows are written: only a failure of the database takes them back. */
    if (!range_list_give(&copying.copied, arena, &result->copied)) db_fail(commit->db, STORE_FAILED);
    if (to->uidnext == to_before.uidnext) return STORE_OK;
    if (is_move && from != to) from->modseq++;
    if (is_move) remove_moved(&copying, uids);
    save(&copying, to, &to_before);
    if (from != to && is_move) save(&copying, from, &from_before);
    return STORE_OK;
}

struct request {
    const struct copy_request *copy;
    struct copy_result *result;
    struct arena *arena;
};

static enum store_result copy(struct commit *commit, void *argument) {
    const struct request *request = argument;
    const struct copy_request *wanted = request->copy;
    struct mailbox_state from;
    struct mailbox_state to;
    if (!mailbox_load(commit->db, wanted->from_mailbox, &from) ||
        !mailbox_load(commit->db, wanted->to_mailbox, &to))
        return db_result(commit->db, STORE_NOT_FOUND);
    return copy_entries(commit, &from, from.id == to.id ? &from : &to, wanted->uids, wanted->is_move,
                        request->arena, request->result);
}

enum store_result engine_copy(struct task *t, struct engine *engine, struct arena *arena,
                              const struct copy_request *wanted, struct copy_result *result) {
    struct request request = {wanted, result, arena};
    struct commit_operation operation = {.run = copy, .argument = &request};
    return commit_run(t, &engine->queue, &operation);
}
