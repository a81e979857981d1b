/*
 * What a lookup costs: a cached one, awaited, and one that asks a server each time. Needs a server
 * (say an NSD on loopback) that knows NAME; answers for made-up names below it may be NXDOMAIN.
 *
 *     dns_bench 127.0.0.1@5353 example.test
 */
#include <stdio.h>
#include <time.h>

#include "io/dns.h"
#include "io/real/loop.h"

enum { CACHED = 200000, FRESH = 5000 };

struct bench {
    struct env *env;
    const char *server;
    const char *name;
};

static double now_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static enum dns_result look_up(struct task *t, struct dns *dns, const char *name, struct arena *arena) {
    struct dns_answer answer;
    arena_reset(arena);
    return dns_lookup(t, dns, slice_from_text(name), DNS_A, arena, &answer, env_now_ms(task_env(t)) + 5000);
}

static void measure(struct task *t, struct dns *dns, const char *name) {
    struct arena *arena = arena_new((size_t)1 << 20);
    enum dns_result result = look_up(t, dns, name, arena);
    double start = now_us();
    for (int i = 0; i < CACHED; i++) result = look_up(t, dns, name, arena);
    printf("cached: %.2f us a lookup (%s)\n", (now_us() - start) / CACHED, dns_result_name(result));
    start = now_us();
    for (int i = 0; i < FRESH; i++) {
        char fresh[300];
        (void)snprintf(fresh, sizeof fresh, "x%d.%s", i, name);
        result = look_up(t, dns, fresh, arena);
    }
    printf("fresh, one after the other: %.1f us a lookup (%s)\n", (now_us() - start) / FRESH,
           dns_result_name(result));
    arena_free(&arena);
}

static void bench_main(struct task *t, void *argument) {
    struct bench *bench = argument;
    const char *reason;
    struct dns_options options = {slice_from_text(bench->server), true, SLICE_EMPTY};
    struct dns *dns = dns_open(t, &options, &reason);
    if (dns)
        measure(t, dns, bench->name);
    else
        (void)fprintf(stderr, "%s\n", reason);
    dns_close(&dns);
    real_env_stop(bench->env);
}

int main(int count, char **arguments) {
    if (count != 3) {
        (void)fprintf(stderr, "usage: dns_bench SERVER NAME\n");
        return 2;
    }
    struct env *env = real_env_new(NULL);
    struct bench bench = {env, arguments[1], arguments[2]};
    struct scope scope;
    scope_init(&scope, env);
    if (!scope_spawn(&scope, bench_main, &bench)) return 1;
    real_env_run(env);
    real_env_free(&env);
    return 0;
}
