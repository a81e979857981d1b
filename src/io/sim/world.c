/*
 * The run of a world. A turn lets one process run all that is ready in it; the seed chooses whose
 * turn it is. When no process has anything to do, time jumps to the next event or timer.
 */
#include <sqlite3.h>
#include <stdlib.h>

#include "io/real/tls.h"
#include "io/sim/world.h"

enum { UNWIND_MS_MAX = 24 * 3600 * 1000, SIM_STACKS_KEPT = 256 };

/* A call that a test asked for. */
struct call {
    struct list in_world;
    struct sim_event event;
    struct sim_world *world;
    void (*run)(void *context);
    void *context;
};

void *sim_alloc(size_t size) {
    void *memory = calloc(1, size);
    if (!memory) FATAL("out of memory in the simulator");
    return memory;
}

char *sim_copy_text(const char *text) {
    size_t len = strlen(text) + 1;
    return memcpy(sim_alloc(len), text, len);
}

/* The splitmix64 finalizer: every bit of the input changes half of the output. */
static uint64_t mix(uint64_t x) {
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static uint64_t next_random(struct sim_world *world) {
    world->random += 0x9e3779b97f4a7c15u;
    return mix(world->random);
}

uint64_t sim_world_random(struct sim_world *world, uint64_t bound) {
    ASSERT(bound > 0);
    return (uint64_t)(((unsigned __int128)next_random(world) * bound) >> 64);
}

bool sim_world_chance(struct sim_world *world, uint32_t chance) {
    return chance && sim_world_random(world, SIM_ALWAYS) < chance;
}

int64_t sim_random_between(struct sim_world *world, int64_t least, int64_t most) {
    ASSERT(least <= most);
    return least + (int64_t)sim_world_random(world, (uint64_t)(most - least) + 1);
}

void sim_note(struct sim_world *world, enum sim_trace what, uint64_t a, uint64_t b) {
    world->trace = mix(world->trace ^ mix((uint64_t)world->now_us + ((uint64_t)what << 56)));
    world->trace = mix(world->trace + mix(a) * 3 + b);
}

uint64_t sim_hash(struct slice bytes) {
    uint64_t hash = bytes.len;
    while (bytes.len >= 8) {
        uint64_t word;
        memcpy(&word, bytes.ptr, sizeof word);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
        bytes = slice_skip(bytes, 8);
    }
    for (size_t i = 0; i < bytes.len; i++) hash = (hash ^ bytes.ptr[i]) * 0x100000001b3u;
    return mix(hash);
}

void sim_world_note(struct sim_world *world, struct slice fact) {
    sim_note(world, TRACE_NOTE, sim_hash(fact), fact.len);
}

uint64_t sim_world_trace(const struct sim_world *world) { return world->trace; }
int64_t sim_world_now_ms(const struct sim_world *world) { return world->now_us / 1000; }
struct sim_network *sim_world_network(struct sim_world *world) {
    return &world->network;
}

/* The random numbers inside SQLite (salts of a WAL) come from the seed too; 0 would mean none. */
static void seed_sqlite(uint64_t seed) {
    (void)sqlite3_initialize();
    (void)sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, (int)(uint32_t)seed, (sqlite3 *)NULL);
}

struct sim_world *sim_world_new(uint64_t seed) {
    struct sim_world *world = sim_alloc(sizeof *world);
    world->random = mix(seed + 1);
    world->trace = mix(seed);
    world->now_us = 1000000 * 1000LL;
    world->next_port = 32768;
    world->network = (struct sim_network){.latency_us_min = 100,
                                          .latency_us_max = 20000,
                                          .window_bytes = 65536,
                                          .short_write_chance = SIM_ALWAYS / 20,
                                          .split_chance = SIM_ALWAYS / 4,
                                          .unread_reset_chance = SIM_ALWAYS / 2};
    list_init(&world->machines);
    list_init(&world->processes);
    list_init(&world->ended);
    list_init(&world->links);
    list_init(&world->parted);
    list_init(&world->calls);
    list_init(&world->dns);
    list_init(&world->fetches);
    world->stacks = task_stacks_new(SIM_STACKS_KEPT);
    seed_sqlite(mix(seed) | 1);
    return world;
}

static void call_free(struct call *call) {
    list_remove(&call->in_world);
    sim_event_cancel(call->world, &call->event);
    free(call);
}

static void call_now(struct sim_event *event) {
    struct call *call = CONTAINER_OF(event, struct call, event);
    void (*run)(void *) = call->run;
    void *context = call->context;
    call_free(call);
    run(context);
}

void sim_world_after(struct sim_world *world, int64_t delay_ms, void (*run)(void *context), void *context) {
    struct call *call = sim_alloc(sizeof *call);
    *call = (struct call){.world = world, .run = run, .context = context};
    list_append(&world->calls, &call->in_world);
    sim_event_init(&call->event, call_now);
    sim_event_set(world, &call->event, delay_ms * 1000);
}

/* One of those who have something to do, as the seed says; NULL: none has. */
static struct sim_process *choose_process(struct sim_world *world) {
    struct sim_process *chosen = NULL;
    uint64_t count = 0;
    LIST_EACH(&world->processes, p, struct sim_process, in_world) {
        if (!sim_process_has_work(p)) continue;
        count++;
        if (count == 1 || sim_world_random(world, count) == 0) chosen = p;
    }
    return chosen;
}

/* The next moment at which something happens, or INT64_MAX. */
static int64_t next_us(struct sim_world *world) {
    struct sim_event *event = sim_event_next(world);
    int64_t at_us = event ? event->at_us : INT64_MAX;
    LIST_EACH(&world->processes, p, struct sim_process, in_world) {
        int64_t timer_ms = timer_heap_next_ms(&p->env.timers);
        if (timer_ms < at_us / 1000) at_us = timer_ms * 1000;
    }
    return at_us > world->now_us ? at_us : world->now_us;
}

static void run_event(struct sim_world *world, struct sim_event *event) {
    sim_event_cancel(world, event);
    sim_note(world, TRACE_EVENT, event->sequence, 0);
    event->run(event);
}

/* Does the next thing there is, at most `until_us`. False: there is none. */
static bool go_on(struct sim_world *world, int64_t until_us) {
    struct sim_process *process = choose_process(world);
    if (process) {
        sim_process_turn(process);
        return true;
    }
    int64_t at_us = next_us(world);
    if (at_us == INT64_MAX || at_us > until_us) return false;
    world->now_us = at_us;
    struct sim_event *event = sim_event_next(world);
    if (event && event->at_us <= at_us) run_event(world, event);
    return true;
}

bool sim_world_run_until(struct sim_world *world, bool (*is_met)(void *context), void *context,
                         int64_t limit_ms) {
    int64_t until_us = world->now_us + limit_ms * 1000;
    for (;;) {
        if (is_met && is_met(context)) return true;
        if (!go_on(world, until_us)) return false;
    }
}

void sim_world_run_for(struct sim_world *world, int64_t ms) {
    int64_t until_us = world->now_us + ms * 1000;
    while (go_on(world, until_us)) continue;
    world->now_us = until_us;
}

static bool all_have_ended(void *context) {
    const struct sim_world *world = context;
    return list_empty(&world->processes);
}

static void machine_free(struct sim_machine *machine) {
    sim_disk_free(machine);
    list_remove(&machine->in_world);
    for (size_t i = 0; i < machine->address_count; i++) free(machine->addresses[i]);
    free(machine->name);
    free(machine);
}

void sim_world_free(struct sim_world **world) {
    struct sim_world *w = *world;
    if (!w) return;
    LIST_EACH(&w->calls, call, struct call, in_world) call_free(call);
    LIST_EACH(&w->processes, p, struct sim_process, in_world) sim_process_kill(&p->env);
    if (!sim_world_run_until(w, all_have_ended, w, UNWIND_MS_MAX)) FATAL("a killed process does not unwind");
    sim_links_free(w);
    sim_parted_free(w);
    sim_dns_free(w);
    sim_fetch_free(w);
    LIST_EACH(&w->ended, p, struct sim_process, in_world) sim_process_free(p);
    LIST_EACH(&w->machines, m, struct sim_machine, in_world) machine_free(m);
    free(w->tls);
    free(w->events);
    task_stacks_free(&w->stacks);
    free(w);
    *world = NULL;
    seed_sqlite(0);
}

struct tls_context *sim_tls_context(struct sim_world *world) {
    if (!world->tls) world->tls = sim_alloc(sizeof *world->tls);
    return world->tls;
}
