#include "seeds.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REPLAY_EVERY = 10, PROGRESS_EVERY = 100 };
/* What a seed may cost (README.md). */
static const double slow_s = 0.5;
/* A worker that has nothing under way. */
static const uint64_t none = UINT64_MAX;

/* What the workers and their parent share, also when one dies. */
struct shared {
    /* The next of `seeds` pieces of work. */
    _Atomic uint64_t next;
    _Atomic uint64_t good;
    _Atomic uint64_t failures;
    _Atomic uint64_t acknowledged;
    _Atomic uint64_t starts;
    _Atomic uint64_t slowest_us;
    _Atomic uint64_t slowest_piece;
    /* By worker: what it does, and what was wrong with it. */
    _Atomic uint64_t pieces[SEEDS_JOBS_MAX];
    char last_words[SEEDS_JOBS_MAX][RUN_LAST_WORDS_BYTES];
};

struct seeds {
    const struct seeds_options *options;
    /* Pieces of work: seeds, or waits of one. */
    uint64_t count;
    /* A worker's own. */
    struct plans *plans;
    unsigned worker;
    struct shared *shared;
    pid_t workers[SEEDS_JOBS_MAX];
    double started_s;
};

static double clock_s(clockid_t which) {
    struct timespec now;
    (void)clock_gettime(which, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Neighbouring seeds have different scenarios. */
static const struct scenario *scenario_of(const struct seeds_options *options, uint64_t piece) {
    return options
        ->scenarios[options->is_every_wait ? 0 : (options->first + piece) % options->scenario_count];
}
static uint64_t seed_of(const struct seeds_options *options, uint64_t piece) {
    return options->first + (options->is_every_wait ? 0 : piece);
}
static uint64_t wait_of(const struct seeds_options *options, uint64_t piece) {
    return options->is_every_wait ? piece + 1 : options->wait;
}

static uint64_t failures_max(const struct seeds_options *options) {
    return options->planted ? 1 : SEEDS_FAILURES_MAX;
}

static void tell_failure(struct seeds *seeds, uint64_t piece, const char *why) {
    const struct seeds_options *options = seeds->options;
    const char *name = scenario_of(options, piece)->name;
    unsigned long long seed = seed_of(options, piece);
    char wait[40] = "";
    if (wait_of(options, piece))
        (void)snprintf(wait, sizeof wait, " --wait %llu", (unsigned long long)wait_of(options, piece));
    atomic_fetch_add(&seeds->shared->failures, 1);
    (void)printf("FAILED %s seed %llu: %s\n  replay: %s --scenario %s --first %llu%s --seeds 1 --trace%s%s\n",
                 name, seed, why, options->program, name, seed, wait, options->planted ? " --plant " : "",
                 options->planted ? options->planted_name : "");
    (void)fflush(stdout);
}

/* ---- in a worker ---- */

static void tell_run(const struct scenario *scenario, uint64_t seed, const struct run_result *result,
                     double took_s) {
    (void)printf("%s seed %llu: trace %016llx, %llu of %llu acknowledged, %llu starts, %llu troubles, "
                 "faults %x, %lld virtual ms, %.3f s\n",
                 scenario->name, (unsigned long long)seed, (unsigned long long)result->trace,
                 (unsigned long long)result->acknowledged, (unsigned long long)result->attempts,
                 (unsigned long long)result->starts, (unsigned long long)result->troubles, result->faults,
                 (long long)result->virtual_ms, took_s);
}

static void note_time(struct shared *shared, uint64_t piece, double took_s) {
    uint64_t took_us = (uint64_t)(took_s * 1e6);
    if (took_us <= atomic_load(&shared->slowest_us)) return;
    atomic_store(&shared->slowest_us, took_us);
    atomic_store(&shared->slowest_piece, piece);
}

/* The failure, as a text to be freed; or nothing. `took_s` is of the processor. */
static struct buffer run_once(struct seeds *seeds, uint64_t piece, struct run_result *result,
                              double *took_s) {
    const struct seeds_options *options = seeds->options;
    const struct scenario *scenario = scenario_of(options, piece);
    struct buffer failure = buffer_new(LEDGER_FAILURE_BYTES_MAX + 1);
    struct run_options run = {.seed = seed_of(options, piece),
                              .scenario = scenario,
                              .plans = seeds->plans,
                              .is_traced = options->is_traced,
                              .planted = options->planted,
                              .wait = wait_of(options, piece),
                              .last_words = seeds->shared->last_words[seeds->worker]};
    double began_s = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    bool is_good = run_scenario(&run, result, &failure);
    *took_s = clock_s(CLOCK_PROCESS_CPUTIME_ID) - began_s;
    if (!is_good) buffer_append_byte(&failure, 0);
    if (options->is_verbose) tell_run(scenario, run.seed, result, *took_s);
    return failure;
}

/* Whether a second run is as the first was, to the last bit. A virtual machine counts as its own what it
   waited for others: of two times the shorter one is nearer to what the seed costs. */
static bool replays(struct seeds *seeds, uint64_t piece, const struct run_result *result,
                    const struct buffer *failure, double *took_s) {
    struct run_result again;
    double other_s = 0;
    struct buffer other = run_once(seeds, piece, &again, &other_s);
    if (other_s < *took_s) *took_s = other_s;
    bool is_same = again.trace == result->trace && slice_equal(buffer_slice(&other), buffer_slice(failure));
    buffer_free(&other);
    return is_same;
}

static void run_piece(struct seeds *seeds, uint64_t piece) {
    struct run_result result;
    double took_s = 0;
    struct buffer failure = run_once(seeds, piece, &result, &took_s);
    const struct seeds_options *options = seeds->options;
    atomic_fetch_add(&seeds->shared->acknowledged, result.acknowledged);
    atomic_fetch_add(&seeds->shared->starts, result.starts);
    bool is_tenth = (seed_of(options, piece) - options->first) % REPLAY_EVERY == 0;
    bool is_replayed =
        !options->is_traced && seeds->count > 1 && (failure.len || is_tenth || took_s > slow_s);
    bool is_same = !is_replayed || replays(seeds, piece, &result, &failure, &took_s);
    note_time(seeds->shared, piece, took_s);
    if (failure.len) tell_failure(seeds, piece, (const char *)failure.ptr);
    if (!is_same) tell_failure(seeds, piece, "a second run was not the same");
    if (!failure.len && is_same) atomic_fetch_add(&seeds->shared->good, 1);
    buffer_free(&failure);
}

static void tell_progress(struct seeds *seeds, uint64_t done) {
    if (done % PROGRESS_EVERY) return;
    (void)printf("%llu of %llu, %.1f a second\n", (unsigned long long)done, (unsigned long long)seeds->count,
                 (double)done / (clock_s(CLOCK_MONOTONIC) - seeds->started_s));
    (void)fflush(stdout);
}

/* All that its seeds may begin with, so that no seed pays for them. */
static void make_plans(const struct seeds_options *options, struct plans *plans) {
    for (size_t i = 0; i < options->scenario_count; i++)
        for (size_t j = 0; j < options->scenarios[i]->layout_count; j++)
            for (unsigned host = 0; host < options->scenarios[i]->layouts[j].hosts; host++)
                (void)plans_get(plans, options->scenarios[i]->layouts[j], host);
}

static void work(struct seeds *seeds, unsigned worker) {
    const struct seeds_options *options = seeds->options;
    struct shared *shared = seeds->shared;
    seeds->plans = plans_new();
    make_plans(options, seeds->plans);
    seeds->worker = worker;
    while (atomic_load(&shared->failures) < failures_max(options)) {
        uint64_t piece = atomic_fetch_add(&shared->next, 1);
        if (piece >= seeds->count) break;
        shared->last_words[worker][0] = '\0';
        atomic_store(&shared->pieces[worker], piece);
        run_piece(seeds, piece);
        atomic_store(&shared->pieces[worker], none);
        tell_progress(seeds, piece + 1);
    }
    plans_free(&seeds->plans);
}

/* ---- their parent ---- */

static void start_worker(struct seeds *seeds, unsigned worker) {
    atomic_store(&seeds->shared->pieces[worker], none);
    (void)fflush(NULL);
    seeds->workers[worker] = fork();
    if (seeds->workers[worker] != 0) return;
    work(seeds, worker);
    exit(0);
}

/* An abort, or a sanitizer's complaint, is told with its seed, and the work goes on. */
static void worker_ended(struct seeds *seeds, unsigned worker, int status) {
    uint64_t piece = atomic_load(&seeds->shared->pieces[worker]);
    bool is_good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    seeds->workers[worker] = 0;
    if (is_good) return;
    if (piece == none) {
        atomic_fetch_add(&seeds->shared->failures, 1);
        (void)printf("FAILED: the process left something behind\n");
        return;
    }
    const char *words = seeds->shared->last_words[worker];
    tell_failure(seeds, piece, words[0] ? words : "the process died");
    if (atomic_load(&seeds->shared->failures) < failures_max(seeds->options)) start_worker(seeds, worker);
}

static void wait_for_workers(struct seeds *seeds) {
    for (;;) {
        int status = 0;
        pid_t ended = waitpid(-1, &status, 0);
        if (ended < 0 && errno == EINTR) continue;
        if (ended < 0) return;
        for (unsigned i = 0; i < seeds->options->jobs; i++)
            if (seeds->workers[i] == ended) worker_ended(seeds, i, status);
    }
}

static void tell_all(const struct seeds *seeds) {
    const struct shared *shared = seeds->shared;
    double took_s = clock_s(CLOCK_MONOTONIC) - seeds->started_s;
    uint64_t done = shared->good + shared->failures;
    (void)printf(
        "simulation: %llu seeds good, %llu failed; %llu messages acknowledged, %llu processes started\n",
        (unsigned long long)shared->good, (unsigned long long)shared->failures,
        (unsigned long long)shared->acknowledged, (unsigned long long)shared->starts);
    (void)printf(
        "%.0f s, %.1f seeds a second; the slowest was %s seed %llu with %.3f s of processor time\n", took_s,
        took_s > 0 ? (double)done / took_s : 0.0, scenario_of(seeds->options, shared->slowest_piece)->name,
        (unsigned long long)seed_of(seeds->options, shared->slowest_piece), (double)shared->slowest_us / 1e6);
}

static uint64_t count_waits(const struct seeds_options *options) {
    struct run_options run = {
        .seed = options->first, .scenario = options->scenarios[0], .plans = plans_new()};
    uint64_t waits = run_count_waits(&run);
    plans_free(&run.plans);
    return waits;
}

bool seeds_run(const struct seeds_options *options) {
    struct seeds seeds = {.options = options, .count = options->seeds, .started_s = clock_s(CLOCK_MONOTONIC)};
    if (options->is_every_wait) seeds.count = count_waits(options);
    seeds.shared =
        mmap(NULL, sizeof *seeds.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (seeds.shared == MAP_FAILED) return false;
    for (unsigned i = 0; i < options->jobs; i++) start_worker(&seeds, i);
    wait_for_workers(&seeds);
    tell_all(&seeds);
    bool is_good = seeds.shared->failures == 0;
    (void)munmap(seeds.shared, sizeof *seeds.shared);
    return is_good;
}
