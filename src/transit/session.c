/* One session of the remote role at a destination, as the store role sees it. */
#include <stdlib.h>

#include "base/limits.h"
#include "store/engine_route.h"
#include "transit/backoff.h"
#include "transit/route.h"
#include "transit/scheduler_state.h"

enum { SESSION_ARENA_BYTES = 1 << 20 };

struct running {
    struct scheduler *scheduler;
    struct site_session *session;
};

static struct site_session *session_new(struct scheduler *scheduler, struct site *site, uint64_t id) {
    struct site_session *session = calloc(1, sizeof *session);
    if (!session) FATAL("out of memory for a session");
    session->site = site;
    session->id = id;
    list_append(&site->sessions, &session->link);
    site->session_count++;
    (void)map_put_id(scheduler->sessions, id, session);
    return session;
}

static void session_free(struct scheduler *scheduler, struct site_session *session) {
    list_remove(&session->link);
    session->site->session_count--;
    (void)map_remove_id(scheduler->sessions, session->id);
    /* Its question finds it gone. */
    if (session->idle) task_wake(session->idle);
    free(session);
}

/* ---- how it ends ---- */

static void note_unreachable(struct task *t, struct scheduler *scheduler, struct site *site,
                             struct slice reason) {
    site->failures++;
    site->limit = 1;
    int64_t pause_ms = backoff_ms(site->failures, env_random_u64(scheduler->env));
    site->blocked_until_ms = env_now_ms(scheduler->env) + pause_ms;
    LOG_INFO(scheduler->env->log, "transit.unreachable", LOG_TEXT("domain", site_domain(site)),
             LOG_NUMBER("route", site->route), LOG_NUMBER("failures", site->failures),
             LOG_NUMBER("again_in_s", pause_ms / 1000), LOG_TEXT("reason", reason));
    scheduler_look_in(scheduler, pause_ms);
    /* Not recorded: it is tried again sooner, when a store begins anew. */
    (void)engine_queue_set_destination(t, scheduler->engine, site->id, site->failures, reason,
                                       env_wall_ms(scheduler->env) + pause_ms);
}

/* A host that took mail in this session is there, whatever it says at the end. */
static void note_end(struct task *t, struct running *running, const struct transit_session_end *end) {
    struct site *site = running->session->site;
    bool was_of_use = running->session->delivered > 0;
    switch (end->result) {
    case TRANSIT_SESSION_DONE:
        return;
    case TRANSIT_SESSION_SLOW_DOWN:
        site_shrink(site);
        if (!was_of_use && site->session_count == 1) break;
        site->blocked_until_ms = env_now_ms(running->scheduler->env) + TRANSIT_SLOW_DOWN_MS;
        scheduler_look_in(running->scheduler, TRANSIT_SLOW_DOWN_MS);
        return;
    case TRANSIT_SESSION_UNREACHABLE:
        if (was_of_use) return;
        break;
    }
    /* Of several that fail together one counts. */
    if (site->blocked_until_ms > env_now_ms(running->scheduler->env) && site->failures) return;
    note_unreachable(t, running->scheduler, site, end->reason);
}

static void hear_end(struct task *t, struct running *running, struct slice body) {
    struct transit_session_end end;
    struct unpacker in = unpacker_of(body);
    transit_session_end_unpack(&in, &end);
    if (unpack_is_done(&in)) note_end(t, running, &end);
}

/* ---- how it begins ---- */

/* A route that is gone takes nothing any more: what still waits for it is being moved. False. */
static bool read_route(struct scheduler *scheduler, struct arena *arena, struct transit_session *question,
                       uint64_t id) {
    struct route route;
    if (engine_route_read(scheduler->engine, arena, id, &route) != STORE_OK) return false;
    question->route = transit_route_of(arena, &route);
    return true;
}

static bool read_mx_routes(struct scheduler *scheduler, struct arena *arena,
                           struct transit_session *question) {
    struct route *routes = NULL;
    size_t count = 0;
    if (engine_route_mx_routes(scheduler->engine, arena, &routes, &count) != STORE_OK) return false;
    question->mx_routes = ARENA_NEW_ARRAY(arena, struct transit_mx_route, count);
    question->mx_route_count = count;
    for (size_t i = 0; i < count; i++)
        question->mx_routes[i] =
            (struct transit_mx_route){routes[i].domain, transit_route_of(arena, &routes[i])};
    return true;
}

static bool write_question(struct scheduler *scheduler, const struct site_session *session,
                           struct buffer *out) {
    const struct site *site = session->site;
    struct arena *arena = arena_new(SESSION_ARENA_BYTES);
    struct transit_session question = {.session = session->id,
                                       .destination = site->id,
                                       .domain = site_domain(site),
                                       .messages_max = TRANSIT_SESSION_MESSAGES_MAX};
    bool is_known = site->route ? read_route(scheduler, arena, &question, site->route)
                                : read_mx_routes(scheduler, arena, &question);
    if (is_known) transit_session_pack(out, &question);
    arena_free(&arena);
    return is_known && !buffer_overflowed(out);
}

/* What it had in hand, if anything, is due again; and there may be more of it than is known. */
static void session_end(struct running *running) {
    struct scheduler *scheduler = running->scheduler;
    struct site *site = running->session->site;
    scheduler->session_count--;
    scheduler->class_sessions[running->session->class]--;
    session_free(scheduler, running->session);
    site_look_again(site);
    scheduler_consider(scheduler, site);
}

/* False: the remote role is gone. */
static bool hold(struct task *t, struct running *running, const struct buffer *question) {
    struct ipc_answer answer;
    struct ipc_message message = {TRANSIT_SESSION, buffer_slice(question), HANDLE_NONE};
    if (running->scheduler->is_closing) return false;
    if (channel_call(t, running->scheduler->channel, &message, &answer, DEADLINE_NONE) != IPC_OK)
        return false;
    hear_end(t, running, buffer_slice(&answer.body));
    handle_close(running->scheduler->env, answer.handle);
    ipc_answer_free(&answer);
    return true;
}

static void session_main(struct task *t, void *argument) {
    struct running running = *(struct running *)argument;
    free(argument);
    struct buffer question = buffer_new(SESSION_ARENA_BYTES);
    bool is_written = write_question(running.scheduler, running.session, &question);
    bool is_gone = is_written && !hold(t, &running, &question);
    if (!is_written)
        note_unreachable(t, running.scheduler, running.session->site, SLICE("the route cannot be read"));
    buffer_free(&question);
    if (IS_PLANTED(running.scheduler->env, PLANTED_HELD_BY_THE_DEAD) && is_gone && running.session->message)
        return;
    session_end(&running);
}

void session_start(struct scheduler *scheduler, struct site *site, enum site_class class) {
    struct running *running = calloc(1, sizeof *running);
    if (!running) FATAL("out of memory for a session");
    *running = (struct running){scheduler, session_new(scheduler, site, env_random_u64(scheduler->env) | 1)};
    running->session->class = class;
    if (!scope_spawn(&scheduler->scope, session_main, running)) {
        session_free(scheduler, running->session);
        free(running);
        return;
    }
    scheduler->session_count++;
    scheduler->class_sessions[class]++;
}

/* ---- those of a former store ---- */

void session_adopt(struct scheduler *scheduler, struct site *site, uint64_t id, uint64_t message) {
    struct site_session *session = session_new(scheduler, site, id);
    session->message = message;
    session->is_adopted = true;
}

void session_free_adopted(struct scheduler *scheduler, struct site_session *session) {
    struct site *site = session->site;
    session_free(scheduler, session);
    site_look_again(site);
    scheduler_consider(scheduler, site);
}

void session_free_all_adopted(struct scheduler *scheduler) {
    for (;;) {
        size_t cursor = 0;
        struct site_session *session = map_next(scheduler->sessions, &cursor, NULL);
        while (session && !session->is_adopted) session = map_next(scheduler->sessions, &cursor, NULL);
        if (!session) return;
        session_free_adopted(scheduler, session);
    }
}
