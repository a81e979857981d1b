/* Entries: a message in a mailbox, with its flags. Narrow rows, found by mailbox and UID only. */
#ifndef STORE_ENTRY_H
#define STORE_ENTRY_H

#include "store/mailbox.h"

struct entry_row {
    uint64_t message;
    uint64_t flags;
    int64_t saved_ms;
    int64_t raw_bytes;
};

/* Adds the entry with the mailbox's next UID and its present modseq; counts it in `mailbox`. */
void entry_insert(struct db *db, struct mailbox_state *mailbox, const struct entry_row *entry);
/* Removes the entries of the range, all or the \Deleted ones, and counts them off `mailbox`. Their
   references are dropped, or kept for who moved them. */
void entry_remove(struct commit *commit, struct mailbox_state *mailbox, struct uid_range range,
                  bool only_deleted, bool keeps_references);
/* Removes the entries of a mailbox that goes as a whole. */
void entry_remove_all(struct commit *commit, uint64_t mailbox);
/* The UID of the first entry of this message, or 0. Reads the mailbox through. */
uint32_t entry_find_message(struct db *db, uint64_t mailbox, uint64_t message);

#endif
