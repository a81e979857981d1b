/*
 * What an answer holds a prospect by, in the commit lane: whatever an answer does to a prospect, now or only
 * where nothing stronger holds it already, is noted. So an answer that turns out to be something else is
 * taken back exactly: what another answer says goes on to hold, what a person decided stays, and where
 * neither is so the prospect is where it was before anybody answered. A wish not to be written to is never
 * taken back.
 */
#ifndef STORE_ANSWER_HOLD_H
#define STORE_ANSWER_HOLD_H

#include "store/campaign_table.h"

#define ANSWER_TABLES                                                                                    \
    "ALTER TABLE outreach_answer ADD COLUMN interest INTEGER NOT NULL DEFAULT 0;"                        \
    "ALTER TABLE outreach_answer ADD COLUMN is_hard INTEGER NOT NULL DEFAULT 0;"                         \
    "ALTER TABLE outreach_answer ADD COLUMN return_ms INTEGER NOT NULL DEFAULT 0;"                       \
    "ALTER TABLE outreach_answer ADD COLUMN classifier INTEGER NOT NULL DEFAULT 0;"                      \
    "ALTER TABLE outreach_answer ADD COLUMN sent INTEGER NOT NULL DEFAULT 0;"                            \
    "CREATE TABLE outreach_answer_text (answer INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,"             \
    " packed BLOB NOT NULL) STRICT;"                                                                     \
    "CREATE INDEX outreach_answer_text_age ON outreach_answer_text (at_ms);"                             \
    "CREATE TABLE outreach_hold (answer INTEGER NOT NULL, prospect INTEGER NOT NULL, state INTEGER NOT " \
    "NULL, due_ms INTEGER NOT NULL, reason TEXT NOT NULL, base_state INTEGER NOT NULL,"                  \
    " base_due_ms INTEGER NOT NULL, PRIMARY KEY (answer, prospect)) STRICT, WITHOUT ROWID;"              \
    "CREATE INDEX outreach_hold_prospect ON outreach_hold (prospect, answer);"                           \
    "CREATE TABLE outreach_company (campaign INTEGER NOT NULL, organisation TEXT NOT NULL,"              \
    " answer INTEGER NOT NULL, PRIMARY KEY (campaign, organisation, answer)) STRICT, WITHOUT ROWID;"     \
    "CREATE INDEX outreach_company_answer ON outreach_company (answer);"                                 \
    "ALTER TABLE campaign ADD COLUMN has_answer_steps INTEGER NOT NULL DEFAULT 0;"                       \
    "ALTER TABLE campaign ADD COLUMN stops_company INTEGER NOT NULL DEFAULT 0;"                          \
    "CREATE INDEX campaign_company ON campaign (tenant) WHERE stops_company = 1;"                        \
    "ALTER TABLE prospect ADD COLUMN has_replied INTEGER NOT NULL DEFAULT 0;"                            \
    "ALTER TABLE prospect ADD COLUMN line_step INTEGER NOT NULL DEFAULT 0;"                              \
    "ALTER TABLE prospect ADD COLUMN organisation TEXT NOT NULL DEFAULT '';"                             \
    "CREATE INDEX prospect_organisation ON prospect (organisation) WHERE organisation <> '';"            \
    "UPDATE prospect SET has_replied = 1, line_step = step WHERE state = 2;"

/* The prospect as it is before the answer; `state`, `due_ms` and `reason` are what the answer wants. */
struct answer_hold {
    uint64_t answer;
    enum prospect_state state;
    int64_t due_ms;
    struct slice reason;
};
void answer_hold_add(struct commit *commit, const struct prospect_row *row, const struct answer_hold *hold);
/* Everything of this answer is taken back, but for wishes; and that it stopped a company. A campaign that was
   over runs again for who waits in it now, where `is_person` says so: no program takes one up by itself. */
void answer_hold_release(struct commit *commit, uint64_t answer, bool is_person);
/* A person decided: nothing that answers said of this prospect counts any more. */
void answer_hold_forget(struct commit *commit, uint64_t prospect);

/* A prospect that was added: it is stopped where somebody of its organisation answered already. */
void answer_company_join(struct commit *commit, uint64_t campaign, uint64_t prospect,
                         struct slice organisation);
/* Everybody of that organisation who may still be written to, in campaigns that want it so, is stopped by
   this answer; and who is added to them later is, too. */
void answer_stop_company(struct commit *commit, uint64_t answer, struct slice organisation,
                         const struct prospect_row *because);

#endif
