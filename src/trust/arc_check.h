/*
 * Whether the chain of those who passed a message on and sealed it holds (RFC 8617 5.2):
 *
 *     NONE       no ARC field
 *     PASS       every seal holds, and the last host's signature fits the message as it is
 *     FAIL       anything else; the last host may say so itself (cv=fail)
 *     TEMPERROR  DNS did not say what a key is. RFC 8617 has no such status: who reports it says "fail", who
 * would seal waits or does not seal
 */
#ifndef TRUST_ARC_CHECK_H
#define TRUST_ARC_CHECK_H

#include "trust/arc_chain.h"
#include "trust/dkim_message.h"
#include "trust/lookup.h"
#include "trust/verdict.h"

/* One host that sealed. Slices are of the message's header section. */
struct arc_hop {
    /* Of the seal. */
    struct slice domain;
    struct slice selector;
    enum arc_status status;
    unsigned key_bits;
    /* What the host found, an Authentication-Results without its name (RFC 8601 2.2): the name of the host
     * first. */
    struct slice results;
};

struct arc_verdict {
    enum trust_result result;
    /* Why it is no PASS, and in which set; 0: not said. */
    enum dkim_fault fault;
    unsigned fault_instance;
    /* With PASS (RFC 8617 5.2): the message is as the host of that instance sealed it, and not as the one
       before did; 0: nobody changed it since the first. */
    unsigned oldest_pass;
    /* With PASS: the last host's signature is also over From, and all of them. Where it is not, anybody could
       have put another name there since: then nothing follows from who sealed it. */
    bool is_from_sealed;
    /* The first host first, as many as there are sets. All of it holds only with PASS; with a broken chain
       sets may be missing, and are empty. */
    const struct arc_hop *hops;
    unsigned count;
};

/* Checks a message that has ended; asks DNS for each key once, and lets others have their turn between them.
   `now_s`: as dkim_check. The verdict is in the lookups' arena. Waits. */
struct arc_verdict arc_check(struct task *t, const struct dkim_message *message,
                             struct trust_lookups *lookups, int64_t now_s);

#endif
