/*
 * How many recipients elsewhere an account may have in any hour and any day. Recipients are counted in steps
 * of SENDING_STEP_MS, a row each, in the commit that takes the message: so the count survives what the
 * message survives. A window is as many whole steps as it takes to cover it, so that no hour has more than
 * its limit.
 */
#ifndef STORE_SENDING_LIMIT_H
#define STORE_SENDING_LIMIT_H

#include "store/commit.h"

#define SENDING_TABLES                                                                   \
    "CREATE TABLE sending (account INTEGER NOT NULL, step INTEGER NOT NULL, recipients " \
    "INTEGER NOT NULL, PRIMARY KEY (account, step)) STRICT, WITHOUT ROWID;"

/* Whom to tell that mail of theirs is held: the account's last notice, and its message while that is owed,
 * else 0. */
#define SENDING_NOTICE_TABLES                                                             \
    "CREATE TABLE sending_notice (account INTEGER PRIMARY KEY, message INTEGER NOT NULL," \
    " at_ms INTEGER NOT NULL) STRICT;"                                                    \
    "CREATE INDEX sending_notice_owed ON sending_notice (message) WHERE message <> 0;"

/* Inside a commit. Counts the recipients, all or none. False: they are too many, and nothing is counted. An
   account of 0 (nobody's submission) has no limit. */
NODISCARD bool sending_limit_take(struct commit *commit, uint64_t account, size_t recipients);
/* This message of the account is held: it owes a notice, unless there was one within SENDING_NOTICE_MS. */
void sending_notice_owe(struct commit *commit, uint64_t account, uint64_t message);
bool sending_notice_is_owed(struct db *db, uint64_t message);
void sending_notice_given(struct db *db, uint64_t message);
/* The account goes. */
void sending_limit_forget(struct db *db, uint64_t account);

#endif
