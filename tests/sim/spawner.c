#include "spawner.h"

#include <errno.h>
#include <stdlib.h>

struct spawned {
    /* The supervisor's, which outlives the role. */
    struct env *env;
    struct spawn_request request;
    struct env *process;
    struct handle control;
    struct work end;
    uint64_t id;
};

/* A role within its process. */
struct running {
    struct task *waiter;
    bool is_done;
};

static void role_done(void *context) {
    struct running *running = context;
    running->is_done = true;
    task_wake(running->waiter);
}

static void role_process_main(struct task *t, void *argument) {
    struct spawned *spawned = argument;
    struct running running = {.waiter = t};
    struct walls none = {0};
    struct stream *control = stream_adopt(task_env(t), spawned->control);
    struct role *role = role_new(task_env(t), spawned->request.kind, spawned->request.index, &none, control,
                                 role_done, &running);
    while (!running.is_done && task_wait(t, DEADLINE_NONE) != WAIT_CANCELLED) continue;
    /* Killed: what a kernel would do at once takes some turns here. */
    if (!running.is_done) scope_cancel(&role->scope);
    while (!running.is_done) task_wait_firmly(t);
    role_free(&role);
}

static void tell_end(struct work *work) {
    struct spawned *spawned = CONTAINER_OF(work, struct spawned, end);
    spawned->request.on_end(spawned->request.context, "end");
}

static void process_ended(void *context) {
    struct spawned *spawned = context;
    work_post(spawned->env, &spawned->end);
}

static struct spawned *spawn(struct env *env, const struct spawn_request *request, struct stream **control,
                             int *error) {
    struct handle pair[2];
    *error = stream_pair(env, pair);
    if (*error) return NULL;
    struct spawned *spawned = calloc(1, sizeof *spawned);
    if (!spawned) FATAL("out of memory for a role");
    *spawned = (struct spawned){.env = env, .request = *request};
    work_init(&spawned->end, tell_end);
    struct host_process *process =
        host_process_new(host_of(env), role_kind_name(request->kind), role_process_main, spawned);
    process->is_role = true;
    process->on_end = process_ended;
    process->context = spawned;
    spawned->process = process->env;
    spawned->id = process->host->starts;
    spawned->control = sim_handle_copy(pair[1], process->env);
    handle_close(env, pair[1]);
    *control = stream_adopt(env, pair[0]);
    return spawned;
}

static uint64_t spawned_id(const struct spawned *spawned) { return spawned->id; }

/* The dead kill nobody. */
static void kill_role(struct spawned *spawned) {
    if (!spawned->env->is_dead) sim_process_kill(spawned->process);
}

static void release(struct spawned **spawned) {
    work_cancel(&(*spawned)->end);
    free(*spawned);
    *spawned = NULL;
}

static int copy_handle(struct env *env, struct handle handle, struct handle *copy) {
    *copy = sim_handle_copy(handle, env);
    return handle_is_none(*copy) ? -ECANCELED : 0;
}

const struct spawner spawner_of_simulation = {spawn, spawned_id, kill_role, release, copy_handle};
