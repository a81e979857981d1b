/*
 * The MTA-STS policies of other domains (RFC 8461) that a courier has at hand. They are found by
 * trust/mta_sts.h, kept by the store over restarts, and hold until they expire, whatever DNS and web servers
 * say meanwhile. Each is fetched again when the id in DNS changes, and when it is MTA_STS_REFRESH_MS old, so
 * that whoever keeps us from fetching it has to do so for all of its max_age; also those of domains that
 * nobody writes to.
 */
#ifndef TRANSIT_COURIER_STS_H
#define TRANSIT_COURIER_STS_H

#include "transit/courier_state.h"
#include "trust/mta_sts.h"

struct sts_cache;

/* Refreshes in the background from here on. `courier` outlives it. */
struct sts_cache *sts_cache_new(struct courier *courier);
/* Waits for the end of what it does in the background. Sessions may go on using it. */
void sts_cache_stop(struct task *t, struct sts_cache *cache);
/* After sts_cache_stop, when no session is left. Waits. Nulls *cache. */
void sts_cache_free(struct task *t, struct sts_cache **cache);

enum sts_state {
    /* The domain has no policy that is in force. */
    STS_NONE,
    /* `policy` is, of mode testing or enforce. */
    STS_IN_FORCE,
    /* None is, and DNS says that there is one: `failure` and `reason`. RFC 8461 5.1: mail goes all the same.
     */
    STS_FAILED,
    /* The store did not say whether one is. */
    STS_UNKNOWN,
};

struct sts_now {
    enum sts_state state;
    const struct mta_sts_policy *policy;
    struct slice id;
    enum tls_result_type failure;
    struct slice reason;
};

/* What holds for the domain now; in `arena`. Waits for DNS, the web server and the store, each within its
 * time. */
void sts_cache_find(struct task *t, struct sts_cache *cache, struct slice domain, struct arena *arena,
                    struct sts_now *now);

#endif
