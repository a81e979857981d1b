/*
 * One run of a scenario with one seed: the world with the host and its clients, from an empty disk
 * to the last look at what was stored.
 *
 *     set up -> clients work while the scenario makes trouble -> all is healed -> clients finish
 *     -> the host stops in order -> the store is verified and read through
 *
 * What is wrong is noted in the ledger.
 */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "host.h"
#include "ledger.h"

struct run;
struct client;

struct scenario {
    const char *name;
    /* After all is set up and started: sets the trouble going, with sim_world_after. */
    void (*start)(struct run *run);
};
extern const struct scenario scenario_crash;
extern const struct scenario scenario_power;
extern const struct scenario scenario_swarm;

enum { RUN_CLIENTS_MAX = 24 };

struct run {
    const struct scenario *scenario;
    struct sim_world *world;
    struct host *host;
    struct ledger *ledger;
    /* Their ids. */
    uint64_t accounts[LEDGER_ACCOUNTS];
    /* Since then nothing goes wrong any more. */
    bool is_healed;
    /* Nobody begins to send or change anything. */
    bool is_paused;
    /* When all roles served again, or 0. */
    int64_t healed_ms;
    /* And all roles serve: nobody waits long. */
    bool is_calm;
    /* Senders that have not got all of theirs acknowledged. */
    size_t senders_left;
    /* Readers end after their session. */
    bool is_closing;
    size_t readers_left;
    bool is_looked;
    uint64_t trouble_count;
    /* The clients' machines. */
    struct sim_machine *machines[RUN_CLIENTS_MAX];
    unsigned machine_count;
    /* As they were before the trouble. */
    struct sim_network network;
    struct sim_faults disk;
    int64_t started_ms;
    /* The swarm's: which kinds of trouble there are, a bit each. */
    unsigned faults;
};

struct run_options {
    uint64_t seed;
    const struct scenario *scenario;
    bool is_traced;
    enum planted_fault planted;
};

struct run_result {
    uint64_t trace;
    uint64_t attempts;
    uint64_t acknowledged;
    uint64_t starts;
    uint64_t troubles;
    unsigned faults;
    int64_t virtual_ms;
};

/* True: all is well. Else *failure is one line. */
bool run_scenario(const struct run_options *options, struct run_result *result, struct buffer *failure);

/* A number from the world's seed, from `least` to `most`. */
uint64_t run_between(struct run *run, uint64_t least, uint64_t most);

#endif
