/*
 * Campaigns in the commit lane: the tables, and what every change of a prospect has in common. What is due is
 * found by indexes: a campaign knows when the first of its lanes is due (store/campaign_lane.h), and a lane
 * when the first of its prospects is, for a first message and for a follow-up apart; so looking costs the
 * same however many prospects and campaigns there are. Who waits for nothing is due at PROSPECT_NEVER.
 */
#ifndef STORE_CAMPAIGN_TABLE_H
#define STORE_CAMPAIGN_TABLE_H

#include "store/campaign_model.h"
#include "store/commit.h"

#define CAMPAIGN_TABLES                                                                                      \
    "CREATE TABLE campaign (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, name TEXT NOT NULL,"            \
    " sender INTEGER NOT NULL, document TEXT NOT NULL, state INTEGER NOT NULL, reason TEXT NOT NULL,"        \
    " created_ms INTEGER NOT NULL, started_ms INTEGER NOT NULL, sequence_version INTEGER NOT NULL,"          \
    " next_follow_ms INTEGER NOT NULL, next_first_ms INTEGER NOT NULL, UNIQUE (tenant, name)) STRICT;"       \
    "CREATE INDEX campaign_follow ON campaign (sender, state, next_follow_ms);"                              \
    "CREATE INDEX campaign_first ON campaign (sender, state, next_first_ms);"                                \
    "CREATE TABLE campaign_count (campaign INTEGER NOT NULL, state INTEGER NOT NULL, count INTEGER NOT "     \
    "NULL,"                                                                                                  \
    " PRIMARY KEY (campaign, state)) STRICT, WITHOUT ROWID;"                                                 \
    "CREATE TABLE prospect (id INTEGER PRIMARY KEY, campaign INTEGER NOT NULL, contact INTEGER NOT NULL,"    \
    " state INTEGER NOT NULL, is_follow INTEGER NOT NULL, step INTEGER NOT NULL, due_ms INTEGER NOT NULL,"   \
    " last_sent_ms INTEGER NOT NULL, tries INTEGER NOT NULL, message_ids TEXT NOT NULL,"                     \
    " thread_subject TEXT NOT NULL, reason TEXT NOT NULL, changed_ms INTEGER NOT NULL,"                      \
    " UNIQUE (campaign, contact)) STRICT;"                                                                   \
    "CREATE INDEX prospect_due ON prospect (campaign, is_follow, due_ms);"                                   \
    "CREATE INDEX prospect_contact ON prospect (contact);"                                                   \
    "CREATE TABLE outreach_sent (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, prospect INTEGER NOT "     \
    "NULL,"                                                                                                  \
    " campaign INTEGER NOT NULL, sender INTEGER NOT NULL, contact INTEGER NOT NULL, step INTEGER NOT NULL,"  \
    " version INTEGER NOT NULL, message_id TEXT NOT NULL UNIQUE, state INTEGER NOT NULL,"                    \
    " fate INTEGER NOT NULL, message INTEGER NOT NULL, address TEXT NOT NULL, to_domain TEXT NOT NULL,"      \
    " from_domain TEXT NOT NULL, organisation TEXT NOT NULL, subject TEXT NOT NULL,"                         \
    " subject_base TEXT NOT NULL, decided_ms INTEGER NOT NULL, sent_ms INTEGER NOT NULL,"                    \
    " next_delay_ms INTEGER NOT NULL, detail TEXT NOT NULL) STRICT;"                                         \
    "CREATE INDEX outreach_sent_sender ON outreach_sent (sender, sent_ms);"                                  \
    "CREATE INDEX outreach_sent_domain ON outreach_sent (from_domain, sent_ms);"                             \
    "CREATE INDEX outreach_sent_campaign ON outreach_sent (campaign, sent_ms);"                              \
    "CREATE INDEX outreach_sent_to ON outreach_sent (campaign, to_domain, sent_ms);"                         \
    "CREATE INDEX outreach_sent_contact ON outreach_sent (contact, sent_ms);"                                \
    "CREATE INDEX outreach_sent_prospect ON outreach_sent (prospect, id);"                                   \
    "CREATE INDEX outreach_sent_address ON outreach_sent (address, sent_ms);"                                \
    "CREATE INDEX outreach_sent_company ON outreach_sent (organisation, subject_base);"                      \
    "CREATE INDEX outreach_sent_open ON outreach_sent (sender) WHERE state IN (0, 1, 3);"                    \
    "CREATE INDEX outreach_sent_message ON outreach_sent (message) WHERE message <> 0;"                      \
    "CREATE TABLE outreach_day (sender INTEGER NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (sender, day))"   \
    " STRICT, WITHOUT ROWID;"                                                                                \
    "CREATE TABLE outreach_answer (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, at_ms INTEGER NOT NULL," \
    " sender INTEGER NOT NULL, prospect INTEGER NOT NULL, campaign INTEGER NOT NULL, contact INTEGER NOT "   \
    "NULL,"                                                                                                  \
    " message INTEGER NOT NULL, folder TEXT NOT NULL, uidvalidity INTEGER NOT NULL, uid INTEGER NOT NULL,"   \
    " kind INTEGER NOT NULL, found INTEGER NOT NULL, decision INTEGER NOT NULL, author TEXT NOT NULL,"       \
    " evidence TEXT NOT NULL, corrected_kind INTEGER NOT NULL, corrected_by TEXT NOT NULL,"                  \
    " name TEXT NOT NULL, is_unsubscribe INTEGER NOT NULL) STRICT;"                                          \
    "CREATE INDEX outreach_answer_name ON outreach_answer (name) WHERE name <> '';"                          \
    "CREATE INDEX outreach_answer_prospect ON outreach_answer (prospect, id);"                               \
    "CREATE INDEX outreach_answer_contact ON outreach_answer (contact, id);"                                 \
    "CREATE INDEX outreach_answer_place ON outreach_answer (sender, folder, uidvalidity, uid)"               \
    " WHERE uid <> 0;"                                                                                       \
    "CREATE TABLE outreach_event (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, at_ms INTEGER NOT NULL,"  \
    " kind INTEGER NOT NULL, campaign INTEGER NOT NULL, prospect INTEGER NOT NULL, contact INTEGER NOT "     \
    "NULL,"                                                                                                  \
    " sender INTEGER NOT NULL, detail TEXT NOT NULL) STRICT;"                                                \
    "CREATE INDEX outreach_event_campaign ON outreach_event (campaign, id);"                                 \
    "CREATE INDEX outreach_event_contact ON outreach_event (contact, id);"

/* A prospect's row as changes need it. */
struct prospect_row {
    uint64_t id;
    uint64_t campaign;
    uint64_t contact;
    uint64_t sender;
    uint64_t tenant;
    enum prospect_state state;
    enum campaign_state campaign_state;
    /* store/campaign_lane.h */
    uint64_t lane;
    bool is_follow;
    uint32_t step;
    uint32_t tries;
    int64_t due_ms;
    int64_t last_sent_ms;
    /* A person answered: only steps that are for those who did may go to it (until a person decides that the
       sequence goes on all the same). */
    bool has_replied;
    /* Of the campaign: it has such steps; and an answer stops all of a company. */
    bool has_answer_steps;
    bool stops_company;
};

/* False: there is none, or reading failed (db_failure). */
bool prospect_load(struct db *db, uint64_t id, struct prospect_row *row);
/* To a state, due then; `reason` for people. Counts it, and mends when its lane and its campaign are due. */
void prospect_set(struct commit *commit, struct prospect_row *row, enum prospect_state state, int64_t due_ms,
                  struct slice reason);
/* It goes on in the sequence where it was when it answered. */
void prospect_take_up(struct commit *commit, struct prospect_row *row);
/* Where a prospect that waits is: in line, or among those who answered. */
enum prospect_state prospect_resting(const struct prospect_row *row);
/* One more of a campaign in that state. */
void prospect_count(struct commit *commit, uint64_t campaign, enum prospect_state state, int64_t by);
/* After changes of its prospects beside prospect_set: its times, and whether it is over. */
void campaign_changed(struct commit *commit, uint64_t campaign);
/* One that has come to its end by itself runs again: somebody of it waits for something. */
void campaign_reopen(struct commit *commit, uint64_t campaign, struct slice reason);
/* Pauses a running campaign visibly until a person resumes it; nothing where it does not run, and is not held
   by its mailbox. */
void campaign_halt(struct commit *commit, uint64_t campaign, struct slice reason);
/* Pauses a running campaign visibly until its mailbox is well again. */
void campaign_hold(struct commit *commit, uint64_t campaign, struct slice reason);
/* The mailbox is well again: what was held by it runs on. */
void campaign_release(struct commit *commit, uint64_t sender);
/* campaign_change.c: all of a sender's that run. */
void campaign_halt_sender(struct commit *commit, uint64_t sender, struct slice reason);

/* The log. */
struct outreach_note {
    enum outreach_event_kind kind;
    uint64_t campaign;
    uint64_t prospect;
    uint64_t contact;
    uint64_t sender;
    struct slice detail;
};
void outreach_note(struct commit *commit, uint64_t tenant, const struct outreach_note *note);
void prospect_note(struct commit *commit, const struct prospect_row *row, enum outreach_event_kind kind,
                   struct slice detail);

/* The sender may send: it was tested, and nothing is wrong with it since. */
bool campaign_sender_is_good(struct db *db, uint64_t sender);

/* campaign_relation.c: what campaigns know of a person (store/contact.h). */
struct contact_person;
void campaign_person_messages(struct db *db, struct arena *arena, const struct contact_person *person,
                              struct buffer *json);
void campaign_person_answers(struct db *db, struct arena *arena, const struct contact_person *person,
                             struct buffer *json);
bool campaign_person_is_needed(struct db *db, uint64_t contact);
void campaign_person_erase(struct commit *commit, const struct contact_person *person);

/* A letter that is asked about before its transaction begins (store/campaign_leave.h): when that was. */
#define CAMPAIGN_LEAVING "ALTER TABLE outreach_sent ADD COLUMN leaving_ms INTEGER NOT NULL DEFAULT 0"

/* campaign_due.c: something of the sender's is on its way still. */
bool campaign_is_in_flight(struct db *db, uint64_t sender, int64_t now_ms);

/* campaign_settle.c: the queue settled a recipient of this message. Nothing where it is no message of
   outreach. */
struct settled_recipient;
/* True: it counts as sent, whatever came of the attempt, and is not to be tried again. */
bool campaign_settled(struct commit *commit, uint64_t message, const struct settled_recipient *settled);
/* The owner took it out of the queue: its prospect waits for a person. */
void campaign_taken_back(struct commit *commit, uint64_t message);
/* campaign_send.c: the gates that do not hang on what was sent before. */
enum outreach_gate campaign_ask_standing(struct commit *commit, const struct prospect_row *row,
                                         struct slice address);
/* What is said of a letter that may have arrived. */
extern const struct slice campaign_in_doubt;
/* campaign_send.c: a message that is out; its prospect goes on. And any other end of one that is under way.
 */
void campaign_message_left(struct commit *commit, uint64_t sent, int64_t sent_ms);
void campaign_outcome(struct commit *commit, const struct outreach_outcome *outcome);
/* campaign_breaker.c: this message came to a bad end: counted, and where there are too many of them the
   campaign, or all of the sender or the domain, are paused. */
void campaign_fate(struct commit *commit, uint64_t sent, enum sent_fate fate);
/* It did not, after all. */
void campaign_fate_undo(struct commit *commit, uint64_t sent);

#endif
