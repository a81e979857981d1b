/*
 * The ARC sets of a header section, put in order (RFC 8617 4.2, 5.2): what can be said of a chain before any
 * key is asked for. Nothing here waits.
 */
#ifndef TRUST_ARC_CHAIN_H
#define TRUST_ARC_CHAIN_H

#include "trust/dkim_header.h"

struct arc_set {
    const struct dkim_header_field *results;
    const struct dkim_header_field *message;
    const struct dkim_header_field *seal;
    /* Of the seal. */
    struct dkim_field_tags tags;
};

struct arc_chain {
    /* The set of instance i is sets[i - 1]. */
    struct arc_set sets[ARC_INSTANCES_MAX];
    /* The highest instance; 0: there is no ARC field, or none with an instance. */
    unsigned count;
    /* DKIM_FAULT_NONE: every set is whole, the seals can be read, and cv= is as it should be. */
    enum dkim_fault fault;
    /* Where the fault is; 0: not said. */
    unsigned fault_instance;
};

/* Borrows from the header. */
void arc_chain_read(const struct dkim_header *header, struct arc_chain *chain);

/* "none", "pass", "fail". */
const char *arc_status_word(enum arc_status status);

/* What stands behind "i=1;" in a set's results. */
struct slice arc_results_payload(const struct arc_set *set);

#endif
