/*
 * A mail house for transcripts: store, edge and mail role in one process of the simulated world,
 * on all mail ports, over the real store. What a house begins with (accounts, aliases) is made
 * once, in a world of its own, and copied: see house_plan.
 *
 *   ann@example.org, alice@example.test, bob@example.test, full@example.test (quota 1,500 bytes), all
 *   with the password "secret"; team@example.test leads to alice and bob, away@example.test to alice
 *   and a@far.test, postmaster@example.test to alice, out@example.test to out@far.test alone;
 *   circle@example.test and round@example.test lead to each other; relayed.test is a relay domain, of
 *   which known@relayed.test leads to alice.
 */
#ifndef GOLDEN_HOUSE_H
#define GOLDEN_HOUSE_H

#include "io/sim/sim.h"
#include "player.h"

/* The disk that houses begin with. */
struct house_plan;
struct house_plan *house_plan_new(void);
void house_plan_free(struct house_plan **plan);

/* Messages that were seen whole: a set of digests. */
struct house_sights {
    uint64_t *digests;
    size_t count;
    size_t capacity;
};
void house_sights_free(struct house_sights *sights);

struct house_options {
    const struct script *script;
    enum player_mode mode;
    size_t cut;
    bool is_slow_cut;
    uint64_t seed;
    bool is_traced;
    bool is_shown;
    /* Whole replays add to it; after a cut every stored message must be one of it. May be NULL. */
    struct house_sights *sights;
};

struct house_result {
    /* Bytes the script sent that may be cut. */
    size_t sent;
    int64_t virtual_ms;
};

/* Builds a house, plays the script in it, looks at what is left (no session, no fault in the store, no
   part of a message), and takes it down. False: *failure says why. */
NODISCARD bool house_play(const struct house_plan *plan, const struct house_options *options,
                          struct house_result *result, struct buffer *failure);

/* The same for other drivers than scripts: `drive(t, context, world)` runs as the client; it returns
   false, having said why in *failure. */
NODISCARD bool house_drive(const struct house_plan *plan, const struct house_options *options,
                           bool (*drive)(struct task *t, void *context, const struct player_world *world),
                           void *context, struct buffer *failure);

#endif
