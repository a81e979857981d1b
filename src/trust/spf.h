/*
 * SPF (RFC 7208): may this client send for this domain? check_host() in full, with its limits. Records are
 * evaluated on a stack of SPF_ASKING_TERMS_MAX + 1 frames; how deep they name each other costs no more.
 *
 * Where the RFC leaves a choice: a %{p} that has DNS asked for the client's names costs one of the ten terms;
 * a question to which nothing is answered counts against the two when a, mx or exists asks it, or when ptr
 * asks for the client's names, but not what is asked about those names, which are the client's; more than ten
 * exchanges are a permerror whether or not one of the ten would have matched; exchanges are asked about in
 * the order of their preference and names, up to the first that matches; names that DNS cannot hold, or that
 * are not ASCII (RFC 8616 4), match nothing and are not asked for.
 */
#ifndef TRUST_SPF_H
#define TRUST_SPF_H

#include "trust/lookup.h"
#include "trust/verdict.h"
#include "wire/dns.h"

enum spf_identity {
    SPF_IDENTITY_MAILFROM, /* RFC 7208 2.4 */
    SPF_IDENTITY_HELO,     /* RFC 7208 2.3; also for the null reverse-path */
};

struct spf_question {
    struct dns_address address;
    /* MAIL FROM without brackets, of any form; empty: the null reverse-path. */
    struct slice sender;
    /* As the client said it. */
    struct slice helo;
    /* Our own host's name, for explanations; may be empty. */
    struct slice receiver;
};

struct spf_verdict {
    /* Any but POLICY; RFC 7208 2.6. */
    enum trust_result result;
    enum spf_identity identity;
    /* What was asked about: the identity's domain, and <sender>, with postmaster where it had no local part.
       Bytes are those of the question. */
    struct slice domain;
    struct slice sender;
    /* What the result rests on, in one sentence for a person: which term of whose record, or what is wrong
       with a record and where. Printable ASCII. */
    struct slice reason;
    /* What the domain's owner says of a fail (RFC 7208 6.2), a stranger's words: printable ASCII, at most
       SPF_EXPLANATION_BYTES_MAX. Empty: nothing. */
    struct slice explanation;
    /* The term that decided ("ip4:192.0.2.0/24"), and the domain of its record. Empty: none did. */
    struct slice term;
    struct slice term_domain;
    /* Of SPF_ASKING_TERMS_MAX and SPF_VOID_LOOKUPS_MAX. */
    unsigned asking_terms;
    unsigned void_lookups;
};

/* Checks MAIL FROM, or where that is null postmaster@helo. Waits; no longer than lookups->deadline_ms, behind
   which it is a temperror (RFC 7208 4.6.4 asks for 20 seconds at least). The verdict's slices are in the
   question and in the arena of `lookups`, of which a check takes SPF_ARENA_BYTES_MAX at most. */
struct spf_verdict spf_check(struct task *t, struct trust_lookups *lookups,
                             const struct spf_question *question);
/* Checks the HELO identity, whatever MAIL FROM is. The same otherwise. */
struct spf_verdict spf_check_helo(struct task *t, struct trust_lookups *lookups,
                                  const struct spf_question *question);

#endif
