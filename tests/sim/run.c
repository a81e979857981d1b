#include "run.h"

#include <stdio.h>
#include <stdlib.h>

#include "clients.h"
#include "look.h"

enum {
    SET_UP_MS_MAX = 60000,
    /* How long a scenario may make trouble, and everything may take after it. */
    TROUBLE_MS_MIN = 1500,
    TROUBLE_MS_MAX = 15000,
    SETTLE_MS_MAX = 300000,
    /* What was begun in trouble ends, and who idles is told of it (imap_watcher.c). */
    CALM_DOWN_MS = 5000,
    LOOK_MS_MAX = 1500,
    LAST_STEPS_MAX = 120,
    LAST_JOBS_MAX = 6,
    LAST_KILL_MS = 500,
    CARRIERS_MAX = 2,
    UPKEEP_PAUSE_MS = 300,
};

/* Of run_options.wait: nobody is killed. */
static const uint64_t no_wait = UINT64_MAX;

uint64_t run_between(struct run *run, uint64_t least, uint64_t most) {
    return least + sim_world_random(run->world, most - least + 1);
}

struct site *run_site(struct run *run) {
    return &run->sites[run_between(run, 0, run->site_count - 1)];
}

struct site *run_sick_site(struct run *run) {
    struct site *site = run_site(run);
    while (site->is_spared) site = &run->sites[(site->number + 1) % run->site_count];
    return site;
}

/* Where a kill may come at any time nobody can be sure of anything. */
bool site_is_calm(const struct site *site) {
    const struct run *run = site->run;
    return run->scenario->start && (run->is_calm || (site->is_spared && run->is_begun));
}

/* ---- conditions ---- */

static bool are_looked(void *context) {
    const struct run *run = context;
    for (unsigned i = 0; i < run->site_count; i++)
        if (!run->sites[i].is_looked || !host_is_down(run->sites[i].host))
            return ledger_has_failed(run->ledger);
    return true;
}
bool run_are_ready(void *context) {
    const struct run *run = context;
    for (unsigned i = 0; i < run->site_count; i++)
        if (!host_is_ready(run->sites[i].host)) return false;
    return true;
}
static bool is_served(void *context) {
    const struct run *run = context;
    return run->senders_left == 0 || ledger_has_failed(run->ledger);
}
static bool is_closed(void *context) {
    const struct run *run = context;
    return run->readers_left == 0 || ledger_has_failed(run->ledger);
}
bool run_are_down(void *context) {
    const struct run *run = context;
    for (unsigned i = 0; i < run->site_count; i++)
        if (!host_is_down(run->sites[i].host)) return false;
    return true;
}

bool run_wait_for(struct run *run, bool (*is_met)(void *run), int64_t ms, const char *what) {
    if (!sim_world_run_until(run->world, is_met, run, ms))
        ledger_fail(run->ledger, ALL_ARE_SERVED, "%s", what);
    return !ledger_has_failed(run->ledger);
}

/* ---- clients ---- */

struct sim_machine *run_client_machine(struct run *run, const char *kind) {
    char address[32];
    ASSERT(run->machine_count < RUN_CLIENTS_MAX);
    (void)snprintf(address, sizeof address, "198.51.100.%u", run->machine_count + 1);
    run->machines[run->machine_count] = sim_machine_new(run->world, kind, address);
    return run->machines[run->machine_count++];
}

static void start_client(struct run *run, struct client *clients, const char *kind, unsigned number,
                         void (*main)(struct task *t, void *client)) {
    struct client *client = &clients[run->machine_count];
    *client = (struct client){run, number};
    (void)sim_process_start(run_client_machine(run, kind), kind, main, client);
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

/* Each user has some programs, not always all of them. */
static void start_clients(struct run *run, struct client *clients) {
    for (unsigned i = 0; i < run->scenario->senders; i++)
        start_client(run, clients, "sender", i, sender_main);
    run->senders_left = run->scenario->senders;
    for (unsigned i = 0; i < run->ledger->layout.accounts * READER_KINDS; i++) {
        const struct reader_kind *kind = &reader_kinds[i % READER_KINDS];
        if (run_between(run, 0, 2) == 0) continue;
        start_client(run, clients, kind->name, i / READER_KINDS, kind->main);
        run->readers_left++;
    }
    for (unsigned i = 0; run->site_count > 1 && i < CARRIERS_MAX; i++) {
        start_client(run, clients, "carrier", i, imap_carrier_main);
        run->readers_left++;
    }
}

/* ---- phases ---- */

static void look_now_and_then(void *context) {
    struct site *site = context;
    struct run *run = site->run;
    if (run->is_closing) return;
    /* Nothing runs: the power is cut. */
    if (!host_is_down(site->host)) (void)host_process_start(site->host, "look", look_beside, site);
    sim_world_after(run->world, (int64_t)run_between(run, 1, LOOK_MS_MAX), look_now_and_then, site);
}

static void heal_role(struct env *role) {
    sim_kill_after_steps(role, 0);
    sim_kill_after_waits(role, 0);
    sim_kill_after_jobs(role, 0);
    sim_kill_at_random(role, 0);
}

static void heal_site(struct site *site) {
    struct run *run = site->run;
    struct sim_machine *machine = host_machine(site->host);
    for (unsigned i = 0; i < run->machine_count; i++) sim_network_part(machine, run->machines[i], false);
    for (unsigned i = 0; i < site->number; i++)
        sim_network_part(machine, host_machine(run->sites[i].host), false);
    *sim_machine_faults(machine) = site->disk;
    host_budgets_mend(site->host);
    sim_power_cut_after_steps(machine, 0);
    for (size_t i = 0; host_role(site->host, i); i++) heal_role(host_role(site->host, i));
    if (host_supervisor(site->host)) heal_role(host_supervisor(site->host));
    host_start(site->host);
}

void run_heal(struct run *run) {
    run->is_healed = true;
    *sim_world_network(run->world) = run->network;
    for (unsigned i = 0; i < run->site_count; i++) heal_site(&run->sites[i]);
}

void run_note_health(struct run *run) {
    run->network = *sim_world_network(run->world);
    for (unsigned i = 0; i < run->site_count; i++)
        run->sites[i].disk = *sim_machine_faults(host_machine(run->sites[i].host));
}

static bool trouble(struct run *run) {
    if (!run_wait_for(run, run_are_ready, SET_UP_MS_MAX, "the roles do not start")) return false;
    run_note_health(run);
    for (unsigned i = 0; i < run->site_count; i++) look_now_and_then(&run->sites[i]);
    if (run->scenario->start) run->scenario->start(run);
    run->is_begun = true;
    int64_t ms = (int64_t)run_between(run, TROUBLE_MS_MIN, TROUBLE_MS_MAX);
    (void)sim_world_run_until(run->world, is_served, run, ms);
    run_heal(run);
    return !ledger_has_failed(run->ledger);
}

/* A store dies once more in the middle of what is under way, and then nothing new is begun: who idles
   hears of what was committed from nobody but its successor. */
static void kill_store(struct site *site, struct env *store) {
    struct run *run = site->run;
    if (run_between(run, 0, 2) == 0)
        sim_kill_after_steps(store, run_between(run, 1, LAST_STEPS_MAX));
    else
        sim_kill_after_jobs(store, run_between(run, 1, LAST_JOBS_MAX));
}

static bool pause(struct run *run) {
    run->is_paused = true;
    struct site *site = run_sick_site(run);
    struct env *store = run->scenario->start ? host_role_named(site->host, "store") : NULL;
    if (store) kill_store(site, store);
    sim_world_run_for(run->world, LAST_KILL_MS);
    if (store && host_role_named(site->host, "store") == store) heal_role(store);
    if (!run_wait_for(run, run_are_ready, SETTLE_MS_MAX, "after all was healed not all roles serve"))
        return false;
    run->healed_ms = sim_world_now_ms(run->world);
    sim_world_run_for(run->world, CALM_DOWN_MS);
    run->is_paused = false;
    return !ledger_has_failed(run->ledger);
}

static bool settle(struct run *run) {
    if (!pause(run)) return false;
    if (!run_wait_for(run, is_served, SETTLE_MS_MAX, "after all was healed senders are not served"))
        return false;
    run->senders_left = run->scenario->senders;
    run->is_calm = true;
    if (!run_wait_for(run, is_served, SETTLE_MS_MAX, "in calm times senders are not served")) return false;
    run->is_closing = true;
    if (!run_wait_for(run, is_closed, SETTLE_MS_MAX, "after all was healed readers do not end")) return false;
    if (!run_wait_for(run, run_are_ready, SETTLE_MS_MAX, "at the end not all roles serve")) return false;
    for (unsigned i = 0; i < run->site_count; i++) host_stop(run->sites[i].host);
    return run_wait_for(run, run_are_down, SETTLE_MS_MAX, "a host does not stop");
}

static void look_last(struct run *run) {
    run->waits = sim_machine_waits(host_machine(run->sites[0].host));
    sim_machine_kill_after_waits(host_machine(run->sites[0].host), 0);
    ledger_look_anew(run->ledger);
    for (unsigned i = 0; i < run->site_count; i++)
        (void)host_process_start(run->sites[i].host, "last look", look_at_end, &run->sites[i]);
    if (run_wait_for(run, are_looked, SET_UP_MS_MAX, "the last look does not end"))
        ledger_settle(run->ledger);
}

static void work(struct run *run, uint64_t wait) {
    struct client clients[RUN_CLIENTS_MAX];
    struct sim_machine *first = host_machine(run->sites[0].host);
    if (wait && wait != no_wait) sim_machine_kill_after_waits(first, wait);
    for (unsigned i = 0; i < run->site_count; i++) host_start(run->sites[i].host);
    start_clients(run, clients);
    if (trouble(run) && settle(run)) look_last(run);
    for (unsigned i = 0; i < run->site_count; i++) host_stop(run->sites[i].host);
    run->is_closing = true;
}

static void tell(const struct run *run, struct run_result *result) {
    *result = (struct run_result){.trace = sim_world_trace(run->world),
                                  .troubles = run->trouble_count,
                                  .attempts = run->ledger->count,
                                  .waits = run->waits,
                                  .virtual_ms = sim_world_now_ms(run->world) - run->started_ms};
    for (unsigned i = 0; i < run->site_count; i++) {
        result->starts += host_starts(run->sites[i].host);
        result->faults |= run->sites[i].faults;
    }
    for (uint32_t i = 1; i <= run->ledger->count; i++)
        result->acknowledged += run->ledger->entries[i].is_acknowledged;
}

/* ---- a world ---- */

static void site_make(struct run *run, const struct run_options *options, const struct plan *plan) {
    struct site *site = &run->sites[run->site_count];
    struct host_options host = {.world = run->world,
                                .number = run->site_count,
                                .plan = plan->machine,
                                .edges = run_between(run, 1, 2),
                                .mails = run_between(run, 1, 2),
                                .is_traced = options->is_traced,
                                .planted = options->planted,
                                .upkeep_pause_ms = UPKEEP_PAUSE_MS};
    const struct scenario_course *course = run->scenario->course;
    if (course) course->set_host(run, &host);
    *site = (struct site){.run = run, .number = run->site_count, .plan = plan, .host = host_new(&host)};
    run->site_count++;
}

static void run_world(const struct run_options *options, struct ledger_layout layout,
                      struct run_result *result, struct buffer *failure) {
    const struct plan *plans[RUN_HOSTS_MAX];
    for (unsigned i = 0; i < layout.hosts; i++) plans[i] = plans_get(options->plans, layout, i);
    struct run run = {.scenario = options->scenario, .world = sim_world_new(options->seed)};
    run.ledger = ledger_new(options->seed, layout);
    run.started_ms = sim_world_now_ms(run.world);
    for (unsigned i = 0; i < layout.hosts; i++) site_make(&run, options, plans[i]);
    const struct scenario_course *course = run.scenario->course;
    if (course)
        course->work(&run);
    else
        work(&run, options->wait);
    tell(&run, result);
    if (options->last_words)
        (void)snprintf(options->last_words, RUN_LAST_WORDS_BYTES, "%.*s",
                       SLICE_PRINT(buffer_slice(&run.ledger->failure)));
    sim_world_free(&run.world);
    if (course) course->end(&run);
    buffer_append(failure, buffer_slice(&run.ledger->failure));
    ledger_free(&run.ledger);
    for (unsigned i = 0; i < run.site_count; i++) host_free(&run.sites[i].host);
}

/* Of what the seed decides before there is a world. */
static uint64_t early_choice(uint64_t seed, uint64_t bound) {
    return (uint64_t)(((unsigned __int128)((seed + 1) * 0x9e3779b97f4a7c15u) * bound) >> 64);
}

static struct ledger_layout choose_layout(const struct run_options *options) {
    const struct scenario *scenario = options->scenario;
    return scenario->layouts[early_choice(options->seed, scenario->layout_count)];
}

uint64_t run_count_waits(const struct run_options *options) {
    struct run_options dry = *options;
    struct run_result result;
    struct buffer failure = buffer_new(LEDGER_FAILURE_BYTES_MAX);
    dry.wait = no_wait;
    dry.is_traced = false;
    run_world(&dry, choose_layout(&dry), &result, &failure);
    buffer_free(&failure);
    return result.waits;
}

bool run_scenario(const struct run_options *options, struct run_result *result, struct buffer *failure) {
    struct run_options chosen = *options;
    if (!chosen.wait && !chosen.scenario->start)
        chosen.wait = 1 + early_choice(chosen.seed, run_count_waits(&chosen));
    run_world(&chosen, choose_layout(&chosen), result, failure);
    return failure->len == 0;
}
