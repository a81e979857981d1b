/*
 * The signing lanes alone: an engine in this process with a domain and a key of each algorithm, and many
 * tasks that have digests signed, without IPC, messages or hashing. For so many seconds each: by RSA alone,
 * and by both as a message is. Prints what was signed a second and the CPU time of each, as JSON.
 *
 *   sign_bench [SECONDS [THREADS]]
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/limits.h"
#include "io/real/loop.h"
#include "store/engine_dkim.h"

/* Under way at a time, for each thread. */
enum { TASKS_A_THREAD = 16, FOLDER_BYTES = 64 };

struct bench {
    struct env *env;
    char folder[FOLDER_BYTES];
    struct engine *engine;
    uint64_t seconds;
    uint64_t threads;
    uint64_t keys[DKIM_ALGORITHMS];
    size_t algorithms;
    int64_t until_ms;
    uint64_t count;
};

static const struct slice domain = SLICE_INIT("bench.test");

static double cpu_s(void) {
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void worker(struct task *t, void *argument) {
    struct bench *bench = argument;
    struct arena *arena = arena_new(KIB(64));
    struct dkim_digest digests[DKIM_ALGORITHMS];
    struct slice signatures[DKIM_ALGORITHMS];
    for (size_t i = 0; i < DKIM_ALGORITHMS; i++) {
        digests[i].key = bench->keys[i];
        env_random(bench->env, digests[i].digest, sizeof digests[i].digest);
    }
    while (env_now_ms(bench->env) < bench->until_ms) {
        if (engine_dkim_sign(t, bench->engine, arena, domain, digests, bench->algorithms, signatures))
            abort();
        bench->count++;
        arena_reset(arena);
    }
    arena_free(&arena);
}

static void measure(struct task *t, struct bench *bench, size_t algorithms, const char *name) {
    struct scope workers;
    double cpu_before = cpu_s();
    int64_t started_ms = env_now_ms(bench->env);
    bench->algorithms = algorithms;
    bench->count = 0;
    bench->until_ms = started_ms + (int64_t)bench->seconds * 1000;
    scope_init(&workers, bench->env);
    for (uint64_t i = 0; i < TASKS_A_THREAD * bench->threads; i++)
        if (!scope_spawn(&workers, worker, bench)) abort();
    while (env_now_ms(bench->env) < bench->until_ms) (void)!task_sleep(t, 10);
    scope_close(t, &workers);
    double took_s = (double)(env_now_ms(bench->env) - started_ms) / 1000;
    (void)printf("\"%s_per_second\": %.0f, \"%s_cpu_us\": %.1f", name, (double)bench->count / took_s, name,
                 (cpu_s() - cpu_before) * 1e6 / (double)bench->count);
}

static void find_keys(struct task *t, struct bench *bench) {
    struct arena *arena = arena_new(KIB(256));
    struct dkim_key *keys = NULL;
    size_t count;
    if (engine_domain_add(t, bench->engine, domain, DOMAIN_LOCAL)) abort();
    if (engine_dkim_list(t, bench->engine, arena, domain, &keys, &count)) abort();
    for (size_t i = 0; i < count; i++) bench->keys[keys[i].algorithm] = keys[i].id;
    arena_free(&arena);
}

static void bench_main(struct task *t, void *argument) {
    struct bench *bench = argument;
    struct engine_options options = {
        .folder = bench->folder, .node = 1, .signing_threads = (unsigned)bench->threads};
    if (engine_create(bench->env, bench->folder) || engine_open(bench->env, &options, &bench->engine))
        abort();
    find_keys(t, bench);
    (void)printf("{\"threads\": %llu, ", (unsigned long long)bench->threads);
    measure(t, bench, 1, "rsa");
    (void)printf(", ");
    measure(t, bench, 2, "both");
    (void)printf("}\n");
    engine_close(t, &bench->engine);
    real_env_stop(bench->env);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

int main(int argc, char **argv) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct bench bench = {.env = real_env_new(NULL), .folder = "/tmp/sign-bench-XXXXXX"};
    bench.seconds = 3;
    bench.threads = processors > 0 ? (uint64_t)processors : 1;
    if ((argc > 1 && !slice_to_number(slice_from_text(argv[1]), 600, &bench.seconds)) ||
        (argc > 2 && !slice_to_number(slice_from_text(argv[2]), 64, &bench.threads)) || argc > 3) {
        (void)fprintf(stderr, "usage: %s [SECONDS [THREADS]]\n", argv[0]);
        return 2;
    }
    if (!mkdtemp(bench.folder)) return 1;
    struct scope scope;
    scope_init(&scope, bench.env);
    if (!scope_spawn(&scope, bench_main, &bench)) abort();
    real_env_run(bench.env);
    real_env_free(&bench.env);
    (void)nftw(bench.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
