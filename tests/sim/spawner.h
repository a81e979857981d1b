/*
 * Roles as processes of the simulated machine: what app/serve/spawn.c is for real ones. The processes
 * carry a log of the host's, by which the host of an env is found: a spawner has no state.
 */
#ifndef SIM_SPAWNER_H
#define SIM_SPAWNER_H

#include "app/serve/spawn.h"
#include "host.h"

/* A process of the host's machine. */
struct host_process {
    struct list in_host;
    struct host *host;
    struct env *env;
    struct log log;
    bool is_role;
    void (*on_end)(void *context);
    void *context;
};

struct host {
    struct host_options options;
    struct sim_machine *machine;
    struct role_settings settings;
    struct budgets budgets;
    struct list processes;
    struct host_process *supervisor;
    uint64_t starts;
    uint64_t ends;
    bool is_wanted;
    bool is_ready;
};

struct host_process *host_process_new(struct host *host, const char *name,
                                      void (*main)(struct task *t, void *argument), void *argument);
static inline struct host *host_of(struct env *env) {
    return CONTAINER_OF(env->log, struct host_process, log)->host;
}

extern const struct spawner spawner_of_simulation;

#endif
