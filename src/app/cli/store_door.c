#include "app/cli/store_door.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/admin/control.h"
#include "app/cli/cli.h"
#include "app/settings/serve_lock.h"
#include "base/limits.h"
#include "io/real/local.h"
#include "io/real/log_sink.h"
#include "io/real/loop.h"
#include "io/real/tree.h"
#include "store/service.h"

enum {
    LOCK_TRIES = 100,
    LOCK_PAUSE_MS = 100,
    PATH_BYTES = 4096,
    /* Ids of commands: no role has such a node (role_node). */
    NODE_FIRST = 512,
    NODE_COUNT = 256,
    NODE_CHILD = 1022,
};

/* ---- the child: the store ---- */

struct served_store {
    const char *folder;
    struct handle leash;
    struct handle peer;
    struct store_service *service;
};

static void publish(void *context, const struct mailbox_news *news) {
    struct served_store *served = context;
    if (served->service) store_service_news(served->service, news);
}

static int open_patiently(struct task *t, struct served_store *served, struct engine **engine) {
    struct engine_options options = {
        .folder = served->folder, .node = NODE_CHILD, .on_news = publish, .context = served};
    struct env *env = task_env(t);
    int result = engine_open(env, &options, engine);
    for (int i = 0; result == -EWOULDBLOCK && i < LOCK_TRIES; i++) {
        if (task_sleep(t, LOCK_PAUSE_MS) != WAIT_OK) return -ECANCELED;
        result = engine_open(env, &options, engine);
    }
    return result;
}

/* Says through the leash whether it is open, serves, and ends when the leash does. */
static void serve_store(struct task *t, void *argument) {
    struct served_store *served = argument;
    struct env *env = task_env(t);
    struct stream *leash = stream_adopt(env, served->leash);
    struct engine *engine = NULL;
    int32_t status = open_patiently(t, served, &engine);
    if (status == 0) served->service = store_service_new(env, engine);
    if (status == 0) store_service_attach(served->service, stream_adopt(env, served->peer), true);
    uint8_t byte;
    if (stream_write(t, leash, slice_of(&status, sizeof status), DEADLINE_NONE) == 0 && status == 0)
        while (stream_read(t, leash, &byte, 1, DEADLINE_NONE) > 0) continue;
    if (status == 0) {
        store_service_free(t, &served->service);
        engine_close(t, &engine);
    }
    stream_close(&leash);
    real_env_stop(env);
}

static _Noreturn void run_child(struct served_store *served) {
    struct log_sink sink;
    tree_ignore_interrupts();
    if (!serve_become_owner(served->folder)) _exit(EXIT_FAILED);
    log_sink_init(&sink, "command");
    sink.log.least = LOG_LEVEL_WARN;
    struct env *env = real_env_new(&sink.log);
    struct scope scope;
    scope_init(&scope, env);
    if (!scope_spawn(&scope, serve_store, served)) FATAL("a new scope is closed");
    real_env_run(env);
    real_env_free(&env);
    _exit(EXIT_DONE);
}

static const char *explain(int result) {
    switch (result) {
    case -EWOULDBLOCK:
        return "another process has it open";
    case -EPROTO:
        return "it was written by a newer posthaste";
    case -ENOENT:
        return "there is no store here; posthaste init makes one";
    case -EIO:
        return "the store is damaged; see the lines before";
    default:
        return strerror(-result);
    }
}

static int make_pair(struct handle pair[2]) {
    struct env *env = real_env_new(NULL);
    int result = stream_pair(env, pair);
    real_env_free(&env);
    return result;
}

/* The child's word. -ESRCH: it ended without one, and has said why. */
static int await_child(int leash) {
    int32_t status = 0;
    size_t done = 0;
    while (done < sizeof status) {
        ssize_t got = recv(leash, (uint8_t *)&status + done, sizeof status - done, MSG_WAITALL);
        if (got < 0 && errno == EAGAIN)
            local_pause_ms(1);
        else if (got <= 0 && !(got < 0 && errno == EINTR))
            return -ESRCH;
        if (got > 0) done += (size_t)got;
    }
    return status;
}

static bool start_child(struct store_door *door) {
    struct handle peer[2];
    struct handle leash[2];
    int result = make_pair(peer);
    if (result == 0) result = make_pair(leash);
    if (result == 0) result = tree_fork();
    if (result < 0) return cli_fail("%s: %s", door->folder, strerror(-result)) == EXIT_DONE;
    if (result == 0) {
        (void)close(peer[0].fd);
        (void)close(leash[0].fd);
        run_child(&(struct served_store){.folder = door->folder, .leash = leash[1], .peer = peer[1]});
    }
    door->child = result;
    (void)close(peer[1].fd);
    (void)close(leash[1].fd);
    door->served = peer[0];
    door->leash = leash[0];
    result = await_child(leash[0].fd);
    if (result == 0) return true;
    store_door_end(door);
    return result != -ESRCH && cli_fail("%s: %s", door->folder, explain(result)) == EXIT_DONE;
}

bool store_door_prepare(struct store_door *door, const char *folder) {
    *door = (struct store_door){
        .folder = folder, .control = HANDLE_NONE, .served = HANDLE_NONE, .leash = HANDLE_NONE};
    char run_folder[PATH_BYTES];
    (void)snprintf(run_folder, sizeof run_folder, "%s/run", folder);
    int result = local_connect(run_folder, "control", &door->control);
    if (result == 0) return true;
    door->control = HANDLE_NONE;
    if (result != -ECONNREFUSED && result != -ENOENT)
        return cli_fail("%s: %s", folder, strerror(-result)) == EXIT_DONE;
    return start_child(door);
}

/* ---- this side ---- */

static void answer_nothing(struct task *t, void *context, struct ipc_request *request) {
    (void)t;
    (void)context;
    channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
}

static const struct channel_handlers handlers = {answer_nothing, NULL, NULL};

/* Gives the server one end of a pair; the other is ours. */
static const char *ask_server(struct task *t, struct store_door *door) {
    struct env *env = task_env(t);
    struct handle pair[2];
    door->channel = channel_new(env, &handlers, door);
    channel_attach(door->channel, stream_adopt(env, door->control));
    int made = stream_pair(env, pair);
    if (made) return strerror(-made);
    struct ipc_message message = {CONTROL_STORE, SLICE_EMPTY, pair[1]};
    struct ipc_answer answer;
    enum ipc_result result = channel_call(t, door->channel, &message, &answer, DEADLINE_NONE);
    bool is_refused = result == IPC_OK && answer.body.len > 0;
    ipc_answer_free(&answer);
    door->served = pair[0];
    if (is_refused) return "the server that runs is of another version; restart it";
    return result == IPC_OK ? NULL : "the server stopped before it answered; ask again";
}

const char *store_door_open(struct task *t, struct store_door *door) {
    struct env *env = task_env(t);
    const char *fault = door->child ? NULL : ask_server(t, door);
    if (fault) return fault;
    uint32_t node = NODE_FIRST + (uint32_t)env_random_below(env, NODE_COUNT);
    door->store = store_client_new(env, node, NULL, NULL);
    store_client_attach(door->store, stream_adopt(env, door->served));
    door->served = HANDLE_NONE;
    int result = reader_open(env, door->folder, &door->reader);
    return result ? strerror(-result) : NULL;
}

void store_door_close(struct task *t, struct store_door *door) {
    reader_close(&door->reader);
    store_client_free(t, &door->store);
    if (door->channel) channel_close(t, &door->channel);
    handle_close(task_env(t), door->served);
}

void store_door_end(struct store_door *door) {
    if (!door->child) return;
    (void)close(door->leash.fd);
    tree_join(door->child);
    door->child = 0;
}

const char *store_door_account(struct task *t, struct store_door *door, struct slice address,
                               uint64_t *account) {
    struct arena *arena = arena_new(MIB(1));
    struct address_route route = {.kind = ADDRESS_ELSEWHERE};
    const char *fault = NULL;
    enum store_result result = store_address_resolve(t, door->store, arena, address, &route);
    if (result)
        fault = "the store cannot say whose address that is";
    else if (route.kind != ADDRESS_LOCAL || route.target_count == 0 || route.targets[0].account == 0)
        fault = "there is no such account; posthaste account list shows all";
    else if (route.target_count > 1)
        fault = "that is an alias of several accounts; name one of them";
    else
        *account = route.targets[0].account;
    arena_free(&arena);
    return fault;
}
