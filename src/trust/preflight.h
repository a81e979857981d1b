/*
 * What large receivers conclude about a message before it is sent: from what the checks of this room say, and
 * from the message itself, to the codes that Gmail, Yahoo and Microsoft answer with, and what the sender does
 * about each. Their rules are those of their guidelines for senders (2024 and 2025); others are judged by RFC
 * 7372, which has the codes. Pure.
 */
#ifndef TRUST_PREFLIGHT_H
#define TRUST_PREFLIGHT_H

#include "base/arena.h"
#include "trust/preflight_message.h"
#include "trust/verdict.h"

enum preflight_receiver { PREFLIGHT_GMAIL, PREFLIGHT_YAHOO, PREFLIGHT_MICROSOFT, PREFLIGHT_OTHERS };
enum { PREFLIGHT_RECEIVERS = PREFLIGHT_OTHERS + 1 };
/* "gmail", "yahoo", "microsoft", "others". */
const char *preflight_receiver_word(enum preflight_receiver receiver);
/* Whose domain it is, by its own name or that of its best MX, either of which may be empty. */
enum preflight_receiver preflight_receiver_of(struct slice domain, struct slice exchange);

/* What a domain asks for mail that only says it is from it. */
enum preflight_policy { PREFLIGHT_NO_RECORD, PREFLIGHT_NONE, PREFLIGHT_QUARANTINE, PREFLIGHT_REJECT };

struct preflight_facts {
    const struct preflight_message *message;
    enum trust_result spf;
    enum trust_result dkim;
    enum trust_result iprev;
    /* Either identity passes and is of the author's organisation (DMARC). */
    bool is_spf_aligned;
    bool is_dkim_aligned;
    enum preflight_policy policy;
    /* List-Unsubscribe and its Post are under a signature that holds. */
    bool is_unsubscribe_signed;
    bool is_tls;
    bool is_ipv6;
    /* Newsletters, advertising: what is sent to many alike. */
    bool is_marketing;
    /* Messages of the domain a day, to come and as it was; 0: not said. */
    uint64_t volume;
    uint64_t usual;
};

enum preflight_weight {
    /* It is answered with the code. */
    PREFLIGHT_REFUSED,
    /* It comes, late or into the spam folder, or the reputation suffers. */
    PREFLIGHT_DISLIKED,
    PREFLIGHT_ADVICE,
};

struct preflight_finding {
    enum preflight_receiver receiver;
    enum preflight_weight weight;
    /* "550 5.7.26", and what is said instead where it is only put off, "421 4.7.26"; either may be empty. */
    struct slice code;
    struct slice put_off;
    /* One sentence each. Static. */
    struct slice text;
    struct slice advice;
};

struct preflight_findings {
    struct preflight_finding *items;
    size_t count;
};
/* Those of one receiver, the answer that it would give first. In `arena`. */
struct preflight_findings preflight_judge(struct arena *arena, const struct preflight_facts *facts,
                                          enum preflight_receiver receiver);

#endif
