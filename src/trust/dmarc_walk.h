/*
 * The walk up the DNS tree that finds out which domain an organisation has, and what it asks of those who get
 * mail in its name (RFC 9989 4.10). It is gone a step, one question, at a time: most messages need no more
 * than the first.
 */
#ifndef TRUST_DMARC_WALK_H
#define TRUST_DMARC_WALK_H

#include "base/limits.h"
#include "trust/lookup.h"
#include "wire/dmarc.h"

struct dmarc_place {
    struct slice domain;
    struct dmarc_record record;
    struct slice text;
};

struct dmarc_walk {
    /* Where it began. */
    struct slice domain;
    /* Where it asks next. */
    struct slice target;
    /* A question had no answer: nothing can be said of what is further up. */
    bool is_unsure;
    /* No step is left. */
    bool is_done;
    /* Where a record was, longest name first. */
    struct dmarc_place places[DMARC_WALK_QUERIES_MAX];
    size_t place_count;
};

/* A walk from `domain` (A-labels, lower case, no last dot), which outlives it. Nothing is asked yet. */
struct dmarc_walk dmarc_walk_from(struct slice domain);
/* Asks the next question, unless it is done. Waits. */
void dmarc_walk_step(struct task *t, struct trust_lookups *lookups, struct dmarc_walk *walk);
/* Goes it to its end. Waits. */
void dmarc_walk_finish(struct task *t, struct trust_lookups *lookups, struct dmarc_walk *walk);
/* The record at the domain where it began, or NULL. */
const struct dmarc_place *dmarc_walk_first(const struct dmarc_walk *walk);

/* RFC 9989 4.10.2: the organisational domain. Of a walk that is done and not unsure. */
struct slice dmarc_walk_organization(const struct dmarc_walk *walk);
/* RFC 9989 4.10.1: the record that applies: that of the domain itself, of its organisation, or of the public
   suffix above; or NULL. Of a walk that is done and not unsure. */
const struct dmarc_place *dmarc_walk_policy(const struct dmarc_walk *walk);

#endif
