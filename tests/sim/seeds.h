/*
 * Many seeds, by some worker processes that share one list: a worker that dies is told with its seed,
 * and another takes its place. A seed draws its scenario, where none is asked for. The first seed and
 * each tenth after it run twice, and must leave the same trace; so must each that fails.
 */
#ifndef SIM_SEEDS_H
#define SIM_SEEDS_H

#include "run.h"

enum { SEEDS_SCENARIOS_MAX = 8, SEEDS_JOBS_MAX = 64, SEEDS_FAILURES_MAX = 5 };

struct seeds_options {
    /* How the program was called: for the command that replays. */
    const char *program;
    const struct scenario *scenarios[SEEDS_SCENARIOS_MAX];
    size_t scenario_count;
    uint64_t first;
    uint64_t seeds;
    /* Of scenario_waits, see run_options; or the first seed with each wait that there is. */
    uint64_t wait;
    bool is_every_wait;
    unsigned jobs;
    bool is_traced;
    bool is_verbose;
    enum planted_fault planted;
    const char *planted_name;
};

/* Runs them all, or until so many failed (one, when a fault is planted), and says how it went. True: none
   failed. */
bool seeds_run(const struct seeds_options *options);

#endif
