/*
 * Campaigns in the remote role: carries out what the store asks for, one message at a time
 * (outreach/protocol.h). It composes; has an outside mailbox looked at, and its server connected to; asks the
 * store for its last word; sends; and says what came of it. It decides nothing that lasts.
 */
#ifndef OUTREACH_AGENT_H
#define OUTREACH_AGENT_H

#include "ipc/channel.h"
#include "outreach/outside_look.h"

struct outreach_agent;
struct watch;

struct outreach_agent_options {
    struct env *env;
    /* To the store role. */
    struct channel *store;
    /* Outside mailboxes; NULL behind it while there is none. */
    struct watch **watch;
};

/* What the options point to outlives it. */
struct outreach_agent *outreach_agent_new(const struct outreach_agent_options *options);
/* After the channel that requests come by is closed. NULL is fine. */
void outreach_agent_free(struct outreach_agent **agent);
/* A request of the store. False: it is none of ours. Waits. */
bool outreach_agent_answer(struct task *t, struct outreach_agent *agent, struct ipc_request *request);
/* For watch_options.take (context: the agent): what a new message is to campaigns, told to the store. */
bool outreach_agent_take(struct task *t, void *context, const struct outside_news *news);

#endif
