#include "app/supervisor.h"

#include <stdlib.h>
#include <unistd.h>

#include "app/collect.h"
#include "base/limits.h"
#include "ipc/pack.h"

enum {
    ROLES_MAX = 2 + 2 * CONFIG_PROCESSES_MAX,
    /* A role that dies so soon after its start waits before the next one. */
    QUICK_DEATH_MS = 5000,
    RESTART_PAUSE_MS_FIRST = 20,
    RESTART_PAUSE_MS_MAX = 10000,
    STOP_PATIENCE_MS = 15000,
};

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
    struct supervisor_options options;
    const struct role_settings *settings;
    struct supervised roles[ROLES_MAX];
    size_t role_count;
    struct collector *collector;
    /* Opened when a role has ended. */
    struct gate ended;
    bool is_stopping;
    bool was_ready;
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
    settings_pack(&body, role->supervisor->settings);
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
    if (error) {
        ENV_FATAL(a->supervisor->env, "no local socket: %s", strerror(-error));
        return;
    }
    send_peer(a, b, pair[0]);
    send_peer(b, a, pair[1]);
}

static void send_listener(struct supervised *role, enum port_kind port, struct handle handle) {
    struct handle copy;
    if (role->supervisor->options.spawner->handle_copy(role->supervisor->env, handle, &copy)) {
        ENV_FATAL(role->supervisor->env, "a listening socket cannot be copied");
        return;
    }
    struct buffer body = buffer_new(16);
    pack_number(&body, port);
    send_order(role, ORDER_LISTENER, buffer_slice(&body), copy);
    buffer_free(&body);
}

static void send_listeners(struct supervised *role) {
    const struct listening *listening = role->supervisor->options.listening;
    if (role->kind == ROLE_STORE) send_listener(role, PORT_CONTROL, listening->control);
    if (role->kind != ROLE_EDGE) return;
    for (size_t i = 0; i < listening->count; i++)
        send_listener(role, listening->sockets[i].port, listening->sockets[i].handle);
}

static uint64_t spawned_id(const struct supervised *role) {
    return role->supervisor->options.spawner->id(role->spawned);
}

static void send_report(struct supervised *store, const struct supervised *role) {
    struct role_report report = {role->kind, role->index, spawned_id(role), role->restarts, role->walls};
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
    if (supervisor->was_ready) return;
    supervisor->was_ready = true;
    supervisor->options.on_ready(supervisor->options.context);
}

static void role_is_ready(struct supervised *role, struct slice walls) {
    struct supervisor *supervisor = role->supervisor;
    if (supervisor->is_stopping || !walls_unpack(walls, &role->walls)) return;
    role->is_ready = true;
    role->walls.own_user = supervisor->options.uid[role->kind] != 0;
    LOG_INFO(supervisor->env->log, "role.ready", LOG_CSTR("kind", role_kind_name(role->kind)),
             LOG_NUMBER("index", role->index), LOG_NUMBER("pid", spawned_id(role)));
    for (size_t i = 0; i < supervisor->role_count; i++) {
        struct supervised *other = &supervisor->roles[i];
        if (other->is_ready && other != role && are_peers(role->kind, other->kind))
            connect_roles(role, other);
    }
    send_listeners(role);
    tell_store(role);
    if (role->kind == ROLE_STORE)
        for (size_t i = 1; i < supervisor->role_count; i++)
            if (!supervisor->roles[i].spawned && !timer_is_armed(&supervisor->roles[i].restart))
                start_role(&supervisor->roles[i]);
    announce(supervisor);
}

static void take_report(void *context, const struct ipc_message *message) {
    if (message->type == REPORT_READY) role_is_ready(context, message->body);
}

static void answer_role(struct task *t, void *context, struct ipc_request *request) {
    collector_answer(t, ((struct supervised *)context)->supervisor->collector, request);
}

static const struct channel_handlers control_handlers = {answer_role, take_report, NULL};

static uint64_t resident_bytes(const struct supervisor *supervisor, uint64_t id) {
    return supervisor->options.resident_bytes ? supervisor->options.resident_bytes(id) : 0;
}

static struct collect_source collect_source_of(void *context, size_t at) {
    struct supervised *role = &((struct supervisor *)context)->roles[at];
    bool has_process = role->spawned && spawned_id(role) != 0;
    uint64_t bytes = has_process ? resident_bytes(role->supervisor, spawned_id(role)) : 0;
    return (struct collect_source){role->kind,    role->index,    role->restarts, bytes,
                                   role->control, role->is_ready, !has_process};
}

static uint64_t own_resident_bytes(void *context) { return resident_bytes(context, 0); }

static struct collector *start_collector(struct supervisor *supervisor) {
    struct collector_options options = {supervisor->env, supervisor->role_count, collect_source_of,
                                        own_resident_bytes, supervisor};
    return collector_new(&options);
}

/* A role that keeps dying young waits longer each time. */
static int64_t restart_pause_ms(const struct supervised *role, int64_t now_ms) {
    if (now_ms - role->started_ms > QUICK_DEATH_MS) return 0;
    if (role->pause_ms == 0) return RESTART_PAUSE_MS_FIRST;
    return role->pause_ms * 2 < RESTART_PAUSE_MS_MAX ? role->pause_ms * 2 : RESTART_PAUSE_MS_MAX;
}

static void role_ended(void *context, const char *status) {
    struct supervised *role = context;
    struct supervisor *supervisor = role->supervisor;
    int64_t now_ms = env_now_ms(supervisor->env);
    /* A store that gave up by itself before it ever served cannot serve: it has said why. */
    bool is_hopeless = role->kind == ROLE_STORE && !supervisor->was_ready &&
                       slice_starts(slice_from_text(status), SLICE("exit"));
    role->is_ready = false;
    role->pause_ms = restart_pause_ms(role, now_ms);
    if (!supervisor->is_stopping) {
        role->restarts++;
        LOG_ERROR(supervisor->env->log, "role.ended", LOG_CSTR("kind", role_kind_name(role->kind)),
                  LOG_NUMBER("index", role->index), LOG_CSTR("status", status),
                  LOG_NUMBER("pause_ms", role->pause_ms));
    }
    collector_role_ended(supervisor->collector, (size_t)(role - supervisor->roles));
    supervisor->options.spawner->release(&role->spawned);
    gate_open(&supervisor->ended);
    if (supervisor->is_stopping) return;
    if (is_hopeless)
        supervisor->options.on_failed(supervisor->options.context);
    else
        timer_arm(&supervisor->env->timers, &role->restart, now_ms + role->pause_ms);
}

static void start_role(struct supervised *role) {
    struct supervisor *supervisor = role->supervisor;
    struct spawn_request request = {
        .kind = role->kind,
        .index = role->index,
        .folder = supervisor->options.folder,
        .uid = (uint32_t)supervisor->options.uid[role->kind],
        .gid = (uint32_t)supervisor->options.gid[role->kind],
        .on_end = role_ended,
        .context = role,
    };
    struct stream *control;
    int error;
    role->started_ms = env_now_ms(supervisor->env);
    role->spawned = supervisor->options.spawner->spawn(supervisor->env, &request, &control, &error);
    if (!role->spawned) {
        ENV_FATAL(supervisor->env, "the %s role cannot be started: %s", role_kind_name(role->kind),
                  strerror(-error));
        return;
    }
    channel_attach(role->control, control);
    send_settings(role);
}

static void restart_due(struct timer *timer) { start_role(CONTAINER_OF(timer, struct supervised, restart)); }

static void add_roles(struct supervisor *supervisor) {
    static const enum role_kind order[] = {ROLE_STORE, ROLE_REMOTE, ROLE_MAIL, ROLE_EDGE};
    for (size_t i = 0; i < ROLE_KINDS; i++)
        for (uint64_t index = 0; index < supervisor->options.processes[order[i]]; index++) {
            struct supervised *role = &supervisor->roles[supervisor->role_count++];
            role->supervisor = supervisor;
            role->kind = order[i];
            role->index = index;
            role->control = channel_new(supervisor->env, &control_handlers, role);
            timer_init(&role->restart, restart_due);
        }
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
        if (gate_wait(t, &supervisor->ended, deadline_ms) == WAIT_OK) continue;
        for (size_t i = 0; i < supervisor->role_count; i++)
            if (supervisor->roles[i].kind == kind && supervisor->roles[i].spawned)
                supervisor->options.spawner->kill(supervisor->roles[i].spawned);
        deadline_ms = DEADLINE_NONE;
    }
}

struct supervisor *supervisor_new(const struct supervisor_options *options,
                                  const struct role_settings *settings) {
    struct supervisor *supervisor = calloc(1, sizeof *supervisor);
    if (!supervisor) FATAL("out of memory for the supervisor");
    supervisor->env = options->env;
    supervisor->options = *options;
    supervisor->settings = settings;
    gate_init(&supervisor->ended);
    add_roles(supervisor);
    supervisor->collector = start_collector(supervisor);
    start_role(&supervisor->roles[0]);
    return supervisor;
}

void supervisor_reload(struct supervisor *supervisor, const struct role_settings *settings) {
    supervisor->settings = settings;
    for (size_t i = 0; i < supervisor->role_count; i++)
        if (supervisor->roles[i].spawned) send_settings(&supervisor->roles[i]);
}

void supervisor_free(struct task *t, struct supervisor **supervisor) {
    static const enum role_kind order[] = {ROLE_EDGE, ROLE_MAIL, ROLE_REMOTE, ROLE_STORE};
    (*supervisor)->is_stopping = true;
    for (size_t i = 0; i < ROLE_KINDS; i++) stop_kind(t, *supervisor, order[i]);
    collector_stop(t, (*supervisor)->collector);
    for (size_t i = 0; i < (*supervisor)->role_count; i++) channel_close(t, &(*supervisor)->roles[i].control);
    collector_free(&(*supervisor)->collector);
    free(*supervisor);
    *supervisor = NULL;
}
