#include "transit/scheduler.h"

#include <stdlib.h>

#include "base/limits.h"
#include "store/engine_route.h"
#include "transit/scheduler_state.h"

enum { DUE_ARENA_BYTES = 8 << 20, SETTINGS_BYTES = 64 << 10 };

/* ---- sites ---- */

static void site_forget(struct scheduler *scheduler, struct site *site) {
    (void)map_remove_id(scheduler->sites, site->id);
    site_free(&site);
}

static void site_unlink(struct scheduler *scheduler, struct site *site) {
    if (!list_empty(&site->link) && !site->is_wanting) scheduler->resting_count--;
    site->is_wanting = false;
    list_remove(&site->link);
}

static bool is_blocked(const struct scheduler *scheduler, const struct site *site) {
    return site->blocked_until_ms > env_now_ms(scheduler->env);
}

/* What was delivered to lately is worth remembering for a while, and a pause that the data folder does not
   know of. */
static void site_rest(struct scheduler *scheduler, struct site *site) {
    bool is_pausing = site->failures == 0 && is_blocked(scheduler, site);
    site_unlink(scheduler, site);
    if (!site->is_proven && !is_pausing) {
        site_forget(scheduler, site);
        return;
    }
    list_append(&scheduler->resting, &site->link);
    if (++scheduler->resting_count <= TRANSIT_SITES_RESTING_MAX) return;
    struct site *oldest = LIST_FIRST(&scheduler->resting, struct site, link);
    site_unlink(scheduler, oldest);
    site_forget(scheduler, oldest);
}

/* Of those that wait for a session the last one in the least class goes: the data folder knows it. */
static bool make_room(struct scheduler *scheduler) {
    if (map_count(scheduler->sites) < TRANSIT_SITES_MAX) return true;
    for (int class = SITE_CLASSES - 1; class >= 0; class --) {
        struct list *list = &scheduler->wanting[class];
        if (list_empty(list)) continue;
        struct site *last = CONTAINER_OF(list->prev, struct site, link);
        if (site_is_busy(last)) continue;
        site_unlink(scheduler, last);
        site_forget(scheduler, last);
        return true;
    }
    return false;
}

static struct site *site_add(struct scheduler *scheduler, const struct destination *destination) {
    if (!make_room(scheduler)) return NULL;
    struct site *site = site_new(destination);
    int64_t left_ms = destination->due_ms - env_wall_ms(scheduler->env);
    if (site->failures && left_ms > 0) site->blocked_until_ms = env_now_ms(scheduler->env) + left_ms;
    (void)map_put_id(scheduler->sites, site->id, site);
    return site;
}

struct site *scheduler_site(struct scheduler *scheduler, uint64_t id) {
    struct site *site = map_get_id(scheduler->sites, id);
    if (site) return site;
    struct arena *arena = arena_new(DUE_ARENA_BYTES);
    struct destination destination;
    if (engine_queue_destination(scheduler->engine, arena, id, &destination) == STORE_OK)
        site = site_add(scheduler, &destination);
    arena_free(&arena);
    return site;
}

/* ---- who gets a session ---- */

static size_t sessions_max(const struct scheduler *scheduler) {
    size_t channel_max = scheduler->env->budgets->ipc_requests / 2;
    return channel_max < TRANSIT_SESSIONS_MAX ? channel_max : TRANSIT_SESSIONS_MAX;
}

static enum site_class class_of(const struct site *site) {
    if (site->failures) return SITE_RETRY;
    bool is_bulk = site_waiting_before_bulk(site) == 0 && site->id != DESTINATION_REPORTS;
    if (is_bulk) return SITE_BULK;
    return site->is_proven || site->id == DESTINATION_REPORTS ? SITE_PROVEN : SITE_FRESH;
}

static bool class_has_room(const struct scheduler *scheduler, enum site_class class) {
    static const unsigned eighths[SITE_CLASSES] = {8, 6, 4, 2};
    size_t max = sessions_max(scheduler);
    if (scheduler->session_count >= max) return false;
    if (class == SITE_PROVEN || scheduler->session_count == 0) return true;
    return scheduler->class_sessions[class] < max * eighths[class] / 8 + 1 &&
           scheduler->session_count < max * 7 / 8 + 1;
}

bool scheduler_is_crowded(const struct scheduler *scheduler) {
    for (int class = 0; class < SITE_CLASSES; class ++)
        if (!list_empty(&scheduler->wanting[class])) return true;
    return false;
}

/* Reports count as waiting where only delays, or what is held, are to be told. */
static size_t waiting(const struct scheduler *scheduler, const struct site *site) {
    size_t told = site->id == DESTINATION_REPORTS ? scheduler->delayed_count + scheduler->held_count : 0;
    return site_waiting(site) + told;
}

static bool wants_session(const struct scheduler *scheduler, const struct site *site) {
    size_t idle = site_free_sessions(site);
    if (waiting(scheduler, site) <= idle) return false;
    if (site->session_count < (size_t)site->limit) return true;
    /* What people wait for does not wait for bulk mail to get through. */
    return site->failures == 0 && site_waiting_before_bulk(site) > idle &&
           site->session_count < (size_t)site->limit + TRANSIT_SITE_SESSIONS_EXTRA;
}

static void share_out(struct scheduler *scheduler) {
    for (int class = 0; class < SITE_CLASSES; class ++) {
        struct list *list = &scheduler->wanting[class];
        while (!list_empty(list) && class_has_room(scheduler, (enum site_class) class)) {
            struct site *site = LIST_FIRST(list, struct site, link);
            site_unlink(scheduler, site);
            if (!wants_session(scheduler, site)) continue;
            session_start(scheduler, site, (enum site_class) class);
            if (!wants_session(scheduler, site)) continue;
            site->is_wanting = true;
            list_append(list, &site->link);
        }
    }
}

static void wake_idle(struct site *site) {
    LIST_EACH(&site->sessions, session, struct site_session, link)
    if (session->idle) task_wake(session->idle);
}

/* What the data folder cannot tell now it tells later: the planner comes again. Bulk mail that waits does not
   keep what is before it from being found. */
static void look(struct scheduler *scheduler, struct site *site) {
    if (site_is_whole(site)) return;
    if (site_fill(site, scheduler->engine, env_wall_ms(scheduler->env)) != STORE_OK)
        scheduler_look_in(scheduler, TRANSIT_LOOK_MS_MIN);
}

/* One that waits with its bulk mail goes to the others when a person's message comes. */
static void want(struct scheduler *scheduler, struct site *site) {
    enum site_class class = class_of(site);
    if (site->is_wanting && site->wanting_class <= class) return;
    site_unlink(scheduler, site);
    site->is_wanting = true;
    site->wanting_class = class;
    list_append(&scheduler->wanting[class], &site->link);
}

void scheduler_consider(struct scheduler *scheduler, struct site *site) {
    if (!scheduler->is_ready || scheduler->is_closing) return;
    bool is_open = !is_blocked(scheduler, site);
    if (is_open) look(scheduler, site);
    if (is_open && waiting(scheduler, site)) {
        wake_idle(site);
        if (wants_session(scheduler, site)) want(scheduler, site);
    } else if (!site_is_busy(site)) {
        site_rest(scheduler, site);
    }
    share_out(scheduler);
}

/* ---- what is due ---- */

/* An administrator had it tried again: what kept it from that is over. */
static void unblock(struct scheduler *scheduler, struct site *site) {
    struct arena *arena = arena_new(DUE_ARENA_BYTES);
    struct destination destination;
    if (engine_queue_destination(scheduler->engine, arena, site->id, &destination) == STORE_OK &&
        destination.failures == 0) {
        site->failures = 0;
        site->blocked_until_ms = 0;
    }
    arena_free(&arena);
}

/* For a change of routes. Before the remote role said what it has, it may have anything. */
static bool is_in_hand(void *context, uint64_t message) {
    const struct scheduler *scheduler = context;
    size_t cursor = 0;
    const struct site_session *session = map_next(scheduler->sessions, &cursor, NULL);
    while (session && session->message != message) session = map_next(scheduler->sessions, &cursor, NULL);
    LIST_EACH(&scheduler->settling, settling, struct site_settling, all)
    if (settling->message == message) return true;
    return !scheduler->is_ready || session != NULL;
}

/* Accounts that are over their limit. */
static void load_held(struct scheduler *scheduler) {
    if (scheduler->held_count) return;
    if (engine_queue_held(scheduler->engine, scheduler->held, SITE_WINDOW, &scheduler->held_count) !=
        STORE_OK)
        scheduler->held_count = 0;
}

static void queued(void *context, const struct queue_news *news) {
    struct scheduler *scheduler = context;
    struct site *site = scheduler_site(scheduler, news->destination);
    if (!site) {
        scheduler_look_in(scheduler, TRANSIT_LOOK_MS_MIN);
        return;
    }
    if (news->message) {
        site_push(site, news->stream, news->message);
    } else {
        unblock(scheduler, site);
        site_look_again(site);
        if (site->id == DESTINATION_REPORTS) load_held(scheduler);
    }
    scheduler_consider(scheduler, site);
}

/* What waited here was removed or is held: there is nothing to come back for. */
static void nothing_due(struct task *t, struct scheduler *scheduler, uint64_t destination) {
    (void)engine_queue_set_destination(t, scheduler->engine, destination, 0, SLICE_EMPTY, QUEUE_NEVER);
}

static void load_one(struct task *t, struct scheduler *scheduler, const struct destination *destination) {
    uint64_t id = destination->id;
    struct site *site = map_get_id(scheduler->sites, id);
    if (!site) site = site_add(scheduler, destination);
    if (!site) return;
    site_look_again(site);
    bool is_known = site_fill(site, scheduler->engine, env_wall_ms(scheduler->env)) == STORE_OK;
    bool is_empty = is_known && site_waiting(site) == 0 && site->session_count == 0;
    scheduler_consider(scheduler, site);
    if (is_empty) nothing_due(t, scheduler, id);
}

static void load_due(struct task *t, struct scheduler *scheduler) {
    struct arena *arena = arena_new(DUE_ARENA_BYTES);
    struct destination *destinations = NULL;
    size_t count = 0;
    size_t max = map_count(scheduler->sites) + TRANSIT_DUE_SITES;
    if (engine_queue_destinations(scheduler->engine, arena, env_wall_ms(scheduler->env), max, &destinations,
                                  &count) != STORE_OK)
        count = 0;
    for (size_t i = 0; i < count; i++) load_one(t, scheduler, &destinations[i]);
    arena_free(&arena);
}

/* Senders who want to know that their mail is late. */
static void load_delayed(struct scheduler *scheduler) {
    int64_t now_ms = env_now_ms(scheduler->env);
    if (scheduler->delayed_count || now_ms < scheduler->delayed_at_ms) return;
    scheduler->delayed_at_ms = now_ms + TRANSIT_DELAYED_LOOK_MS;
    int64_t before_ms = env_wall_ms(scheduler->env) - scheduler->settings.delay_warning_ms;
    if (engine_queue_delayed(scheduler->engine, before_ms, scheduler->delayed, SITE_WINDOW,
                             &scheduler->delayed_count) != STORE_OK)
        scheduler->delayed_count = 0;
}

static void load_tellings(struct scheduler *scheduler) {
    load_delayed(scheduler);
    load_held(scheduler);
    bool has_any = scheduler->delayed_count + scheduler->held_count > 0;
    struct site *site = has_any ? scheduler_site(scheduler, DESTINATION_REPORTS) : NULL;
    if (site) scheduler_consider(scheduler, site);
}

/* Those at work may have more that became due; else when the next one is. */
static int64_t next_pause_ms(struct scheduler *scheduler) {
    int64_t wall_ms = env_wall_ms(scheduler->env);
    int64_t due_ms = engine_queue_next_due(scheduler->engine);
    return due_ms == QUEUE_NEVER ? TRANSIT_LOOK_MS_MAX : due_ms - wall_ms;
}

void scheduler_look_in(struct scheduler *scheduler, int64_t pause_ms) {
    if (pause_ms < TRANSIT_LOOK_MS_MIN) pause_ms = TRANSIT_LOOK_MS_MIN;
    int64_t at_ms = env_now_ms(scheduler->env) + pause_ms;
    if (at_ms >= scheduler->looks_at_ms) return;
    scheduler->looks_at_ms = at_ms;
    gate_open(&scheduler->changed);
}

/* The time may be brought forward meanwhile. */
static void wait_for_look(struct task *t, struct scheduler *scheduler) {
    enum wait_result waited = WAIT_OK;
    while (waited == WAIT_OK) waited = gate_wait(t, &scheduler->changed, scheduler->looks_at_ms);
}

static void plan(struct task *t, void *argument) {
    struct scheduler *scheduler = argument;
    while (!task_is_cancelled(t)) {
        /* What is put off while this look waits is not lost. */
        scheduler->looks_at_ms = env_now_ms(scheduler->env) + TRANSIT_LOOK_MS_MAX;
        if (scheduler->is_ready) {
            load_due(t, scheduler);
            load_tellings(scheduler);
        }
        scheduler_look_in(scheduler, next_pause_ms(scheduler));
        wait_for_look(t, scheduler);
    }
}

/* ---- the remote role ---- */

/* One without a message ends by itself, and nobody would hear of its end. */
static void adopt(struct scheduler *scheduler, const struct transit_in_hand *in_hand) {
    for (size_t i = 0; i < in_hand->count; i++) {
        if (in_hand->items[i].message == 0) continue;
        if (map_get_id(scheduler->sessions, in_hand->items[i].session)) continue;
        struct site *site = scheduler_site(scheduler, in_hand->items[i].destination);
        if (site) session_adopt(scheduler, site, in_hand->items[i].session, in_hand->items[i].message);
    }
}

static void hello(struct task *t, void *argument) {
    struct scheduler *scheduler = argument;
    struct ipc_answer answer;
    struct ipc_message message = {TRANSIT_HELLO, SLICE_EMPTY, HANDLE_NONE};
    /* Begun only when the channel is gone. */
    if (scheduler->is_closing) return;
    if (channel_call(t, scheduler->channel, &message, &answer, DEADLINE_NONE) != IPC_OK) return;
    struct arena *arena = arena_new(DUE_ARENA_BYTES);
    struct unpacker in = unpacker_of(buffer_slice(&answer.body));
    struct transit_in_hand in_hand;
    transit_in_hand_unpack(&in, arena, &in_hand);
    if (unpack_is_done(&in)) {
        adopt(scheduler, &in_hand);
        scheduler->is_ready = true;
        scheduler_look_in(scheduler, 0);
    }
    arena_free(&arena);
    handle_close(scheduler->env, answer.handle);
    ipc_answer_free(&answer);
}

void scheduler_attach(struct scheduler *scheduler, struct stream *stream) {
    channel_attach(scheduler->channel, stream);
    (void)scope_spawn(&scheduler->scope, hello, scheduler);
}

void scheduler_on_lost(struct scheduler *scheduler, struct waker lost) {
    channel_on_lost(scheduler->channel, lost);
}

/* ---- from begin to end ---- */

void scheduler_set(struct scheduler *scheduler, const struct scheduler_settings *settings) {
    struct arena *arena = arena_new(SETTINGS_BYTES);
    scheduler->settings = *settings;
    scheduler->settings.report_addresses = arena_copy(arena, settings->report_addresses);
    arena_free(&scheduler->settings_arena);
    scheduler->settings_arena = arena;
    if (settings->lifetime_ms == 0) scheduler->settings.lifetime_ms = TRANSIT_LIFETIME_MS;
    if (settings->delay_warning_ms == 0) scheduler->settings.delay_warning_ms = TRANSIT_DELAY_WARNING_MS;
}

void scheduler_on_leave(struct scheduler *scheduler, scheduler_leave_fn *leave, void *context) {
    scheduler->leave = leave;
    scheduler->leave_context = context;
}

void scheduler_on_other(struct scheduler *scheduler, scheduler_other_fn *other, void *context) {
    scheduler->other = other;
    scheduler->other_context = context;
}

struct channel *scheduler_channel(const struct scheduler *scheduler) {
    return scheduler->channel;
}

struct scheduler *scheduler_new(struct env *env, struct engine *engine,
                                const struct scheduler_settings *settings) {
    struct scheduler *scheduler = calloc(1, sizeof *scheduler);
    if (!scheduler) FATAL("out of memory for the scheduler");
    scheduler->env = env;
    scheduler->engine = engine;
    scheduler_set(scheduler, settings);
    scheduler->sites = map_new(env_random_u64(env));
    scheduler->sessions = map_new(env_random_u64(env));
    for (int class = 0; class < SITE_CLASSES; class ++) list_init(&scheduler->wanting[class]);
    list_init(&scheduler->resting);
    list_init(&scheduler->settling);
    gate_init(&scheduler->changed);
    scope_init(&scheduler->scope, env);
    scheduler->channel = channel_new(env, &dispatch_handlers, scheduler);
    engine_queue_listen(engine, queued, scheduler);
    engine_route_listen(engine, is_in_hand, scheduler);
    bool is_started = scope_spawn(&scheduler->scope, plan, scheduler);
    ASSERT(is_started);
    is_started = scope_spawn(&scheduler->scope, scheduler_expire, scheduler) &&
                 scope_spawn(&scheduler->scope, scheduler_reporting, scheduler);
    ASSERT(is_started);
    is_started = scope_spawn(&scheduler->scope, scheduler_watch_keys, scheduler);
    ASSERT(is_started);
    return scheduler;
}

static void free_sites(struct scheduler *scheduler) {
    size_t cursor = 0;
    struct site *site;
    while ((site = map_next(scheduler->sites, &cursor, NULL))) site_free(&site);
    map_free(&scheduler->sites);
}

void scheduler_free(struct task *t, struct scheduler **closing) {
    struct scheduler *scheduler = *closing;
    if (!scheduler) return;
    *closing = NULL;
    scheduler->is_closing = true;
    engine_queue_listen(scheduler->engine, NULL, NULL);
    engine_route_listen(scheduler->engine, NULL, NULL);
    scope_cancel(&scheduler->scope);
    channel_close(t, &scheduler->channel);
    scope_close(t, &scheduler->scope);
    session_free_all_adopted(scheduler);
    free_sites(scheduler);
    map_free(&scheduler->sessions);
    arena_free(&scheduler->settings_arena);
    free(scheduler);
}
