/*
 * What the hosts of relay domains say of addresses there (posthaste domain add --relay --verify): asked by a
 * callout (resolve/callout.h), and remembered: that one is taken for CALLOUT_TAKEN_KEPT_MS, that there is
 * none for CALLOUT_REFUSED_KEPT_MS, and of a domain whose hosts could not be asked that, for
 * CALLOUT_UNREACHABLE_KEPT_MS, so that a second MX takes its mail without a wait for each recipient. Held in
 * memory of this role; where there is no room the oldest answer goes.
 */
#ifndef SMTP_CALLOUTS_H
#define SMTP_CALLOUTS_H

#include "resolve/resolver.h"

struct callouts;

/* Asks `resolver`, which outlives it. */
struct callouts *callouts_new(struct env *env, struct resolver *resolver);
/* After its last question was answered. */
void callouts_free(struct callouts **callouts);
/* False: too many are under way, ask later. The answer's words are in `arena`. Waits. */
NODISCARD bool callouts_ask(struct task *t, struct callouts *callouts, struct slice address,
                            struct arena *arena, struct callout_answer *answer);

#endif
