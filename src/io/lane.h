/*
 * Worker lanes: threads for work that blocks or burns (a commit, a password hash, a
 * signature), so that it never stalls the loop nor another lane. A job's function runs on a
 * lane's thread and touches only what its argument points to; the task that waits for it
 * leaves that alone meanwhile.
 */
#ifndef IO_LANE_H
#define IO_LANE_H

#include "io/task.h"

/* A job under way. Its fields are for backends. */
struct lane_job {
    struct list link;
    void (*run)(void *argument);
    void *argument;
    struct task *waiter;
    bool is_done;
};

struct lane {
    struct env *env;
};

struct lane_options {
    /* What debuggers show. */
    const char *name;
    unsigned threads;
    /* Strangers can cause as much of this work as they like: the processor is everybody else's first. */
    bool is_patient;
};

/* Opens a lane of so many threads. Open lanes after the sandbox is up. */
static inline struct lane *lane_open(struct env *env, const char *name, unsigned threads) {
    struct lane_options options = {.name = name, .threads = threads};
    return env->ops->lane_open(env, &options);
}
/* The same, for patient work. */
static inline struct lane *lane_open_patient(struct env *env, const char *name, unsigned threads) {
    struct lane_options options = {.name = name, .threads = threads, .is_patient = true};
    return env->ops->lane_open(env, &options);
}
/* Ends the lane once its jobs are done, and nulls *lane. */
void lane_close(struct lane **lane);
/* Starts `run(argument)` in the lane and does not wait: lane_join does, which must follow, whatever happens
   to `t` meanwhile. The job is the caller's, and `t` is woken when it is done. */
void lane_begin(struct task *t, struct lane *lane, struct lane_job *job, void (*run)(void *argument),
                void *argument);
void lane_join(struct task *t, struct lane_job *job);
/* Runs `run(argument)` in the lane and waits for its end, whatever happens to `t` meanwhile. */
void lane_run(struct task *t, struct lane *lane, void (*run)(void *argument), void *argument);

#endif
