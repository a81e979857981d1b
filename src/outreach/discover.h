/*
 * Where a provider's servers are, from an address alone: the providers that are known by their domain or by
 * the hosts that take their mail (MX), then what the domain says itself: SRV records (RFC 6186, RFC
 * 8314 5.1), its autoconfig document; at last the names that are usual. The table of providers is pure.
 */
#ifndef OUTREACH_DISCOVER_H
#define OUTREACH_DISCOVER_H

#include "store/sender_model.h"

struct discover_way {
    const char *host;
    uint16_t port;
    enum sender_tls tls;
};

struct discover_provider {
    const char *name;
    struct discover_way smtp;
    struct discover_way imap;
    /* What its users have to know; may be NULL. */
    const char *note;
    /* Tokens come from this preset (oauth_preset_find), and passwords are not taken; NULL: otherwise. */
    const char *oauth_only;
};

/* NULL: none is known. Domains and names in lower case. */
const struct discover_provider *discover_by_domain(struct slice domain);
/* The name of a host that takes the domain's mail. */
const struct discover_provider *discover_by_exchange(struct slice host);

#endif
