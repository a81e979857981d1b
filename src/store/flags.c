/* engine_flags: STORE on many entries at once, by ranges, whatever their number. */
#include "store/change.h"
#include "store/engine_state.h"
#include "store/keyword.h"
#include "store/range.h"

/* The entries that change get the new modseq; the others keep theirs. */
static const char entry_flags[] =
    "UPDATE entry SET flags = (flags & $4) | $5, modseq = $6 WHERE mailbox = $1 AND uid BETWEEN $2 AND $3"
    " AND modseq <= $7 AND flags <> ((flags & $4) | $5)";
static const char entry_unseen[] =
    "SELECT count(*) FROM entry WHERE mailbox = $1 AND uid BETWEEN $2 AND $3 AND (flags & 1) = 0";
static const char entry_changed[] =
    "SELECT uid FROM entry WHERE mailbox = $1 AND uid BETWEEN $2 AND $3 AND modseq > $4 ORDER BY uid";

enum { FLAGS_SYSTEM = FLAG_SEEN | FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DELETED | FLAG_DRAFT };

struct flags_request {
    const struct flag_change *change;
    struct flag_result *result;
    struct arena *arena;
};

/* New flags are (old & keep) | set. */
struct flag_masks {
    uint64_t keep;
    uint64_t set;
};

static struct flag_masks masks_of(enum flag_operation operation, uint64_t flags) {
    switch (operation) {
    case FLAGS_SET:
        return (struct flag_masks){0, flags};
    case FLAGS_ADD:
        return (struct flag_masks){UINT64_MAX, flags};
    case FLAGS_REMOVE:
        return (struct flag_masks){~flags, 0};
    }
    FATAL("unknown flag operation %d", (int)operation);
}

static int64_t unchanged_since(const struct flag_change *change) {
    return change->unchanged_since > INT64_MAX ? INT64_MAX : (int64_t)change->unchanged_since;
}

/* RFC 7162 3.1.3: what was changed meanwhile is left alone and named. */
static enum store_result find_unchanged(struct commit *commit, const struct flags_request *request) {
    const struct flag_change *change = request->change;
    if (change->unchanged_since >= INT64_MAX) return STORE_OK;
    struct range_list list = range_list_new();
    for (size_t i = 0; i < change->uids.count; i++) {
        struct uid_range range = change->uids.ranges[i];
        struct db_rows rows =
            DB_ROWS(commit->db, entry_changed, DB_NUMBER(change->mailbox), DB_NUMBER(range.first),
                    DB_NUMBER(range.last), DB_NUMBER(change->unchanged_since));
        while (db_rows_next(&rows)) range_list_add(&list, (uint32_t)db_rows_number(&rows, 0));
    }
    bool has_room = range_list_give(&list, request->arena, &request->result->unchanged);
    return has_room ? STORE_OK : STORE_FAILED;
}

static int64_t count_unseen(struct db *db, uint64_t mailbox, struct uid_range range) {
    return DB_READ_NUMBER(db, entry_unseen, 0, DB_NUMBER(mailbox), DB_NUMBER(range.first),
                          DB_NUMBER(range.last));
}

/* True: some entries changed. */
static bool change_range(struct db *db, struct mailbox_state *mailbox, const struct flag_change *change,
                         struct flag_masks masks, struct uid_range range) {
    bool touches_seen = !(masks.keep & FLAG_SEEN) || (masks.set & FLAG_SEEN);
    int64_t unseen = touches_seen ? count_unseen(db, mailbox->id, range) : 0;
    DB_RUN(db, entry_flags, DB_NUMBER(mailbox->id), DB_NUMBER(range.first), DB_NUMBER(range.last),
           DB_NUMBER(masks.keep), DB_NUMBER(masks.set), DB_NUMBER(mailbox->modseq),
           DB_NUMBER(unchanged_since(change)));
    uint64_t changed = db_changed(db);
    if (changed == 0) return false;
    if (touches_seen) mailbox->unseen_count += count_unseen(db, mailbox->id, range) - unseen;
    change_note_flags(db, mailbox, range, changed);
    return true;
}

static enum store_result change_flags(struct commit *commit, void *argument) {
    const struct flags_request *request = argument;
    const struct flag_change *change = request->change;
    struct mailbox_state mailbox;
    *request->result = (struct flag_result){0};
    if (!mailbox_load(commit->db, change->mailbox, &mailbox)) return db_result(commit->db, STORE_NOT_FOUND);
    enum store_result result = find_unchanged(commit, request);
    if (result != STORE_OK) return result;
    uint64_t flags = keyword_bits(commit->db, mailbox.id, change->keywords, change->keyword_count,
                                  change->operation != FLAGS_REMOVE, &request->result->keywords_full);
    struct flag_masks masks = masks_of(change->operation, flags | (change->flags & FLAGS_SYSTEM));
    bool is_changed = false;
    request->result->modseq = mailbox.modseq;
    if (!IS_PLANTED(commit->bodies->env, PLANTED_SAME_MODSEQ)) mailbox.modseq++;
    for (size_t i = 0; i < change->uids.count; i++)
        is_changed |= change_range(commit->db, &mailbox, change, masks, change->uids.ranges[i]);
    if (!is_changed) return STORE_OK;
    change_prune(commit->db, &mailbox);
    mailbox_save(commit, &mailbox);
    request->result->modseq = mailbox.modseq;
    request->result->is_changed = true;
    return STORE_OK;
}

enum store_result engine_flags(struct task *t, struct engine *engine, struct arena *arena,
                               const struct flag_change *change, struct flag_result *result) {
    struct flags_request request = {change, result, arena};
    struct commit_operation operation = {.run = change_flags, .argument = &request};
    return commit_run(t, &engine->queue, &operation);
}
