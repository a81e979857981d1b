#include "store/entry.h"

#include "store/account.h"
#include "store/change.h"

static const char entry_add[] =
    "INSERT INTO entry (mailbox, uid, message, flags, modseq, saved_ms, raw_bytes)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)";
static const char entry_sums[] =
    "SELECT count(*), coalesce(sum(raw_bytes), 0), coalesce(sum(1 - (flags & 1)), 0) FROM entry"
    " WHERE mailbox = $1 AND uid BETWEEN $2 AND $3 AND (flags & $4) = $4";
static const char entry_drop[] = "INSERT INTO dropped (message) SELECT message FROM entry"
                                 " WHERE mailbox = $1 AND uid BETWEEN $2 AND $3 AND (flags & $4) = $4";
static const char entry_delete[] =
    "DELETE FROM entry WHERE mailbox = $1 AND uid BETWEEN $2 AND $3 AND (flags & $4) = $4";
static const char entry_drop_all[] =
    "INSERT INTO dropped (message) SELECT message FROM entry WHERE mailbox = $1";
static const char entry_delete_all[] = "DELETE FROM entry WHERE mailbox = $1";
static const char entry_of_message[] =
    "SELECT uid FROM entry WHERE mailbox = $1 AND message = $2 ORDER BY uid LIMIT 1";

void entry_insert(struct db *db, struct mailbox_state *mailbox, const struct entry_row *entry) {
    DB_RUN(db, entry_add, DB_NUMBER(mailbox->id), DB_NUMBER(mailbox->uidnext), DB_NUMBER(entry->message),
           DB_NUMBER(entry->flags), DB_NUMBER(mailbox->modseq), DB_NUMBER(entry->saved_ms),
           DB_NUMBER(entry->raw_bytes));
    mailbox->uidnext++;
    mailbox->message_count++;
    mailbox->unseen_count += !(entry->flags & FLAG_SEEN);
    mailbox->bytes += entry->raw_bytes;
}

/* How many there were. */
static uint64_t count_off(struct db *db, struct mailbox_state *mailbox, struct uid_range range,
                          uint64_t flags) {
    struct db_rows rows = DB_ROWS(db, entry_sums, DB_NUMBER(mailbox->id), DB_NUMBER(range.first),
                                  DB_NUMBER(range.last), DB_NUMBER(flags));
    if (!db_rows_next(&rows)) return 0;
    int64_t count = db_rows_number(&rows, 0);
    mailbox->message_count -= count;
    mailbox->bytes -= db_rows_number(&rows, 1);
    mailbox->unseen_count -= db_rows_number(&rows, 2);
    db_rows_end(&rows);
    return (uint64_t)count;
}

void entry_remove(struct commit *commit, struct mailbox_state *mailbox, struct uid_range range,
                  bool only_deleted, bool keeps_references) {
    struct db *db = commit->db;
    uint64_t flags = only_deleted ? FLAG_DELETED : 0;
    uint64_t count = count_off(db, mailbox, range, flags);
    if (count == 0) return;
    if (!IS_PLANTED(commit->bodies->env, PLANTED_UNTOLD_EXPUNGE))
        change_note_expunged(db, mailbox, range, only_deleted, count);
    if (!keeps_references) {
        DB_RUN(db, entry_drop, DB_NUMBER(mailbox->id), DB_NUMBER(range.first), DB_NUMBER(range.last),
               DB_NUMBER(flags));
        commit->has_dropped = true;
    }
    DB_RUN(db, entry_delete, DB_NUMBER(mailbox->id), DB_NUMBER(range.first), DB_NUMBER(range.last),
           DB_NUMBER(flags));
}

void entry_remove_all(struct commit *commit, uint64_t mailbox) {
    DB_RUN(commit->db, entry_drop_all, DB_NUMBER(mailbox));
    DB_RUN(commit->db, entry_delete_all, DB_NUMBER(mailbox));
    commit->has_dropped = true;
}

uint32_t entry_find_message(struct db *db, uint64_t mailbox, uint64_t message) {
    return (uint32_t)DB_READ_NUMBER(db, entry_of_message, 0, DB_NUMBER(mailbox), DB_NUMBER(message));
}
