/*
 * How the connection to a host has to be secured, and whose word that is: a route's, the domain's by DANE
 * (RFC 7672) or, where that says nothing, by MTA-STS (RFC 8461), the sender's (REQUIRETLS, RFC 8689), or
 * nobody's.
 */
#ifndef TRANSIT_COURIER_TLS_H
#define TRANSIT_COURIER_TLS_H

#include "transit/courier_state.h"

enum tls_rule {
    /* TLS where it is offered. */
    TLS_RULE_OPPORTUNISTIC,
    TLS_RULE_ROUTE,
    /* The certificate is checked, and mail goes whatever that says. */
    TLS_RULE_STS_TESTING,
    TLS_RULE_STS,
    TLS_RULE_DANE,
    /* TLSA records of which none is usable: any certificate will do, if nothing else is said. */
    TLS_RULE_DANE_UNUSABLE,
    /* The sender demands it of a host that DNSSEC vouches for. */
    TLS_RULE_SENDER,
    /* The sender wants it to go whatever the domain demands; TLS where it is offered. */
    TLS_RULE_WAIVED,
};
enum { TLS_RULES = TLS_RULE_WAIVED + 1 };

struct tls_demand {
    enum tls_rule rule;
    enum transit_tls tls;
    /* The certificate is matched with these instead of the roots, or NULL. */
    const struct tls_dane *dane;
    bool is_advisory;
};

/* What the message under way needs of that address. False: the address may not be used for it: *verdict.
   Waits for DNS, and the first time in a session for the domain's policy. */
bool courier_tls_demand(struct task *t, struct courier_session *session, size_t at, struct tls_demand *demand,
                        struct verdict *verdict);
/* What a connection that failed over its security means; of any other failure verdict_of says it. */
struct verdict courier_tls_verdict(const struct courier_session *session,
                                   const struct smtp_client_outcome *outcome);
/* Notes how it went with it, in the record and for reports. */
void courier_tls_note(struct courier_session *session, size_t at, const struct tls_demand *demand,
                      const struct smtp_client_outcome *outcome);

/* The certificate has to be good. */
bool courier_tls_is_checked(const struct tls_demand *demand);
/* "dane", "mta-sts", ... */
const char *courier_tls_rule_name(enum tls_rule rule);

#endif
