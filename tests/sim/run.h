/*
 * One run of a scenario with one seed: the world with its hosts and clients, from fresh stores to the
 * last look at what was stored.
 *
 *     set up -> clients work while the scenario makes trouble -> all is healed -> clients finish
 *     -> the hosts stop in order -> their stores are verified and read through
 *
 * What is wrong is noted in the ledger.
 */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "host.h"
#include "ledger.h"
#include "plans.h"

struct run;
struct client;
struct transit;
struct outreach;

enum { RUN_CLIENTS_MAX = 24, RUN_HOSTS_MAX = 3, SCENARIO_LAYOUTS_MAX = 2 };

/* What a scenario does otherwise than run.c. */
struct scenario_course {
    /* Of each host, before it is made. */
    void (*set_host)(struct run *run, struct host_options *options);
    /* All of it, once there are hosts; and when the world is gone. */
    void (*work)(struct run *run);
    void (*end)(struct run *run);
};

struct scenario {
    const char *name;
    /* The hosts and accounts that there may be; the seed chooses. */
    struct ledger_layout layouts[SCENARIO_LAYOUTS_MAX];
    size_t layout_count;
    /* Who sends how much, first and in calm times. */
    unsigned senders;
    unsigned messages;
    unsigned calm_messages;
    /* After all is set up and started: sets the trouble going, with sim_world_after. NULL: there is none
       but the one kill of run_options.wait, whenever that comes. */
    void (*start)(struct run *run);
    /* NULL: as said above. */
    const struct scenario_course *course;
};
extern const struct scenario scenario_crash;
extern const struct scenario scenario_power;
extern const struct scenario scenario_swarm;
extern const struct scenario scenario_hosts;
extern const struct scenario scenario_outage;
extern const struct scenario scenario_waits;
extern const struct scenario scenario_transit;
extern const struct scenario scenario_outreach;
extern const struct scenario scenario_outside;
extern const struct scenario scenario_year;
extern const struct scenario scenario_forty;

/* A host, and what the run knows of it. */
struct site {
    struct run *run;
    unsigned number;
    struct host *host;
    const struct plan *plan;
    /* Its disk's faults as they were before the trouble. */
    struct sim_faults disk;
    /* Nothing goes wrong here, whatever happens to the others. */
    bool is_spared;
    /* The last look has seen it. */
    bool is_looked;
    /* The swarm's: which kinds of trouble there are, a bit each. */
    unsigned faults;
    /* Its wall clock is so much off. */
    int64_t clock_ms;
};

struct run {
    const struct scenario *scenario;
    struct sim_world *world;
    struct site sites[RUN_HOSTS_MAX];
    unsigned site_count;
    struct ledger *ledger;
    /* All serve, and from now on things go wrong. */
    bool is_begun;
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
    uint64_t trouble_count;
    /* The clients' machines. */
    struct sim_machine *machines[RUN_CLIENTS_MAX];
    unsigned machine_count;
    /* As it was before the trouble. */
    struct sim_network network;
    int64_t started_ms;
    /* Of the first host's processes, until it stopped. */
    uint64_t waits;
    /* transit.h; or NULL. */
    struct transit *transit;
    /* outreach.h; or NULL. */
    struct outreach *outreach;
};

struct run_options {
    uint64_t seed;
    const struct scenario *scenario;
    struct plans *plans;
    bool is_traced;
    enum planted_fault planted;
    /* Of scenario_waits: the wait, of all of the first host's, at which a process is killed; 0: the seed
       chooses one. */
    uint64_t wait;
    /* Where a failure is written before the world is taken down: that may end the process. NULL: nowhere. */
    char *last_words;
};

enum { RUN_LAST_WORDS_BYTES = 256 };

struct run_result {
    uint64_t trace;
    uint64_t attempts;
    uint64_t acknowledged;
    uint64_t starts;
    uint64_t troubles;
    unsigned faults;
    int64_t virtual_ms;
    /* Of the first host's processes, all together. */
    uint64_t waits;
};

/* True: all is well. Else *failure is one line. */
bool run_scenario(const struct run_options *options, struct run_result *result, struct buffer *failure);
/* How many waits the first host has when nobody kills anything: what options->wait may be. */
uint64_t run_count_waits(const struct run_options *options);

/* A number from the world's seed, from `least` to `most`. */
uint64_t run_between(struct run *run, uint64_t least, uint64_t most);
/* One of the hosts; and one of those that are not spared. */
struct site *run_site(struct run *run);
struct site *run_sick_site(struct run *run);
/* A machine for a client. */
struct sim_machine *run_client_machine(struct run *run, const char *kind);
/* All roles of all hosts serve; no process of theirs runs. */
bool run_are_ready(void *run);
bool run_are_down(void *run);
/* False, and a failure that says `what`: it was not met in that time. */
bool run_wait_for(struct run *run, bool (*is_met)(void *run), int64_t ms, const char *what);
/* Remembers how all is while nothing is wrong; makes it so again. */
void run_note_health(struct run *run);
void run_heal(struct run *run);
/* Nothing goes wrong at the host, so that nobody may wait long or lose a connection. */
bool site_is_calm(const struct site *site);

#endif
