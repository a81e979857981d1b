/*
 * A web page of a host that DNS leads to: its addresses are looked up by us, those that lead nowhere outside
 * are left out, and then it is fetched (io/fetch.h). For what a domain publishes about itself.
 */
#ifndef TRUST_WEB_FETCH_H
#define TRUST_WEB_FETCH_H

#include "io/fetch.h"
#include "trust/lookup.h"

struct web_world {
    struct trust_lookups *lookups;
    /* Whom the certificates of web servers must lead to. */
    struct slice roots_pem;
    /* Connect to this port instead of 443; 0: no. For tests. */
    uint16_t port;
    /* Loopback and private addresses will do, too (wire/network_list.h). */
    bool allows_private;
};

struct web_fetched {
    /* FETCH_UNREACHABLE where DNS gave no address either. */
    struct fetch_answer answer;
    /* Why there is none, in words; empty with FETCH_OK. */
    struct slice reason;
};

/* GET https://HOST/PATH, without following anything. Answer and words are in the arena of the lookups. Waits,
   no longer than `deadline_ms`, and for DNS no longer than the lookups do. */
void web_fetch(struct task *t, const struct web_world *world, struct slice host, const char *path,
               size_t bytes_max, int64_t deadline_ms, struct web_fetched *fetched);

/* The same for any request: `wanted` without addresses, port and roots, which are the world's. Its URL may
   have a port, and a numeric address as its host. */
void web_ask(struct task *t, const struct web_world *world, const struct fetch_request *wanted,
             int64_t deadline_ms, struct web_fetched *fetched);
/* POST of `body` to an absolute https URL; the answer's body counts for nothing. As above. */
void web_post(struct task *t, const struct web_world *world, struct slice url, struct slice content_type,
              struct slice body, int64_t deadline_ms, struct web_fetched *fetched);

#endif
