/* Looking at a message as its receivers will: what posthaste preflight does in its task. */
#ifndef APP_PREFLIGHT_LOOK_H
#define APP_PREFLIGHT_LOOK_H

#include "app/cli/tool_world.h"
#include "app/domain/domain_facts.h"
#include "trust/dkim_check.h"
#include "trust/dmarc.h"
#include "trust/iprev.h"
#include "trust/preflight.h"
#include "trust/spf.h"

/* What one of the addresses it may leave from says for it. */
struct preflight_way {
    struct dns_address address;
    struct spf_verdict spf;
    struct iprev iprev;
};

struct preflight_look {
    /* Without Return-Path. */
    struct slice message;
    struct slice sender;
    struct slice helo;
    /* The address it is for, or empty. */
    struct slice recipient;
    /* Of this host and the domain of From; keys only where that is ours. */
    struct domain_facts facts;
    bool is_bulk;
    uint64_t volume;
    uint64_t usual;

    /* ---- what was found ---- */

    struct preflight_message form;
    struct author author;
    struct preflight_way ways[PUBLISH_ADDRESSES_MAX];
    size_t way_count;
    struct dkim_verdict dkim;
    /* This host signs it when it leaves; the result that its signature will have, and why not PASS. */
    bool is_to_be_signed;
    enum trust_result planned;
    struct slice planned_words;
    struct dmarc_verdict dmarc;
    enum preflight_receiver receiver;
    struct preflight_facts judged;
};

/* `look` has what it is told at its top. Waits. */
void preflight_look_at(struct task *t, struct tool_world *world, struct preflight_look *look);

#endif
