/*
 * ACME in the remote role (RFC 8555): carries out what the store asks for (acme/protocol.h). It connects to
 * the CA, reads its answers, has each request signed by the store, and tells those who serve strangers what
 * to show the CA. It holds no key and decides nothing that lasts.
 */
#ifndef ACME_AGENT_H
#define ACME_AGENT_H

#include "io/dns.h"
#include "ipc/channel.h"

struct acme_agent;

/* Copied. */
struct acme_agent_settings {
    /* Our own name: what DNS says of it is where other names have to lead. */
    struct slice hostname;
    /* Addresses and networks where we are reached, beside that (wire/network_list.h). */
    struct slice own_addresses;
    /* Whom the CA's own certificate must lead to, PEM. */
    struct slice roots_pem;
    /* The CA may be at a loopback or private address: for tests and private networks. */
    bool allows_private;
};

struct acme_agent_options {
    struct env *env;
    /* As of resolve/service.h. */
    struct dns **dns;
    /* To the store role. */
    struct channel *store;
    /* Tells edges which challenges hold (ACME_CHALLENGES). Does not wait. */
    void (*tell)(void *context, struct slice challenges);
    void *context;
};

/* What the options point to outlives it. */
struct acme_agent *acme_agent_new(const struct acme_agent_options *options,
                                  const struct acme_agent_settings *settings);
void acme_agent_set(struct acme_agent *agent, const struct acme_agent_settings *settings);
/* After the channel that requests come by is closed. NULL is fine. */
void acme_agent_free(struct acme_agent **agent);

/* Answers ACME_RUN: gets a certificate, or says why not. One at a time. Waits, ACME_RUN_MS_MAX at most. */
void acme_agent_answer(struct task *t, struct acme_agent *agent, struct ipc_request *request);

#endif
