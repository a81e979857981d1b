#include "io/env.h"

#include <stdlib.h>

#include "base/limits.h"
#include "io/task.h"

void env_init(struct env *env, const struct env_ops *ops, struct log *log, struct task_stacks *stacks) {
    *env = (struct env){.ops = ops, .log = log, .budgets = &budgets_default};
    for (int i = 0; i < PATIENCES; i++) list_init(&env->ready[i]);
    list_init(&env->yielded);
    timer_heap_init(&env->timers);
    env->tasks = task_pool_new(stacks);
    env->read_space = malloc(ENV_READ_BYTES);
    if (!env->read_space) FATAL("out of memory to read into");
}

void env_fini(struct env *env) {
    free(env->read_space);
    task_pool_free(&env->tasks);
    timer_heap_free(&env->timers);
}

static void run_first(struct env *env, struct list *queue) {
    struct work *work = LIST_FIRST(queue, struct work, link);
    list_remove(&work->link);
    work->run(work);
    if (env->ran) env->ran(env);
}

static void run_queue(struct env *env) {
    struct list *queue = &env->ready[PATIENCE_NONE];
    while (!list_empty(queue)) run_first(env, queue);
}

/* However much of it there is, everybody else waits for a few pieces at most. */
static void run_patient(struct env *env, enum patience patience, int works_max) {
    for (int i = 0; i < works_max && !list_empty(&env->ready[patience]); i++) {
        run_first(env, &env->ready[patience]);
        run_queue(env);
    }
}

bool env_has_work(const struct env *env) {
    for (int i = 0; i < PATIENCES; i++)
        if (!list_empty(&env->ready[i])) return true;
    return !list_empty(&env->yielded);
}

static void resume_yielded(struct env *env) {
    while (!list_empty(&env->yielded)) {
        struct work *work = LIST_FIRST(&env->yielded, struct work, link);
        list_remove(&work->link);
        work_post(env, work);
    }
}

void env_run_ready(struct env *env) {
    resume_yielded(env);
    do {
        run_queue(env);
        timer_heap_fire(&env->timers, env_now_ms(env));
    } while (!list_empty(&env->ready[PATIENCE_NONE]));
    run_patient(env, PATIENCE_STRANGER, STRANGER_WORKS_A_TURN);
    run_patient(env, PATIENCE_HANDSHAKE, HANDSHAKE_WORKS_A_TURN);
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
    work->patience = PATIENCE_NONE;
}

void work_post(struct env *env, struct work *work) {
    if (list_empty(&work->link)) list_append(&env->ready[work->patience], &work->link);
}

void work_post_later(struct env *env, struct work *work) {
    if (list_empty(&work->link)) list_append(&env->yielded, &work->link);
}

void work_cancel(struct work *work) { list_remove(&work->link); }
