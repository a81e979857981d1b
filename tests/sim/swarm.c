/*
 * Each seed draws which kinds of trouble there are in its world, and how much of each: with some of
 * them missing the others get further, and find what they would find never together.
 */
#include "run.h"

enum {
    PAUSE_MS_MAX = 1500,
    STEPS_MAX = 300,
    TURNS_MAX = 400,
    RARE_CHANCE = 20000,
    JUMP_MS_MAX = 40 * 24 * 3600 * 1000LL / 16,
    LATENCY_US_MAX = 400000,
    DESCRIPTORS_MAX = 60,
};

/* ---- processes ---- */

static struct env *choose_role(struct run *run) {
    size_t count = host_role_count(run->host);
    return count ? host_role(run->host, (size_t)run_between(run, 0, count - 1)) : NULL;
}

static void kill_at_step(struct run *run) {
    struct env *role = choose_role(run);
    if (role && run_between(run, 0, 1))
        sim_kill_after_steps(role, run_between(run, 1, STEPS_MAX));
    else if (role)
        sim_kill_after_jobs(role, run_between(run, 1, STEPS_MAX / 10));
}

static void kill_at_wait(struct run *run) {
    struct env *role = choose_role(run);
    if (role) sim_kill_after_turns(role, run_between(run, 1, TURNS_MAX));
}

/* All roles get a weak heart for a while. */
static void kill_at_random(struct run *run) {
    uint32_t chance = run_between(run, 0, 1) ? (uint32_t)run_between(run, 1, RARE_CHANCE / 10) : 0;
    for (size_t i = 0; host_role(run->host, i); i++) sim_kill_at_random(host_role(run->host, i), chance);
}

static void kill_supervisor(struct run *run) {
    struct env *supervisor = host_supervisor(run->host);
    if (supervisor) sim_kill_after_turns(supervisor, run_between(run, 1, TURNS_MAX / 10));
}

static void cut_power(struct run *run) {
    sim_power_cut_after_steps(host_machine(run->host), run_between(run, 1, STEPS_MAX));
}

/* ---- disk and descriptors ---- */

static struct sim_faults *faults_of(struct run *run) { return sim_machine_faults(host_machine(run->host)); }

/* Some of the time, so that things go on. */
static uint32_t maybe(struct run *run, uint32_t chance_max) {
    return run_between(run, 0, 1) ? (uint32_t)run_between(run, 1, chance_max) : 0;
}

static void fail_syncs(struct run *run) { faults_of(run)->sync_error_chance = maybe(run, RARE_CHANCE); }
static void fail_writes(struct run *run) {
    faults_of(run)->write_error_chance = maybe(run, RARE_CHANCE / 10);
}
static void fill_disk(struct run *run) {
    uint64_t kind = run_between(run, 0, 3);
    faults_of(run)->no_space_chance = kind == 0 ? SIM_ALWAYS : kind == 1 ? RARE_CHANCE * 5 : 0;
}
static void fail_opens(struct run *run) { faults_of(run)->no_descriptor_chance = maybe(run, RARE_CHANCE); }
static void limit_descriptors(struct run *run) {
    faults_of(run)->descriptors_max =
        run_between(run, 0, 1) ? run->disk.descriptors_max : (size_t)run_between(run, 20, DESCRIPTORS_MAX);
}

/* ---- network ---- */

static void cut_connections(struct run *run) {
    sim_world_network(run->world)->cut_chance = maybe(run, RARE_CHANCE / 10);
    if (run_between(run, 0, 3) == 0) sim_network_cut(host_machine(run->host));
}

static void part_network(struct run *run) {
    struct sim_machine *machine = run->machines[run_between(run, 0, run->machine_count - 1)];
    sim_network_part(host_machine(run->host), machine, run_between(run, 0, 1));
}

/* Slow, and so uneven that connections overtake each other by far. */
static void slow_network(struct run *run) {
    struct sim_network *network = sim_world_network(run->world);
    network->latency_us_max = (int64_t)run_between(run, 1000, LATENCY_US_MAX);
    network->split_chance = (uint32_t)run_between(run, 0, SIM_ALWAYS);
    network->short_write_chance = (uint32_t)run_between(run, 0, SIM_ALWAYS / 2);
    network->window_bytes = (size_t)run_between(run, 500, 65536);
}

static void refuse_connections(struct run *run) {
    struct sim_network *network = sim_world_network(run->world);
    network->refuse_chance = maybe(run, RARE_CHANCE * 5);
    network->tls_failure_chance = maybe(run, RARE_CHANCE * 5);
}

/* ---- time ---- */

static void jump_clock(struct run *run) {
    int64_t by_ms = (int64_t)run_between(run, 1, run_between(run, 0, 1) ? 5000 : JUMP_MS_MAX);
    sim_machine_jump_clock(host_machine(run->host), run_between(run, 0, 1) ? by_ms : -by_ms);
}

static void (*const kinds[])(struct run *) = {
    kill_at_step,    kill_at_wait, kill_at_random,     kill_supervisor, cut_power,
    fail_syncs,      fail_writes,  fill_disk,          fail_opens,      limit_descriptors,
    cut_connections, part_network, refuse_connections, slow_network,    jump_clock};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void trouble(void *context) {
    struct run *run = context;
    if (run->is_healed) return;
    unsigned kind = (unsigned)run_between(run, 0, KINDS - 1);
    if (run->faults & 1u << kind) {
        run->trouble_count++;
        kinds[kind](run);
    }
    sim_world_after(run->world, (int64_t)run_between(run, 1, PAUSE_MS_MAX) / KINDS + 1, trouble, run);
}

static void start(struct run *run) {
    for (unsigned i = 0; i < KINDS; i++)
        if (run_between(run, 0, 3) == 0) run->faults |= 1u << i;
    sim_world_after(run->world, (int64_t)run_between(run, 1, PAUSE_MS_MAX), trouble, run);
}

const struct scenario scenario_swarm = {"swarm", start};
