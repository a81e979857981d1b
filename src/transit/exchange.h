/*
 * Which hosts take the mail of a domain, and in which order they are tried (RFC 5321 5.1): by its MX records,
 * without any by its own address, by the literal it is, or by a route that somebody configured. Never by a
 * guess: where DNS gives no answer, or one that is forged, mail waits.
 *
 * Hosts before and with ourselves in the list take mail from us; what comes behind us would send it back. An
 * address that leads nowhere outside (loopback, private and reserved networks: RFC 6890) is not used where a
 * domain's own DNS names it, for it would have us talk to our neighbours in its name.
 */
#ifndef TRANSIT_EXCHANGE_H
#define TRANSIT_EXCHANGE_H

#include "io/dns.h"
#include "transit/courier.h"
#include "transit/protocol.h"

struct exchange_address {
    /* As MX and certificates have it; of a literal its address in brackets. */
    struct slice name;
    /* Numeric, NUL-terminated. */
    const char *address;
    uint16_t port;
    /* Where its name leads by CNAMEs, or empty. */
    struct slice canonical;
    /* DNSSEC vouches for its addresses. */
    bool is_secure;
};

enum exchange_result {
    EXCHANGE_FOUND,
    /* Mail for this domain can never be delivered, says who owns it. */
    EXCHANGE_FAILED,
    /* Not found now. */
    EXCHANGE_DEFERRED,
    EXCHANGE_CANCELLED,
};

struct exchange {
    enum exchange_result result;
    /* In the order in which they are tried, at least one where the result is FOUND. */
    struct exchange_address *addresses;
    size_t count;
    /* Otherwise why: static status, and words in the arena. */
    const char *status;
    struct slice reason;
    /* The route that took the MX, or the one that was asked for; NULL: none. */
    const struct transit_route *route;
    /* By DNS: DNSSEC vouches for the names of the hosts. */
    bool is_secure;
};

struct exchange_query {
    /* As it is at each lookup; NULL is no resolver now. */
    struct dns **dns;
    const struct courier_settings *settings;
    const struct transit_session *session;
};

/* Looks it up; what it finds is in `arena`. Waits. */
void exchange_find(struct task *t, const struct exchange_query *query, struct arena *arena,
                   struct exchange *exchange);

#endif
