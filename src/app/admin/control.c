#include "app/admin/control.h"

#include <stdlib.h>

#include "base/limits.h"

enum { ANSWER_BYTES_MAX = IPC_FRAME_BYTES_MAX - 64 };
static const struct slice too_long =
    SLICE_INIT("{\"error\":\"the list is too long to be given by a running server; stop it and ask again\"}");

struct control_server {
    struct env *env;
    struct control_context context;
    struct listener *listener;
    struct scope scope;
};

struct control_session {
    struct control_server *server;
    struct stream *stream;
    struct channel *channel;
    struct gate gone;
    bool is_gone;
};

static void send_progress(void *context, struct slice line) {
    struct control_session *session = context;
    channel_notify(session->channel, &(struct ipc_message){CONTROL_PROGRESS, line, HANDLE_NONE});
}

/* One more peer of the store: the command line, which moves mail in or out. */
static void attach(struct control_session *session, struct ipc_request *request) {
    struct control_server *server = session->server;
    store_service_attach(server->context.service, stream_adopt(server->env, request->message.handle), true);
    channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
}

static void answer(struct task *t, void *context, struct ipc_request *request) {
    struct control_session *session = context;
    if (request->message.type == CONTROL_STORE && !handle_is_none(request->message.handle)) {
        attach(session, request);
        return;
    }
    handle_close(session->server->env, request->message.handle);
    const struct control_context *context_of = &session->server->context;
    struct admin_context admin = {.engine = context_of->engine,
                                  .roles = context_of->roles,
                                  .progress = send_progress,
                                  .context = session,
                                  .remote = context_of->remote,
                                  .acme = context_of->acme,
                                  .outreach = context_of->outreach,
                                  .mailboxes = context_of->mailboxes,
                                  .hooks = context_of->hooks};
    struct admin_request asked;
    bool good = request->message.type == CONTROL_ADMIN && admin_request_unpack(request->message.body, &asked);
    json_t *document =
        good ? admin_execute(t, &admin, &asked) : json_pack("{s:s}", "error", "malformed request");
    char *text = json_dumps(document, JSON_COMPACT);
    if (!text) FATAL("out of memory for an answer");
    struct slice body = slice_from_text(text);
    channel_reply(request, body.len <= ANSWER_BYTES_MAX ? body : too_long, HANDLE_NONE);
    free(text);
    json_decref(document);
}

static void asker_gone(void *context) {
    struct control_session *session = context;
    session->is_gone = true;
    gate_open(&session->gone);
}

static const struct channel_handlers handlers = {answer, NULL, asker_gone};

static void serve(struct task *t, void *argument) {
    struct control_session *session = argument;
    session->channel = channel_new(session->server->env, &handlers, session);
    channel_attach(session->channel, session->stream);
    enum wait_result result = WAIT_OK;
    while (!session->is_gone && result == WAIT_OK) result = gate_wait(t, &session->gone, DEADLINE_NONE);
    channel_close(t, &session->channel);
    free(session);
}

static void accepted(void *context, struct stream *stream) {
    struct control_server *server = context;
    struct control_session *session = calloc(1, sizeof *session);
    if (!session) FATAL("out of memory for a control session");
    session->server = server;
    session->stream = stream;
    gate_init(&session->gone);
    if (scope_spawn(&server->scope, serve, session)) return;
    stream_close(&stream);
    free(session);
}

struct control_server *control_server_new(struct env *env, const struct control_context *context) {
    struct control_server *server = calloc(1, sizeof *server);
    if (!server) FATAL("out of memory for the control server");
    *server = (struct control_server){.env = env, .context = *context};
    scope_init(&server->scope, env);
    return server;
}

void control_server_listen(struct control_server *server, struct handle handle) {
    listener_close(&server->listener);
    server->listener = listener_adopt(server->env, handle, accepted, server);
}

void control_server_free(struct task *t, struct control_server **server) {
    if (!*server) return;
    listener_close(&(*server)->listener);
    scope_close(t, &(*server)->scope);
    free(*server);
    *server = NULL;
}
