/*
 * Requests to web servers in the simulated world: cut at the answer. The test fills one table for all
 * machines; how long an answer takes, and whether it fails or never comes, the seed decides.
 */
#include "io/fetch.h"

#include <stdlib.h>

#include "io/sim/world.h"

struct sim_fetch_row {
    struct list link;
    char *url;
    enum fetch_result result;
    unsigned status;
    uint8_t *body;
    size_t len;
};

struct sim_fetch_pending {
    struct sim_event event;
    struct sim_world *world;
    struct fetch_transfer *transfer;
};

static struct sim_fetch_row *row_of(struct sim_world *world, struct slice url) {
    LIST_EACH(&world->fetches, row, struct sim_fetch_row, link)
    if (slice_equal(slice_from_text(row->url), url)) return row;
    return NULL;
}

static void row_free(struct sim_fetch_row *row) {
    list_remove(&row->link);
    free(row->url);
    free(row->body);
    free(row);
}

void sim_fetch_plan(struct sim_world *world, const char *url, enum fetch_result result, unsigned status,
                    struct slice body) {
    struct sim_fetch_row *row = row_of(world, slice_from_text(url));
    if (row) row_free(row);
    row = sim_alloc(sizeof *row);
    *row = (struct sim_fetch_row){.url = sim_copy_text(url), .result = result, .status = status};
    row->body = sim_alloc(body.len + 1);
    row->len = body.len;
    if (body.len) memcpy(row->body, body.ptr, body.len);
    list_append(&world->fetches, &row->link);
}

void sim_fetch_free(struct sim_world *world) {
    LIST_EACH(&world->fetches, row, struct sim_fetch_row, link) { row_free(row); }
}

static void end(struct sim_fetch_pending *pending) {
    struct fetch_transfer *transfer = pending->transfer;
    sim_event_cancel(pending->world, &pending->event);
    transfer->pending = NULL;
    free(pending);
    fetch_end(transfer);
}

static void give(const struct fetch_transfer *transfer, const struct sim_fetch_row *row) {
    static const struct fetch_field fields[] = {{SLICE_INIT("Content-Type"), SLICE_INIT("text/plain")}};
    struct fetch_answer *answer = transfer->answer;
    *answer = (struct fetch_answer){.result = row->result};
    if (row->result == FETCH_UNTRUSTED) answer->fault = "self-signed certificate";
    if (row->result != FETCH_OK) return;
    struct fetch_answer whole = {
        .result = FETCH_OK, .status = row->status, .fields = fields, .field_count = 1};
    bool fits = row->len <= transfer->request->body_bytes_max &&
                arena_try_copy(transfer->arena, slice_of(row->body, row->len), &whole.body);
    *answer = fits ? whole : (struct fetch_answer){.result = FETCH_TOO_LARGE};
}

static void answer_due(struct sim_event *event) {
    struct sim_fetch_pending *pending = CONTAINER_OF(event, struct sim_fetch_pending, event);
    struct sim_world *world = pending->world;
    bool fails = sim_world_chance(world, world->network.fetch_failure_chance);
    const struct sim_fetch_row *row = fails ? NULL : row_of(world, pending->transfer->request->url);
    if (row && row->result == FETCH_TIMEOUT) return;
    if (row)
        give(pending->transfer, row);
    else
        *pending->transfer->answer = (struct fetch_answer){.result = FETCH_UNREACHABLE};
    end(pending);
}

void sim_fetch_start(struct env *env, struct fetch_transfer *transfer) {
    struct sim_world *world = sim_world_of(env);
    struct sim_fetch_pending *pending = sim_alloc(sizeof *pending);
    *pending = (struct sim_fetch_pending){.world = world, .transfer = transfer};
    sim_event_init(&pending->event, answer_due);
    transfer->pending = pending;
    if (env->is_dead || sim_world_chance(world, world->network.fetch_silence_chance)) return;
    sim_event_set(
        world, &pending->event,
        sim_random_between(world, 3 * world->network.latency_us_min, 6 * world->network.latency_us_max));
}

void sim_fetch_stop(struct env *env, struct fetch_transfer *transfer) {
    struct sim_fetch_pending *pending = transfer->pending;
    sim_event_cancel(sim_world_of(env), &pending->event);
    transfer->pending = NULL;
    free(pending);
}
