#include "store/mailbox.h"

#include "base/limits.h"
#include "store/account.h"
#include "store/change.h"
#include "store/entry.h"
#include "store/schema.h"
#include "store/uids.h"

static const char mailbox_state[] =
    "SELECT account, uidvalidity, uidnext, modseq, message_count, unseen_count, bytes, change_floor,"
    " change_count FROM mailbox WHERE id = $1";
static const char mailbox_update[] =
    "UPDATE mailbox SET uidnext = $2, modseq = $3, message_count = $4, unseen_count = $5, bytes = $6,"
    " change_floor = $7, change_count = $8 WHERE id = $1";
static const char mailbox_by_name[] = "SELECT id FROM mailbox WHERE account = $1 AND name = $2";
static const char mailbox_add[] = "INSERT INTO mailbox (id, account, name, uidvalidity, uidnext, modseq, "
                                  "message_count, unseen_count, bytes,"
                                  " special_use, is_subscribed, change_floor, change_count)"
                                  " VALUES ($1, $2, $3, $4, 1, 1, 0, 0, 0, $5, $6, 0, 0)";
static const char mailbox_delete[] = "DELETE FROM mailbox WHERE id = $1";
static const char mailbox_of_account[] = "SELECT id FROM mailbox WHERE account = $1 LIMIT 1";
static const char keyword_delete[] = "DELETE FROM keyword WHERE mailbox = $1";

bool mailbox_load(struct db *db, uint64_t id, struct mailbox_state *mailbox) {
    struct db_rows rows = DB_ROWS(db, mailbox_state, DB_NUMBER(id));
    if (!db_rows_next(&rows)) return false;
    *mailbox = (struct mailbox_state){.id = id,
                                      .account = db_rows_id(&rows, 0),
                                      .uidvalidity = db_rows_id(&rows, 1),
                                      .uidnext = db_rows_id(&rows, 2),
                                      .modseq = db_rows_id(&rows, 3),
                                      .message_count = db_rows_number(&rows, 4),
                                      .unseen_count = db_rows_number(&rows, 5),
                                      .bytes = db_rows_number(&rows, 6),
                                      .change_floor = db_rows_id(&rows, 7),
                                      .change_count = db_rows_id(&rows, 8)};
    db_rows_end(&rows);
    return true;
}

void mailbox_save(struct commit *commit, const struct mailbox_state *mailbox) {
    bool begins_anew = mailbox->message_count == 0 && IS_PLANTED(commit->bodies->env, PLANTED_UIDS_ANEW);
    DB_RUN(commit->db, mailbox_update, DB_NUMBER(mailbox->id), DB_NUMBER(begins_anew ? 1 : mailbox->uidnext),
           DB_NUMBER(mailbox->modseq), DB_NUMBER(mailbox->message_count), DB_NUMBER(mailbox->unseen_count),
           DB_NUMBER(mailbox->bytes), DB_NUMBER(mailbox->change_floor), DB_NUMBER(mailbox->change_count));
    commit_news(commit, mailbox->account, mailbox->id, mailbox->modseq, false);
}

uint64_t mailbox_find(struct db *db, uint64_t account, struct slice name) {
    return (uint64_t)DB_READ_NUMBER(db, mailbox_by_name, 0, DB_NUMBER(account), DB_TEXT(name));
}

uint64_t mailbox_insert(struct commit *commit, uint64_t account, struct slice name,
                        enum special_use special_use, bool is_subscribed) {
    uint64_t id = commit_id_new(commit);
    int64_t uidvalidity = setting_number(commit->db, SLICE("uidvalidity"), 0) + 1;
    setting_set_number(commit->db, SLICE("uidvalidity"), uidvalidity);
    DB_RUN(commit->db, mailbox_add, DB_NUMBER(id), DB_NUMBER(account), DB_TEXT(name), DB_NUMBER(uidvalidity),
           DB_NUMBER(special_use), DB_NUMBER(is_subscribed));
    commit_news(commit, account, id, 1, false);
    return id;
}

void mailbox_remove(struct commit *commit, const struct mailbox_state *mailbox) {
    entry_remove_all(commit, mailbox->id);
    change_remove_all(commit->db, mailbox->id);
    uids_remove(commit->db, mailbox->id);
    DB_RUN(commit->db, keyword_delete, DB_NUMBER(mailbox->id));
    DB_RUN(commit->db, mailbox_delete, DB_NUMBER(mailbox->id));
    account_use(commit->db, mailbox->account, -mailbox->bytes, -mailbox->message_count);
    commit_news(commit, mailbox->account, mailbox->id, mailbox->modseq, true);
}

void mailbox_remove_all(struct commit *commit, uint64_t account) {
    struct mailbox_state mailbox;
    for (;;) {
        uint64_t id = (uint64_t)DB_READ_NUMBER(commit->db, mailbox_of_account, 0, DB_NUMBER(account));
        if (id == 0 || !mailbox_load(commit->db, id, &mailbox)) return;
        mailbox_remove(commit, &mailbox);
    }
}
