#include "store/inbox.h"

#include <stdlib.h>

#include "store/account.h"

static const char account_inbox[] = "SELECT inbox, quota_bytes, used_bytes FROM account WHERE id = $1";

enum { SLOTS = 64 };

/* Each account has one slot; who comes later to the same one takes it. */
struct inboxes {
    struct inbox slots[SLOTS];
    bool is_empty;
};

struct inboxes *inboxes_new(void) {
    struct inboxes *inboxes = calloc(1, sizeof *inboxes);
    if (!inboxes) FATAL("out of memory for inboxes");
    inboxes->is_empty = true;
    return inboxes;
}

void inboxes_free(struct inboxes **inboxes) {
    free(*inboxes);
    *inboxes = NULL;
}

static void write_one(struct commit *commit, struct inbox *inbox) {
    if (inbox->added_count) {
        mailbox_save(commit, &inbox->mailbox);
        account_use(commit->db, inbox->account, inbox->added_bytes, inbox->added_count);
    }
    *inbox = (struct inbox){0};
}

static bool read_one(struct db *db, uint64_t account, struct inbox *inbox) {
    struct db_rows rows = DB_ROWS(db, account_inbox, DB_NUMBER(account));
    if (!db_rows_next(&rows)) return false;
    uint64_t mailbox = db_rows_id(&rows, 0);
    *inbox = (struct inbox){
        .account = account, .quota_bytes = db_rows_number(&rows, 1), .used_bytes = db_rows_number(&rows, 2)};
    db_rows_end(&rows);
    return mailbox_load(db, mailbox, &inbox->mailbox);
}

struct inbox *inbox_of(struct commit *commit, uint64_t account) {
    struct inboxes *inboxes = commit->inboxes;
    struct inbox *inbox = &inboxes->slots[(account * 0x9e3779b97f4a7c15u >> 32) % SLOTS];
    if (account && inbox->account == account) return inbox;
    write_one(commit, inbox);
    inboxes->is_empty = false;
    if (account && read_one(commit->db, account, inbox)) return inbox;
    *inbox = (struct inbox){0};
    return NULL;
}

void inbox_add(struct commit *commit, struct inbox *inbox, const struct entry_row *entry) {
    inbox->mailbox.modseq++;
    entry_insert(commit->db, &inbox->mailbox, entry);
    inbox->used_bytes += entry->raw_bytes;
    inbox->added_bytes += entry->raw_bytes;
    inbox->added_count++;
}

void inboxes_write(struct commit *commit) {
    if (commit->inboxes->is_empty) return;
    for (size_t i = 0; i < SLOTS; i++) write_one(commit, &commit->inboxes->slots[i]);
    commit->inboxes->is_empty = true;
}

void inboxes_forget(struct commit *commit) {
    if (!commit->inboxes->is_empty) *commit->inboxes = (struct inboxes){.is_empty = true};
}
