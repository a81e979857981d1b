#include "app/role/role.h"

#include <stdlib.h>

#include "base/limits.h"
#include "ipc/pack.h"
#include "web/web_report.h"

/* Texts of settings, newest first. Sessions borrow from older ones: they live as long as the role. */
struct settings_memory {
    struct settings_memory *older;
    struct arena *arena;
};

/* An order that waits for its turn. */
struct order_item {
    struct list link;
    uint32_t type;
    struct handle handle;
    struct buffer body;
};

static const struct role_ops *const ops_of_kinds[] = {
    [ROLE_STORE] = &role_store_ops,
    [ROLE_REMOTE] = &role_remote_ops,
    [ROLE_MAIL] = &role_mail_ops,
    [ROLE_EDGE] = &role_edge_ops,
};

/* Not in its turn among the orders, one of which may take long: it is the loop that is asked for. */
static void beat(struct role *role, const struct ipc_message *message) {
    handle_close(role->env, message->handle);
    channel_notify(role->control, &(struct ipc_message){REPORT_HEARTBEAT, message->body, HANDLE_NONE});
}

static void order_came(void *context, const struct ipc_message *message) {
    struct role *role = context;
    if (message->type == ORDER_HEARTBEAT) {
        beat(role, message);
        return;
    }
    struct order_item *item = calloc(1, sizeof *item);
    if (!item) FATAL("out of memory for an order");
    item->type = message->type;
    item->handle = message->handle;
    item->body = buffer_new(IPC_FRAME_BYTES_MAX);
    buffer_append(&item->body, message->body);
    list_append(&role->orders, &item->link);
    gate_open(&role->order_came);
}

static void supervisor_gone(void *context) {
    struct role *role = context;
    role->is_lost = true;
    gate_open(&role->order_came);
}

/* ASK_MEASURE is all there is to ask. */
static void answer_request(struct task *t, void *context, struct ipc_request *request) {
    (void)t;
    struct role *role = context;
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    handle_close(role->env, request->message.handle);
    if (request->message.type == ASK_MEASURE) {
        if (role->state && role->ops->measure) role->ops->measure(role);
        metrics_pack(&body, &role->env->metrics);
    }
    channel_reply(request, buffer_slice(&body), HANDLE_NONE);
    buffer_free(&body);
}

static const struct channel_handlers control_handlers = {answer_request, order_came, supervisor_gone};

static void order_free(struct role *role, struct order_item *item) {
    handle_close(role->env, item->handle);
    buffer_free(&item->body);
    free(item);
}

static bool take_settings(struct role *role, struct slice body) {
    struct arena *arena = arena_new(MIB(2));
    struct role_settings settings;
    if (!settings_unpack(body, arena, &settings)) {
        arena_free(&arena);
        return false;
    }
    struct settings_memory *memory = ARENA_NEW(arena, struct settings_memory);
    *memory = (struct settings_memory){role->settings_memory, arena};
    role->settings_memory = memory;
    role->settings = settings;
    if (role->env->log) role->env->log->least = settings.log_level;
    return true;
}

static bool start_or_reload(struct task *t, struct role *role, struct slice body) {
    if (!take_settings(role, body)) return false;
    if (role->is_started) {
        role->ops->reload(t, role);
        return true;
    }
    if (!role->ops->start(t, role)) return false;
    role->is_started = true;
    struct buffer walls = buffer_new(100);
    walls_pack(&walls, &role->walls);
    channel_notify(role->control, &(struct ipc_message){REPORT_READY, buffer_slice(&walls), HANDLE_NONE});
    buffer_free(&walls);
    return true;
}

static void take_peer(struct task *t, struct role *role, struct order_item *item) {
    struct unpacker in = unpacker_of(buffer_slice(&item->body));
    enum role_kind kind = (enum role_kind)unpack_number_max(&in, ROLE_KINDS - 1);
    uint64_t index = unpack_number_max(&in, CONFIG_PROCESSES_MAX - 1);
    uint64_t number = unpack_number(&in);
    if (!unpack_is_done(&in) || handle_is_none(item->handle)) return;
    struct stream *stream = stream_adopt(role->env, item->handle);
    item->handle = HANDLE_NONE;
    role->ops->peer(t, role, kind, index, stream);
    /* Only now: the loss of the one before it, if it stood still, was told with its own number. */
    role->links[kind][index].number = number;
}

static void link_lost(void *context) {
    const struct role_link *link = context;
    struct role *role = link->role;
    if (role->is_stopping || link->number == 0) return;
    struct buffer body = buffer_new(64);
    pack_number(&body, link->kind);
    pack_number(&body, link->index);
    pack_number(&body, link->number);
    channel_notify(role->control, &(struct ipc_message){REPORT_PEER_LOST, buffer_slice(&body), HANDLE_NONE});
    buffer_free(&body);
}

struct waker role_link_lost(struct role *role, enum role_kind kind, uint64_t index) {
    struct role_link *link = &role->links[kind][index];
    *link = (struct role_link){.role = role, .kind = kind, .index = index};
    return (struct waker){link_lost, link};
}

static void take_listener(struct task *t, struct role *role, struct order_item *item) {
    struct unpacker in = unpacker_of(buffer_slice(&item->body));
    enum port_kind port = (enum port_kind)unpack_number_max(&in, PORT_CONTROL);
    if (!unpack_is_done(&in) || handle_is_none(item->handle)) return;
    struct handle handle = item->handle;
    item->handle = HANDLE_NONE;
    role->ops->listener(t, role, port, handle);
}

static void take_report(struct role *role, struct slice body) {
    struct role_report report;
    if (report_unpack(body, &report) && role->ops->report) role->ops->report(role, &report);
}

/* False: the role is to end. */
static bool take_order(struct task *t, struct role *role, struct order_item *item) {
    /* Nothing can be taken by a role that knows no settings yet. */
    if (!role->is_started && item->type != ORDER_SETTINGS) return false;
    switch (item->type) {
    case ORDER_SETTINGS:
        return start_or_reload(t, role, buffer_slice(&item->body));
    case ORDER_PEER:
        take_peer(t, role, item);
        return true;
    case ORDER_LISTENER:
        take_listener(t, role, item);
        return true;
    case ORDER_REPORT:
        take_report(role, buffer_slice(&item->body));
        return true;
    default:
        return false;
    }
}

static bool take_orders(struct task *t, struct role *role) {
    while (!list_empty(&role->orders)) {
        struct order_item *item = LIST_FIRST(&role->orders, struct order_item, link);
        list_remove(&item->link);
        bool goes_on = take_order(t, role, item);
        order_free(role, item);
        if (!goes_on) return false;
    }
    return true;
}

static void role_main(struct task *t, void *argument) {
    struct role *role = argument;
    while (take_orders(t, role) && !role->is_lost)
        if (gate_wait(t, &role->order_came, DEADLINE_NONE) == WAIT_CANCELLED) break;
    role->is_stopping = true;
    if (role->is_started) role->ops->stop(t, role);
    channel_close(t, &role->control);
    role->on_end(role->context);
}

struct role *role_new(struct env *env, enum role_kind kind, uint64_t index, const struct walls *walls,
                      struct stream *control, void (*on_end)(void *context), void *context) {
    struct role *role = calloc(1, sizeof *role);
    if (!role) FATAL("out of memory for a role");
    *role = (struct role){.env = env,
                          .kind = kind,
                          .index = index,
                          .walls = *walls,
                          .ops = ops_of_kinds[kind],
                          .on_end = on_end,
                          .context = context};
    list_init(&role->orders);
    gate_init(&role->order_came);
    scope_init(&role->scope, env);
    role->control = channel_new(env, &control_handlers, role);
    channel_attach(role->control, control);
    if (!scope_spawn(&role->scope, role_main, role)) FATAL("a role's scope is closed");
    return role;
}

void role_free(struct role **role) {
    while (!list_empty(&(*role)->orders)) {
        struct order_item *item = LIST_FIRST(&(*role)->orders, struct order_item, link);
        list_remove(&item->link);
        order_free(*role, item);
    }
    while ((*role)->settings_memory) {
        struct arena *arena = (*role)->settings_memory->arena;
        (*role)->settings_memory = (*role)->settings_memory->older;
        arena_free(&arena);
    }
    free(*role);
    *role = NULL;
}

uint32_t role_node(const struct role *role) {
    return (uint32_t)role->kind * CONFIG_PROCESSES_MAX + (uint32_t)role->index;
}

struct smtp_feedback_settings smtp_feedback_settings_of(const struct reports_settings *settings) {
    return (struct smtp_feedback_settings){.is_read = settings->is_reading,
                                           .addresses = slice_from_text(settings->addresses),
                                           .drops_mail = settings->drops_mail,
                                           .counts = settings->sends_dmarc};
}

struct smtp_trust_settings smtp_trust_settings_of(const struct trust_settings *settings) {
    return (struct smtp_trust_settings){
        .is_used = settings->is_used,
        .exempt = slice_from_text(settings->exempt),
        .policy = {.dmarc_reject = (enum inbound_action)settings->dmarc_reject,
                   .dmarc_quarantine = (enum inbound_action)settings->dmarc_quarantine,
                   .spf_fail = (enum inbound_action)settings->spf_fail,
                   .author_fault = (enum inbound_action)settings->from_invalid,
                   .unsure = (enum inbound_action)settings->temperror,
                   .arc_sealers = slice_from_text(settings->arc_sealers)}};
}

struct smtp_filter_settings smtp_filter_settings_of(const struct filter_settings *settings) {
    return (struct smtp_filter_settings){.is_used = *settings->rspamd || *settings->milter,
                                         .is_for_submission = settings->is_for_submission,
                                         .when_down = (enum filter_when_down)settings->when_down};
}
