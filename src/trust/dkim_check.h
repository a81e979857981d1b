/*
 * Whose signatures a message has, and whether they hold (RFC 6376 6, 8301, 8463; results: RFC 8601 2.7.1):
 *
 *     PASS       the key of d= signed these fields and this body
 *     FAIL       something was changed or added, or the signature is out of its time
 *     POLICY     it has l=, and counts as none: whatever is appended would pass with it (RFC 6376 8.2)
 *     NEUTRAL    not looked at: too many signatures, or too costly keys, or a header section too large
 *     TEMPERROR  DNS did not say what the key is: later it may
 *     PERMERROR  the lookups are spent (trust/lookup.h); the field or the key is not what RFC 6376 asks for:
 * syntax, From that is not signed, rsa-sha1, RSA under 1,024 bits, a key that is not there, was revoked, or
 * is for something else
 *
 * A key in test mode (t=y) changes no result here: who acts on a result treats the message as if it had no
 * signature (RFC 6376 3.6.1), or counts a PASS and not a FAIL, as most do.
 */
#ifndef TRUST_DKIM_CHECK_H
#define TRUST_DKIM_CHECK_H

#include "trust/author.h"
#include "trust/dkim_message.h"
#include "trust/lookup.h"
#include "trust/verdict.h"

/* One signature. Slices are of the message's header section. */
struct dkim_result {
    enum trust_result result;
    /* Why; DKIM_FAULT_NONE with PASS. In words: dkim_fault_words. */
    enum dkim_fault fault;
    /* d=, s= and a= as written; empty where they could not be read. */
    struct slice domain;
    struct slice selector;
    struct slice algorithm;
    /* i= as written; empty: "@" and the domain. */
    struct slice identity;
    /* b= as written, with white space: its first bytes tell signatures apart (RFC 6008 4). */
    struct slice signature;
    enum dkim_form header_form;
    enum dkim_form body_form;
    /* 0: not said. */
    int64_t signed_at_s;
    int64_t expires_at_s;
    /* Of the key, if it was asked for and could be read: 0 else. */
    unsigned key_bits;
    bool is_testing;
    bool is_strict;
    /* DNSSEC vouches for the key. */
    bool is_secure;
};

struct dkim_verdict {
    /* PASS if one passes; else the first of TEMPERROR, FAIL, POLICY, NEUTRAL, PERMERROR that one has; NONE:
       there is no signature. */
    enum trust_result result;
    /* What keeps all of the message from being looked at, DKIM_FAULT_HEADER_*: then there is no result below.
     */
    enum dkim_fault fault;
    /* From the top of the message; DKIM_SIGNATURES_MAX at most: those nearest to the author's domain. */
    const struct dkim_result *signatures;
    size_t count;
    /* More that nobody looked at. */
    size_t ignored;
};

/* Checks a message that has ended; asks DNS for each key once, and only where the body is unchanged, the keys
   of those nearest to the author's domain first. `author`: whose name it bears, or NULL: from the top.
   `now_s`: seconds since 1970, DKIM_CLOCK_SKEW_S may be amiss. The verdict is in the lookups' arena. Waits.
   */
struct dkim_verdict dkim_check(struct task *t, const struct dkim_message *message,
                               const struct author *author, struct trust_lookups *lookups, int64_t now_s);

/* The result that goes with a fault. */
enum trust_result dkim_result_of(enum dkim_fault fault);

#endif
