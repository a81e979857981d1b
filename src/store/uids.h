/*
 * Which UIDs a mailbox has. Those of a large mailbox with holes are kept as one compressed set, so that a
 * first SELECT need not read a million rows. The set was true at one modseq and stays as it is: what came
 * since is found by its UID, what went is in the log of changes, and where that log no longer reaches back
 * so far the set counts for nothing. It is never more than a short cut: nothing is decided by it that the
 * entries do not say, and one that is damaged or does not add up to the mailbox's own count is passed over.
 * Upkeep makes them; commits do not know of them.
 */
#ifndef STORE_UIDS_H
#define STORE_UIDS_H

#include "base/uid_set.h"
#include "store/upkeep.h"
#include "store/verify.h"

#define UIDS_TABLES                                                                   \
    "CREATE TABLE stored_uids (mailbox INTEGER PRIMARY KEY, modseq INTEGER NOT NULL," \
    " uidnext INTEGER NOT NULL, checksum INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT"

/* Appends to *set those behind its last, inside a read. */
void uids_read(struct db *db, uint64_t mailbox, struct uid_set *set);
/* Forgets what is stored of a mailbox that goes. */
void uids_remove(struct db *db, uint64_t mailbox);

/* Upkeep: stores the sets of large mailboxes that have none which serves. */
enum store_result uids_round(struct task *t, struct engine *engine);
/* Verify: what is stored of this mailbox, where it is of use, says what the entries say. */
void uids_verify(struct verify *verify, uint64_t mailbox);

#endif
