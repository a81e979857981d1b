/*
 * The log of a mailbox's flag changes and expunges, for devices that come back (RFC 7162). It
 * is cut at STORE_CHANGES_KEPT or so; the mailbox's change_floor says how far it reaches back:
 * everything above that modseq is there. A commit that changes much of a mailbox is not noted message
 * by message: to look at all messages is then no more work than to read the log, and the floor
 * rises to it instead.
 */
#ifndef STORE_CHANGE_H
#define STORE_CHANGE_H

#include "store/mailbox.h"

/* Notes flag changes: the entries of the range that have the mailbox's modseq, of which `count` changed. */
void change_note_flags(struct db *db, struct mailbox_state *mailbox, struct uid_range range, uint64_t count);
/* Notes entries of the range as expunged, all or the \Deleted ones, `count` of them; before they go. */
void change_note_expunged(struct db *db, struct mailbox_state *mailbox, struct uid_range range,
                          bool only_deleted, uint64_t count);
/* Cuts the log when it is too long; before the mailbox is saved. */
void change_prune(struct db *db, struct mailbox_state *mailbox);
void change_remove_all(struct db *db, uint64_t mailbox);

#endif
