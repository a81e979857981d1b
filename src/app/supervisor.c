#include "app/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/dns_settings.h"
#include "app/log_sink.h"
#include "app/ports.h"
#include "app/read_file.h"
#include "app/serve_lock.h"
#include "app/spawn.h"
#include "base/limits.h"
#include "io/real/loop.h"
#include "ipc/pack.h"

enum {
    ROLES_MAX = 2 + 2 * CONFIG_PROCESSES_MAX,
    /* A role that dies so soon after its start waits before the next one. */
    QUICK_DEATH_MS = 5000,
    RESTART_PAUSE_MS_MAX = 10000,
    STOP_PATIENCE_MS = 15000,
    PEM_BYTES_MAX = 256 * 1024,
};

struct supervisor;

struct supervised {
    struct supervisor *supervisor;
    enum role_kind kind;
    uint64_t index;
    struct spawned *spawned;
    struct channel *control;
    struct timer restart;
    int64_t started_ms;
    int64_t pause_ms;
    uint64_t restarts;
    struct walls walls;
    bool is_ready;
};

struct supervisor {
    struct env *env;
    const struct serve_options *options;
    struct arena *arena;
    struct config config;
    struct role_settings settings;
    struct listening listening;
    struct supervised roles[ROLES_MAX];
    size_t role_count;
    struct gate changed;
    struct scope scope;
    bool is_stopping;
    bool is_reload_asked;
    bool was_announced;
    int exit_status;
};

static void start_role(struct supervised *role);

/* Who talks to whom. */
static bool are_peers(enum role_kind a, enum role_kind b) {
    if (a > b) return are_peers(b, a);
    if (a == ROLE_STORE) return b == ROLE_MAIL || b == ROLE_EDGE;
    return a != b;
}

static void send_order(struct supervised *role, enum order order, struct slice body, struct handle handle) {
    channel_notify(role->control, &(struct ipc_message){order, body, handle});
}

static void send_settings(struct supervised *role) {
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    settings_pack(&body, &role->supervisor->settings);
    send_order(role, ORDER_SETTINGS, buffer_slice(&body), HANDLE_NONE);
    buffer_free(&body);
}

static void send_peer(struct supervised *role, const struct supervised *peer, struct handle handle) {
    struct buffer body = buffer_new(64);
    pack_number(&body, peer->kind);
    pack_number(&body, peer->index);
    send_order(role, ORDER_PEER, buffer_slice(&body), handle);
    buffer_free(&body);
}

static void connect_roles(struct supervised *a, struct supervised *b) {
    struct handle pair[2];
    int error = stream_pair(a->supervisor->env, pair);
    if (error) FATAL("no local socket: %s", strerror(-error));
    send_peer(a, b, pair[0]);
    send_peer(b, a, pair[1]);
}

static void send_listener(struct supervised *role, enum port_kind port, struct handle handle) {
    struct handle copy;
    if (ports_copy(role->supervisor->env, handle, &copy)) FATAL("a listening socket cannot be copied");
    struct buffer body = buffer_new(16);
    pack_number(&body, port);
    send_order(role, ORDER_LISTENER, buffer_slice(&body), copy);
    buffer_free(&body);
}

static void send_listeners(struct supervised *role) {
    const struct listening *listening = &role->supervisor->listening;
    if (role->kind == ROLE_STORE) send_listener(role, PORT_CONTROL, listening->control);
    if (role->kind != ROLE_EDGE) return;
    for (size_t i = 0; i < listening->count; i++)
        send_listener(role, listening->sockets[i].port, listening->sockets[i].handle);
}

static void send_report(struct supervised *store, const struct supervised *role) {
    struct role_report report = {role->kind, role->index, spawned_pid(role->spawned), role->restarts, role->walls};
    struct buffer body = buffer_new(100);
    report_pack(&body, &report);
    send_order(store, ORDER_REPORT, buffer_slice(&body), HANDLE_NONE);
    buffer_free(&body);
}

static void tell_store(struct supervised *role) {
    struct supervised *store = &role->supervisor->roles[0];
    if (!store->is_ready) return;
    if (role != store) {
        send_report(store, role);
        return;
    }
    for (size_t i = 0; i < role->supervisor->role_count; i++)
        if (role->supervisor->roles[i].is_ready) send_report(store, &role->supervisor->roles[i]);
}

static void announce(struct supervisor *supervisor) {
    for (size_t i = 0; i < supervisor->role_count; i++)
        if (!supervisor->roles[i].is_ready) return;
    if (supervisor->was_announced) return;
    supervisor->was_announced = true;
    LOG_INFO(supervisor->env->log, "serve.ready", LOG_CSTR("hostname", supervisor->config.hostname),
             LOG_NUMBER("base_port", supervisor->config.base_port), LOG_NUMBER("roles", supervisor->role_count));
}

static void role_is_ready(struct supervised *role, struct slice walls) {
    struct supervisor *supervisor = role->supervisor;
    if (!walls_unpack(walls, &role->walls)) return;
    role->is_ready = true;
    role->walls.own_user = role->supervisor->config.uid[role->kind] && geteuid() == 0;
    LOG_INFO(supervisor->env->log, "role.ready", LOG_CSTR("kind", role_kind_name(role->kind)),
             LOG_NUMBER("index", role->index), LOG_NUMBER("pid", spawned_pid(role->spawned)));
    for (size_t i = 0; i < supervisor->role_count; i++) {
        struct supervised *other = &supervisor->roles[i];
        if (other->is_ready && other != role && are_peers(role->kind, other->kind)) connect_roles(role, other);
    }
    send_listeners(role);
    tell_store(role);
    if (role->kind == ROLE_STORE)
        for (size_t i = 1; i < supervisor->role_count; i++)
            if (!supervisor->roles[i].spawned && !timer_is_armed(&supervisor->roles[i].restart))
                start_role(&supervisor->roles[i]);
    announce(supervisor);
    gate_open(&supervisor->changed);
}

static void take_report(void *context, const struct ipc_message *message) {
    if (message->type == REPORT_READY) role_is_ready(context, message->body);
}

static void answer_nothing(struct task *t, void *context, struct ipc_request *request) {
    (void)t;
    (void)context;
    channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
}

static const struct channel_handlers control_handlers = {answer_nothing, take_report, NULL};

static void role_ended(void *context, const char *status) {
    struct supervised *role = context;
    struct supervisor *supervisor = role->supervisor;
    spawned_free(&role->spawned);
    role->is_ready = false;
    gate_open(&supervisor->changed);
    if (supervisor->is_stopping) return;
    int64_t lived_ms = env_now_ms(supervisor->env) - role->started_ms;
    role->pause_ms = lived_ms > QUICK_DEATH_MS ? 0 : role->pause_ms ? role->pause_ms * 2 : 20;
    if (role->pause_ms > RESTART_PAUSE_MS_MAX) role->pause_ms = RESTART_PAUSE_MS_MAX;
    role->restarts++;
    LOG_ERROR(supervisor->env->log, "role.ended", LOG_CSTR("kind", role_kind_name(role->kind)),
              LOG_NUMBER("index", role->index), LOG_CSTR("status", status), LOG_NUMBER("pause_ms", role->pause_ms));
    if (!supervisor->was_announced && role->kind == ROLE_STORE) {
        /* The very first start failed: the store has said why. */
        supervisor->is_stopping = true;
        supervisor->exit_status = 1;
        return;
    }
    timer_arm(&supervisor->env->timers, &role->restart, env_now_ms(supervisor->env) + role->pause_ms);
}

static void start_role(struct supervised *role) {
    struct supervisor *supervisor = role->supervisor;
    bool is_root = geteuid() == 0 && !supervisor->options->is_single;
    struct spawn_request request = {
        .kind = role->kind,
        .index = role->index,
        .folder = supervisor->options->folder,
        .is_single = supervisor->options->is_single,
        .uid = is_root ? (uint32_t)supervisor->config.uid[role->kind] : 0,
        .gid = is_root ? (uint32_t)supervisor->config.gid : 0,
        .on_end = role_ended,
        .context = role,
    };
    struct stream *control;
    int error;
    role->started_ms = env_now_ms(supervisor->env);
    role->spawned = spawn_role(supervisor->env, &request, &control, &error);
    if (!role->spawned) FATAL("the %s role cannot be started: %s", role_kind_name(role->kind), strerror(-error));
    channel_attach(role->control, control);
    send_settings(role);
}

static void restart_due(struct timer *timer) { start_role(CONTAINER_OF(timer, struct supervised, restart)); }

static void add_roles(struct supervisor *supervisor) {
    static const enum role_kind order[] = {ROLE_STORE, ROLE_REMOTE, ROLE_MAIL, ROLE_EDGE};
    for (size_t i = 0; i < ROLE_KINDS; i++)
        for (uint64_t index = 0; index < supervisor->config.processes[order[i]]; index++) {
            struct supervised *role = &supervisor->roles[supervisor->role_count++];
            role->supervisor = supervisor;
            role->kind = order[i];
            role->index = index;
            role->control = channel_new(supervisor->env, &control_handlers, role);
            timer_init(&role->restart, restart_due);
        }
}

static const char *in_folder(struct supervisor *supervisor, const char *path) {
    if (path[0] == '/') return path;
    return arena_text(supervisor->arena, arena_printf(supervisor->arena, "%s/%s", supervisor->options->folder, path));
}

/* False, and *error: one line. */
static bool read_pem(struct supervisor *supervisor, const char *path, struct slice *pem, struct slice *error) {
    const char *full = in_folder(supervisor, path);
    int result = read_file(supervisor->arena, full, PEM_BYTES_MAX, pem);
    if (result) *error = arena_printf(supervisor->arena, "%s: %s", full, strerror(-result));
    return result == 0;
}

static bool make_settings(struct supervisor *supervisor, const struct config *config, struct role_settings *settings,
                          struct slice *error) {
    *settings = (struct role_settings){
        .folder = supervisor->options->folder,
        .hostname = config->hostname,
        .message_bytes_max = config->message_bytes_max,
        .connections_per_account = config->connections_per_account,
        .plaintext = config->plaintext,
        .mail_processes = config->processes[ROLE_MAIL],
        .log_level = config->log_level,
    };
    if (!dns_settings_read(supervisor->arena, supervisor->env->log, config, settings, error) ||
        !read_pem(supervisor, config->tls_certificate, &settings->certificates_pem, error) ||
        !read_pem(supervisor, config->tls_key, &settings->key_pem, error))
        return false;
    const char *reason;
    struct tls_context *context = tls_context_server(settings->certificates_pem, settings->key_pem, &reason);
    tls_context_free(&context);
    if (reason)
        *error = arena_printf(supervisor->arena, "%s and %s: %s", config->tls_certificate, config->tls_key, reason);
    return reason == NULL;
}

/* SIGHUP: a configuration that is wrong changes nothing. */
static void reload(struct supervisor *supervisor) {
    struct config config;
    struct role_settings settings;
    struct slice error;
    supervisor->is_reload_asked = false;
    if (!config_load(supervisor->arena, supervisor->options->folder, &config, &error) ||
        !make_settings(supervisor, &config, &settings, &error)) {
        LOG_ERROR(supervisor->env->log, "serve.reload_failed", LOG_TEXT("error", error));
        return;
    }
    supervisor->settings = settings;
    supervisor->settings.mail_processes = supervisor->config.processes[ROLE_MAIL];
    for (size_t i = 0; i < supervisor->role_count; i++)
        if (supervisor->roles[i].spawned) send_settings(&supervisor->roles[i]);
    LOG_INFO(supervisor->env->log, "serve.reloaded", LOG_CSTR("hostname", config.hostname));
}

static void on_signal(uv_signal_t *handle, int signal) {
    struct supervisor *supervisor = handle->data;
    if (signal == SIGHUP)
        supervisor->is_reload_asked = true;
    else
        supervisor->is_stopping = true;
    gate_open(&supervisor->changed);
}

static bool any_of_kind_runs(const struct supervisor *supervisor, enum role_kind kind) {
    for (size_t i = 0; i < supervisor->role_count; i++)
        if (supervisor->roles[i].kind == kind && supervisor->roles[i].spawned) return true;
    return false;
}

static void stop_kind(struct task *t, struct supervisor *supervisor, enum role_kind kind) {
    int64_t deadline_ms = env_now_ms(supervisor->env) + STOP_PATIENCE_MS;
    for (size_t i = 0; i < supervisor->role_count; i++) {
        struct supervised *role = &supervisor->roles[i];
        timer_disarm(&supervisor->env->timers, &role->restart);
        if (role->kind == kind && role->spawned) send_order(role, ORDER_STOP, SLICE_EMPTY, HANDLE_NONE);
    }
    while (any_of_kind_runs(supervisor, kind)) {
        if (gate_wait(t, &supervisor->changed, deadline_ms) == WAIT_OK) continue;
        for (size_t i = 0; i < supervisor->role_count; i++)
            if (supervisor->roles[i].kind == kind && supervisor->roles[i].spawned)
                spawned_kill(supervisor->roles[i].spawned);
        deadline_ms = DEADLINE_NONE;
    }
}

static void supervise(struct task *t, void *argument) {
    struct supervisor *supervisor = argument;
    start_role(&supervisor->roles[0]);
    while (!supervisor->is_stopping) {
        if (gate_wait(t, &supervisor->changed, DEADLINE_NONE) != WAIT_OK) break;
        if (supervisor->is_reload_asked) reload(supervisor);
    }
    stop_kind(t, supervisor, ROLE_EDGE);
    stop_kind(t, supervisor, ROLE_MAIL);
    stop_kind(t, supervisor, ROLE_REMOTE);
    stop_kind(t, supervisor, ROLE_STORE);
    for (size_t i = 0; i < supervisor->role_count; i++) channel_close(t, &supervisor->roles[i].control);
    if (!supervisor->exit_status)
        LOG_INFO(supervisor->env->log, "serve.stopped", LOG_NUMBER("pid", getpid()));
    real_env_stop(supervisor->env);
}

static int fail(struct slice error) {
    (void)fprintf(stderr, "posthaste: %.*s\n", SLICE_PRINT(error));
    return 1;
}

static int run(struct supervisor *supervisor) {
    struct slice error;
    if (!config_load(supervisor->arena, supervisor->options->folder, &supervisor->config, &error) ||
        !make_settings(supervisor, &supervisor->config, &supervisor->settings, &error))
        return fail(error);
    if (!ports_open(supervisor->env, supervisor->arena, &supervisor->config, supervisor->options->folder,
                    &supervisor->listening, &error))
        return fail(error);
    if (supervisor->options->is_single && !serve_become_owner(supervisor->options->folder)) return 1;
    add_roles(supervisor);
    gate_init(&supervisor->changed);
    scope_init(&supervisor->scope, supervisor->env);
    real_env_on_signal(supervisor->env, SIGTERM, on_signal, supervisor);
    real_env_on_signal(supervisor->env, SIGINT, on_signal, supervisor);
    real_env_on_signal(supervisor->env, SIGHUP, on_signal, supervisor);
    if (!scope_spawn(&supervisor->scope, supervise, supervisor)) FATAL("the supervisor's scope is closed");
    real_env_run(supervisor->env);
    ports_close(supervisor->env, &supervisor->listening);
    return supervisor->exit_status;
}

int supervisor_run(const struct serve_options *options) {
    int lock = -1;
    if (!serve_lock_take(options->folder, &lock)) return 1;
    struct log_sink sink;
    log_sink_init(&sink, "supervisor");
    struct supervisor supervisor = {.options = options, .env = real_env_new(&sink.log), .arena = arena_new(MIB(64))};
    int status = run(&supervisor);
    real_env_free(&supervisor.env);
    arena_free(&supervisor.arena);
    (void)close(lock);
    return status;
}
