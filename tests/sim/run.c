#include "run.h"

#include <stdio.h>
#include <stdlib.h>

#include "clients.h"
#include "look.h"

enum {
    SENDERS = 4,
    SET_UP_MS_MAX = 60000,
    /* How long a scenario may make trouble, and everything may take after it. */
    TROUBLE_MS_MIN = 1500,
    TROUBLE_MS_MAX = 15000,
    SETTLE_MS_MAX = 1200000,
    /* What was begun in trouble ends, and who idles is told of it (imap_watcher.c). */
    CALM_DOWN_MS = 5000,
    LOOK_MS_MAX = 1500,
    LAST_STEPS_MAX = 120,
    LAST_JOBS_MAX = 6,
    LAST_KILL_MS = 500,
};

uint64_t run_between(struct run *run, uint64_t least, uint64_t most) {
    return least + sim_world_random(run->world, most - least + 1);
}

/* ---- conditions ---- */

static bool is_looked(void *context) {
    const struct run *run = context;
    return (run->is_looked && host_is_down(run->host)) || ledger_has_failed(run->ledger);
}
static bool is_ready(void *context) { return host_is_ready(((struct run *)context)->host); }
static bool is_served(void *context) {
    const struct run *run = context;
    return run->senders_left == 0 || ledger_has_failed(run->ledger);
}
static bool is_closed(void *context) {
    const struct run *run = context;
    return run->readers_left == 0 || ledger_has_failed(run->ledger);
}
static bool is_down(void *context) { return host_is_down(((struct run *)context)->host); }

static bool wait_for(struct run *run, bool (*is_met)(void *context), int64_t ms, const char *what) {
    if (!sim_world_run_until(run->world, is_met, run, ms)) ledger_fail(run->ledger, "%s", what);
    return !ledger_has_failed(run->ledger);
}

/* ---- phases ---- */

static void start_client(struct run *run, struct client *client, const char *kind, unsigned number,
                         void (*main)(struct task *t, void *client)) {
    char address[32];
    (void)snprintf(address, sizeof address, "198.51.100.%u", run->machine_count + 1);
    struct sim_machine *machine = sim_machine_new(run->world, kind, address);
    run->machines[run->machine_count++] = machine;
    *client = (struct client){run, number};
    (void)sim_process_start(machine, kind, main, client);
}

struct reader_kind {
    const char *name;
    void (*main)(struct task *t, void *client);
};
static const struct reader_kind reader_kinds[] = {{"pop3", pop3_reader_main},
                                                  {"imap", imap_reader_main},
                                                  {"changer", imap_changer_main},
                                                  {"watcher", imap_watcher_main}};
enum { READER_KINDS = sizeof reader_kinds / sizeof reader_kinds[0] };
_Static_assert(SENDERS + READER_KINDS * LEDGER_ACCOUNTS <= RUN_CLIENTS_MAX, "room for all clients");

/* Each user has some programs, not always all of them. */
static void start_clients(struct run *run, struct client *clients) {
    for (unsigned i = 0; i < SENDERS; i++) start_client(run, clients++, "sender", i, sender_main);
    run->senders_left = SENDERS;
    for (unsigned i = 0; i < LEDGER_ACCOUNTS * READER_KINDS; i++) {
        const struct reader_kind *kind = &reader_kinds[i % READER_KINDS];
        if (run_between(run, 0, 2) == 0) continue;
        start_client(run, clients++, kind->name, i / READER_KINDS, kind->main);
        run->readers_left++;
    }
}

static void look_now_and_then(void *context) {
    struct run *run = context;
    if (run->is_closing) return;
    /* Nothing runs: the power is cut. */
    if (!host_is_down(run->host)) (void)host_process_start(run->host, "look", look_beside, run);
    sim_world_after(run->world, (int64_t)run_between(run, 1, LOOK_MS_MAX), look_now_and_then, run);
}

static void heal_role(struct env *role) {
    sim_kill_after_steps(role, 0);
    sim_kill_after_turns(role, 0);
    sim_kill_after_jobs(role, 0);
    sim_kill_at_random(role, 0);
}

static void heal_network(struct run *run) {
    *sim_world_network(run->world) = run->network;
    for (unsigned i = 0; i < run->machine_count; i++)
        sim_network_part(host_machine(run->host), run->machines[i], false);
}

static void heal(struct run *run) {
    run->is_healed = true;
    heal_network(run);
    *sim_machine_faults(host_machine(run->host)) = run->disk;
    sim_power_cut_after_steps(host_machine(run->host), 0);
    for (size_t i = 0; host_role(run->host, i); i++) heal_role(host_role(run->host, i));
    if (host_supervisor(run->host)) heal_role(host_supervisor(run->host));
}

static bool trouble(struct run *run) {
    if (!wait_for(run, is_ready, SET_UP_MS_MAX, "the roles do not start")) return false;
    run->network = *sim_world_network(run->world);
    run->disk = *sim_machine_faults(host_machine(run->host));
    run->scenario->start(run);
    look_now_and_then(run);
    int64_t ms = (int64_t)run_between(run, TROUBLE_MS_MIN, TROUBLE_MS_MAX);
    (void)sim_world_run_until(run->world, is_served, run, ms);
    heal(run);
    return !ledger_has_failed(run->ledger);
}

/* The store dies once more in the middle of what is under way, and then nothing new is begun: who idles
   hears of what was committed from nobody but its successor. */
static bool pause(struct run *run) {
    struct env *store = host_role_named(run->host, "store");
    run->is_paused = true;
    if (store && run_between(run, 0, 2) == 0)
        sim_kill_after_steps(store, run_between(run, 1, LAST_STEPS_MAX));
    else if (store)
        sim_kill_after_jobs(store, run_between(run, 1, LAST_JOBS_MAX));
    sim_world_run_for(run->world, LAST_KILL_MS);
    if (host_role_named(run->host, "store") == store && store) heal_role(store);
    if (!wait_for(run, is_ready, SETTLE_MS_MAX, "after all was healed not all roles serve")) return false;
    run->healed_ms = sim_world_now_ms(run->world);
    sim_world_run_for(run->world, CALM_DOWN_MS);
    run->is_paused = false;
    return !ledger_has_failed(run->ledger);
}

static bool settle(struct run *run) {
    if (!pause(run)) return false;
    if (!wait_for(run, is_served, SETTLE_MS_MAX, "after all was healed senders are not served")) return false;
    run->senders_left = SENDERS;
    run->is_calm = true;
    if (!wait_for(run, is_served, SETTLE_MS_MAX, "in calm times senders are not served")) return false;
    run->is_closing = true;
    if (!wait_for(run, is_closed, SETTLE_MS_MAX, "after all was healed readers do not end")) return false;
    if (!is_ready(run)) ledger_fail(run->ledger, "after all was healed not all roles serve");
    host_stop(run->host);
    return wait_for(run, is_down, SETTLE_MS_MAX, "the host does not stop");
}

static bool set_up(struct run *run) {
    (void)host_process_start(run->host, "set-up", look_set_up, run);
    if (!wait_for(run, is_looked, SET_UP_MS_MAX, "the store is not made")) return false;
    run->is_looked = false;
    host_start(run->host);
    return true;
}

static void look_last(struct run *run) {
    (void)host_process_start(run->host, "last look", look_at_end, run);
    if (wait_for(run, is_looked, SET_UP_MS_MAX, "the last look does not end")) ledger_settle(run->ledger);
}

static void work(struct run *run, struct client *clients) {
    if (!set_up(run)) return;
    start_clients(run, clients);
    if (trouble(run) && settle(run)) look_last(run);
}

static void tell(const struct run *run, struct run_result *result) {
    *result = (struct run_result){.trace = sim_world_trace(run->world),
                                  .starts = host_starts(run->host),
                                  .troubles = run->trouble_count,
                                  .faults = run->faults,
                                  .attempts = run->ledger->count,
                                  .virtual_ms = sim_world_now_ms(run->world) - run->started_ms};
    for (uint32_t i = 1; i <= run->ledger->count; i++)
        result->acknowledged += run->ledger->entries[i].is_acknowledged;
}

bool run_scenario(const struct run_options *options, struct run_result *result, struct buffer *failure) {
    struct client clients[RUN_CLIENTS_MAX];
    struct run run = {.scenario = options->scenario, .world = sim_world_new(options->seed)};
    struct host_options host = {
        .world = run.world, .is_traced = options->is_traced, .planted = options->planted};
    run.started_ms = sim_world_now_ms(run.world);
    host.edges = run_between(&run, 1, 2);
    host.mails = run_between(&run, 1, 2);
    run.host = host_new(&host);
    run.ledger = ledger_new(options->seed);
    work(&run, clients);
    host_stop(run.host);
    run.is_closing = true;
    tell(&run, result);
    sim_world_free(&run.world);
    buffer_append(failure, buffer_slice(&run.ledger->failure));
    bool is_good = !ledger_has_failed(run.ledger);
    ledger_free(&run.ledger);
    host_free(&run.host);
    return is_good;
}
