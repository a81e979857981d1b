/*
 * posthaste_sim [--scenario NAME] [--first S] [--seeds N] [--trace] [--verbose] [--plant FAULT]
 *
 * Runs the whole system in the simulator, N seeds (SEEDS in the environment, or 100) of each
 * scenario from seed S on, and says at the end how many were good. A seed that fails is told with
 * the command that replays it exactly; --trace then shows the log. Each tenth seed runs twice, and
 * must leave the same trace.
 *
 * With --plant, in a build with -Dplanted_faults=true, a known mistake is made, and the first seed
 * that finds it ends the run well: the simulator is proved, or not, by `make sim-proof`.
 *
 * The seeds run in a child process, so that an abort too is told with its seed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

enum {
    SEEDS_DEFAULT = 100,
    FAILURES_MAX = 5,
    FAILURE_BYTES_MAX = 4096,
    REPLAY_EVERY = 10,
    PROGRESS_EVERY = 100
};

static const struct scenario *const scenarios[] = {&scenario_crash, &scenario_power, &scenario_swarm};
enum { SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

#ifdef PLANTED_FAULTS
static const char *const planted_names[PLANTED_COUNT] = {
    [PLANTED_NOTHING] = "nothing",
    [PLANTED_EARLY_ACKNOWLEDGEMENT] = "early-acknowledgement",
    [PLANTED_NEW_ID_AT_RETRY] = "new-id-at-retry",
    [PLANTED_NO_BODY_SYNC] = "no-body-sync",
    [PLANTED_NO_DATABASE_SYNC] = "no-database-sync",
    [PLANTED_UIDS_ANEW] = "uids-anew",
    [PLANTED_LOST_WAKE] = "lost-wake",
};
#endif

struct options {
    const char *program;
    const struct scenario *only;
    uint64_t first;
    uint64_t seeds;
    bool is_traced;
    bool is_verbose;
    enum planted_fault planted;
};

/* What the child tells its parent, also when it dies. */
struct shared {
    size_t scenario;
    uint64_t seed;
    uint64_t good;
    uint64_t failures;
    uint64_t acknowledged;
    uint64_t starts;
};

static const char *planted_name(const struct options *options) {
#ifdef PLANTED_FAULTS
    return planted_names[options->planted];
#else
    return "";
#endif
}

static void tell_replay(const struct options *options, const struct scenario *scenario, uint64_t seed,
                        const char *why) {
    (void)printf("FAILED seed %llu: %s\n  replay: %s --scenario %s --first %llu --seeds 1 --trace%s%s\n",
                 (unsigned long long)seed, why, options->program, scenario->name, (unsigned long long)seed,
                 options->planted ? " --plant " : "", options->planted ? planted_name(options) : "");
    (void)fflush(stdout);
}

static bool run_once(const struct options *options, const struct scenario *scenario, uint64_t seed,
                     struct run_result *result) {
    struct buffer failure = buffer_new(FAILURE_BYTES_MAX);
    struct run_options run = {seed, scenario, options->is_traced, options->planted};
    bool is_good = run_scenario(&run, result, &failure);
    buffer_append_byte(&failure, 0);
    if (!is_good) tell_replay(options, scenario, seed, (const char *)failure.ptr);
    buffer_free(&failure);
    if (options->is_verbose)
        (void)printf("%s seed %llu: trace %016llx, %llu of %llu acknowledged, %llu starts, %llu troubles, "
                     "faults %x, %lld virtual ms\n",
                     scenario->name, (unsigned long long)seed, (unsigned long long)result->trace,
                     (unsigned long long)result->acknowledged, (unsigned long long)result->attempts,
                     (unsigned long long)result->starts, (unsigned long long)result->troubles, result->faults,
                     (long long)result->virtual_ms);
    return is_good;
}

static bool run_seed(const struct options *options, const struct scenario *scenario, uint64_t seed,
                     struct shared *shared) {
    struct run_result result;
    struct run_result again;
    if (!run_once(options, scenario, seed, &result)) return false;
    shared->acknowledged += result.acknowledged;
    shared->starts += result.starts;
    if (seed % REPLAY_EVERY || options->is_traced) return true;
    if (!run_once(options, scenario, seed, &again)) return false;
    if (again.trace == result.trace) return true;
    tell_replay(options, scenario, seed, "a second run left another trace");
    return false;
}

/* From where the last child stopped. */
static int run_seeds(const struct options *options, struct shared *shared) {
    for (; shared->scenario < SCENARIOS; shared->scenario++, shared->seed = options->first) {
        const struct scenario *scenario = scenarios[shared->scenario];
        if (options->only && options->only != scenario) continue;
        for (; shared->seed < options->first + options->seeds; shared->seed++) {
            if (run_seed(options, scenario, shared->seed, shared))
                shared->good++;
            else if (++shared->failures == FAILURES_MAX || options->planted)
                return 1;
            uint64_t done = shared->seed - options->first + 1;
            if (done % PROGRESS_EVERY == 0)
                (void)printf("%s: %llu seeds\n", scenario->name, (unsigned long long)done);
            (void)fflush(stdout);
        }
    }
    return shared->failures ? 1 : 0;
}

/* False: the child died at a seed, which is told; there may be more to run. */
static bool run_child(const struct options *options, struct shared *shared) {
    int status = 0;
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) exit(run_seeds(options, shared));
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) <= 1) return true;
    shared->failures++;
    if (shared->scenario == SCENARIOS) {
        (void)printf("FAILED: the process left something behind\n");
        return true;
    }
    tell_replay(options, scenarios[shared->scenario], shared->seed++, "the process died");
    return false;
}

static bool take_number(const char *text, uint64_t *number) {
    return text && slice_to_number(slice_from_text(text), UINT64_MAX, number);
}

static bool take_scenario(const char *name, const struct scenario **only) {
    for (size_t i = 0; name && i < SCENARIOS; i++)
        if (strcmp(scenarios[i]->name, name) == 0) *only = scenarios[i];
    return *only;
}

static bool take_planted(const char *name, enum planted_fault *planted) {
#ifdef PLANTED_FAULTS
    for (int i = 0; name && i < PLANTED_COUNT; i++)
        if (strcmp(planted_names[i], name) == 0) *planted = (enum planted_fault)i;
#endif
    return name && *planted != PLANTED_NOTHING;
}

static bool take_options(int count, char **arguments, struct options *options) {
    *options = (struct options){.program = arguments[0], .first = 1, .seeds = SEEDS_DEFAULT};
    if (getenv("SEEDS") && !take_number(getenv("SEEDS"), &options->seeds)) return false;
    for (int i = 1; i < count; i++) {
        struct slice word = slice_from_text(arguments[i]);
        const char *value = i + 1 < count ? arguments[i + 1] : NULL;
        bool is_good = true;
        if (slice_equal(word, SLICE("--trace")))
            options->is_traced = true;
        else if (slice_equal(word, SLICE("--verbose")))
            options->is_verbose = true;
        else if (slice_equal(word, SLICE("--seeds")))
            is_good = take_number(value, &options->seeds) && ++i;
        else if (slice_equal(word, SLICE("--first")))
            is_good = take_number(value, &options->first) && ++i;
        else if (slice_equal(word, SLICE("--scenario")))
            is_good = take_scenario(value, &options->only) && ++i;
        else if (slice_equal(word, SLICE("--plant")))
            is_good = take_planted(value, &options->planted) && ++i;
        else
            is_good = false;
        if (!is_good) return false;
    }
    return true;
}

int main(int count, char **arguments) {
    struct options options;
    if (!take_options(count, arguments, &options)) {
        (void)fprintf(
            stderr,
            "usage: %s [--scenario crash|power|swarm] [--first S] [--seeds N] [--trace] [--verbose] "
            "[--plant FAULT]\n",
            arguments[0]);
        return 2;
    }
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return 2;
    shared->seed = options.first;
    uint64_t failures_max = options.planted ? 1 : FAILURES_MAX;
    while (!run_child(&options, shared) && shared->failures < failures_max) continue;
    (void)printf(
        "simulation: %llu seeds good, %llu failed; %llu messages acknowledged, %llu processes started\n",
        (unsigned long long)shared->good, (unsigned long long)shared->failures,
        (unsigned long long)shared->acknowledged, (unsigned long long)shared->starts);
    bool is_well = options.planted ? shared->failures > 0 : shared->failures == 0;
    return is_well ? 0 : 1;
}
