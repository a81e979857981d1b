/*
 * What the store does for itself, beside the service: old events are forgotten, sets of UIDs stored
 * (store/uids.h), half-dead segments compacted. One task comes round every pause; each step is one small
 * operation of the commit queue, with a pause behind it, so that no delivery waits for more than such a step.
 * It may be killed anywhere: the next round finds by itself what is left to do.
 */
#ifndef STORE_UPKEEP_H
#define STORE_UPKEEP_H

#include "base/limits.h"
#include "io/lane.h"
#include "store/model.h"

struct engine;

struct upkeep {
    struct scope scope;
    /* For reading what is moved or stored anew. */
    struct lane *lane;
    /* Of the rounds, from the first on; NULL: it could not be opened yet. */
    struct db *db;
    int64_t pause_ms;
    /* Compactions run one at a time; one that an administrator waits for goes before. */
    bool is_compacting;
    unsigned waiting;
    struct gate ended;
    /* Half-dead at the last round: if still so, they are compacted in this one. */
    uint64_t noted[STORE_COMPACT_SEGMENTS];
    size_t noted_count;
    /* Could not be emptied: left alone until the next start. */
    uint64_t damaged[STORE_COMPACT_SEGMENTS];
    size_t damaged_count;
};

/* The lane, and the connection that rounds read by, if they are not there yet. STORE_FAILED: it cannot be
   opened. */
NODISCARD enum store_result upkeep_open(struct engine *engine);
/* `pause_ms` between rounds, and before the first. */
void upkeep_start(struct engine *engine, int64_t pause_ms);
void upkeep_stop(struct task *t, struct engine *engine);

/* Compacts the segments that were noted, slowly, and notes which are half-dead now. Gives way to
   engine_compact. */
enum store_result compact_round(struct task *t, struct engine *engine);

#endif
