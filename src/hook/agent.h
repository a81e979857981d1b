/*
 * Webhooks in the remote role: posts what the store asks for (hook/protocol.h). The host is looked up once,
 * private addresses are refused unless they are allowed, and one of those addresses is connected to; the
 * certificate is checked, no redirect is followed, and an answer may be HOOK_ANSWER_BYTES_MAX long.
 */
#ifndef HOOK_AGENT_H
#define HOOK_AGENT_H

#include "io/dns.h"
#include "ipc/channel.h"

struct hook_agent;

/* Copied. */
struct hook_agent_settings {
    /* Whom certificates must lead to, PEM. */
    struct slice roots_pem;
    /* Private and loopback addresses may be connected to; the latter without TLS, too. */
    bool allows_private;
};

struct hook_agent_options {
    struct env *env;
    /* As of resolve/service.h. */
    struct dns **dns;
};

/* What the options point to outlives it. */
struct hook_agent *hook_agent_new(const struct hook_agent_options *options,
                                  const struct hook_agent_settings *settings);
void hook_agent_set(struct hook_agent *agent, const struct hook_agent_settings *settings);
/* After the channel that requests come by is closed. NULL is fine. */
void hook_agent_free(struct hook_agent **agent);

/* Answers HOOK_POST. False: it is none of ours. Waits, HOOK_REQUEST_MS_MAX at most. */
bool hook_agent_answer(struct task *t, struct hook_agent *agent, struct ipc_request *request);

#endif
