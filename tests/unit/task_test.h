/* A test's body as a task on a real loop that lives as long as it does. */
#ifndef TASK_TEST_H
#define TASK_TEST_H

#include "io/real/loop.h"
#include "io/task.h"

struct task_test {
    void (*body)(struct task *t, struct env *env);
};

static void task_test_main(struct task *t, void *argument) {
    struct task_test *test = argument;
    test->body(t, task_env(t));
    real_env_stop(task_env(t));
}

static inline void task_test_run(void (*body)(struct task *t, struct env *env)) {
    struct env *env = real_env_new(NULL);
    struct scope scope;
    scope_init(&scope, env);
    struct task_test test = {body};
    if (!scope_spawn(&scope, task_test_main, &test)) abort();
    real_env_run(env);
    real_env_free(&env);
}

#endif
