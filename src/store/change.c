#include "store/change.h"

#include "base/limits.h"

static const char change_flags[] =
    "INSERT INTO change (mailbox, modseq, uid, kind) SELECT mailbox, modseq, uid, 0 FROM entry"
    " WHERE mailbox = $1 AND uid BETWEEN $2 AND $3 AND modseq = $4 ON CONFLICT DO NOTHING";
static const char change_expunged[] =
    "INSERT INTO change (mailbox, modseq, uid, kind) SELECT mailbox, $4, uid, 1 FROM entry"
    " WHERE mailbox = $1 AND uid BETWEEN $2 AND $3 AND (flags & $5) = $5";
/* The newest modseq of those that go. */
static const char change_cut[] =
    "SELECT modseq FROM change WHERE mailbox = $1 ORDER BY modseq DESC LIMIT 1 OFFSET $2";
static const char change_delete[] = "DELETE FROM change WHERE mailbox = $1 AND modseq <= $2";
static const char change_clear[] = "DELETE FROM change WHERE mailbox = $1";

/* True: they are too many to be noted one by one, and the log begins anew behind them. */
static bool passes_over(struct mailbox_state *mailbox, uint64_t count) {
    bool is_much = count >= STORE_CHANGES_FEW && 4 * count >= (uint64_t)mailbox->message_count;
    if (!is_much && count <= STORE_CHANGES_MANY) return false;
    mailbox->change_floor = mailbox->modseq;
    return true;
}

void change_note_flags(struct db *db, struct mailbox_state *mailbox, struct uid_range range, uint64_t count) {
    if (passes_over(mailbox, count)) return;
    DB_RUN(db, change_flags, DB_NUMBER(mailbox->id), DB_NUMBER(range.first), DB_NUMBER(range.last),
           DB_NUMBER(mailbox->modseq));
    mailbox->change_count += db_changed(db);
}

void change_note_expunged(struct db *db, struct mailbox_state *mailbox, struct uid_range range,
                          bool only_deleted, uint64_t count) {
    if (passes_over(mailbox, count)) return;
    DB_RUN(db, change_expunged, DB_NUMBER(mailbox->id), DB_NUMBER(range.first), DB_NUMBER(range.last),
           DB_NUMBER(mailbox->modseq), DB_NUMBER(only_deleted ? FLAG_DELETED : 0));
    mailbox->change_count += db_changed(db);
}

/* At twice the length, so that cutting is rare. A modseq goes whole or stays whole. */
void change_prune(struct db *db, struct mailbox_state *mailbox) {
    if (mailbox->change_count <= 2 * STORE_CHANGES_KEPT) return;
    int64_t cut = DB_READ_NUMBER(db, change_cut, 0, DB_NUMBER(mailbox->id), DB_NUMBER(STORE_CHANGES_KEPT));
    DB_RUN(db, change_delete, DB_NUMBER(mailbox->id), DB_NUMBER(cut));
    mailbox->change_count -= db_changed(db);
    if ((uint64_t)cut > mailbox->change_floor) mailbox->change_floor = (uint64_t)cut;
}

void change_remove_all(struct db *db, uint64_t mailbox) { DB_RUN(db, change_clear, DB_NUMBER(mailbox)); }
