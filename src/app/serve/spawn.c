/* Roles as processes (libuv), or in this one. */
#include "app/serve/spawn.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "io/real/local.h"
#include "io/real/loop.h"
#include "io/real/read_file.h"

enum { CONTROL_DESCRIPTOR = 3 };

struct spawned {
    struct env *env;
    struct spawn_request request;
    uv_process_t process;
    struct role *role;
    struct work end;
    char status[32];
};

static void tell_end(struct work *work) {
    struct spawned *spawned = CONTAINER_OF(work, struct spawned, end);
    spawned->request.on_end(spawned->request.context, spawned->status);
}

static void process_closed(uv_handle_t *handle) {
    struct spawned *spawned = CONTAINER_OF(handle, struct spawned, process);
    work_post(spawned->env, &spawned->end);
}

static void process_ended(uv_process_t *process, int64_t exit_status, int signal) {
    struct spawned *spawned = CONTAINER_OF(process, struct spawned, process);
    if (signal)
        (void)snprintf(spawned->status, sizeof spawned->status, "signal %d", signal);
    else
        (void)snprintf(spawned->status, sizeof spawned->status, "exit %d", (int)exit_status);
    uv_close((uv_handle_t *)process, process_closed);
}

static void failed_closed(uv_handle_t *handle) { free(CONTAINER_OF(handle, struct spawned, process)); }

static void role_ended(void *context) {
    struct spawned *spawned = context;
    (void)snprintf(spawned->status, sizeof spawned->status, "end");
    work_post(spawned->env, &spawned->end);
}

static int start_process(struct spawned *spawned, int control) {
    const struct spawn_request *request = &spawned->request;
    char index[24];
    (void)snprintf(index, sizeof index, "%llu", (unsigned long long)request->index);
    char title[48];
    (void)snprintf(title, sizeof title, "posthaste: %s", role_kind_name(request->kind));
    char *arguments[] = {title,
                         (char *)"role",
                         (char *)(uintptr_t)role_kind_name(request->kind),
                         index,
                         (char *)(uintptr_t)request->folder,
                         NULL};
    uv_stdio_container_t descriptors[] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = 1},
        {.flags = UV_INHERIT_FD, .data.fd = 2},
        {.flags = UV_INHERIT_FD, .data.fd = control},
    };
    uv_process_options_t options = {
        .exit_cb = process_ended,
        .file = "/proc/self/exe",
        .args = arguments,
        .stdio_count = CONTROL_DESCRIPTOR + 1,
        .stdio = descriptors,
        .uid = request->uid,
        .gid = request->gid,
    };
    if (request->uid) options.flags = UV_PROCESS_SETUID | UV_PROCESS_SETGID;
    return uv_spawn(&real_env_of(spawned->env)->loop, &spawned->process, &options);
}

static struct spawned *spawned_new(struct env *env, const struct spawn_request *request) {
    struct spawned *spawned = calloc(1, sizeof *spawned);
    if (!spawned) FATAL("out of memory for a role");
    spawned->env = env;
    spawned->request = *request;
    work_init(&spawned->end, tell_end);
    return spawned;
}

static struct spawned *spawn_process(struct env *env, const struct spawn_request *request,
                                     struct stream **control, int *error) {
    struct handle pair[2];
    *error = stream_pair(env, pair);
    if (*error) return NULL;
    struct spawned *spawned = spawned_new(env, request);
    *control = stream_adopt(env, pair[0]);
    *error = start_process(spawned, pair[1].fd);
    handle_close(env, pair[1]);
    if (*error == 0) return spawned;
    stream_close(control);
    uv_close((uv_handle_t *)&spawned->process, failed_closed);
    return NULL;
}

static struct spawned *spawn_here(struct env *env, const struct spawn_request *request,
                                  struct stream **control, int *error) {
    struct handle pair[2];
    *error = stream_pair(env, pair);
    if (*error) return NULL;
    struct spawned *spawned = spawned_new(env, request);
    struct walls none = {0};
    *control = stream_adopt(env, pair[0]);
    struct stream *theirs = stream_adopt(env, pair[1]);
    spawned->role = role_new(env, request->kind, request->index, &none, theirs, role_ended, spawned);
    return spawned;
}

static uint64_t process_id(const struct spawned *spawned) {
    return (uint64_t)uv_process_get_pid(&spawned->process);
}
static uint64_t no_id(const struct spawned *spawned) { return 0; }

/* The second number of statm counts pages. */
uint64_t process_resident_bytes(uint64_t id) {
    char path[64];
    struct slice text;
    uint64_t pages = 0;
    struct arena *arena = arena_new(KIB(64));
    (void)snprintf(path, sizeof path, "/proc/%llu/statm",
                   id ? (unsigned long long)id : (unsigned long long)getpid());
    if (read_file(arena, path, KIB(4), &text) == 0) {
        (void)slice_take_until(&text, ' ');
        (void)slice_take_byte(&text, ' ');
        (void)slice_take_number(&text, UINT32_MAX, &pages);
    }
    arena_free(&arena);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void process_kill(struct spawned *spawned) { (void)uv_process_kill(&spawned->process, SIGKILL); }
/* A role that does not stop has no process of its own to kill. */
static void kill_nothing(struct spawned *spawned) {
    FATAL("the %s role does not stop", role_kind_name(spawned->request.kind));
}

static void release(struct spawned **spawned) {
    if ((*spawned)->role) role_free(&(*spawned)->role);
    free(*spawned);
    *spawned = NULL;
}

static int copy_handle(struct env *env, struct handle handle, struct handle *copy) {
    return local_copy(handle, copy);
}

const struct spawner spawner_of_processes = {spawn_process, process_id, process_kill, release, copy_handle};
const struct spawner spawner_in_process = {spawn_here, no_id, kill_nothing, release, copy_handle};
