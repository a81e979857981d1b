/*
 * The host loses its power while clients send and read, and its disk has days of its own: syncs
 * that fail (the store role ends, its successor finds out what is true), writes that fail, no room
 * (452, until there is room again).
 */
#include "run.h"

enum { PAUSE_MS_MAX = 2500, STEPS_MAX = 400, RARE_CHANCE = 20000 };

static void cut_power(struct run *run) {
    if (run_between(run, 0, 2) == 0)
        sim_machine_power_cut(host_machine(run->sites[0].host));
    else
        sim_power_cut_after_steps(host_machine(run->sites[0].host), run_between(run, 1, STEPS_MAX));
}

static void disk_is_bad(struct run *run) {
    struct sim_faults *faults = sim_machine_faults(host_machine(run->sites[0].host));
    faults->sync_error_chance = run_between(run, 0, 1) ? RARE_CHANCE : 0;
    faults->write_error_chance = run_between(run, 0, 2) ? 0 : RARE_CHANCE / 10;
    faults->no_space_chance = run_between(run, 0, 1) ? RARE_CHANCE * 5 : 0;
}

static void disk_is_full(struct run *run) {
    struct sim_faults *faults = sim_machine_faults(host_machine(run->sites[0].host));
    faults->no_space_chance = SIM_ALWAYS;
}

static void disk_is_good(struct run *run) {
    struct sim_faults *faults = sim_machine_faults(host_machine(run->sites[0].host));
    faults->sync_error_chance = faults->write_error_chance = faults->no_space_chance = 0;
}

static void trouble(void *context) {
    static void (*const kinds[])(struct run *) = {cut_power,    cut_power,    disk_is_bad,
                                                  disk_is_full, disk_is_good, disk_is_good};
    struct run *run = context;
    if (run->is_healed) return;
    run->trouble_count++;
    kinds[run_between(run, 0, sizeof kinds / sizeof kinds[0] - 1)](run);
    sim_world_after(run->world, (int64_t)run_between(run, 1, PAUSE_MS_MAX), trouble, run);
}

static void start(struct run *run) {
    sim_world_after(run->world, (int64_t)run_between(run, 1, PAUSE_MS_MAX), trouble, run);
}

const struct scenario scenario_power = {.name = "power",
                                        .layouts = {{1, 3}},
                                        .layout_count = 1,
                                        .senders = 4,
                                        .messages = 10,
                                        .calm_messages = 3,
                                        .start = start};
