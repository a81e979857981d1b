/*
 * DMARC (RFC 9989, before it RFC 7489): whether somebody who may use the name a message bears vouches for it,
 * by SPF or by a signature, and what the owner of that name asks for when nobody does. What SPF and DKIM said
 * comes in; only DMARC records, and whether a subdomain exists, are asked of DNS.
 */
#ifndef TRUST_DMARC_H
#define TRUST_DMARC_H

#include "trust/author.h"
#include "trust/lookup.h"
#include "trust/verdict.h"
#include "wire/dmarc.h"

/* A domain that something vouches for: an SPF identity (RFC 7208 2.4), or "d" of a signature. */
struct dmarc_identifier {
    enum trust_result result;
    /* A-labels, any case. */
    struct slice domain;
    /* Set: its domain is the author's, as far as the record is strict. */
    bool is_aligned;
};

struct dmarc_question {
    const struct author *author;
    /* With the null sender its domain is that of HELO. */
    struct dmarc_identifier spf;
    /* The first DMARC_IDENTIFIERS_MAX are looked at. */
    struct dmarc_identifier *signatures;
    size_t signature_count;
};

/*
 * NONE: no record speaks for the author's domain. PASS. FAIL: also a message without exactly one author's
 * domain. TEMPERROR: DNS did not say, and it matters. PERMERROR: the record cannot be used.
 */
struct dmarc_verdict {
    enum trust_result result;
    /* The author's domain; of several, that which asks for most. Empty: there is none. */
    struct slice domain;
    /* Its organisational domain, where it was looked for. */
    struct slice organization;
    /* Where the record was that applies, and its text; empty: none was found. */
    struct slice policy_domain;
    struct slice record_text;
    struct dmarc_record record;
    /* What vouches for the author, by SPF and by a signature (RFC 9990 3.1.1.9: policy_evaluated). */
    bool is_spf_aligned;
    bool is_dkim_aligned;
    /* What the record asks for when a message fails ("p", "sp" or "np"; static). */
    enum dmarc_policy policy;
    const char *policy_tag;
    /* What is asked for this message: DMARC_NONE but with FAIL; less than `policy` by "t=y". A message whose
       author cannot be told is asked for by nobody: then the fault says it. */
    enum dmarc_policy disposition;
    enum author_fault fault;
    /* For people, one line: why it is so. */
    struct slice why;
};

/* Waits. All that is new is in lookups->arena. */
struct dmarc_verdict dmarc_check(struct task *t, struct trust_lookups *lookups,
                                 struct dmarc_question *question);

/* The organisational domain by the tree walk (RFC 9989 4.10.2) of a name with A-labels in lower case, which
   it is a part of. False: DNS did not say. Waits. */
NODISCARD bool dmarc_organization(struct task *t, struct trust_lookups *lookups, struct slice domain,
                                  struct slice *organization);
/* The same by the public suffix list, as RFC 7489 3.2 had it; for comparison. Copied into
   `arena`; empty: the list has none. May read files. */
struct slice dmarc_listed_organization(struct arena *arena, struct slice domain);

/* RFC 9990 4, RFC 7489 7.1: whether `host`, where a record at `policy_domain` wants its reports, wants them,
   too. PASS: it is of the same organisation, or says so; FAIL: it does not; TEMPERROR. Waits. */
enum trust_result dmarc_reports_welcome(struct task *t, struct trust_lookups *lookups,
                                        struct slice policy_domain, struct slice host);

#endif
