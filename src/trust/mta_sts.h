/*
 * A domain's MTA-STS policy as it is now, asked of DNS and of its web server (RFC 8461 3). Whoever asks keeps
 * what was found for as long as it says.
 */
#ifndef TRUST_MTA_STS_H
#define TRUST_MTA_STS_H

#include "trust/web_fetch.h"
#include "wire/mta_sts.h"
#include "wire/tls_report.h"

enum mta_sts_result {
    MTA_STS_FOUND,
    /* The domain publishes none. */
    MTA_STS_ABSENT,
    /* DNS did not say. */
    MTA_STS_UNSURE,
    /* It says that there is one, and there is none that could be used: `reason`, and `failure`. */
    MTA_STS_UNUSABLE,
};

/* The record at _mta-sts.DOMAIN: FOUND, with the policy's id in the arena, ABSENT or UNSURE. Waits. */
enum mta_sts_result mta_sts_look_up(struct task *t, struct trust_lookups *lookups, struct slice domain,
                                    struct slice *id);

struct mta_sts_fetched {
    /* FOUND or UNUSABLE. */
    enum mta_sts_result result;
    /* The policy; its patterns lie in `text`. */
    struct slice text;
    struct mta_sts_policy policy;
    struct slice reason;
    enum tls_result_type failure;
};
/* https://mta-sts.DOMAIN/.well-known/mta-sts.txt: only status 200 counts, only text, at most 64 KiB, and no
   redirect (RFC 8461 3.3). What is found is in the arena of the lookups. Waits, MTA_STS_FETCH_MS at most. */
void mta_sts_fetch(struct task *t, const struct web_world *world, struct slice domain,
                   struct mta_sts_fetched *fetched);

#endif
