/*
 * Each seed draws which kinds of trouble there are at each host of its world, and how much of each:
 * with some of them missing the others get further, and find what they would find never together.
 * "swarm" is one host; "hosts" are two or three, each with troubles of its own; in "outage" one of two
 * has them all to itself, and at the other nobody may notice.
 */
#include <stddef.h>

#include "run.h"

enum {
    PAUSE_MS_MAX = 1500,
    STEPS_MAX = 300,
    WAITS_MAX = 600,
    RARE_CHANCE = 20000,
    LATENCY_US_MAX = 400000,
    DESCRIPTORS_MAX = 60,
    DOWN_MS_MAX = 5000,
};

static const int64_t clock_ms_max = 25LL * 365 * 24 * 3600 * 1000;

static struct sim_network *network_of(struct site *site) { return sim_world_network(site->run->world); }
static struct sim_faults *faults_of(struct site *site) {
    return sim_machine_faults(host_machine(site->host));
}

/* Some of the time, so that things go on. */
static uint32_t maybe(struct run *run, uint32_t chance_max) {
    return run_between(run, 0, 1) ? (uint32_t)run_between(run, 1, chance_max) : 0;
}

/* ---- processes ---- */

static struct env *choose_role(struct site *site) {
    size_t count = host_role_count(site->host);
    return count ? host_role(site->host, (size_t)run_between(site->run, 0, count - 1)) : NULL;
}

static void kill_at_step(struct site *site) {
    struct env *role = choose_role(site);
    if (role && run_between(site->run, 0, 1))
        sim_kill_after_steps(role, run_between(site->run, 1, STEPS_MAX));
    else if (role)
        sim_kill_after_jobs(role, run_between(site->run, 1, STEPS_MAX / 10));
}

static void kill_at_wait(struct site *site) {
    struct env *role = choose_role(site);
    if (role) sim_kill_after_waits(role, run_between(site->run, 1, WAITS_MAX));
}

/* All roles get a weak heart for a while. */
static void kill_at_random(struct site *site) {
    uint32_t chance =
        run_between(site->run, 0, 1) ? (uint32_t)run_between(site->run, 1, RARE_CHANCE / 10) : 0;
    for (size_t i = 0; host_role(site->host, i); i++) sim_kill_at_random(host_role(site->host, i), chance);
}

static void kill_supervisor(struct site *site) {
    struct env *supervisor = host_supervisor(site->host);
    if (supervisor) sim_kill_after_waits(supervisor, run_between(site->run, 1, WAITS_MAX / 10));
}

/* ---- the whole host ---- */

static void cut_power(struct site *site) {
    sim_power_cut_after_steps(host_machine(site->host), run_between(site->run, 1, STEPS_MAX));
}

static void come_back(void *context) {
    struct site *site = context;
    if (!site->run->is_closing) host_start(site->host);
}

/* In order or not, and away for a while. */
static void go_down(struct site *site) {
    if (run_between(site->run, 0, 1))
        host_stop(site->host);
    else
        host_cut_power(site->host);
    sim_world_after(site->run->world, (int64_t)run_between(site->run, 1, DOWN_MS_MAX), come_back, site);
}

/* ---- disk and descriptors ---- */

static void fail_syncs(struct site *site) {
    faults_of(site)->sync_error_chance = maybe(site->run, RARE_CHANCE);
}
static void fail_writes(struct site *site) {
    faults_of(site)->write_error_chance = maybe(site->run, RARE_CHANCE / 10);
}
static void fail_reads(struct site *site) {
    faults_of(site)->read_error_chance = maybe(site->run, RARE_CHANCE / 10);
}
static void fill_disk(struct site *site) {
    uint64_t kind = run_between(site->run, 0, 3);
    faults_of(site)->no_space_chance = kind == 0 ? SIM_ALWAYS : kind == 1 ? RARE_CHANCE * 5 : 0;
}
static void fail_opens(struct site *site) {
    faults_of(site)->no_descriptor_chance = maybe(site->run, RARE_CHANCE);
}
static void limit_descriptors(struct site *site) {
    faults_of(site)->descriptors_max = run_between(site->run, 0, 1)
                                           ? site->disk.descriptors_max
                                           : (size_t)run_between(site->run, 20, DESCRIPTORS_MAX);
}

/* ---- memory ---- */

/* Budgets, and as little of each as still lets the smallest work be done, or none at all. */
static const struct {
    size_t offset;
    size_t least;
} budgets[] = {
    {offsetof(struct budgets, intake_bytes), 0},
    {offsetof(struct budgets, message_memory_bytes), 0},
    {offsetof(struct budgets, smtp_transaction_bytes), 4096},
    {offsetof(struct budgets, imap_work_bytes), 32768},
    {offsetof(struct budgets, imap_batch_bytes), 0},
    {offsetof(struct budgets, conn_output_bytes), 0},
    {offsetof(struct budgets, conn_turn_bytes), 1},
    {offsetof(struct budgets, ipc_backlog_bytes), 0},
    {offsetof(struct budgets, ipc_unread_bytes), 1024},
    {offsetof(struct budgets, ipc_requests), 1},
    {offsetof(struct budgets, ipc_request_bytes), 1},
    {offsetof(struct budgets, ipc_request_handles), 1},
    {offsetof(struct budgets, ipc_turn_bytes), 1},
    {offsetof(struct budgets, store_peer_spools), 0},
    {offsetof(struct budgets, store_hashes), 0},
    {offsetof(struct budgets, store_batch_operations), 1},
    {offsetof(struct budgets, store_batch_bytes), 1},
    {offsetof(struct budgets, store_log_bytes), 0},
};
enum { BUDGETS = sizeof budgets / sizeof budgets[0], SQUEEZES_MAX = 4, SPARE_BITS_MAX = 16 };

/* Of whatever size: as likely a few bytes as a few thousand more than the least. */
static void squeeze_one(struct site *site) {
    uint64_t which = run_between(site->run, 0, BUDGETS - 1);
    size_t *budget = (size_t *)(void *)((char *)host_budgets(site->host) + budgets[which].offset);
    uint64_t spare = (uint64_t)1 << run_between(site->run, 0, SPARE_BITS_MAX);
    *budget = budgets[which].least + (size_t)run_between(site->run, 0, spare - 1);
}

static void squeeze_memory(struct site *site) {
    uint64_t squeezes = run_between(site->run, 0, SQUEEZES_MAX);
    host_budgets_mend(site->host);
    while (squeezes--) squeeze_one(site);
}

/* ---- network ---- */

static void cut_connections(struct site *site) { sim_network_cut(host_machine(site->host)); }

/* Between the host and a client, or another host. */
static void part_network(struct site *site) {
    struct run *run = site->run;
    bool is_client = run->site_count == 1 || run_between(run, 0, 3);
    struct sim_machine *machine = is_client ? run->machines[run_between(run, 0, run->machine_count - 1)]
                                            : host_machine(run_site(run)->host);
    if (machine != host_machine(site->host))
        sim_network_part(host_machine(site->host), machine, run_between(run, 0, 1));
}

/* These are everywhere, so of no one host. */
static void lose_connections(struct site *site) {
    network_of(site)->cut_chance = maybe(site->run, RARE_CHANCE / 10);
}

/* Slow, and so uneven that connections overtake each other by far. */
static void slow_network(struct site *site) {
    struct run *run = site->run;
    struct sim_network *network = network_of(site);
    network->latency_us_max = (int64_t)run_between(run, 1000, LATENCY_US_MAX);
    network->split_chance = (uint32_t)run_between(run, 0, SIM_ALWAYS);
    network->short_write_chance = (uint32_t)run_between(run, 0, SIM_ALWAYS / 2);
    network->window_bytes = (size_t)run_between(run, 500, 65536);
}

static void refuse_connections(struct site *site) {
    network_of(site)->refuse_chance = maybe(site->run, RARE_CHANCE * 5);
    network_of(site)->tls_failure_chance = maybe(site->run, RARE_CHANCE * 5);
}

/* ---- time ---- */

/* The wall clock is set right by a little, is an hour or days wrong, or years, and that more than once. */
static void jump_clock(struct site *site) {
    static const int64_t widths_ms[] = {5000, 3600 * 1000, 60 * 3600 * 1000, 10 * 365 * 24 * 3600 * 1000LL};
    struct run *run = site->run;
    int64_t by_ms = widths_ms[run_between(run, 0, sizeof widths_ms / sizeof widths_ms[0] - 1)];
    if (run_between(run, 0, 1)) by_ms = (int64_t)run_between(run, 1, (uint64_t)by_ms);
    if (run_between(run, 0, 1)) by_ms = -by_ms;
    /* Not out of the range that a clock has. */
    bool is_far = site->clock_ms + by_ms > clock_ms_max || site->clock_ms + by_ms < -clock_ms_max;
    if (is_far) by_ms = -site->clock_ms;
    site->clock_ms += by_ms;
    sim_machine_jump_clock(host_machine(site->host), by_ms);
}

/* ---- all of it ---- */

/* The last ones are troubles of all hosts at once. */
static void (*const kinds[])(struct site *) = {
    kill_at_step, kill_at_wait,      kill_at_random,     kill_supervisor, cut_power,
    go_down,      fail_syncs,        fail_writes,        fail_reads,      fill_disk,
    fail_opens,   limit_descriptors, squeeze_memory,     part_network,    cut_connections,
    jump_clock,   lose_connections,  refuse_connections, slow_network};
enum { KINDS = sizeof kinds / sizeof kinds[0], COMMON_KINDS = 3 };

static void trouble(void *context) {
    struct run *run = context;
    if (run->is_healed) return;
    struct site *site = run_sick_site(run);
    unsigned kind = (unsigned)run_between(run, 0, KINDS - 1);
    if (site->faults & 1u << kind) {
        run->trouble_count++;
        kinds[kind](site);
    }
    sim_world_after(run->world, (int64_t)run_between(run, 1, PAUSE_MS_MAX) / KINDS + 1, trouble, run);
}

static void draw(struct run *run, unsigned count) {
    for (unsigned s = 0; s < run->site_count; s++)
        for (unsigned i = 0; i < count; i++)
            if (run_between(run, 0, 3) == 0) run->sites[s].faults |= 1u << i;
}

static void start(struct run *run) {
    draw(run, KINDS);
    sim_world_after(run->world, (int64_t)run_between(run, 1, PAUSE_MS_MAX), trouble, run);
}

static void start_beside(struct run *run) {
    run_site(run)->is_spared = true;
    draw(run, KINDS - COMMON_KINDS);
    sim_world_after(run->world, (int64_t)run_between(run, 1, PAUSE_MS_MAX), trouble, run);
}

const struct scenario scenario_swarm = {.name = "swarm",
                                        .layouts = {{1, 3}},
                                        .layout_count = 1,
                                        .senders = 4,
                                        .messages = 10,
                                        .calm_messages = 3,
                                        .start = start};
const struct scenario scenario_hosts = {.name = "hosts",
                                        .layouts = {{2, 4}, {3, 3}},
                                        .layout_count = 2,
                                        .senders = 3,
                                        .messages = 8,
                                        .calm_messages = 3,
                                        .start = start};
const struct scenario scenario_outage = {.name = "outage",
                                         .layouts = {{2, 2}, {2, 3}},
                                         .layout_count = 2,
                                         .senders = 3,
                                         .messages = 8,
                                         .calm_messages = 2,
                                         .start = start_beside};
