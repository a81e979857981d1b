/*
 * Machines and processes: their start, steps, death and reaping. Death has two parts: at once, all
 * that ties the process to the world is cut; then, in its own turns, its code unwinds.
 */
#include <errno.h>
#include <stdlib.h>

#include "io/sim/world.h"

/* 2026-01-01 00:00 UTC, less what the monotonic clock starts at. */
static const int64_t wall_start_ms = 1767225600000 - 1000000;

static int64_t sim_now_ms(struct env *env) { return sim_world_of(env)->now_us / 1000; }

static int64_t sim_wall_ms(struct env *env) {
    return sim_now_ms(env) + wall_start_ms + sim_process_of(env)->machine->wall_offset_ms;
}

static void sim_random(struct env *env, void *bytes, size_t len) {
    uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++) at[i] = (uint8_t)sim_world_random(sim_world_of(env), 256);
}

static const struct env_ops sim_ops = {
    .now_ms = sim_now_ms,
    .wall_ms = sim_wall_ms,
    .random = sim_random,
    .stream_adopt = sim_stream_adopt,
    .handle_is_stream = sim_handle_is_stream,
    .listener_adopt = sim_listener_adopt,
    .listen_open = sim_listen_open,
    .pair_open = sim_pair_open,
    .connect_start = sim_connect_start,
    .handle_close = sim_handle_close,
    .lane_open = sim_lane_open,
    .lane_submit = sim_lane_submit,
    .lane_close = sim_lane_close,
    .tls_wrap = sim_tls_wrap,
    .fetch_start = sim_fetch_start,
    .fetch_stop = sim_fetch_stop,
    .dns_open = sim_dns_open,
    .files = &sim_file_ops,
    .die = sim_process_kill,
};

struct sim_machine *sim_machine_new(struct sim_world *world, const char *name, const char *address) {
    struct sim_machine *machine = sim_alloc(sizeof *machine);
    machine->world = world;
    machine->name = sim_copy_text(name);
    machine->faults = (struct sim_faults){.space_bytes = (uint64_t)1 << 40, .descriptors_max = 100000};
    list_append(&world->machines, &machine->in_world);
    list_init(&machine->ports);
    sim_disk_init(machine);
    sim_machine_add_address(machine, address);
    return machine;
}

void sim_machine_add_address(struct sim_machine *machine, const char *address) {
    ASSERT(machine->address_count < SIM_ADDRESSES_MAX);
    machine->addresses[machine->address_count++] = sim_copy_text(address);
}

struct sim_faults *sim_machine_faults(struct sim_machine *machine) {
    return &machine->faults;
}
void sim_machine_jump_clock(struct sim_machine *machine, int64_t by_ms) { machine->wall_offset_ms += by_ms; }

/* One of its tasks waits now. */
static void note_wait(struct env *env) {
    struct sim_process *process = sim_process_of(env);
    struct sim_machine *machine = process->machine;
    if (process->env.is_dead) return;
    machine->waits++;
    bool is_last = process->kill_waits && --process->kill_waits == 0;
    if ((machine->kill_waits && --machine->kill_waits == 0) || is_last) sim_process_kill(&process->env);
}

static void process_main(struct task *t, void *argument) {
    struct sim_process *process = argument;
    if (!process->env.is_dead) process->run(t, process->argument);
}

struct env *sim_process_start(struct sim_machine *machine, const char *name,
                              void (*main)(struct task *t, void *argument), void *argument) {
    struct sim_process *process = sim_alloc(sizeof *process);
    env_init(&process->env, &sim_ops, NULL, machine->world->stacks);
    process->env.ran = note_wait;
    process->machine = machine;
    process->name = sim_copy_text(name);
    process->id = machine->world->next_process++;
    process->run = main;
    process->argument = argument;
    list_append(&machine->world->processes, &process->in_world);
    list_init(&process->descriptors);
    list_init(&process->streams);
    list_init(&process->listeners);
    list_init(&process->lanes);
    list_init(&process->files);
    list_init(&process->databases);
    scope_init(&process->main, &process->env);
    machine->is_off = false;
    sim_note(machine->world, TRACE_START, process->id, 0);
    if (!scope_spawn(&process->main, process_main, process)) FATAL("a fresh process does not start");
    return &process->env;
}

struct sim_machine *sim_process_machine(struct env *env) {
    return sim_process_of(env)->machine;
}
uint64_t sim_process_steps(const struct env *env) { return sim_process_of((struct env *)env)->steps; }
bool sim_process_has_ended(const struct env *env) { return sim_process_of((struct env *)env)->has_ended; }

void sim_process_on_end(struct env *env, void (*call)(void *context), void *context) {
    sim_process_of(env)->on_end = call;
    sim_process_of(env)->on_end_context = context;
}

void sim_kill_after_steps(struct env *env, uint64_t steps) { sim_process_of(env)->kill_steps = steps; }
void sim_kill_after_waits(struct env *env, uint64_t waits) { sim_process_of(env)->kill_waits = waits; }
uint64_t sim_machine_waits(const struct sim_machine *machine) { return machine->waits; }
void sim_machine_kill_after_waits(struct sim_machine *machine, uint64_t waits) {
    machine->kill_waits = waits;
}
void sim_kill_after_jobs(struct env *env, uint64_t jobs) { sim_process_of(env)->kill_jobs = jobs; }
void sim_kill_at_random(struct env *env, uint32_t chance) { sim_process_of(env)->kill_chance = chance; }
void sim_power_cut_after_steps(struct sim_machine *machine, uint64_t steps) { machine->power_steps = steps; }

void sim_process_stop(struct env *env) {
    struct sim_process *process = sim_process_of(env);
    if (!process->has_ended) scope_cancel(&process->main);
}

void sim_process_kill(struct env *env) {
    struct sim_process *process = sim_process_of(env);
    if (process->has_ended || env->is_dead) return;
    sim_note(process->machine->world, TRACE_DEATH, process->id, process->steps);
    env->is_dead = true;
    sim_listeners_cut(process);
    LIST_EACH(&process->descriptors, descriptor, struct sim_descriptor, in_process) {
        sim_descriptor_cut(descriptor);
    }
    sim_databases_cut(process);
    sim_streams_wake(process);
}

void sim_machine_power_cut(struct sim_machine *machine) {
    sim_note(machine->world, TRACE_POWER_CUT, 0, 0);
    machine->power_steps = 0;
    machine->is_off = true;
    /* No farewell leaves the machine: break the connections before their owners die. */
    sim_links_break(machine, true);
    LIST_EACH(&machine->world->processes, process, struct sim_process, in_world) {
        if (process->machine == machine) sim_process_kill(&process->env);
    }
    sim_disk_crash(machine);
}

enum sim_verdict sim_step_begin(struct sim_process *process) {
    struct sim_machine *machine = process->machine;
    process->steps++;
    sim_note(machine->world, TRACE_STEP, process->id, process->steps);
    if (machine->power_steps && --machine->power_steps == 0) return VERDICT_POWER_CUT;
    if (process->kill_steps && --process->kill_steps == 0) return VERDICT_KILL;
    return sim_world_chance(machine->world, process->kill_chance) ? VERDICT_KILL : VERDICT_LIVE;
}

void sim_step_end(struct sim_process *process, enum sim_verdict verdict) {
    if (verdict == VERDICT_POWER_CUT) sim_machine_power_cut(process->machine);
    if (verdict == VERDICT_KILL) sim_process_kill(&process->env);
}

bool sim_step(struct sim_process *process) {
    if (process->env.is_dead) return false;
    sim_step_end(process, sim_step_begin(process));
    return !process->env.is_dead;
}

bool sim_process_has_work(struct sim_process *process) {
    if (process->has_ended) return false;
    bool is_doomed = process->env.is_dead && !process->is_unwinding;
    return is_doomed || env_has_work(&process->env) || scope_is_empty(&process->main) ||
           timer_heap_next_ms(&process->env.timers) <= sim_now_ms(&process->env);
}

/* Closes what its code left open, and gives back all but the struct itself. */
static void reap(struct sim_process *process) {
    sim_lanes_free(process);
    sim_streams_free(process);
    sim_listeners_free(process);
    sim_files_free(process);
    LIST_EACH(&process->descriptors, descriptor, struct sim_descriptor, in_process) {
        sim_descriptor_close(descriptor);
    }
    sim_vfs_remove(process);
    sim_note(process->machine->world, TRACE_END, process->id, process->steps);
    process->has_ended = true;
    list_remove(&process->in_world);
    list_append(&process->machine->world->ended, &process->in_world);
    env_fini(&process->env);
    if (process->on_end) process->on_end(process->on_end_context);
}

void sim_process_turn(struct sim_process *process) {
    sim_note(process->machine->world, TRACE_TURN, process->id, process->steps);
    if (process->env.is_dead && !process->is_unwinding) {
        process->is_unwinding = true;
        scope_cancel(&process->main);
    }
    do env_run_ready(&process->env);
    while (env_has_work(&process->env));
    if (scope_is_empty(&process->main)) reap(process);
}

void sim_process_free(struct sim_process *process) {
    ASSERT(process->has_ended);
    list_remove(&process->in_world);
    free(process->name);
    free(process);
}
