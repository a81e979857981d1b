#include "app/serve/supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/role/collect.h"
#include "base/limits.h"
#include "ipc/pack.h"

enum {
    ROLES_MAX = 2 + 2 * CONFIG_PROCESSES_MAX,
    /* A role that dies so soon after its start waits before the next one. */
    QUICK_DEATH_MS = 5000,
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
    /* How many of its listening sockets it has got; the rest comes when there are descriptors again. */
    size_t listeners_sent;
    struct timer listeners_again;
    /* Heartbeats: the last number asked, the last answered, and for how long there was no answer. */
    uint64_t beat_asked;
    uint64_t beat_answered;
    int64_t silent_ms;
};

/* Two roles that talk to each other. */
struct link {
    struct supervisor *supervisor;
    struct supervised *a;
    struct supervised *b;
    /* Of their connection: reports about an older one are old. */
    uint64_t number;
    struct timer again;
    int64_t made_ms;
    int64_t pause_ms;
};

struct supervisor {
    struct env *env;
    struct supervisor_options options;
    const struct role_settings *settings;
    struct supervised roles[ROLES_MAX];
    size_t role_count;
    struct link *links;
    size_t link_count;
    struct timer heartbeat;
    struct collector *collector;
    /* Opened when a role has ended. */
    struct gate ended;
    bool is_stopping;
    bool was_ready;
};

static void start_role(struct supervised *role);

/* Who talks to whom: each kind with each other. */
static bool are_peers(enum role_kind a, enum role_kind b) { return a != b; }

static void send_order(struct supervised *role, enum order order, struct slice body, struct handle handle) {
    channel_notify(role->control, &(struct ipc_message){order, body, handle});
}

/* Whom others are to be trusted by is for who connects; it is long. */
static void send_settings(struct supervised *role) {
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct role_settings settings = *role->supervisor->settings;
    if (role->kind != ROLE_REMOTE) settings.trusted_roots_pem = settings.acme_roots_pem = SLICE_EMPTY;
    settings_pack(&body, &settings);
    send_order(role, ORDER_SETTINGS, buffer_slice(&body), HANDLE_NONE);
    buffer_free(&body);
}

static void send_peer(struct supervised *role, const struct supervised *peer, uint64_t number,
                      struct handle handle) {
    struct buffer body = buffer_new(64);
    pack_number(&body, peer->kind);
    pack_number(&body, peer->index);
    pack_number(&body, number);
    send_order(role, ORDER_PEER, buffer_slice(&body), handle);
    buffer_free(&body);
}

/* ---- what failed is tried again ---- */

static int64_t longer_pause_ms(int64_t pause_ms) {
    if (pause_ms == 0) return RESTART_PAUSE_MS_FIRST;
    return pause_ms * 2 < RESTART_PAUSE_MS_MAX ? pause_ms * 2 : RESTART_PAUSE_MS_MAX;
}

static void arm_in(struct supervisor *supervisor, struct timer *timer, int64_t ms) {
    timer_arm(&supervisor->env->timers, timer, env_now_ms(supervisor->env) + ms);
}

/* Passes by itself when others let go of theirs. */
static bool is_shortage(int error) {
    return error == -EMFILE || error == -ENFILE || error == -ENOBUFS || error == -ENOMEM || error == -EAGAIN;
}

/* ---- connections between roles ---- */

static bool link_is_possible(const struct link *link) {
    return link->a->is_ready && link->b->is_ready && !link->supervisor->is_stopping;
}

static void link_log(const struct link *link, const char *event, const char *reason) {
    LOG_WARN(link->supervisor->env->log, event, LOG_CSTR("kind", role_kind_name(link->a->kind)),
             LOG_NUMBER("index", link->a->index), LOG_CSTR("with", role_kind_name(link->b->kind)),
             LOG_NUMBER("with_index", link->b->index), LOG_CSTR("reason", reason),
             LOG_NUMBER("pause_ms", link->pause_ms));
}

/* What keeps being lost soon after it was made waits longer each time. */
static int64_t lost_pause_ms(const struct link *link) {
    int64_t age_ms = env_now_ms(link->supervisor->env) - link->made_ms;
    return age_ms > QUICK_DEATH_MS ? RESTART_PAUSE_MS_FIRST : longer_pause_ms(link->pause_ms);
}

static void link_make_in(struct link *link, int64_t pause_ms) {
    link->pause_ms = pause_ms;
    arm_in(link->supervisor, &link->again, pause_ms);
}

static void link_make(struct link *link) {
    struct env *env = link->supervisor->env;
    struct handle pair[2];
    if (!link_is_possible(link)) return;
    int error = stream_pair(env, pair);
    if (error) {
        link_make_in(link, longer_pause_ms(link->pause_ms));
        link_log(link, "role.not_connected", strerror(-error));
        return;
    }
    timer_disarm(&env->timers, &link->again);
    link->number++;
    link->made_ms = env_now_ms(env);
    send_peer(link->a, link->b, link->number, pair[0]);
    send_peer(link->b, link->a, link->number, pair[1]);
}

static void link_due(struct timer *timer) { link_make(CONTAINER_OF(timer, struct link, again)); }

static struct link *link_of(struct supervised *role, enum role_kind kind, uint64_t index) {
    struct supervisor *supervisor = role->supervisor;
    for (size_t i = 0; i < supervisor->link_count; i++) {
        struct link *link = &supervisor->links[i];
        const struct supervised *other = link->a == role ? link->b : link->b == role ? link->a : NULL;
        if (other && other->kind == kind && other->index == index) return link;
    }
    return NULL;
}

/* Both tell, or one: the other may not see it yet. When one of them has died instead, its end is on the way
   to us, and its successor gets its connections with all others. */
static void peer_is_lost(struct supervised *role, struct slice body) {
    struct unpacker in = unpacker_of(body);
    enum role_kind kind = (enum role_kind)unpack_number_max(&in, ROLE_KINDS - 1);
    uint64_t index = unpack_number_max(&in, CONFIG_PROCESSES_MAX - 1);
    uint64_t number = unpack_number(&in);
    struct link *link = unpack_is_done(&in) ? link_of(role, kind, index) : NULL;
    if (!link || link->number != number || timer_is_armed(&link->again) || !link_is_possible(link)) return;
    link_make_in(link, lost_pause_ms(link));
    link_log(link, "role.connection_lost", "it is made anew");
}

static void make_links(struct supervised *role) {
    struct supervisor *supervisor = role->supervisor;
    for (size_t i = 0; i < supervisor->link_count; i++)
        if (supervisor->links[i].a == role || supervisor->links[i].b == role)
            link_make(&supervisor->links[i]);
}

static void add_links(struct supervisor *supervisor) {
    size_t pairs_max = supervisor->role_count * (supervisor->role_count - 1) / 2;
    supervisor->links = calloc(pairs_max + 1, sizeof *supervisor->links);
    if (!supervisor->links) FATAL("out of memory for the roles' connections");
    for (size_t i = 0; i < supervisor->role_count; i++)
        for (size_t j = i + 1; j < supervisor->role_count; j++) {
            struct supervised *a = &supervisor->roles[i];
            struct supervised *b = &supervisor->roles[j];
            if (!are_peers(a->kind, b->kind)) continue;
            struct link *link = &supervisor->links[supervisor->link_count++];
            *link = (struct link){.supervisor = supervisor, .a = a, .b = b};
            timer_init(&link->again, link_due);
        }
}

/* ---- what a role gets when it is ready ---- */

/* 0, or a negated errno. */
static int send_listener(struct supervised *role, enum port_kind port, struct handle handle) {
    struct handle copy;
    int error = role->supervisor->options.spawner->handle_copy(role->supervisor->env, handle, &copy);
    if (error) return error;
    struct buffer body = buffer_new(16);
    pack_number(&body, port);
    send_order(role, ORDER_LISTENER, buffer_slice(&body), copy);
    buffer_free(&body);
    return 0;
}

static size_t listener_count(const struct supervised *role) {
    if (role->kind == ROLE_STORE) return 1;
    return role->kind == ROLE_EDGE ? role->supervisor->options.listening->count : 0;
}

static int send_next_listener(struct supervised *role) {
    const struct listening *listening = role->supervisor->options.listening;
    if (role->kind == ROLE_STORE) return send_listener(role, PORT_CONTROL, listening->control);
    size_t i = role->listeners_sent;
    return send_listener(role, listening->sockets[i].port, listening->sockets[i].handle);
}

static void send_listeners(struct supervised *role) {
    int error = 0;
    while (role->listeners_sent < listener_count(role) && !(error = send_next_listener(role)))
        role->listeners_sent++;
    if (!error) return;
    LOG_ERROR(role->supervisor->env->log, "role.not_listening", LOG_CSTR("kind", role_kind_name(role->kind)),
              LOG_NUMBER("index", role->index), LOG_CSTR("reason", strerror(-error)),
              LOG_NUMBER("pause_ms", RESTART_PAUSE_MS_MAX / 10));
    arm_in(role->supervisor, &role->listeners_again, RESTART_PAUSE_MS_MAX / 10);
}

static void listeners_due(struct timer *timer) {
    struct supervised *role = CONTAINER_OF(timer, struct supervised, listeners_again);
    if (role->is_ready) send_listeners(role);
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
    /* Once: saying so again must not cost descriptors, nor others their connections. */
    if (supervisor->is_stopping || role->is_ready || !walls_unpack(walls, &role->walls)) return;
    role->is_ready = true;
    role->walls.own_user = supervisor->options.uid[role->kind] != 0;
    LOG_INFO(supervisor->env->log, "role.ready", LOG_CSTR("kind", role_kind_name(role->kind)),
             LOG_NUMBER("index", role->index), LOG_NUMBER("pid", spawned_id(role)));
    make_links(role);
    send_listeners(role);
    tell_store(role);
    if (role->kind == ROLE_STORE)
        for (size_t i = 1; i < supervisor->role_count; i++)
            if (!supervisor->roles[i].spawned && !timer_is_armed(&supervisor->roles[i].restart))
                start_role(&supervisor->roles[i]);
    announce(supervisor);
}

static void take_heartbeat(struct supervised *role, struct slice body) {
    struct unpacker in = unpacker_of(body);
    uint64_t number = unpack_number(&in);
    if (unpack_is_done(&in) && number == role->beat_asked) role->beat_answered = number;
}

static void take_report(void *context, const struct ipc_message *message) {
    struct supervised *role = context;
    handle_close(role->supervisor->env, message->handle);
    /* Its last words, read after its end was told. */
    if (!role->spawned) return;
    switch (message->type) {
    case REPORT_READY:
        role_is_ready(role, message->body);
        return;
    case REPORT_HEARTBEAT:
        take_heartbeat(role, message->body);
        return;
    case REPORT_PEER_LOST:
        peer_is_lost(role, message->body);
        return;
    default:
        return;
    }
}

/* The store checked them: its walls are between us and what a stranger wrote. */
static void install(struct supervised *role, struct ipc_request *request) {
    struct supervisor *supervisor = role->supervisor;
    struct unpacker in = unpacker_of(request->message.body);
    struct slice chain = unpack_slice(&in);
    struct slice key = unpack_slice(&in);
    const char *reason = "the supervisor does not take it";
    handle_close(supervisor->env, request->message.handle);
    if (role->kind == ROLE_STORE && unpack_is_done(&in) && supervisor->options.install &&
        !supervisor->is_stopping)
        reason = supervisor->options.install(supervisor->options.context, chain, key);
    channel_reply(request, slice_from_text(reason), HANDLE_NONE);
}

static void answer_role(struct task *t, void *context, struct ipc_request *request) {
    if (request->message.type == ASK_INSTALL) {
        install(context, request);
        return;
    }
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

/* ---- heartbeats ---- */

static int64_t beat_ms(const struct supervisor *supervisor) {
    return supervisor->options.heartbeat_ms ? supervisor->options.heartbeat_ms : HEARTBEAT_MS;
}

static void end_hung(struct supervised *role) {
    LOG_ERROR(role->supervisor->env->log, "role.hung", LOG_CSTR("kind", role_kind_name(role->kind)),
              LOG_NUMBER("index", role->index), LOG_NUMBER("pid", spawned_id(role)),
              LOG_NUMBER("silent_ms", role->silent_ms),
              LOG_CSTR("reason", "it lives but does not answer; it is ended and started again"));
    role->silent_ms = 0;
    role->supervisor->options.spawner->kill(role->spawned);
}

static void ask_heartbeat(struct supervised *role) {
    struct buffer body = buffer_new(16);
    pack_number(&body, ++role->beat_asked);
    send_order(role, ORDER_HEARTBEAT, buffer_slice(&body), HANDLE_NONE);
    buffer_free(&body);
}

/* Only time in which we ourselves were there on time is held against a role: a machine that sleeps, or has
   far too much to do, is late for all. */
static void beat(struct supervised *role, bool was_late) {
    if (role->beat_asked == role->beat_answered) {
        role->silent_ms = 0;
        ask_heartbeat(role);
        return;
    }
    if (!was_late) role->silent_ms += beat_ms(role->supervisor);
    if (role->silent_ms >= HEARTBEAT_PATIENCE_MS) end_hung(role);
}

/* A role that is not ready yet has its time: a store may have much to migrate. */
static void heartbeat_due(struct timer *timer) {
    struct supervisor *supervisor = CONTAINER_OF(timer, struct supervisor, heartbeat);
    bool was_late = env_now_ms(supervisor->env) - timer->at_ms > HEARTBEAT_LATE_MS_MAX;
    for (size_t i = 0; i < supervisor->role_count; i++)
        if (supervisor->roles[i].is_ready) beat(&supervisor->roles[i], was_late);
    arm_in(supervisor, &supervisor->heartbeat, beat_ms(supervisor));
}

/* ---- starting and ending ---- */

/* A role that keeps dying young waits longer each time. */
static int64_t restart_pause_ms(const struct supervised *role, int64_t now_ms) {
    return now_ms - role->started_ms > QUICK_DEATH_MS ? 0 : longer_pause_ms(role->pause_ms);
}

static void role_ended(void *context, const char *status) {
    struct supervised *role = context;
    struct supervisor *supervisor = role->supervisor;
    int64_t now_ms = env_now_ms(supervisor->env);
    /* A store that gave up by itself before it ever served cannot serve: it has said why. */
    bool is_hopeless = role->kind == ROLE_STORE && !supervisor->was_ready &&
                       slice_starts(slice_from_text(status), SLICE("exit"));
    role->is_ready = false;
    timer_disarm(&supervisor->env->timers, &role->listeners_again);
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

/* A shortage passes. Whatever else keeps a role from being started will not. */
static void role_not_started(struct supervised *role, int error) {
    struct supervisor *supervisor = role->supervisor;
    const char *kind = role_kind_name(role->kind);
    if (!is_shortage(error)) {
        ENV_FATAL(supervisor->env, "the %s role cannot be started: %s", kind, strerror(-error));
        return;
    }
    role->pause_ms = longer_pause_ms(role->pause_ms);
    LOG_ERROR(supervisor->env->log, "role.not_started", LOG_CSTR("kind", kind),
              LOG_NUMBER("index", role->index), LOG_CSTR("reason", strerror(-error)),
              LOG_NUMBER("pause_ms", role->pause_ms));
    arm_in(supervisor, &role->restart, role->pause_ms);
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
    role->listeners_sent = 0;
    role->beat_answered = role->beat_asked;
    role->silent_ms = 0;
    role->spawned = supervisor->options.spawner->spawn(supervisor->env, &request, &control, &error);
    if (!role->spawned) {
        role_not_started(role, error);
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
            timer_init(&role->listeners_again, listeners_due);
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
    add_links(supervisor);
    timer_init(&supervisor->heartbeat, heartbeat_due);
    arm_in(supervisor, &supervisor->heartbeat, beat_ms(supervisor));
    supervisor->collector = start_collector(supervisor);
    start_role(&supervisor->roles[0]);
    return supervisor;
}

void supervisor_reload(struct supervisor *supervisor, const struct role_settings *settings) {
    supervisor->settings = settings;
    for (size_t i = 0; i < supervisor->role_count; i++)
        if (supervisor->roles[i].spawned) send_settings(&supervisor->roles[i]);
}

/* Nothing is tried again any more. */
static void disarm_all(struct supervisor *supervisor) {
    struct timer_heap *timers = &supervisor->env->timers;
    timer_disarm(timers, &supervisor->heartbeat);
    for (size_t i = 0; i < supervisor->role_count; i++) {
        timer_disarm(timers, &supervisor->roles[i].restart);
        timer_disarm(timers, &supervisor->roles[i].listeners_again);
    }
    for (size_t i = 0; i < supervisor->link_count; i++) timer_disarm(timers, &supervisor->links[i].again);
}

void supervisor_free(struct task *t, struct supervisor **supervisor) {
    static const enum role_kind order[] = {ROLE_EDGE, ROLE_MAIL, ROLE_REMOTE, ROLE_STORE};
    (*supervisor)->is_stopping = true;
    disarm_all(*supervisor);
    for (size_t i = 0; i < ROLE_KINDS; i++) stop_kind(t, *supervisor, order[i]);
    collector_stop(t, (*supervisor)->collector);
    for (size_t i = 0; i < (*supervisor)->role_count; i++) channel_close(t, &(*supervisor)->roles[i].control);
    free((*supervisor)->links);
    collector_free(&(*supervisor)->collector);
    free(*supervisor);
    *supervisor = NULL;
}
