/*
 * Campaigns in the store role: decides what is due, claims it, has the remote role (outreach/agent.h) compose
 * and send it, and records what became of it. For each sender mailbox one message at a time, whatever
 * campaigns it has, at the pace of outreach/pacer.h: the next is looked for only after the one before has
 * left, or was put off. Nothing is remembered that is not in the store: killed at any moment, nobody is
 * skipped and nobody written to twice.
 *
 * A sender that goes red has its campaigns paused, with the cause; a message whose outcome is not known is
 * looked for, and nothing else leaves from that mailbox until it is.
 */
#ifndef OUTREACH_OFFICE_H
#define OUTREACH_OFFICE_H

#include "ipc/channel.h"
#include "outreach/sequence.h"
#include "store/campaign.h"
#include "store/engine_sender.h"

struct outreach_office;

struct outreach_office_options {
    struct env *env;
    struct engine *engine;
    /* To the remote role. */
    struct channel *remote;
};

/* What the options point to outlives it. */
struct outreach_office *outreach_office_new(const struct outreach_office_options *options);
/* Waits for the end of what is under way. NULL is fine. */
void outreach_office_free(struct task *t, struct outreach_office **office);
/* Something may be due now that was not. */
void outreach_office_wake(struct outreach_office *office);
/* A question of the remote role. False: it is none of ours. */
bool outreach_office_answer(struct task *t, struct outreach_office *office, struct ipc_request *request);
/* A letter of ours that the queue has is about to leave: whether it may (store/campaign_leave.h). As of
   scheduler_leave_fn; With a NULL office nothing may. Waits. */
bool outreach_office_leave(struct task *t, struct outreach_office *office, uint64_t message, bool is_again);
/* A mailbox's health changed: with red its campaigns are paused, soon. */
void outreach_office_health(struct outreach_office *office, const struct sender_health *health);

/* A mailbox's own, whatever campaign: what it was told, and what is usual. */
struct pacer_limits outreach_own_limits(const struct sender *sender);
/* The limits that hold for this prospect of a sender: the strictest of mailbox and sequence; where it is
   under .test what the sequence says holds, even if that is faster. */
struct pacer_limits outreach_limits_of(const struct sender *sender, const struct sequence *sequence,
                                       struct slice address);
/* RFC 6761 6.2: no mail leads there. */
bool outreach_is_test_address(struct slice address);

/* ---- the plan, for `outreach why` ---- */

struct outreach_outlook {
    enum pacer_gate gate;
    /* When the mailbox may send the next, if nothing else comes. */
    int64_t next_ms;
    /* When this prospect's step is due, its delay and window minded. */
    int64_t due_ms;
    /* The step whose turn it is by its condition; step_count: none is for this prospect any more. */
    size_t step;
    const struct sequence *sequence;
};
/* Reads, does not wait. */
enum store_result outreach_outlook(struct engine *engine, struct arena *arena,
                                   const struct campaign *campaign, const struct prospect *prospect,
                                   int64_t now_ms, struct outreach_outlook *outlook);

#endif
