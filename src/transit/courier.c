#include <stdlib.h>

#include "transit/courier_state.h"
#include "transit/courier_sts.h"
#include "transit/dkim_look.h"
#include "transit/probe.h"
#include "transit/reporting.h"

enum {
    SESSION_ARENA_BYTES = 4 << 20,
    MESSAGE_ARENA_BYTES = 16 << 20,
    SETTINGS_BYTES = 64 << 10,
    HELLO_BYTES_MAX = 4096
};

/* ---- settings ---- */

void courier_settings_copy(struct courier_settings *copy, const struct courier_settings *settings,
                           struct arena *arena) {
    *copy = *settings;
    copy->hostname = arena_copy(arena, settings->hostname);
    copy->source_ipv4 = arena_copy(arena, settings->source_ipv4);
    copy->source_ipv6 = arena_copy(arena, settings->source_ipv6);
    copy->report_sender = arena_copy(arena, settings->report_sender);
    copy->relay_networks = arena_copy(arena, settings->relay_networks);
    copy->own_addresses = arena_copy(arena, settings->own_addresses);
    copy->tls_roots_pem = SLICE_EMPTY;
}

void courier_set(struct courier *courier, const struct courier_settings *settings) {
    struct arena *arena = arena_new(SETTINGS_BYTES);
    courier_settings_copy(&courier->settings, settings, arena);
    arena_free(&courier->settings_arena);
    courier->settings_arena = arena;
}

/* ---- asking the store ---- */

/* A store that is new must know what is in hand before it hears what became of it. */
static bool await_told(struct task *t, struct courier *courier, int64_t deadline_ms) {
    while (!courier->is_told)
        if (gate_wait(t, &courier->changed, deadline_ms) != WAIT_OK) return false;
    return true;
}

bool courier_ask(struct task *t, struct courier *courier, uint32_t type, struct slice body, bool is_kept,
                 int64_t deadline_ms, struct ipc_answer *answer) {
    *answer = (struct ipc_answer){.handle = HANDLE_NONE};
    for (;;) {
        if (!await_told(t, courier, deadline_ms)) return false;
        struct ipc_message question = {type, body, HANDLE_NONE};
        enum ipc_result result = channel_call(t, courier->channel, &question, answer, deadline_ms);
        if (result == IPC_OK) {
            handle_close(courier->env, answer->handle);
            return true;
        }
        if (result != IPC_GONE || !is_kept) return false;
        if (courier->is_told && task_yield(t) != WAIT_OK) return false;
    }
}

/* ---- the store's questions ---- */

/* Sessions whose store went away and that have nothing in hand end by themselves. */
static void tell_in_hand(struct courier *courier, struct ipc_request *request) {
    struct arena *arena = arena_new(SESSION_ARENA_BYTES);
    struct buffer out = buffer_new(IPC_FRAME_BYTES_MAX);
    struct transit_in_hand in_hand = {0};
    in_hand.items = arena_alloc(arena, (courier->session_count + 1) * sizeof *in_hand.items);
    LIST_EACH(&courier->sessions, session, struct courier_session, link) {
        in_hand.items[in_hand.count].session = session->order.session;
        in_hand.items[in_hand.count].destination = session->order.destination;
        in_hand.items[in_hand.count++].message = session->message;
    }
    transit_in_hand_pack(&out, &in_hand);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
    arena_free(&arena);
    courier->is_told = true;
    gate_open(&courier->changed);
}

static void reply_end(struct ipc_request *request, const struct transit_session_end *end) {
    struct buffer out = buffer_new(IPC_FRAME_BYTES_MAX);
    transit_session_end_pack(&out, end);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
}

static void refuse(struct ipc_request *request, struct slice reason) {
    reply_end(request, &(struct transit_session_end){TRANSIT_SESSION_SLOW_DOWN, reason});
}

static void session_start(struct courier *courier, struct courier_session *session, struct task *t) {
    session->courier = courier;
    session->task = t;
    session->times = smtp_client_times_default();
    session->message_arena = arena_new(MESSAGE_ARENA_BYTES);
    session->record = record_new(courier->env);
    session->given.handle = HANDLE_NONE;
    courier_settings_copy(&session->settings, &courier->settings, session->arena);
    list_append(&courier->sessions, &session->link);
    courier->session_count++;
}

static void session_stop(struct courier_session *session) {
    list_remove(&session->link);
    session->courier->session_count--;
    record_free(&session->record);
    ipc_answer_free(&session->given);
    arena_free(&session->message_arena);
    gate_open(&session->courier->changed);
}

static void run_session(struct task *t, struct courier *courier, struct ipc_request *request) {
    struct courier_session session = {.arena = arena_new(SESSION_ARENA_BYTES)};
    struct unpacker in = unpacker_of(request->message.body);
    transit_session_unpack(&in, session.arena, &session.order);
    if (!unpack_is_done(&in)) {
        refuse(request, SLICE("the question cannot be read"));
    } else if (courier->is_closing || courier->session_count >= TRANSIT_SESSIONS_MAX) {
        refuse(request, SLICE("this server has too many sessions"));
    } else {
        session_start(courier, &session, t);
        if (session.order.destination == DESTINATION_REPORTS)
            courier_report_run(t, &session);
        else
            courier_session_run(t, &session);
        reply_end(request, &session.end);
        session_stop(&session);
    }
    arena_free(&session.arena);
}

static void test_route(struct task *t, struct courier *courier, struct ipc_request *request) {
    struct arena *arena = arena_new(HELLO_BYTES_MAX);
    struct probe_world world = {.env = courier->env,
                                .dns = courier->dns,
                                .hello = arena_copy(arena, courier->settings.hostname),
                                .tls_any = courier->tls,
                                .tls_trusting = courier->tls_checked};
    probe_answer(t, &world, request);
    arena_free(&arena);
}

static void requested(struct task *t, void *context, struct ipc_request *request) {
    struct courier *courier = context;
    handle_close(courier->env, request->message.handle);
    if (request->message.type >= TRANSIT_OTHERS && courier->other) {
        courier->other(t, courier->other_context, request);
        return;
    }
    switch (request->message.type) {
    case TRANSIT_HELLO:
        tell_in_hand(courier, request);
        break;
    case TRANSIT_SESSION:
        run_session(t, courier, request);
        break;
    case TRANSIT_REPORTING:
        courier_reporting_run(t, courier, request);
        break;
    case TRANSIT_TEST:
        test_route(t, courier, request);
        break;
    case TRANSIT_LOOK:
        dkim_look_answer(t, courier->env, courier->dns, request);
        break;
    default:
        channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
        break;
    }
}

static void gone(void *context) { ((struct courier *)context)->is_told = false; }

static const struct channel_handlers handlers = {requested, NULL, gone};

/* ---- its life ---- */

static void trust(struct courier *courier, struct slice roots_pem) {
    const char *reason = NULL;
    courier->roots_arena = arena_new(roots_pem.len + SETTINGS_BYTES);
    courier->roots_pem = arena_copy(courier->roots_arena, roots_pem);
    if (roots_pem.len) courier->tls_checked = tls_context_client_trusting(roots_pem, &reason);
    if (reason) LOG_ERROR(courier->env->log, "transit.no_roots", LOG_CSTR("reason", reason));
}

struct courier *courier_new(struct env *env, struct dns **dns, const struct courier_settings *settings) {
    struct courier *courier = calloc(1, sizeof *courier);
    if (!courier) FATAL("out of memory for a courier");
    courier->env = env;
    courier->dns = dns;
    courier_set(courier, settings);
    courier->channel = channel_new(env, &handlers, courier);
    courier->unpacker = body_unpacker_new();
    courier->signatures = signature_book_new(env);
    courier->ids.node = settings->node;
    courier->tls = tls_context_client();
    trust(courier, settings->tls_roots_pem);
    list_init(&courier->sessions);
    gate_init(&courier->changed);
    scope_init(&courier->last_words, env);
    courier->sts = sts_cache_new(courier);
    return courier;
}

void courier_attach(struct courier *courier, struct stream *stream) {
    channel_attach(courier->channel, stream);
}

struct channel *courier_channel(const struct courier *courier) {
    return courier->channel;
}

void courier_on_other(struct courier *courier, courier_other_fn *other, void *context) {
    courier->other = other;
    courier->other_context = context;
}

/* Sessions unwind as cancelled, and say the last of it by tasks that are not. */
static void end_sessions(struct task *t, struct courier *courier) {
    int64_t until_ms = env_now_ms(courier->env) + TRANSIT_STOP_MS;
    courier->is_closing = true;
    LIST_EACH(&courier->sessions, session, struct courier_session, link) task_cancel(session->task);
    while (courier->session_count && gate_wait(t, &courier->changed, until_ms) == WAIT_OK) continue;
    scope_close(t, &courier->last_words);
    (void)!channel_drain(t, courier->channel, until_ms);
}

void courier_free(struct task *t, struct courier **courier) {
    struct courier *freed = *courier;
    *courier = NULL;
    if (!freed) return;
    end_sessions(t, freed);
    sts_cache_stop(t, freed->sts);
    /* Sessions that did not end in time end with it, and use what there is until then. */
    struct channel *channel = freed->channel;
    channel_close(t, &channel);
    sts_cache_free(t, &freed->sts);
    body_unpacker_free(&freed->unpacker);
    signature_book_free(&freed->signatures);
    tls_context_free(&freed->tls);
    tls_context_free(&freed->tls_checked);
    arena_free(&freed->settings_arena);
    arena_free(&freed->roots_arena);
    free(freed);
}
