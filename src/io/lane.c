#include "io/lane.h"

void lane_close(struct lane **lane) {
    if (*lane) (*lane)->env->ops->lane_close(lane);
}

void lane_run(struct task *t, struct lane *lane, void (*run)(void *argument), void *argument) {
    struct lane_job job = {.run = run, .argument = argument, .waiter = t};
    lane->env->ops->lane_submit(lane, &job);
    while (!job.is_done) task_wait_firmly(t);
}
