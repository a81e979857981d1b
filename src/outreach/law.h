/*
 * What is refused before a sequence starts, and why, in words for who wrote it: what the laws of most
 * countries ask of such mail (docs/outreach-law.md), and what belongs into a newsletter. Nothing here is
 * advice on the law. Pure, linear.
 */
#ifndef OUTREACH_LAW_H
#define OUTREACH_LAW_H

#include "outreach/planner.h"

enum law_kind {
    /* Who writes: a name, and whose company. */
    LAW_IDENTITY,
    LAW_POSTAL_ADDRESS,
    LAW_OPT_OUT,
    /* List-..., Precedence, Feedback-ID. */
    LAW_LIST_HEADER,
    LAW_LAYOUT,
    LAW_LIST,
    LAW_TOO_LONG,
    LAW_KINDS,
};
/* "identity", "postal_address", ... */
const char *law_kind_word(enum law_kind kind);

struct law_refusal {
    enum law_kind kind;
    /* From 1; 0: not of one step. */
    size_t step;
    struct slice version;
    struct slice words;
};

enum { LAW_REFUSALS_MAX = 40 };
struct law_refusals {
    struct law_refusal items[LAW_REFUSALS_MAX];
    /* Those beyond the maximum are left out. */
    size_t count;
};

/* Adds all refusals of a document. Words live in the arena. */
void law_check(struct arena *arena, const struct sequence *sequence, struct law_refusals *refusals);
/* Adds the one of a plan that does not end in time. `zone_minutes`: how its date is shown. */
void law_check_plan(struct arena *arena, const struct planner_summary *summary, int zone_minutes,
                    struct law_refusals *refusals);

#endif
