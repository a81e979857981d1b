/*
 * A task gets its stack when it first runs and gives it back when it ends. However many are started at
 * once, such as when ten thousand sessions are told of the same thing, those that do not wait run on
 * one stack, one after the other.
 */
#include "io/task.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/limits.h"
#include "io/switch.h"

#if defined(__SANITIZE_ADDRESS__)
#define TASKS_UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TASKS_UNDER_ASAN 1
#endif
#endif

#ifdef TASKS_UNDER_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
enum { STACK_BYTES = TASK_STACK_BYTES_SANITIZED };
#else
enum { STACK_BYTES = TASK_STACK_BYTES };
#endif
enum { GUARD_BYTES = 4096 };

/* The lowest bytes of a free stack link it to the next; the guard page is below them. */
struct stack {
    struct stack *next;
};

struct task_stacks {
    struct stack *free;
    size_t free_count;
    size_t kept_max;
};

struct task_pool {
    struct task_stacks *stacks;
    bool owns_stacks;
    struct switch_point loop;
    struct task *running;
    /* What the sanitizer must know of the loop's own stack. */
    void *loop_fake_stack;
    const void *loop_stack;
    size_t loop_stack_bytes;
};

enum task_state { TASK_READY, TASK_RUNNING, TASK_PARKED, TASK_DONE };

struct task {
    struct env *env;
    struct scope *scope;
    struct list in_scope;
    struct work ready;
    struct timer deadline;
    struct switch_point place;
    void (*run)(struct task *t, void *argument);
    void *argument;
    /* NULL before it runs. */
    struct stack *stack;
    enum task_state state;
    bool is_woken;
    bool is_cancelled;
    bool is_firm;
    void *fake_stack;
};

static void stack_unmap(struct stack *stack) {
    if (munmap((uint8_t *)stack - GUARD_BYTES, GUARD_BYTES + STACK_BYTES)) FATAL("munmap of a stack");
}

struct task_stacks *task_stacks_new(size_t kept_max) {
    struct task_stacks *stacks = calloc(1, sizeof *stacks);
    if (!stacks) FATAL("out of memory for stacks");
    stacks->kept_max = kept_max;
    return stacks;
}

void task_stacks_free(struct task_stacks **stacks) {
    while ((*stacks)->free) {
        struct stack *stack = (*stacks)->free;
        (*stacks)->free = stack->next;
        stack_unmap(stack);
    }
    free(*stacks);
    *stacks = NULL;
}

struct task_pool *task_pool_new(struct task_stacks *shared) {
    struct task_pool *pool = calloc(1, sizeof *pool);
    if (!pool) FATAL("out of memory for a task pool");
    pool->stacks = shared ? shared : task_stacks_new(TASK_STACKS_KEPT);
    pool->owns_stacks = !shared;
    return pool;
}

void task_pool_free(struct task_pool **pool) {
    if ((*pool)->owns_stacks) task_stacks_free(&(*pool)->stacks);
    free(*pool);
    *pool = NULL;
}

static struct stack *stack_map(void) {
    uint8_t *memory = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) FATAL("out of memory for a task's stack");
    if (mprotect(memory, GUARD_BYTES, PROT_NONE)) FATAL("no guard page for a task's stack");
    return (struct stack *)(void *)(memory + GUARD_BYTES);
}

static struct stack *stack_take(struct task_stacks *stacks) {
    struct stack *stack = stacks->free;
    if (!stack) return stack_map();
    stacks->free = stack->next;
    stacks->free_count--;
    return stack;
}

static void stack_give(struct task_stacks *stacks, struct stack *stack) {
#ifdef TASKS_UNDER_ASAN
    /* An ended task leaves frames that never returned. */
    __asan_unpoison_memory_region(stack, STACK_BYTES);
#endif
    if (stacks->free_count == stacks->kept_max) {
        stack_unmap(stack);
        return;
    }
    stack->next = stacks->free;
    stacks->free = stack;
    stacks->free_count++;
}

static void enter_stack(struct task *t) {
#ifdef TASKS_UNDER_ASAN
    struct task_pool *pool = t->env->tasks;
    __sanitizer_finish_switch_fiber(t->fake_stack, &pool->loop_stack, &pool->loop_stack_bytes);
#else
    (void)t;
#endif
}

static void switch_to_task(struct task_pool *pool, struct task *t) {
    pool->running = t;
#ifdef TASKS_UNDER_ASAN
    __sanitizer_start_switch_fiber(&pool->loop_fake_stack, t->stack, STACK_BYTES);
#endif
    switch_stacks(&pool->loop, &t->place);
#ifdef TASKS_UNDER_ASAN
    __sanitizer_finish_switch_fiber(pool->loop_fake_stack, NULL, NULL);
#endif
    pool->running = NULL;
}

static void switch_to_loop(struct task *t) {
    struct task_pool *pool = t->env->tasks;
#ifdef TASKS_UNDER_ASAN
    bool is_last = t->state == TASK_DONE;
    __sanitizer_start_switch_fiber(is_last ? NULL : &t->fake_stack, pool->loop_stack, pool->loop_stack_bytes);
#endif
    switch_stacks(&t->place, &pool->loop);
    enter_stack(t);
}

static void task_main(void *self) {
    struct task *t = self;
    enter_stack(t);
    t->run(t, t->argument);
    t->state = TASK_DONE;
    switch_to_loop(t);
    FATAL("an ended task was resumed");
}

static void task_end(struct task *t) {
    struct scope *scope = t->scope;
    timer_disarm(&t->env->timers, &t->deadline);
    work_cancel(&t->ready);
    list_remove(&t->in_scope);
    stack_give(t->env->tasks->stacks, t->stack);
    free(t);
    if (scope->joiner && scope_is_empty(scope)) task_wake(scope->joiner);
}

static void give_stack(struct task *t) {
    t->stack = stack_take(t->env->tasks->stacks);
    switch_point_init(&t->place, t->stack, STACK_BYTES, task_main, t);
}

static void task_resume(struct work *work) {
    struct task *t = CONTAINER_OF(work, struct task, ready);
    if (!t->stack) give_stack(t);
    t->state = TASK_RUNNING;
    switch_to_task(t->env->tasks, t);
    if (t->state == TASK_DONE) task_end(t);
}

static void make_ready(struct task *t) {
    if (t->state != TASK_PARKED) return;
    t->state = TASK_READY;
    work_post(t->env, &t->ready);
}

static void deadline_passed(struct timer *timer) {
    struct task *t = CONTAINER_OF(timer, struct task, deadline);
    make_ready(t);
}

bool scope_spawn(struct scope *scope, void (*run)(struct task *t, void *argument), void *argument) {
    if (scope->is_closing) return false;
    struct task *t = malloc(sizeof *t);
    if (!t) FATAL("out of memory for a task");
    *t = (struct task){
        .env = scope->env, .scope = scope, .run = run, .argument = argument, .state = TASK_READY};
    list_append(&scope->tasks, &t->in_scope);
    work_init(&t->ready, task_resume);
    t->ready.patience = scope->patience;
    timer_init(&t->deadline, deadline_passed);
    work_post(t->env, &t->ready);
    return true;
}

void scope_init(struct scope *scope, struct env *env) {
    *scope = (struct scope){.env = env};
    list_init(&scope->tasks);
}

void scope_cancel(struct scope *scope) {
    scope->is_closing = true;
    LIST_EACH(&scope->tasks, t, struct task, in_scope) {
        t->is_cancelled = true;
        if (!t->is_firm) make_ready(t);
    }
}

void scope_close(struct task *t, struct scope *scope) {
    scope_cancel(scope);
    scope->joiner = t;
    while (!scope_is_empty(scope)) task_wait_firmly(t);
    scope->joiner = NULL;
}

struct env *task_env(const struct task *t) {
    return t->env;
}
bool task_is_cancelled(const struct task *t) { return t->is_cancelled; }

void task_cancel(struct task *t) {
    t->is_cancelled = true;
    /* To unwind is no work that strangers could multiply. */
    t->ready.patience = PATIENCE_NONE;
    if (!t->is_firm) make_ready(t);
}

static void park(struct task *t) {
    ASSERT(t->env->tasks->running == t);
    t->state = TASK_PARKED;
    switch_to_loop(t);
}

enum wait_result task_wait(struct task *t, int64_t deadline_ms) {
    if (t->is_cancelled) return WAIT_CANCELLED;
    if (!t->is_woken) {
        timer_arm(&t->env->timers, &t->deadline, deadline_ms);
        park(t);
        timer_disarm(&t->env->timers, &t->deadline);
    }
    if (t->is_cancelled) return WAIT_CANCELLED;
    if (!t->is_woken) return WAIT_TIMEOUT;
    t->is_woken = false;
    return WAIT_OK;
}

void task_wait_firmly(struct task *t) {
    t->is_firm = true;
    while (!t->is_woken) park(t);
    t->is_firm = false;
    t->is_woken = false;
}

void task_wake(struct task *t) {
    t->is_woken = true;
    make_ready(t);
}

void task_wake_callback(void *task) { task_wake(task); }

enum wait_result task_sleep(struct task *t, int64_t ms) {
    int64_t until_ms = env_now_ms(t->env) + ms;
    for (;;) {
        enum wait_result result = task_wait(t, until_ms);
        if (result == WAIT_TIMEOUT) return WAIT_OK;
        if (result == WAIT_CANCELLED) return result;
    }
}

enum patience task_set_patience(struct task *t, enum patience patience) {
    enum patience before = t->ready.patience;
    if (before != PATIENCE_NONE) t->ready.patience = patience;
    return before;
}

enum wait_result task_yield(struct task *t) {
    task_wake(t);
    t->state = TASK_READY;
    work_post_later(t->env, &t->ready);
    switch_to_loop(t);
    t->is_woken = false;
    return t->is_cancelled ? WAIT_CANCELLED : WAIT_OK;
}

struct gate_waiter {
    struct list link;
    struct task *task;
    bool is_through;
};

void gate_init(struct gate *gate) { list_init(&gate->waiters); }

enum wait_result gate_wait(struct task *t, struct gate *gate, int64_t deadline_ms) {
    struct gate_waiter waiter = {.task = t};
    list_append(&gate->waiters, &waiter.link);
    enum wait_result result = WAIT_OK;
    while (result == WAIT_OK && !waiter.is_through) result = task_wait(t, deadline_ms);
    list_remove(&waiter.link);
    return waiter.is_through ? WAIT_OK : result;
}

void gate_open_one(struct gate *gate) {
    if (list_empty(&gate->waiters)) return;
    struct gate_waiter *waiter = LIST_FIRST(&gate->waiters, struct gate_waiter, link);
    list_remove(&waiter->link);
    waiter->is_through = true;
    task_wake(waiter->task);
}

void gate_open(struct gate *gate) {
    while (!list_empty(&gate->waiters)) gate_open_one(gate);
}
