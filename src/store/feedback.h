/*
 * What others reported about our domains' mail (wire/feedback.h), kept for the owner. A report is one row:
 * what a list shows of it as columns, all of it packed, as the role that read it packed it; the store does
 * not look inside. Who reports is a stranger: the same report comes once, and so many of a day are kept.
 */
#ifndef STORE_FEEDBACK_H
#define STORE_FEEDBACK_H

#include "store/commit.h"
#include "store/feedback_model.h"

#define FEEDBACK_TABLES                                                                                   \
    "CREATE TABLE feedback (id INTEGER PRIMARY KEY, received_ms INTEGER NOT NULL, kind INTEGER NOT NULL," \
    " domain TEXT NOT NULL, organization TEXT NOT NULL, report TEXT NOT NULL, author TEXT NOT NULL,"      \
    " trust INTEGER NOT NULL, begin_s INTEGER NOT NULL, end_s INTEGER NOT NULL, passed INTEGER NOT NULL," \
    " failed INTEGER NOT NULL, details BLOB NOT NULL,"                                                    \
    " UNIQUE (kind, domain, organization, report, author, trust)) STRICT;"                                \
    "CREATE INDEX feedback_received ON feedback (received_ms);"

/* Keeps it. STORE_EXISTS: it is there. STORE_NOT_FOUND: its domain is neither ours nor below one of ours.
   STORE_OVER_QUOTA: the day's number is reached (FEEDBACK_DAY_MAX, FEEDBACK_DOMAIN_DAY_MAX). */
enum store_result engine_feedback_keep(struct task *t, struct engine *engine,
                                       const struct feedback_entry *entry);
/* Those received since, the newest first, without details; of a domain and those below it, or empty: of all.
 */
enum store_result engine_feedback_list(struct engine *engine, struct arena *arena, struct slice domain,
                                       int64_t since_ms, size_t max, struct feedback_entry **entries,
                                       size_t *count);
/* With details. STORE_NOT_FOUND. */
enum store_result engine_feedback_find(struct engine *engine, struct arena *arena, uint64_t id,
                                       struct feedback_entry *entry);
/* Inside a commit: removes some that are too old or too many. True: there may be more. */
bool feedback_prune(struct commit *commit);

#endif
