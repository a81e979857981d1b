/*
 * What becomes of a message by what was found out about its sender: the owner of this host chooses, for each
 * finding that speaks against it; the strictest of those that apply is done. Pure.
 */
#ifndef TRUST_INBOUND_POLICY_H
#define TRUST_INBOUND_POLICY_H

#include "trust/inbound.h"

/* Sorted by strictness. */
enum inbound_action { INBOUND_ACCEPT, INBOUND_JUNK, INBOUND_DEFER, INBOUND_REJECT };

struct inbound_policy {
    /* DMARC fails, and the author's domain asks for "reject" or "quarantine". */
    enum inbound_action dmarc_reject;
    enum inbound_action dmarc_quarantine;
    /* SPF says that the client may not send for the domain, and DMARC does not pass all the same. */
    enum inbound_action spf_fail;
    /* There is not exactly one author (trust/author.h). */
    enum inbound_action author_fault;
    /* DNS did not say: INBOUND_ACCEPT or INBOUND_DEFER. */
    enum inbound_action unsure;
    /* Domains between commas, with A-labels in lower case; or empty. Who sealed a message as one of them
       (ARC, RFC 8617) and says that DMARC passed there is believed, if nobody else sealed it since. */
    struct slice arc_sealers;
};

struct inbound_decision {
    enum inbound_action action;
    /* RFC 3463, RFC 7372 3: "5.7.26"; of INBOUND_DEFER and INBOUND_REJECT. Static. */
    struct slice status;
    /* For the sender or the recipient: why; one line of printable ASCII, in the buffer that was given. */
    struct slice reason;
};

/* One of the policy's sealers vouches that DMARC passed before the message was changed. */
bool inbound_is_vouched_for(const struct inbound_policy *policy, const struct arc_verdict *arc);

/* Appends the reason's words to `words`, from which the decision borrows. */
struct inbound_decision inbound_decide(const struct inbound_policy *policy,
                                       const struct inbound_findings *findings, struct buffer *words);

#endif
