/*
 * All checks of one message from a stranger, beside its way in: SPF and the client's name (iprev) as soon as
 * the sender is known, the hashes of DKIM and ARC while content passes by, and at its end signatures, chain
 * and DMARC. Fields that claim to be this host's findings are taken out of the header meanwhile
 * (wire/inbound_header.h).
 *
 *     struct inbound_check *check = inbound_check_new(env, resolver, &question);
 *     inbound_check_begin(check, scope);                     at RCPT: asks DNS meanwhile
 *     inbound_check_write(check, piece, &out);               all content; `out` goes on
 *     findings = inbound_check_finish(t, check, &out);
 *     inbound_check_free(&check);
 *
 * Everything it holds is bounded: answers of DNS by TRUST_ANSWERS_BYTES_MAX, the header section as
 * trust/dkim_message.h says, time by TRUST_CHECK_MS_MAX and TRUST_CHECK_END_MS_MAX. What DNS does not say is
 * a TEMPERROR of that check and of no other. SPF, signatures, and the author's policy have bytes and time of
 * their own, and keys that are the author's come first: what a stranger has slow or large keeps nothing from
 * being found that speaks against him.
 */
#ifndef TRUST_INBOUND_H
#define TRUST_INBOUND_H

#include "trust/arc_check.h"
#include "trust/dkim_check.h"
#include "trust/dmarc.h"
#include "trust/iprev.h"
#include "trust/spf.h"

struct inbound_question {
    /* The client's. */
    struct dns_address address;
    /* MAIL FROM with A-labels, empty: the null sender; and what EHLO said. */
    struct slice sender;
    struct slice helo;
    /* Our own name: that of Authentication-Results. */
    struct slice host;
};

struct inbound_findings {
    struct spf_verdict spf;
    struct iprev iprev;
    struct dkim_verdict dkim;
    struct arc_verdict arc;
    struct author author;
    struct dmarc_verdict dmarc;
    /* Forged fields that were taken out. */
    size_t taken_out_count;
};

struct inbound_check;

/* Copies the question. `resolver` outlives it. `is_told`: lookups are written down. */
struct inbound_check *inbound_check_new(struct env *env, struct resolver *resolver,
                                        const struct inbound_question *question, bool is_told);
/* Has SPF and iprev looked at by tasks of `scope`. Where it is closing, or this is not called, finish does
 * it. */
void inbound_check_begin(struct inbound_check *check, struct scope *scope);
/* Takes the next bytes of the message as the stranger sent it, lines with CRLF; appends what goes on to
   `out`: at most AUTH_RESULTS_HELD_BYTES_MAX more than came. */
void inbound_check_write(struct inbound_check *check, struct slice bytes, struct buffer *out);
/* The same in two steps, where what goes on is not what was sent (RFC 3030 3, binary parts made fit for
   lines): signatures are checked over all that is hashed, and all that passes goes on. */
void inbound_check_hash(struct inbound_check *check, struct slice bytes);
void inbound_check_pass(struct inbound_check *check, struct slice bytes, struct buffer *out);
/* The message is whole; appends what was held back. Waits for what is still asked. `now_s`: seconds since
   1970. The findings live as long as the check. */
const struct inbound_findings *inbound_check_finish(struct task *t, struct inbound_check *check,
                                                    struct buffer *out, int64_t now_s);
/* About what it holds now. */
size_t inbound_check_bytes(const struct inbound_check *check);
/* What was asked. */
const struct trust_lookups *inbound_check_lookups(const struct inbound_check *check);
/* Ends it and nulls *check; tasks that still ask for it are asked to end, and give back its memory when they
   do. NULL is fine. Does not wait. */
void inbound_check_free(struct inbound_check **check);

/* Appends the findings as one Authentication-Results field of `host`. */
void inbound_results_write(struct buffer *out, const struct inbound_question *question,
                           const struct inbound_findings *findings);
/* "SPF pass for a.example; DKIM none; DMARC fail: ...": for people, one line of printable ASCII. */
void inbound_results_tell(struct buffer *out, const struct inbound_findings *findings);

#endif
