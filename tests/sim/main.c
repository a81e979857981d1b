/*
 * posthaste_sim [--scenario NAME] [--first S] [--seeds N] [--jobs N] [--trace] [--verbose]
 *               [--wait K | --every-wait] [--plant FAULT]
 *
 * Runs the whole system in the simulator: N seeds (SEEDS in the environment, or 100) from seed S on, of
 * the scenario or each of one that it draws, in so many processes (JOBS in the environment, or 1), and
 * says at the end how many were good. A seed that fails is told with the command that replays it
 * exactly; --trace then shows the log. README.md says what is run and looked for.
 *
 * --every-wait is scenario "waits" with seed S alone: once for each wait at which a process can be
 * killed; --wait K is one of them.
 *
 * With --plant, in a build with -Dplanted_faults=true, a known mistake is made, and the first seed
 * that finds it ends the run well: the simulator is proved, or not, by `make sim-proof`.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "seeds.h"

enum { SEEDS_DEFAULT = 100 };

static const struct scenario *const scenarios[] = {&scenario_crash,   &scenario_power,    &scenario_swarm,
                                                   &scenario_hosts,   &scenario_outage,   &scenario_waits,
                                                   &scenario_transit, &scenario_outreach, &scenario_outside,
                                                   &scenario_year,    &scenario_forty};
/* The last three are only run where they are asked for. */
enum { SCENARIOS = sizeof scenarios / sizeof scenarios[0], SCENARIOS_DRAWN = SCENARIOS - 3 };

#ifdef PLANTED_FAULTS
static const char *const planted_names[PLANTED_COUNT] = {
    [PLANTED_NOTHING] = "nothing",
    [PLANTED_EARLY_ACKNOWLEDGEMENT] = "early-acknowledgement",
    [PLANTED_LATE_COMMIT] = "late-commit",
    [PLANTED_NEW_ID_AT_RETRY] = "new-id-at-retry",
    [PLANTED_NO_BODY_SYNC] = "no-body-sync",
    [PLANTED_NO_DATABASE_SYNC] = "no-database-sync",
    [PLANTED_UIDS_ANEW] = "uids-anew",
    [PLANTED_LOST_WAKE] = "lost-wake",
    [PLANTED_LOST_NEWS] = "lost-news",
    [PLANTED_SAME_MODSEQ] = "same-modseq",
    [PLANTED_UNTOLD_EXPUNGE] = "untold-expunge",
    [PLANTED_HELD_BY_THE_DEAD] = "held-by-the-dead",
    [PLANTED_LOST_IS_DELIVERED] = "lost-is-delivered",
    [PLANTED_DELIVERED_ONCE_MORE] = "delivered-once-more",
    [PLANTED_SENT_UNSIGNED] = "sent-unsigned",
    [PLANTED_ANSWER_UNHEARD] = "answer-unheard",
    [PLANTED_DOUBT_IS_UNSENT] = "doubt-is-unsent",
    [PLANTED_PACE_FORGOTTEN] = "pace-forgotten",
    [PLANTED_LOOK_LEFT_OUT] = "look-left-out",
    [PLANTED_LOST_IS_UNSENT] = "lost-is-unsent",
    [PLANTED_ABSENCE_IS_PROOF] = "absence-is-proof",
};
#endif

static bool take_number(const char *text, uint64_t *number) {
    return text && slice_to_number(slice_from_text(text), UINT64_MAX, number);
}

static bool take_jobs(const char *text, unsigned *jobs) {
    uint64_t number = 0;
    if (!take_number(text, &number) || number == 0 || number > SEEDS_JOBS_MAX) return false;
    *jobs = (unsigned)number;
    return true;
}

static bool take_scenario(const char *name, struct seeds_options *options) {
    options->scenario_count = 0;
    for (size_t i = 0; name && i < SCENARIOS; i++)
        if (strcmp(scenarios[i]->name, name) == 0)
            options->scenarios[options->scenario_count++] = scenarios[i];
    return options->scenario_count;
}

static bool take_planted(const char *name, struct seeds_options *options) {
#ifdef PLANTED_FAULTS
    for (int i = 0; name && i < PLANTED_COUNT; i++)
        if (strcmp(planted_names[i], name) == 0) options->planted = (enum planted_fault)i;
#endif
    options->planted_name = name;
    return name && options->planted != PLANTED_NOTHING;
}

/* How many arguments the option is, or 0: it is wrong. */
static int take_option(const char *name, const char *value, struct seeds_options *options) {
    struct slice word = slice_from_text(name);
    if (slice_equal(word, SLICE("--trace"))) return options->is_traced = true, 1;
    if (slice_equal(word, SLICE("--verbose"))) return options->is_verbose = true, 1;
    if (slice_equal(word, SLICE("--every-wait")))
        return options->is_every_wait = true, take_scenario("waits", options);
    bool is_good = (slice_equal(word, SLICE("--seeds")) && take_number(value, &options->seeds)) ||
                   (slice_equal(word, SLICE("--first")) && take_number(value, &options->first)) ||
                   (slice_equal(word, SLICE("--wait")) && take_number(value, &options->wait)) ||
                   (slice_equal(word, SLICE("--jobs")) && take_jobs(value, &options->jobs)) ||
                   (slice_equal(word, SLICE("--scenario")) && take_scenario(value, options)) ||
                   (slice_equal(word, SLICE("--plant")) && take_planted(value, options));
    return is_good ? 2 : 0;
}

static bool take_options(int count, char **arguments, struct seeds_options *options) {
    *options = (struct seeds_options){.program = arguments[0],
                                      .scenario_count = SCENARIOS_DRAWN,
                                      .first = 1,
                                      .seeds = SEEDS_DEFAULT,
                                      .jobs = 1};
    for (size_t i = 0; i < SCENARIOS_DRAWN; i++) options->scenarios[i] = scenarios[i];
    if (getenv("SEEDS") && !take_number(getenv("SEEDS"), &options->seeds)) return false;
    if (getenv("JOBS") && !take_jobs(getenv("JOBS"), &options->jobs)) return false;
    for (int i = 1; i < count;) {
        int taken = take_option(arguments[i], i + 1 < count ? arguments[i + 1] : NULL, options);
        if (!taken) return false;
        i += taken;
    }
    return true;
}

/* What a run took from the kernel the next one needs again. */
static void keep_memory(void) {
    /* More than that the C library does not take as a threshold of its mappings. */
    enum { KEPT_BYTES = 32 << 20, TRIM_BYTES = 1 << 30 };
    (void)mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, TRIM_BYTES);
}

int main(int count, char **arguments) {
    keep_memory();
    struct seeds_options options;
    if (!take_options(count, arguments, &options)) {
        (void)fprintf(stderr,
                      "usage: %s [--scenario "
                      "crash|power|swarm|hosts|outage|waits|transit|outreach|outside|year|forty] "
                      "[--first S] [--seeds N] [--jobs N] [--trace] [--verbose] [--wait K | --every-wait] "
                      "[--plant FAULT]\n",
                      arguments[0]);
        return 2;
    }
    bool is_good = seeds_run(&options);
    return is_good != (options.planted != PLANTED_NOTHING) ? 0 : 1;
}
