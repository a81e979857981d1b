/*
 * Tasks: stackful coroutines on the env's loop. Protocol code reads top to bottom and waits
 * where it says so: only a function that takes `struct task *` may wait, and what was read
 * before a wait is checked again after it.
 *
 * A task borrows a pooled stack with a guard page below it from its first step to its end. Tasks are
 * owned by scopes: closing a scope cancels its tasks and joins them. A cancelled task's waits
 * return WAIT_CANCELLED at once, so it unwinds; it must not start anything new.
 */
#ifndef IO_TASK_H
#define IO_TASK_H

#include "io/env.h"

struct task;
struct task_stacks;

enum wait_result {
    WAIT_OK,
    /* The deadline passed. */
    WAIT_TIMEOUT,
    /* The task's scope is closing. */
    WAIT_CANCELLED,
};

struct scope {
    struct env *env;
    struct list tasks;
    /* The task that waits in scope_close, or NULL. */
    struct task *joiner;
    bool is_closing;
    /* Of its tasks. Set before the first starts. */
    enum patience patience;
};

/* A scope lives in its owner. It holds no memory of its own. */
void scope_init(struct scope *scope, struct env *env);
/* Starts a task in this scope, in the next turn of the loop. In a closing scope nothing starts:
   returns false. `argument` must live until the task ends. */
bool scope_spawn(struct scope *scope, void (*run)(struct task *t, void *argument), void *argument);
/* Asks all its tasks to end, without waiting. No task starts in it any more. */
void scope_cancel(struct scope *scope);
static inline bool scope_is_empty(const struct scope *scope) { return list_empty(&scope->tasks); }
/* Cancels all its tasks and waits until the last has ended, whatever happens to `t` meanwhile.
   `t` must not belong to the scope. */
void scope_close(struct task *t, struct scope *scope);

struct env *task_env(const struct task *t);
bool task_is_cancelled(const struct task *t);
/* Asks this one task to end, as closing its scope would. It unwinds in the next turn of the loop. */
void task_cancel(struct task *t);

/* Waits until task_wake, the deadline (monotonic) or cancellation. A wake that came before is
   not lost. Wakes can be about something else: check the condition, and wait again. */
NODISCARD enum wait_result task_wait(struct task *t, int64_t deadline_ms);
/* Waits until task_wake, and for nothing else: for work that cannot be taken back. */
void task_wait_firmly(struct task *t);
void task_wake(struct task *t);
/* task_wake as a callback. */
void task_wake_callback(void *task);
NODISCARD enum wait_result task_sleep(struct task *t, int64_t ms);
/* From its next wait on; those of users' scopes (PATIENCE_NONE) stay what they are. Returns what it was. */
enum patience task_set_patience(struct task *t, enum patience patience);
/* Lets other ready work, input and timers have their turn first. */
NODISCARD enum wait_result task_yield(struct task *t);

/* Tasks that wait for something to happen, woken in the order they came. */
struct gate {
    struct list waiters;
};
void gate_init(struct gate *gate);
/* Waits for the next gate_open after this call. */
NODISCARD enum wait_result gate_wait(struct task *t, struct gate *gate, int64_t deadline_ms);
/* Wakes all, or the longest waiting one. */
void gate_open(struct gate *gate);
void gate_open_one(struct gate *gate);

/* Stacks of ended tasks, kept for the next ones, `kept_max` at most. */
struct task_stacks *task_stacks_new(size_t kept_max);
/* After the pools that use them. Nulls *stacks. */
void task_stacks_free(struct task_stacks **stacks);
/* For env. `shared`: stacks that others of this thread use, too, and that outlive it; NULL: its own. */
struct task_pool *task_pool_new(struct task_stacks *shared);
void task_pool_free(struct task_pool **pool);

#endif
