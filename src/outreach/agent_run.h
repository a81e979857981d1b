/* One message at work in the remote role: agent.c (composing, the store's word), agent_outside.c (outside
   mailboxes). */
#ifndef OUTREACH_AGENT_RUN_H
#define OUTREACH_AGENT_RUN_H

#include "base/limits.h"
#include "base/limits_campaign.h"
#include "io/task.h"
#include "outreach/agent.h"
#include "outreach/compose.h"
#include "outreach/protocol.h"

struct outreach_agent {
    struct outreach_agent_options options;
};

/* One message at work. */
struct agent_run {
    struct task *t;
    struct outreach_agent *agent;
    struct arena *arena;
    struct outreach_job job;
    struct composed composed;
    struct outreach_report report;
    struct buffer packed;
};

/* It is over; always false. */
bool agent_ends(struct agent_run *run, enum outreach_end end, struct slice detail);
/* The store's word (context: the run). False: it is not to leave, or nobody says; the report says which.
   Waits. */
bool agent_may_leave(struct task *t, void *context);
/* agent_outside.c; all wait. */
void agent_send_outside(struct agent_run *run);
/* `body` as of OUTREACH_FIND. */
enum outreach_found agent_find(struct task *t, struct outreach_agent *agent, struct arena *arena,
                               struct slice body);

#endif
