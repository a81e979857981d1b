/*
 * Whose name a message bears: the domains of its From field (RFC 9989 5.3.1, RFC 5322 3.6.2). DMARC speaks of
 * messages with exactly one such domain; all others fail by rule, for their reader would see a name that
 * nobody vouched for. What stands in a display name, encoded or not, is no author.
 */
#ifndef TRUST_AUTHOR_H
#define TRUST_AUTHOR_H

#include "base/arena.h"
#include "base/limits.h"

enum author_fault {
    AUTHOR_ONE_DOMAIN,
    AUTHOR_NO_FIELD,
    AUTHOR_TWO_FIELDS,
    /* The field is there, and nobody in it: it is empty, or has no address that DNS could know. */
    AUTHOR_NO_DOMAIN,
    /* RFC 6854: a group of authors, whoever is in it. */
    AUTHOR_GROUP,
    AUTHOR_TWO_DOMAINS,
    /* More than is looked through. */
    AUTHOR_TOO_LONG,
};
/* For people: "it has two From fields". */
const char *author_fault_words(enum author_fault fault);

struct author {
    enum author_fault fault;
    /* Different ones, with A-labels, in lower case: the first DMARC_AUTHORS_MAX, also with a fault. */
    struct slice domains[DMARC_AUTHORS_MAX];
    size_t domain_count;
    /* The first address, for people; or empty. */
    struct slice address;
};

/* `values`: those of all From fields, with folds, a NUL behind each (wire/inbound_header.h). Copies into
   `arena`, which has room for twice as much. */
struct author author_read(struct arena *arena, struct slice values, bool is_cut);
/* The same of a whole header section. */
struct author author_of_header(struct arena *arena, struct slice header);

#endif
