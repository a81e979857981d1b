/*
 * SPF records (RFC 7208 4.5, 4.6.1, 12): which text is one, and its terms. A record is checked as a whole
 * before any of it counts, so that a fault at its end is not found by some senders only. Nothing is kept but
 * slices of the record. Pure and linear.
 */
#ifndef WIRE_SPF_H
#define WIRE_SPF_H

#include "wire/spf_macro.h"

enum spf_kind {
    SPF_ALL,
    SPF_INCLUDE,
    SPF_A,
    SPF_MX,
    SPF_PTR,
    SPF_IP4,
    SPF_IP6,
    SPF_EXISTS,
    /* Modifiers. */
    SPF_REDIRECT,
    SPF_EXPLANATION,
    SPF_UNKNOWN_MODIFIER,
};

/* RFC 7208 4.6.2. */
enum spf_qualifier {
    SPF_QUALIFIER_PASS,
    SPF_QUALIFIER_FAIL,
    SPF_QUALIFIER_SOFTFAIL,
    SPF_QUALIFIER_NEUTRAL,
};

struct spf_term {
    enum spf_kind kind;
    enum spf_qualifier qualifier;
    /* As it stands in the record. */
    struct slice text;
    /* The domain-spec, not expanded. Empty: none, which a, mx and ptr may do without. */
    struct slice domain;
    /* Of ip4 and ip6. */
    struct dns_address network;
    /* Bits that count, for an address of each family. */
    uint8_t ip4_bits;
    uint8_t ip6_bits;
};

struct spf_record {
    struct slice text;
    /* What stands behind the version. */
    struct slice terms;
    /* Where has_redirect and has_explanation say so. */
    struct spf_term redirect;
    struct spf_term explanation;
    bool has_redirect;
    bool has_explanation;
    bool has_all;
};

/* It begins with the version (RFC 7208 4.5), in any case. Such a text may still be wrong. */
bool spf_is_record(struct slice text);

/* Takes the next term off the front. SPF_OK; SPF_END: there is none; or what is wrong with it, and then
   term->text is all that is set. */
NODISCARD enum spf_error spf_term_take(struct slice *terms, struct spf_term *term);

/* Checks a text for which spf_is_record. SPF_OK, or the first thing that is wrong, and the term it is wrong
   with in *fault. */
NODISCARD enum spf_error spf_record_read(struct slice text, struct spf_record *record, struct slice *fault);

/* It costs a lookup of the ten (RFC 7208 4.6.4). */
bool spf_term_asks_dns(const struct spf_term *term);

/* Both are of one family, and equal in so many bits. */
bool spf_network_has(const struct dns_address *network, const struct spf_term *term,
                     const struct dns_address *address);

#endif
