#include "store/upkeep.h"

#include "store/engine_state.h"
#include "store/event.h"
#include "store/feedback.h"
#include "store/flight.h"
#include "store/queue.h"
#include "store/scan.h"
#include "store/seen.h"
#include "store/tls_result.h"
#include "store/uids.h"

static enum store_result prune(struct commit *commit, void *argument) {
    bool has_more = event_prune(commit);
    has_more = flight_prune(commit) || has_more;
    has_more = tls_results_prune(commit) || has_more;
    has_more = feedback_prune(commit) || has_more;
    has_more = seen_prune(commit) || has_more;
    *(bool *)argument = queue_destinations_prune(commit) || has_more;
    return STORE_OK;
}

static enum store_result prune_events(struct task *t, struct engine *engine) {
    bool has_more = true;
    struct commit_operation operation = {.run = prune, .argument = &has_more};
    while (has_more) {
        enum store_result result = commit_run(t, &engine->queue, &operation);
        if (result != STORE_OK) return result;
        if (has_more && task_sleep(t, STORE_UPKEEP_STEP_MS) != WAIT_OK) return STORE_GONE;
    }
    return STORE_OK;
}

/* What fails now is tried again in the next round. */
static void note_failure(struct engine *engine, enum store_result result, const char *what) {
    if (result == STORE_OK || result == STORE_GONE) return;
    LOG_WARN(engine->env->log, "store.upkeep_failed", LOG_CSTR("work", what),
             LOG_CSTR("reason", result == STORE_FULL ? "the disk is full" : "see the lines before"));
}

enum store_result upkeep_open(struct engine *engine) {
    struct upkeep *upkeep = &engine->upkeep;
    if (!upkeep->lane) upkeep->lane = lane_open(engine->env, "upkeep", 1);
    return upkeep->db || engine_read_open(engine, &upkeep->db) == 0 ? STORE_OK : STORE_FAILED;
}

static void upkeep_main(struct task *t, void *argument) {
    struct engine *engine = argument;
    while (task_sleep(t, engine->upkeep.pause_ms) == WAIT_OK) {
        note_failure(engine, prune_events(t, engine), "events");
        if (task_is_cancelled(t)) return;
        note_failure(engine, uids_round(t, engine), "UIDs");
        if (task_is_cancelled(t)) return;
        note_failure(engine, compact_round(t, engine), "segments");
    }
}

void upkeep_start(struct engine *engine, int64_t pause_ms) {
    struct upkeep *upkeep = &engine->upkeep;
    upkeep->pause_ms = pause_ms ? pause_ms : STORE_UPKEEP_PAUSE_MS;
    gate_init(&upkeep->ended);
    scope_init(&upkeep->scope, engine->env);
    bool is_started = scope_spawn(&upkeep->scope, upkeep_main, engine);
    ASSERT(is_started);
}

void upkeep_stop(struct task *t, struct engine *engine) {
    scope_close(t, &engine->upkeep.scope);
    lane_close(&engine->upkeep.lane);
    db_close(&engine->upkeep.db);
}
