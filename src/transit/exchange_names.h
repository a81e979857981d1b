/* The names of hosts in the order in which they are tried, before they are looked up (transit/exchange.h).
   Pure, but for the random order of equal ones. */
#ifndef TRANSIT_EXCHANGE_NAMES_H
#define TRANSIT_EXCHANGE_NAMES_H

#include "io/dns.h"
#include "transit/protocol.h"

struct exchange_name {
    /* A name, or a numeric address in brackets or not. */
    struct slice name;
    uint32_t preference;
    uint16_t port;
};

struct exchange_names {
    struct exchange_name *items;
    size_t count;
};

/* By preference, equal ones in any order (RFC 5321 5.1); records that are none are passed over, and of more
   than TRANSIT_MX_MAX the rest; the TRANSIT_MX_NAMES_MAX best are kept. */
void exchange_names_of_mx(struct exchange_names *names, struct env *env, struct arena *arena,
                          const struct dns_answer *answer, uint16_t port);
/* By preference, equal ones by weight (as RFC 2782 orders SRV records). */
void exchange_names_of_route(struct exchange_names *names, struct env *env, struct arena *arena,
                             const struct transit_route *route);
/* The domain itself. */
void exchange_names_of_domain(struct exchange_names *names, struct arena *arena, struct slice domain,
                              uint16_t port);

/* RFC 7505 3 */
bool exchange_is_null_mx(const struct dns_answer *answer);
/* The session's route for the best MX, or NULL. */
const struct transit_route *exchange_route_of(const struct exchange_names *names,
                                              const struct transit_session *session);

#endif
