/*
 * Lanes: a job holds one of the lane's threads for a while that the seed chooses, at whose end it
 * runs, in one go. Jobs start in the order they came; with several threads they end in any.
 * Before and after each job is a step. Jobs of a dead process run too (sim.h says why).
 */
#include "io/lane.h"

#include <stdlib.h>

#include "io/sim/world.h"

enum { JOB_US_MIN = 20, JOB_US_MAX = 3000 };

struct sim_lane;

struct lane_thread {
    struct sim_event event;
    struct sim_lane *lane;
    struct lane_job *job;
};

struct sim_lane {
    struct lane lane;
    struct list in_process;
    struct list waiting;
    unsigned thread_count;
    struct lane_thread threads[];
};

static void run_job(struct sim_lane *lane, struct lane_job *job) {
    struct sim_process *process = sim_process_of(lane->lane.env);
    (void)sim_step(process);
    job->run(job->argument);
    (void)sim_step(process);
    if (process->kill_jobs && --process->kill_jobs == 0) sim_process_kill(&process->env);
    job->is_done = true;
    task_wake(job->waiter);
}

static void start_job(struct lane_thread *thread) {
    struct sim_lane *lane = thread->lane;
    struct sim_world *world = sim_world_of(lane->lane.env);
    if (list_empty(&lane->waiting)) return;
    thread->job = LIST_FIRST(&lane->waiting, struct lane_job, link);
    list_remove(&thread->job->link);
    int64_t delay_us = lane->lane.env->is_dead ? 0 : sim_random_between(world, JOB_US_MIN, JOB_US_MAX);
    sim_event_set(world, &thread->event, delay_us);
}

static void job_due(struct sim_event *event) {
    struct lane_thread *thread = CONTAINER_OF(event, struct lane_thread, event);
    struct lane_job *job = thread->job;
    thread->job = NULL;
    run_job(thread->lane, job);
    start_job(thread);
}

struct lane *sim_lane_open(struct env *env, const struct lane_options *options) {
    unsigned threads = options->threads;
    struct sim_lane *lane = sim_alloc(sizeof *lane + threads * sizeof lane->threads[0]);
    lane->lane.env = env;
    lane->thread_count = threads;
    list_init(&lane->waiting);
    list_append(&sim_process_of(env)->lanes, &lane->in_process);
    for (unsigned i = 0; i < threads; i++) {
        lane->threads[i].lane = lane;
        sim_event_init(&lane->threads[i].event, job_due);
    }
    return &lane->lane;
}

void sim_lane_submit(struct lane *base, struct lane_job *job) {
    struct sim_lane *lane = CONTAINER_OF(base, struct sim_lane, lane);
    list_init(&job->link);
    list_append(&lane->waiting, &job->link);
    for (unsigned i = 0; i < lane->thread_count; i++) {
        if (lane->threads[i].job) continue;
        start_job(&lane->threads[i]);
        return;
    }
}

static void lane_free(struct sim_lane *lane) {
    for (unsigned i = 0; i < lane->thread_count; i++)
        sim_event_cancel(sim_world_of(lane->lane.env), &lane->threads[i].event);
    list_remove(&lane->in_process);
    free(lane);
}

void sim_lane_close(struct lane **base) {
    struct sim_lane *lane = CONTAINER_OF(*base, struct sim_lane, lane);
    *base = NULL;
    for (unsigned i = 0; i < lane->thread_count; i++)
        if (lane->threads[i].job) run_job(lane, lane->threads[i].job);
    while (!list_empty(&lane->waiting)) {
        struct lane_job *job = LIST_FIRST(&lane->waiting, struct lane_job, link);
        list_remove(&job->link);
        run_job(lane, job);
    }
    lane_free(lane);
}

void sim_lanes_free(struct sim_process *process) {
    LIST_EACH(&process->lanes, lane, struct sim_lane, in_process) lane_free(lane);
}
