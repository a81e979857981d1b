/*
 * The inboxes that a batch delivers to. Their counters, and their accounts', are read once and written
 * once for all deliveries of a transaction that follow each other, however many are for the same one.
 * Whatever else runs in the transaction reads the tables: the commit lane calls inboxes_write before.
 */
#ifndef STORE_INBOX_H
#define STORE_INBOX_H

#include "store/entry.h"

struct inboxes;

struct inbox {
    /* 0: nobody's. */
    uint64_t account;
    int64_t quota_bytes;
    /* With what was added. */
    int64_t used_bytes;
    struct mailbox_state mailbox;
    /* Not written yet. */
    int64_t added_bytes;
    int64_t added_count;
};

struct inboxes *inboxes_new(void);
void inboxes_free(struct inboxes **inboxes);

/* The account's; it is good until the next inbox_of. NULL: there is no such account, or reading failed
   (db_failure). */
struct inbox *inbox_of(struct commit *commit, uint64_t account);
/* Adds an entry with the next UID and a new modseq, and counts it. */
void inbox_add(struct commit *commit, struct inbox *inbox, const struct entry_row *entry);

/* Writes all counters and says the news, then knows nothing any more. */
void inboxes_write(struct commit *commit);
/* Knows nothing any more: the transaction is no more. */
void inboxes_forget(struct commit *commit);

#endif
