/* The remote role's questions: what became of the last message, and which is the next. */
#include "base/limits.h"
#include "store/engine_route.h"
#include "transit/backoff.h"
#include "transit/scheduler_state.h"

enum { QUESTION_ARENA_BYTES = 4 << 20, TRANSIT_LEAVE_BYTES = 16 };

/* One question. After each wait the session is looked up anew: it may have gone. */
struct dispatch {
    struct task *t;
    struct scheduler *scheduler;
    struct arena *arena;
    uint64_t session;
};

static struct site_session *session_of(const struct dispatch *dispatch) {
    return map_get_id(dispatch->scheduler->sessions, dispatch->session);
}

/* ---- what became of the last one ---- */

static const struct outgoing_recipient *recipient_of(const struct outgoing *outgoing, uint32_t number) {
    for (size_t i = 0; i < outgoing->recipient_count; i++)
        if (outgoing->recipients[i].number == number) return &outgoing->recipients[i];
    return NULL;
}

/* RFC 5321 4.5.4.1: it is tried again, later each time, until it is too old. */
static void defer(struct scheduler *scheduler, const struct outgoing *outgoing,
                  struct settled_recipient *settled) {
    const struct outgoing_recipient *recipient = recipient_of(outgoing, settled->number);
    int64_t now_ms = env_wall_ms(scheduler->env);
    uint32_t attempts = recipient ? recipient->attempts + 1 : 1;
    int64_t until_ms = outgoing->received_ms + scheduler->settings.lifetime_ms;
    if (recipient && now_ms >= until_ms) {
        settled->outcome = QUEUE_EXPIRED;
        return;
    }
    settled->due_ms = now_ms + backoff_ms(attempts, env_random_u64(scheduler->env));
    /* The last attempt is at the end, not behind it. */
    if (recipient && settled->due_ms > until_ms) settled->due_ms = until_ms;
}

static void defer_all(const struct dispatch *dispatch, struct settlement *settlement,
                      struct settled_recipient *settled) {
    struct scheduler *scheduler = dispatch->scheduler;
    struct outgoing outgoing = {0};
    (void)engine_queue_open(scheduler->engine, dispatch->arena, settlement->destination, settlement->message,
                            env_wall_ms(scheduler->env), TRANSIT_RECIPIENTS_MAX, &outgoing);
    for (size_t i = 0; i < settlement->recipient_count; i++)
        if (settled[i].outcome == QUEUE_DEFERRED) defer(scheduler, &outgoing, &settled[i]);
}

static size_t count_of(const struct settlement *settlement, enum queue_outcome outcome) {
    size_t count = 0;
    for (size_t i = 0; i < settlement->recipient_count; i++)
        count += settlement->recipients[i].outcome == outcome;
    return count;
}

static void log_settled(const struct dispatch *dispatch, const struct settlement *settlement) {
    static const char *const events[] = {"", "transit.delivered", "transit.deferred", "transit.failed",
                                         "transit.expired"};
    for (size_t i = 0; i < settlement->recipient_count; i++) {
        const struct settled_recipient *settled = &settlement->recipients[i];
        LOG_INFO(dispatch->scheduler->env->log, events[settled->outcome], LOG_ID("id", settlement->message),
                 LOG_NUMBER("recipient", settled->number), LOG_TEXT("host", settled->host),
                 LOG_TEXT("status", settled->status), LOG_TEXT("reply", settled->reply));
    }
}

/* When the first that was put off is due. */
static void look_again(struct scheduler *scheduler, const struct settlement *settlement) {
    int64_t wall_ms = env_wall_ms(scheduler->env);
    for (size_t i = 0; i < settlement->recipient_count; i++) {
        const struct settled_recipient *settled = &settlement->recipients[i];
        if (settled->outcome == QUEUE_DEFERRED) scheduler_look_in(scheduler, settled->due_ms - wall_ms);
    }
}

/* What happened is not forgotten because the disk is full: it is told again, less and less often, until it is
   recorded. */
static enum store_result record(const struct dispatch *dispatch, const struct settlement *settlement,
                                bool is_patient, bool *is_left) {
    struct engine *engine = dispatch->scheduler->engine;
    int64_t pause_ms = TRANSIT_RECORD_PAUSE_MS;
    for (;;) {
        enum store_result result =
            is_patient ? engine_queue_settle_patiently(dispatch->t, engine, settlement, is_left)
                       : engine_queue_settle(dispatch->t, engine, settlement, is_left);
        if (result == STORE_OK) look_again(dispatch->scheduler, settlement);
        if (result == STORE_OK || result == STORE_NOT_FOUND || result == STORE_GONE) return result;
        LOG_WARN(dispatch->scheduler->env->log, "transit.not_recorded", LOG_ID("id", settlement->message));
        if (task_sleep(dispatch->t, pause_ms) != WAIT_OK) return STORE_GONE;
        pause_ms = pause_ms * 2 < TRANSIT_RECORD_PAUSE_MS_MAX ? pause_ms * 2 : TRANSIT_RECORD_PAUSE_MS_MAX;
    }
}

/* The destination answers again. */
static void note_reached(const struct dispatch *dispatch, struct site *site) {
    site->is_proven = true;
    site->blocked_until_ms = 0;
    if (site->failures == 0) return;
    site->failures = 0;
    site->limit = TRANSIT_SITE_SESSIONS_FIRST;
    (void)engine_queue_set_destination(dispatch->t, dispatch->scheduler->engine, site->id, 0, SLICE_EMPTY,
                                       env_wall_ms(dispatch->scheduler->env));
}

static void session_settled(const struct dispatch *dispatch, const struct settlement *settlement,
                            bool is_left) {
    struct site_session *session = session_of(dispatch);
    if (!session) return;
    struct site *site = session->site;
    size_t delivered = count_of(settlement, QUEUE_DELIVERED);
    session->message = 0;
    session->delivered += (uint32_t)delivered;
    if (is_left) site_look_again(site);
    if (delivered == 0) return;
    site_grow(site);
    note_reached(dispatch, site);
}

static void settle(const struct dispatch *dispatch, struct settlement *settlement,
                   struct settled_recipient *settled) {
    bool is_left = false;
    if (count_of(settlement, QUEUE_DEFERRED)) defer_all(dispatch, settlement, settled);
    enum store_result result = record(dispatch, settlement, false, &is_left);
    if (result == STORE_OK) log_settled(dispatch, settlement);
    session_settled(dispatch, settlement, is_left);
}

/* ---- the next one ---- */

static bool is_reports(const struct site *site) { return site->id == DESTINATION_REPORTS; }

static enum store_result open_message(const struct dispatch *dispatch, const struct site *site,
                                      uint64_t message, struct transit_work *work) {
    struct scheduler *scheduler = dispatch->scheduler;
    if (is_reports(site))
        return engine_queue_open_report(scheduler->engine, dispatch->arena, message, TRANSIT_RECIPIENTS_MAX,
                                        &work->outgoing);
    enum store_result result =
        engine_queue_open(scheduler->engine, dispatch->arena, site->id, message, env_wall_ms(scheduler->env),
                          TRANSIT_RECIPIENTS_MAX, &work->outgoing);
    if (result != STORE_OK || !work->outgoing.is_forwarded) return result;
    return engine_srs_encode(scheduler->engine, dispatch->arena, work->outgoing.mail_from,
                             &work->outgoing.mail_from);
}

static bool open_delayed(const struct dispatch *dispatch, struct transit_work *work) {
    struct scheduler *scheduler = dispatch->scheduler;
    while (scheduler->delayed_count) {
        uint64_t message = scheduler->delayed[--scheduler->delayed_count];
        work->report_kind = REPORT_DELAY;
        if (engine_queue_open_delayed(scheduler->engine, dispatch->arena, message, TRANSIT_RECIPIENTS_MAX,
                                      &work->outgoing) == STORE_OK)
            return true;
    }
    work->report_kind = REPORT_OUTCOME;
    return false;
}

static bool open_held(const struct dispatch *dispatch, struct transit_work *work) {
    struct scheduler *scheduler = dispatch->scheduler;
    while (scheduler->held_count) {
        uint64_t message = scheduler->held[--scheduler->held_count];
        work->report_kind = REPORT_HELD;
        if (engine_queue_open_held(scheduler->engine, dispatch->arena, message, TRANSIT_RECIPIENTS_MAX,
                                   &work->outgoing) == STORE_OK)
            return true;
    }
    work->report_kind = REPORT_OUTCOME;
    return false;
}

/* Takes what is due; false: nothing. What was removed meanwhile is passed over. */
static bool take(const struct dispatch *dispatch, struct site_session *session, struct transit_work *work) {
    struct site *site = session->site;
    for (;;) {
        if (!site_is_whole(site) &&
            site_fill(site, dispatch->scheduler->engine, env_wall_ms(dispatch->scheduler->env)) != STORE_OK)
            return false;
        uint64_t message = site_take(site);
        if (message == 0) break;
        if (open_message(dispatch, site, message, work) != STORE_OK) continue;
        session->message = message;
        return true;
    }
    if (!is_reports(site) || (!open_held(dispatch, work) && !open_delayed(dispatch, work))) return false;
    session->message = work->outgoing.message;
    return true;
}

/* Others may be waiting for the place that an idle session takes. */
static bool may_idle(const struct dispatch *dispatch) {
    return !scheduler_is_crowded(dispatch->scheduler) && !task_is_cancelled(dispatch->t) &&
           !dispatch->scheduler->is_closing;
}

static bool await_work(const struct dispatch *dispatch, struct transit_work *work) {
    struct scheduler *scheduler = dispatch->scheduler;
    int64_t until_ms = env_now_ms(scheduler->env) + TRANSIT_LINGER_MS;
    for (;;) {
        if (!engine_route_await(dispatch->t, scheduler->engine)) return false;
        struct site_session *session = session_of(dispatch);
        if (!session || session->is_adopted) return false;
        bool is_open = session->site->blocked_until_ms <= env_now_ms(scheduler->env);
        if (is_open && take(dispatch, session, work)) return true;
        if (!is_open || !may_idle(dispatch) || env_now_ms(scheduler->env) >= until_ms) return false;
        session->idle = dispatch->t;
        (void)!task_wait(dispatch->t, until_ms);
        session = session_of(dispatch);
        if (session) session->idle = NULL;
    }
}

static void reply_work(const struct dispatch *dispatch, struct ipc_request *request,
                       struct transit_work *work) {
    struct buffer body = buffer_new(TRANSIT_INLINE_BYTES_MAX);
    struct buffer out = buffer_new(IPC_FRAME_BYTES_MAX);
    if (work->outgoing.message && work->outgoing.packed_bytes <= TRANSIT_INLINE_BYTES_MAX &&
        engine_queue_body(dispatch->scheduler->engine, work->outgoing.message, 0,
                          (size_t)work->outgoing.packed_bytes, &body) == STORE_OK)
        work->body = buffer_slice(&body);
    transit_work_pack(&out, work);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
    buffer_free(&body);
}

static void answer_work(const struct dispatch *dispatch, struct ipc_request *request, bool is_wanted) {
    struct transit_work work = {0};
    if (!is_wanted || !await_work(dispatch, &work)) work = (struct transit_work){0};
    reply_work(dispatch, request, &work);
    struct site_session *session = session_of(dispatch);
    if (session && session->is_adopted)
        session_free_adopted(dispatch->scheduler, session);
    else if (session)
        scheduler_consider(dispatch->scheduler, session->site);
}

/* ---- going on before the last one is recorded ---- */

/* Only where all went well is there nothing to be decided of it first. */
static bool may_go_on(const struct dispatch *dispatch, const struct transit_next *next) {
    const struct site_session *session = session_of(dispatch);
    return session && !session->is_adopted && !next->is_last && session->site->failures == 0 &&
           session->settling_count < TRANSIT_SETTLING_MAX &&
           session->site->blocked_until_ms <= env_now_ms(dispatch->scheduler->env) &&
           count_of(&next->settlement, QUEUE_DELIVERED) == next->settlement.recipient_count;
}

static void settling_begin(const struct dispatch *dispatch, struct site_settling *settling) {
    struct site_session *session = session_of(dispatch);
    settling->message = session->message;
    list_append(&session->site->settling, &settling->link);
    list_append(&dispatch->scheduler->settling, &settling->all);
    session->settling_count++;
    session->message = 0;
}

/* The site is not forgotten before. */
static void settling_end(const struct dispatch *dispatch, struct site_settling *settling) {
    struct site_session *session = session_of(dispatch);
    list_remove(&settling->link);
    list_remove(&settling->all);
    if (session) session->settling_count--;
}

/* The next message is on its way while the last one's delivery is recorded. What a store that dies now does
   not know is sent again: at most TRANSIT_SETTLING_MAX messages of a session. False: nothing was done. */
static bool go_on(const struct dispatch *dispatch, struct ipc_request *request,
                  const struct settlement *settlement) {
    struct scheduler *scheduler = dispatch->scheduler;
    struct site_session *session = session_of(dispatch);
    struct site *site = session->site;
    struct site_settling settling;
    struct transit_work work = {0};
    bool is_left = false;
    settling_begin(dispatch, &settling);
    if (!take(dispatch, session, &work)) {
        session->message = settling.message;
        settling_end(dispatch, &settling);
        return false;
    }
    session->delivered += (uint32_t)settlement->recipient_count;
    site->is_proven = true;
    site_grow(site);
    reply_work(dispatch, request, &work);
    scheduler_consider(scheduler, site);
    if (record(dispatch, settlement, true, &is_left) == STORE_OK) log_settled(dispatch, settlement);
    settling_end(dispatch, &settling);
    if (is_left) site_look_again(site);
    scheduler_consider(scheduler, site);
    return true;
}

/* ---- the questions ---- */

static void reply_empty(struct ipc_request *request) { channel_reply(request, SLICE_EMPTY, HANDLE_NONE); }

/* A session settles what it was given, where it was given it. */
static bool is_of_session(const struct dispatch *dispatch, uint64_t message) {
    const struct site_session *session = session_of(dispatch);
    return session && session->message == message;
}

static void next(struct dispatch *dispatch, struct unpacker *in, struct ipc_request *request) {
    struct transit_next next = {0};
    transit_next_unpack(in, dispatch->arena, &next);
    dispatch->session = next.session;
    if (!unpack_is_done(in)) {
        reply_empty(request);
        return;
    }
    uint64_t message = next.settlement.message;
    if (message && is_of_session(dispatch, message)) {
        size_t count = next.settlement.recipient_count;
        struct settled_recipient *settled = ARENA_NEW_ARRAY(dispatch->arena, struct settled_recipient, count);
        if (count) memcpy(settled, next.settlement.recipients, count * sizeof *settled);
        next.settlement.recipients = settled;
        next.settlement.destination = session_of(dispatch)->site->id;
        if (engine_route_await(dispatch->t, dispatch->scheduler->engine) && may_go_on(dispatch, &next) &&
            go_on(dispatch, request, &next.settlement))
            return;
        settle(dispatch, &next.settlement, settled);
    }
    answer_work(dispatch, request, !next.is_last);
}

static void body(struct dispatch *dispatch, struct unpacker *in, struct ipc_request *request) {
    struct transit_body body = {0};
    struct buffer out = buffer_new(TRANSIT_BODY_BYTES_MAX);
    transit_body_unpack(in, &body);
    dispatch->session = body.session;
    if (unpack_is_done(in) && is_of_session(dispatch, body.message) &&
        engine_queue_body(dispatch->scheduler->engine, body.message, body.offset, TRANSIT_BODY_BYTES_MAX,
                          &out) != STORE_OK)
        buffer_clear(&out);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
}

/* One that cannot be stored is made again, in a while: what keeps it from that keeps others from it too. */
static bool store_report(const struct dispatch *dispatch, const struct report_done *done) {
    struct scheduler *scheduler = dispatch->scheduler;
    if (!is_of_session(dispatch, done->message)) return false;
    enum store_result result = engine_queue_reported(dispatch->t, scheduler->engine, done);
    bool is_stored = result == STORE_OK || result == STORE_NOT_FOUND;
    struct site_session *session = session_of(dispatch);
    if (session) session->message = 0;
    if (is_stored) return true;
    LOG_WARN(scheduler->env->log, "transit.report_not_stored", LOG_ID("id", done->message),
             LOG_NUMBER("result", result));
    if (session) session->site->blocked_until_ms = env_now_ms(scheduler->env) + TRANSIT_REPORT_PAUSE_MS;
    return false;
}

static void report(struct dispatch *dispatch, struct unpacker *in, struct ipc_request *request) {
    struct transit_report report = {0};
    transit_report_unpack(in, dispatch->arena, &report);
    dispatch->session = report.session;
    if (!unpack_is_done(in)) {
        reply_empty(request);
        return;
    }
    answer_work(dispatch, request, store_report(dispatch, &report.done));
}

static void leave(struct dispatch *dispatch, struct unpacker *in, struct ipc_request *request) {
    struct scheduler *scheduler = dispatch->scheduler;
    struct transit_leave leave = {0};
    struct buffer out = buffer_new(TRANSIT_LEAVE_BYTES);
    transit_leave_unpack(in, &leave);
    dispatch->session = leave.session;
    bool may_leave = unpack_is_done(in) && is_of_session(dispatch, leave.message);
    if (may_leave && scheduler->leave)
        may_leave = scheduler->leave(dispatch->t, scheduler->leave_context, leave.message, leave.is_again);
    pack_bool(&out, may_leave);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
}

static void answer_sign(struct dispatch *dispatch, struct unpacker *in, struct ipc_request *request,
                        void (*answer)(struct task *t, struct scheduler *scheduler, struct unpacker *in,
                                       struct buffer *out)) {
    struct buffer out = buffer_new(IPC_FRAME_BYTES_MAX);
    answer(dispatch->t, dispatch->scheduler, in, &out);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
}

static bool dispatch_other(struct task *t, struct scheduler *scheduler, struct ipc_request *request) {
    return request->message.type >= TRANSIT_OTHERS && scheduler->other &&
           scheduler->other(t, scheduler->other_context, request);
}

static void requested(struct task *t, void *context, struct ipc_request *request) {
    struct scheduler *scheduler = context;
    struct dispatch dispatch = {t, scheduler, arena_new(QUESTION_ARENA_BYTES), 0};
    struct unpacker in = unpacker_of(request->message.body);
    handle_close(scheduler->env, request->message.handle);
    switch (request->message.type) {
    case TRANSIT_NEXT:
        next(&dispatch, &in, request);
        break;
    case TRANSIT_BODY:
        body(&dispatch, &in, request);
        break;
    case TRANSIT_REPORT:
        report(&dispatch, &in, request);
        break;
    case TRANSIT_LEAVE:
        leave(&dispatch, &in, request);
        break;
    case TRANSIT_SIGNERS:
        answer_sign(&dispatch, &in, request, dispatch_signers);
        break;
    case TRANSIT_SIGN:
        answer_sign(&dispatch, &in, request, dispatch_sign);
        break;
    default:
        if (!dispatch_policy(t, scheduler, request, dispatch.arena) &&
            !dispatch_reporting(t, scheduler, request, dispatch.arena) &&
            !dispatch_other(t, scheduler, request))
            reply_empty(request);
        break;
    }
    arena_free(&dispatch.arena);
}

/* The sessions of ours end by themselves: their questions are answered that it is gone. */
static void gone(void *context) {
    struct scheduler *scheduler = context;
    scheduler->is_ready = false;
    session_free_all_adopted(scheduler);
}

const struct channel_handlers dispatch_handlers = {requested, NULL, gone};
