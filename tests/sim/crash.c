/*
 * Roles crash while clients send and read: one, several, all, the supervisor alone, or all with it;
 * at once, or at a step to come. The network is a little bad.
 */
#include "run.h"

enum { PAUSE_MS_MAX = 1200, STEPS_MAX = 150, CUT_CHANCE = 300, RARE_CHANCE = 20000 };

/* At once, or in the middle of something. */
static void kill_soon(struct run *run, struct env *env) {
    if (run_between(run, 0, 2) == 0)
        sim_process_kill(env);
    else
        sim_kill_after_steps(env, run_between(run, 1, STEPS_MAX));
}

static void kill_one(struct run *run) {
    size_t count = host_role_count(run->sites[0].host);
    if (count) kill_soon(run, host_role(run->sites[0].host, (size_t)run_between(run, 0, count - 1)));
}

static void kill_some(struct run *run) {
    for (size_t i = 0; host_role(run->sites[0].host, i); i++)
        if (run_between(run, 0, 1)) kill_soon(run, host_role(run->sites[0].host, i));
}

static void kill_supervisor(struct run *run) {
    if (host_supervisor(run->sites[0].host)) sim_process_kill(host_supervisor(run->sites[0].host));
}

static void kill_all(struct run *run) {
    kill_supervisor(run);
    for (size_t i = 0; host_role(run->sites[0].host, i); i++)
        sim_process_kill(host_role(run->sites[0].host, i));
}

static void trouble(void *context) {
    static void (*const kinds[])(struct run *) = {kill_one, kill_one, kill_one,       kill_some,
                                                  kill_one, kill_all, kill_supervisor};
    struct run *run = context;
    if (run->is_healed) return;
    run->trouble_count++;
    kinds[run_between(run, 0, sizeof kinds / sizeof kinds[0] - 1)](run);
    sim_world_after(run->world, (int64_t)run_between(run, 1, PAUSE_MS_MAX), trouble, run);
}

static void start(struct run *run) {
    struct sim_network *network = sim_world_network(run->world);
    network->cut_chance = CUT_CHANCE;
    network->refuse_chance = network->tls_failure_chance = RARE_CHANCE;
    sim_world_after(run->world, (int64_t)run_between(run, 1, PAUSE_MS_MAX), trouble, run);
}

const struct scenario scenario_crash = {.name = "crash",
                                        .layouts = {{1, 3}},
                                        .layout_count = 1,
                                        .senders = 4,
                                        .messages = 10,
                                        .calm_messages = 3,
                                        .start = start};
