/* A certificate chain that a CA gave, in the store role: checked, and written anew without anything else. */
#ifndef ACME_CHAIN_H
#define ACME_CHAIN_H

#include "wire/acme.h"

/* What is to be known of a certificate. Times are UTC. */
struct acme_leaf {
    struct slice names[ACME_NAMES_MAX];
    size_t name_count;
    int64_t not_before_ms;
    int64_t not_after_ms;
    /* The issuer's common name. */
    struct slice issuer;
    /* RFC 9773 4.1; empty: it has no authority key identifier. */
    struct slice identifier;
};

/* Reads 1 to ACME_CERTIFICATES_MAX PEM certificates; the first is the leaf, and each is signed by the next.
   Writes them to `chain`, PEM. NULL, or why it is not to be used, a static text: not readable, not of this
   key, out of its time at `now_ms`, or not for all of the names. Texts are in `arena`. */
const char *acme_chain_check(struct slice pem, struct slice key_pem, const struct slice *names, size_t count,
                             int64_t now_ms, struct arena *arena, struct buffer *chain,
                             struct acme_leaf *leaf);
bool acme_leaf_has(const struct acme_leaf *leaf, struct slice name);

#endif
