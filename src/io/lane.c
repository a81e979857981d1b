#include "io/lane.h"

void lane_close(struct lane **lane) {
    if (*lane) (*lane)->env->ops->lane_close(lane);
}

void lane_begin(struct task *t, struct lane *lane, struct lane_job *job, void (*run)(void *argument),
                void *argument) {
    *job = (struct lane_job){.run = run, .argument = argument, .waiter = t};
    lane->env->ops->lane_submit(lane, job);
}

void lane_join(struct task *t, struct lane_job *job) {
    while (!job->is_done) task_wait_firmly(t);
}

void lane_run(struct task *t, struct lane *lane, void (*run)(void *argument), void *argument) {
    struct lane_job job;
    lane_begin(t, lane, &job, run, argument);
    lane_join(t, &job);
}
