/*
 * Mailboxes: their rows and what changes them. Counts, UIDs and modseq live in the row and
 * change in the same commit as the entries they count. UIDs and UIDVALIDITY only grow, and a
 * UIDVALIDITY is given to one mailbox only, ever, whatever its name.
 */
#ifndef STORE_MAILBOX_H
#define STORE_MAILBOX_H

#include "store/commit.h"

/* What a commit changes of a mailbox. */
struct mailbox_state {
    uint64_t id;
    uint64_t account;
    uint64_t uidvalidity;
    uint64_t uidnext;
    uint64_t modseq;
    int64_t message_count;
    int64_t unseen_count;
    int64_t bytes;
    uint64_t change_floor;
    uint64_t change_count;
};

/* False: there is none, or reading failed (db_failure). */
bool mailbox_load(struct db *db, uint64_t id, struct mailbox_state *mailbox);
/* Writes it and says the news. */
void mailbox_save(struct commit *commit, const struct mailbox_state *mailbox);
/* The id of the account's mailbox, or 0. `name` as mailbox_name_read gives it. */
uint64_t mailbox_find(struct db *db, uint64_t account, struct slice name);
/* Makes one row; returns its id. The name is free and good. */
uint64_t mailbox_insert(struct commit *commit, uint64_t account, struct slice name,
                        enum special_use special_use, bool is_subscribed);
/* Removes the mailbox with its entries, its keywords and its log, and says the news. */
void mailbox_remove(struct commit *commit, const struct mailbox_state *mailbox);
/* All mailboxes of the account, as above. */
void mailbox_remove_all(struct commit *commit, uint64_t account);

#endif
