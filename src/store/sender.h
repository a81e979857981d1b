/*
 * Sender mailboxes in a read or in the commit lane: the tables `outreach_sender`, `outreach_folder` and
 * `outreach_provider`. What the engine does with them: store/engine_sender.h. Outreach reads here, inside its
 * own commits, whether a mailbox may be used.
 */
#ifndef STORE_SENDER_H
#define STORE_SENDER_H

#include "store/commit.h"
#include "store/sender_model.h"

/* Without secrets; in `arena`. False: there is none (or reading failed: db_failure). */
NODISCARD bool sender_row_read(struct db *db, struct arena *arena, uint64_t id, struct sender *sender);
NODISCARD bool sender_row_find(struct db *db, struct arena *arena, struct slice address,
                               struct sender *sender);

/* As far as a folder was looked at: for commits that take what was found there. */
void sender_folder_put(struct commit *commit, uint64_t sender, const struct sender_folder *folder);

/* The tables, for a migration. */
#define SENDER_TABLES                                                                                       \
    "CREATE TABLE outreach_sender (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, address TEXT NOT NULL," \
    " name TEXT NOT NULL, account INTEGER NOT NULL, settings BLOB NOT NULL, secret BLOB NOT NULL,"          \
    " state INTEGER NOT NULL, reason INTEGER NOT NULL, detail TEXT NOT NULL, checked_ms INTEGER NOT NULL,"  \
    " tested_ms INTEGER NOT NULL, gap_min_ms INTEGER NOT NULL, gap_max_ms INTEGER NOT NULL,"                \
    " hourly_max INTEGER NOT NULL, daily_max INTEGER NOT NULL, ramp_start INTEGER NOT NULL,"                \
    " ramp_step INTEGER NOT NULL, added_ms INTEGER NOT NULL, override_by TEXT NOT NULL,"                    \
    " override_ms INTEGER NOT NULL, version INTEGER NOT NULL, UNIQUE (tenant, address)) STRICT;"            \
    "CREATE TABLE outreach_folder (sender INTEGER NOT NULL, name BLOB NOT NULL,"                            \
    " uidvalidity INTEGER NOT NULL, uidnext INTEGER NOT NULL, modseq INTEGER NOT NULL,"                     \
    " PRIMARY KEY (sender, name)) STRICT, WITHOUT ROWID;"                                                   \
    "CREATE TABLE outreach_provider (tenant INTEGER NOT NULL, name TEXT NOT NULL,"                          \
    " settings BLOB NOT NULL, secret BLOB NOT NULL, PRIMARY KEY (tenant, name)) STRICT, WITHOUT ROWID;"

#endif
