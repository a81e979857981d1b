/*
 * The names of a client's address, and whether they lead back to it (RFC 8601 3): "iprev". A host
 * without such a name is refused or distrusted by most large receivers.
 */
#ifndef TRUST_IPREV_H
#define TRUST_IPREV_H

#include "trust/lookup.h"
#include "trust/verdict.h"
#include "wire/dns.h"

/* PASS: a name leads back; FAIL: none does; PERMERROR: the address has no name; TEMPERROR: DNS did not say.
   `name` with PASS is the first that leads back, otherwise the first there is, or empty. In the arena. */
struct iprev {
    enum trust_result result;
    struct slice name;
};

/* Looks at TRUST_IPREV_NAMES_MAX names at most. Waits. */
struct iprev iprev_check(struct task *t, struct trust_lookups *lookups, const struct dns_address *address);

#endif
