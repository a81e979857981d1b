/*
 * What a domain says of the way to it (RFC 8461): the TXT record that tells of a policy, the policy itself,
 * and which hosts it means. Pure; linear; nothing here is trusted to be well-formed.
 */
#ifndef WIRE_MTA_STS_H
#define WIRE_MTA_STS_H

#include "base/buffer.h"
#include "base/limits.h"

/* Of the TXT records at _mta-sts.DOMAIN, each joined: the id of the policy (RFC 8461 3.1). False: there is
   not exactly one record that begins as one of ours, or that one is none; then the domain has no policy. */
NODISCARD bool mta_sts_record_read(const struct slice *texts, size_t count, struct slice *id);

/* Numbers are stored. */
enum mta_sts_mode {
    /* Take the policy back: as if there were none. */
    MTA_STS_MODE_NONE,
    /* Tell of failures, and deliver all the same. */
    MTA_STS_MODE_TESTING,
    /* Only to hosts that the policy means, with certificates that are good. */
    MTA_STS_MODE_ENFORCE,
};
enum { MTA_STS_MODES = MTA_STS_MODE_ENFORCE + 1 };

struct mta_sts_policy {
    enum mta_sts_mode mode;
    uint64_t max_age_s;
    /* As they stand in the text: "mx.example.com", "*.example.net". */
    struct slice patterns[MTA_STS_PATTERNS_MAX];
    size_t pattern_count;
};

/* Numbers are those of `mta_sts_policy_fault_words`. */
enum mta_sts_fault {
    MTA_STS_GOOD,
    MTA_STS_TOO_LARGE,
    MTA_STS_NOT_A_LINE,
    MTA_STS_BAD_VERSION,
    MTA_STS_BAD_MODE,
    MTA_STS_BAD_AGE,
    MTA_STS_BAD_PATTERN,
    MTA_STS_TOO_MANY_PATTERNS,
    MTA_STS_NO_PATTERN,
};
enum { MTA_STS_FAULTS = MTA_STS_NO_PATTERN + 1 };

/* Reads a policy (RFC 8461 3.2); its patterns borrow from `text`. Fields that nobody knows are passed over,
   and of a field that stands more than once the first counts, but for "mx". With any fault it is no policy.
 */
NODISCARD enum mta_sts_fault mta_sts_policy_read(struct slice text, struct mta_sts_policy *policy);
/* "its mode is none of enforce, testing and none", ...: behind "the policy is not valid: ". Static. */
const char *mta_sts_fault_words(enum mta_sts_fault fault);
/* "none", "testing", "enforce". */
const char *mta_sts_mode_name(enum mta_sts_mode mode);

/* The host's name is one that the policy means (RFC 8461 4.1): equal to a pattern, whatever the case, or one
   label in the place of its "*". */
bool mta_sts_policy_has(const struct mta_sts_policy *policy, struct slice host);

/* Appends a policy as we serve it; `patterns` are separated by commas. */
void mta_sts_policy_write(struct buffer *out, enum mta_sts_mode mode, uint64_t max_age_s,
                          struct slice patterns);
/* The list is one of names, as they may stand behind "mx:". */
bool mta_sts_patterns_are_valid(struct slice patterns);

#endif
