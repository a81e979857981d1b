/*
 * A mail host in the simulated world: the supervisor of src/app in a process of its machine, and
 * every role it starts in a process of its own, with TLS, local sockets, SQLite and files as the
 * simulator gives them. Something like an init system starts the supervisor again whenever it has
 * ended, until the host is told to stop.
 */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include "app/settings/orders.h"
#include "io/sim/sim.h"

#define HOST_FOLDER "/data"
/* Little of what costs much in every store of the simulation: a password's hash, zeros ahead in the
 * database's log. */
enum { HOST_HASH_MEMORY_KIB = 8, HOST_LOG_ROOM_BYTES = 8192 };

struct host;

struct host_options {
    struct sim_world *world;
    /* Which of the hosts it is: its address, and its domain's store (plans.h), which the disk gets. */
    unsigned number;
    const struct sim_machine *plan;
    uint64_t edges;
    uint64_t mails;
    /* Log lines go to stderr. */
    bool is_traced;
    enum planted_fault planted;
    /* How long mail is tried, and when its sender hears that it still is (app/settings/config.h). */
    uint64_t lifetime_hours;
    uint64_t delay_warning_hours;
    /* Between two rounds of the store's upkeep. */
    uint64_t upkeep_pause_ms;
    /* How often outside mailboxes are looked at and logged into anew; 0: as ever. */
    uint64_t outreach_poll_s;
    uint64_t outreach_check_s;
    /* Between two heartbeats of a role; 0: as ever. */
    int64_t heartbeat_ms;
    /* NULL, or called at each end of a role or supervisor. */
    void (*on_end)(void *context, unsigned number);
    void *context;
};

/* "192.0.2.1" */
const char *host_address(unsigned number);
/* "mail.one.test" */
const char *host_name(unsigned number);

/* A machine with the store of the plan; nothing runs on it yet. Lives longer than the world. */
struct host *host_new(const struct host_options *options);
void host_free(struct host **host);
struct sim_machine *host_machine(struct host *host);
/* What each of its processes gives to each kind of work; changes are in force at once. */
struct budgets *host_budgets(struct host *host);
/* As they are on a host that lacks nothing, but for the database's log: a short run is to have checkpoints,
 * too. */
void host_budgets_mend(struct host *host);

/* Starts `main` on the machine, with a log. */
struct env *host_process_start(struct host *host, const char *name,
                               void (*main)(struct task *t, void *argument), void *argument);

/* Starts the supervisor, and again after each end. */
void host_start(struct host *host);
/* Asks it to stop, and to stay so. */
void host_stop(struct host *host);
/* Its power is cut, and stays away until host_start. */
void host_cut_power(struct host *host);
/* All roles serve. */
bool host_is_ready(const struct host *host);
/* No process of the machine runs. */
bool host_is_down(const struct host *host);

/* How many roles run; and one of them, or NULL. */
size_t host_role_count(const struct host *host);
struct env *host_role(const struct host *host, size_t number);
/* "store": the one that runs, or NULL. */
struct env *host_role_named(const struct host *host, const char *name);
/* The supervisor, or NULL. */
struct env *host_supervisor(const struct host *host);
/* Supervisors and roles started so far. */
uint64_t host_starts(const struct host *host);

#endif
