/*
 * What a signature claims, and whether the key that its d= and s= lead to proves it (RFC 6376 6.1.2, 6.1.3):
 * what DKIM-Signature, ARC-Message-Signature and ARC-Seal share.
 */
#ifndef TRUST_DKIM_CLAIM_H
#define TRUST_DKIM_CLAIM_H

#include "trust/dkim_message.h"
#include "trust/lookup.h"

/* Keys that one check has asked for: each name once. */
struct dkim_keys {
    struct trust_lookups *lookups;
    struct dkim_known_key *known;
};
struct dkim_keys dkim_keys_of(struct trust_lookups *lookups);

/* What is to be proved. */
struct dkim_claim {
    const struct dkim_field_tags *tags;
    const uint8_t *digest;
};

/* The key that proved it, or that came nearest. */
struct dkim_proof {
    /* DKIM_FAULT_NONE, DKIM_FAULT_SIGNATURE or one of DKIM_FAULT_KEY_*: _SPENT where the lookups are spent,
       _WORK where keys of this message cost DKIM_KEY_WORK_MAX already; of dkim_check_field also
       DKIM_FAULT_BODY, _EXPIRED or _FUTURE. */
    enum dkim_fault fault;
    unsigned key_bits;
    bool is_testing;
    bool is_strict;
    /* DNSSEC vouches for the key. */
    bool is_secure;
};

/* RFC 6376 8.15: a field that was added on top is what people would read. DKIM_FAULT_NONE,
   DKIM_FAULT_FROM_ADDED or DKIM_FAULT_SUBJECT_ADDED. `names`: h=. */
enum dkim_fault dkim_find_added(const struct dkim_header *header, struct slice names);

/* Asks for the key, and tries DKIM_KEYS_MAX records of its name at most; then others have their turn. Waits.
 */
struct dkim_proof dkim_prove(struct task *t, struct dkim_keys *keys, const struct dkim_claim *claim);

/* The same of a whole DKIM-Signature or ARC-Message-Signature that was read: its time, the body, then the
   fields. Waits. */
struct dkim_proof dkim_check_field(struct task *t, const struct dkim_message *message,
                                   const struct dkim_header_field *field, const struct dkim_field_tags *tags,
                                   struct dkim_keys *keys, int64_t now_s);

#endif
