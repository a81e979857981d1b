/*
 * A check of src/trust in the simulated world: DNS as the test writes it, in virtual time.
 *
 *     struct trust_bench bench = trust_bench_new((const char *[]){"a.test A 192.0.2.1", NULL});
 *     trust_bench_run(&bench, body, &context);
 *     trust_bench_free(&bench);
 */
#ifndef TRUST_BENCH_H
#define TRUST_BENCH_H

#include "test.h"

#include "base/limits.h"
#include "io/sim/sim.h"
#include "sim_zone.h"
#include "trust/lookup.h"

enum { TRUST_BENCH_MS = 20 * 1000 };

struct trust_bench {
    struct sim_world *world;
    struct sim_machine *machine;
    struct arena *arena;
    /* Of the last run. */
    struct trust_lookups lookups;
    void (*body)(struct task *t, struct trust_bench *bench, void *context);
    void *context;
    bool is_done;
};

static inline void trust_bench_zone(struct trust_bench *bench, const char *const *lines) {
    for (; *lines; lines++) sim_zone_line(bench->world, *lines);
}

static inline struct trust_bench trust_bench_new(const char *const *lines) {
    struct trust_bench bench = {.world = sim_world_new(1), .arena = arena_new(MIB(64))};
    bench.machine = sim_machine_new(bench.world, "host", "192.0.2.250");
    trust_bench_zone(&bench, lines);
    return bench;
}

static inline void trust_bench_main(struct task *t, void *argument) {
    struct trust_bench *bench = argument;
    const char *reason;
    struct dns *dns = dns_open(t, &(struct dns_options){0}, &reason);
    struct resolver *resolver = resolver_new_local(dns);
    bench->lookups = trust_lookups_of(resolver, bench->arena, env_now_ms(task_env(t)) + TRUST_BENCH_MS, true);
    bench->body(t, bench, bench->context);
    resolver_close(t, &resolver);
    dns_close(&dns);
    bench->is_done = true;
}

static inline bool trust_bench_is_done(void *context) { return ((struct trust_bench *)context)->is_done; }

static inline void trust_bench_run(struct trust_bench *bench,
                                   void (*body)(struct task *t, struct trust_bench *bench, void *context),
                                   void *context) {
    bench->body = body;
    bench->context = context;
    bench->is_done = false;
    arena_reset(bench->arena);
    (void)sim_process_start(bench->machine, "checker", trust_bench_main, bench);
    assert_true(sim_world_run_until(bench->world, trust_bench_is_done, bench, 10 * (int64_t)TRUST_BENCH_MS));
}

static inline void trust_bench_free(struct trust_bench *bench) {
    sim_world_free(&bench->world);
    arena_free(&bench->arena);
}

#endif
