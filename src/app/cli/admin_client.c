#include "app/cli/admin_client.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "app/admin/control.h"
#include "app/settings/serve_lock.h"
#include "base/limits.h"
#include "io/real/local.h"
#include "io/real/log_sink.h"
#include "io/real/loop.h"

enum { LOCK_TRIES = 20, LOCK_PAUSE_MS = 100, PATH_BYTES = 4096 };

struct asking {
    const char *folder;
    const struct admin_request *request;
    /* HANDLE_NONE: no server runs. */
    struct handle control;
    /* The server went away while we asked. */
    bool was_cut;
    /* How long to wait for an answer (0: for ever), and how long it took. */
    int64_t patience_ms;
    int64_t took_ms;
    json_t *answer;
};

static json_t *error_of(const char *folder, const char *text) {
    return json_pack("{s:o}", "error", json_sprintf("%s: %s", folder, text));
}

static void print_line(void *context, struct slice line) {
    (void)context;
    (void)fprintf(stderr, "%.*s\n", SLICE_PRINT(line));
}

static void show_progress(void *context, const struct ipc_message *message) {
    print_line(context, message->body);
}

static void answer_nothing(struct task *t, void *context, struct ipc_request *request) {
    (void)t;
    (void)context;
    channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
}

static const struct channel_handlers handlers = {answer_nothing, show_progress, NULL};

static void ask_server(struct task *t, struct env *env, struct asking *asking) {
    struct channel *channel = channel_new(env, &handlers, asking);
    channel_attach(channel, stream_adopt(env, asking->control));
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    admin_request_pack(&body, asking->request);
    struct ipc_message message = {CONTROL_ADMIN, buffer_slice(&body), HANDLE_NONE};
    struct ipc_answer answer;
    int64_t begun_ms = env_now_ms(env);
    int64_t until_ms = asking->patience_ms ? begun_ms + asking->patience_ms : DEADLINE_NONE;
    enum ipc_result result = channel_call(t, channel, &message, &answer, until_ms);
    asking->took_ms = env_now_ms(env) - begun_ms;
    if (result == IPC_TIMEOUT)
        asking->answer = error_of(asking->folder, "the store does not answer in time");
    else if (result == IPC_OK)
        asking->answer = json_loadb((const char *)answer.body.ptr, answer.body.len, 0, NULL);
    else
        asking->was_cut = true;
    ipc_answer_free(&answer);
    buffer_free(&body);
    channel_close(t, &channel);
}

static void ask_folder(struct task *t, struct env *env, struct asking *asking) {
    struct engine_options options = {.folder = asking->folder, .node = 1023};
    struct engine *engine;
    int result = engine_open(env, &options, &engine);
    for (int i = 0; result == -EWOULDBLOCK && i < LOCK_TRIES; i++) {
        if (task_sleep(t, LOCK_PAUSE_MS) != WAIT_OK) return;
        result = engine_open(env, &options, &engine);
    }
    if (result) {
        const char *text = result == -EWOULDBLOCK ? "another process has it open" : strerror(-result);
        if (result == -EPROTO) text = "its format is not known to this version; see the line before";
        if (result == -ENOENT) text = "there is no store here; posthaste init makes one";
        asking->answer = error_of(asking->folder, text);
        return;
    }
    struct admin_context context = {.engine = engine, .progress = print_line};
    asking->answer = admin_execute(t, &context, asking->request);
    engine_close(t, &engine);
}

static void ask(struct task *t, void *argument) {
    struct asking *asking = argument;
    struct env *env = task_env(t);
    if (!handle_is_none(asking->control))
        ask_server(t, env, asking);
    else
        ask_folder(t, env, asking);
    real_env_stop(env);
}

static void run(struct asking *asking) {
    struct log_sink sink;
    log_sink_init(&sink, "command");
    sink.log.least = LOG_LEVEL_WARN;
    struct env *env = real_env_new(&sink.log);
    struct scope scope;
    scope_init(&scope, env);
    if (!scope_spawn(&scope, ask, asking)) FATAL("a new scope is closed");
    real_env_run(env);
    real_env_free(&env);
}

json_t *admin_ask_within(const char *folder, const struct admin_request *request, int64_t patience_ms,
                         int64_t *took_ms) {
    struct asking asking = {
        .folder = folder, .request = request, .control = HANDLE_NONE, .patience_ms = patience_ms};
    char run_folder[PATH_BYTES];
    (void)snprintf(run_folder, sizeof run_folder, "%s/run", folder);
    int result = local_connect(run_folder, "control", &asking.control);
    bool is_nobody_there = result == -ECONNREFUSED || result == -ENOENT;
    if (result && !is_nobody_there) return error_of(folder, strerror(-result));
    if (result && !serve_become_owner(folder)) return error_of(folder, "cannot act as its owner");
    if (result) asking.control = HANDLE_NONE;
    run(&asking);
    *took_ms = asking.took_ms;
    if (asking.was_cut) return error_of(folder, "the server stopped before it answered; ask again");
    return asking.answer ? asking.answer : error_of(folder, "no answer that can be read");
}

json_t *admin_ask(const char *folder, const struct admin_request *request) {
    int64_t took_ms = 0;
    return admin_ask_within(folder, request, 0, &took_ms);
}
