#include "io/env.h"

#include <stdlib.h>

#include "base/limits.h"
#include "io/task.h"

void env_init(struct env *env, const struct env_ops *ops, struct log *log) {
    *env = (struct env){.ops = ops, .log = log, .budgets = &budgets_default};
    list_init(&env->ready);
    list_init(&env->yielded);
    timer_heap_init(&env->timers);
    env->tasks = task_pool_new();
    env->read_space = malloc(ENV_READ_BYTES);
    if (!env->read_space) FATAL("out of memory to read into");
}

void env_fini(struct env *env) {
    free(env->read_space);
    task_pool_free(&env->tasks);
    timer_heap_free(&env->timers);
}

bool env_run_next(struct env *env) {
    if (list_empty(&env->ready)) return false;
    struct work *work = LIST_FIRST(&env->ready, struct work, link);
    list_remove(&work->link);
    work->run(work);
    return true;
}

bool env_has_yielded(const struct env *env) { return !list_empty(&env->yielded); }

void env_resume_yielded(struct env *env) {
    while (!list_empty(&env->yielded)) {
        struct work *work = LIST_FIRST(&env->yielded, struct work, link);
        list_remove(&work->link);
        work_post(env, work);
    }
}

void env_run_ready(struct env *env) {
    env_resume_yielded(env);
    do {
        while (env_run_next(env)) continue;
        timer_heap_fire(&env->timers, env_now_ms(env));
    } while (!list_empty(&env->ready));
}

uint64_t env_random_u64(struct env *env) {
    uint64_t number;
    env_random(env, &number, sizeof number);
    return number;
}

uint64_t env_random_below(struct env *env, uint64_t bound) {
    ASSERT(bound > 0);
    return (uint64_t)(((unsigned __int128)env_random_u64(env) * bound) >> 64);
}

void work_init(struct work *work, void (*run)(struct work *work)) {
    list_init(&work->link);
    work->run = run;
}

void work_post(struct env *env, struct work *work) {
    if (list_empty(&work->link)) list_append(&env->ready, &work->link);
}

void work_post_later(struct env *env, struct work *work) {
    if (list_empty(&work->link)) list_append(&env->yielded, &work->link);
}

void work_cancel(struct work *work) { list_remove(&work->link); }
