/* The office's parts: office.c (its life), office_plan.c (whom to write to now), office_send.c (one message),
   office_go.c (what the remote role asks). */
#ifndef OUTREACH_OFFICE_STATE_H
#define OUTREACH_OFFICE_STATE_H

#include "base/limits.h"
#include "base/limits_campaign.h"
#include "base/list.h"
#include "io/task.h"
#include "outreach/office.h"
#include "outreach/protocol.h"
#include "outreach/turns.h"

struct outreach_office {
    struct outreach_office_options options;
    struct scope scope;
    struct gate changed;
    struct list desks;
    bool is_restarted;
    /* On the wall clock. */
    int64_t started_ms;
    /* What is due may be another than desks know: all senders are looked at. */
    bool must_survey;
    int64_t survey_ms;
};

/* A sender at work. */
struct desk {
    struct list link;
    struct outreach_office *office;
    uint64_t sender;
    bool is_busy;
    /* It ended its work: what is due of its sender is read anew. */
    bool is_stale;
    /* When the first of its campaigns' prospects is due, or PROSPECT_NEVER. */
    int64_t due_ms;
    /* Whether it may be used is looked at, whatever is due. */
    bool must_look;
    /* On the wall clock: not before then. */
    int64_t next_ms;
    /* A letter is on its way: when something of a campaign changes, what is due is read anew, at once. */
    bool awaits_change;
    /* An opener waits for the follow-ups that its place is kept for: when one of them is due, at once. */
    bool awaits_follow_up;
    /* Of campaigns whose own gap is longer than the mailbox's. */
    struct turns turns;
    /* Where the outcome of a message is not known: so long before it is looked for again; 0: all is known. */
    int64_t find_pause_ms;
    /* One that was looked for everywhere and is nowhere, and since when; on the monotonic clock, for the
       other one may be set. */
    uint64_t missed;
    int64_t missed_ms;
};

/* One round at a desk. */
struct desk_round {
    struct outreach_office *office;
    struct desk *desk;
    struct arena *arena;
    struct sender sender;
    int64_t now_ms;
    /* What was chosen. */
    struct campaign campaign;
    struct sequence *sequence;
    struct prospect prospect;
    uint32_t version;
    struct outreach_limits limits;
    struct slice cap_domain;
    int64_t day;
};

/* office_plan.c: true: round->prospect is to be written to now. False: nobody is, desk->next_ms says when to
   look again. Waits. */
bool office_choose(struct task *t, struct desk_round *round);
/* office_answered.c: what conditions ask of a prospect, out of its fields and of what came back. What may
   still come back counts where `is_forecast`. */
struct sequence_facts office_facts(struct engine *engine, struct arena *arena,
                                   const struct sequence *sequence, const struct prospect *prospect,
                                   bool is_forecast);
/* The step that this prospect's turn is at, from `from` on: in line, or one for those who answered.
   step_count: there is none. */
size_t office_step(struct engine *engine, struct arena *arena, const struct sequence *sequence,
                   const struct prospect *prospect, size_t from, bool is_forecast);
/* What its delay counts from: the letter before, or the answer that came after it. 0: neither. */
int64_t office_since_ms(struct engine *engine, struct arena *arena, const struct prospect *prospect);
/* What a letter in the thread refers to: those before it, and the answer that it answers. */
struct slice office_references(struct engine *engine, struct arena *arena, const struct prospect *prospect);
/* When, from now on, the prospect may get what is written already: by its window, and the mailbox's pace.
 *gap_ms: what lies between it and another letter. */
int64_t office_moment(struct engine *engine, struct arena *arena, const struct sender *sender,
                      const struct sequence *sequence, const struct prospect *prospect, int64_t now_ms,
                      int64_t *gap_ms);
/* The zone of a prospect; free it with delivery_zone_free. */
struct delivery_zone *office_zone(const struct sequence *sequence, const struct prospect *prospect);
/* The one in which the sender's day begins, whatever campaign asks: its own, else the sequence's. The same.
 */
struct delivery_zone *office_sender_zone(const struct sender *sender, const struct sequence *sequence);
/* Whose mailboxes together have a cap: the organisation's domain, or where strangers share it the domain. In
   `arena`. */
struct slice office_cap_domain(struct arena *arena, struct slice address);
/* office_send.c: claims it and sees it through. Waits. */
void office_send(struct task *t, struct desk_round *round);
/* Looks for messages whose outcome is not known. True: none is left. Waits. */
bool office_resolve(struct task *t, struct desk_round *round);

/* office_go.c */
bool office_answer_go(struct task *t, struct outreach_office *office, struct ipc_request *request,
                      struct arena *arena);
bool office_answer_news(struct task *t, struct outreach_office *office, struct ipc_request *request,
                        struct arena *arena);
/* "local" and the domain behind the "@". */
struct slice office_domain_of(struct slice address);

#endif
