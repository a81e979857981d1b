/* Reports to others in the store role: when they are due, what was seen, and mail with one on its way. */
#include "base/limits.h"
#include "base/limits_reports.h"
#include "store/feedback.h"
#include "store/schema.h"
#include "store/seen.h"
#include "transit/reporting.h"
#include "transit/scheduler_state.h"

enum { DAY_MS = 24 * 3600 * 1000, RUN_MS = 60 * 60 * 1000, ANSWER_BYTES = 256, DUE_ARENA_BYTES = 128 * 1024 };

/* ---- the remote role's questions ---- */

static struct slice our_domain(struct scheduler *scheduler, struct arena *arena) {
    struct domain *domains;
    size_t count;
    if (engine_domain_list(scheduler->engine, arena, &domains, &count) != STORE_OK) return SLICE_EMPTY;
    for (size_t i = 0; i < count; i++)
        if (!domains[i].is_relay) return domains[i].name;
    return SLICE_EMPTY;
}

static bool find(struct scheduler *scheduler, struct arena *arena, const struct reporting_next *next,
                 size_t room, struct seen_batch *batch) {
    enum store_result result =
        next->kind == FEEDBACK_TLS
            ? engine_seen_tls_next(scheduler->engine, arena, next->last_day, &next->after, room, batch)
            : engine_seen_next(scheduler->engine, arena, next->last_day, &next->after, room, batch);
    return result == STORE_OK;
}

static void answer_next(struct scheduler *scheduler, struct ipc_request *request, struct arena *arena) {
    struct unpacker in = unpacker_of(request->message.body);
    struct buffer out = buffer_new(IPC_FRAME_BYTES_MAX);
    struct reporting_next next;
    struct reporting_work work = {0};
    reporting_next_unpack(&in, &next);
    work.is_there =
        unpack_is_done(&in) && find(scheduler, arena, &next, REPORTING_PACKED_BYTES_MAX, &work.batch);
    if (work.is_there) work.our_domain = our_domain(scheduler, arena);
    reporting_work_pack(&out, &work);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
}

/* An address of ours that reports come to, as those of others do. */
static bool is_own(struct scheduler *scheduler, struct arena *arena, struct slice address,
                   struct address_route *route) {
    *route = (struct address_route){.kind = ADDRESS_UNKNOWN_USER};
    return engine_address_resolve(scheduler->engine, arena, address, route) == STORE_OK &&
           route->kind == ADDRESS_LOCAL && scheduler->settings.keeps_reports &&
           feedback_address_is_meant(scheduler->settings.report_addresses, address);
}

/* Some lead to accounts of ours. */
static void address_mail(struct scheduler *scheduler, struct arena *arena, const struct reporting_done *done,
                         struct delivery *mail) {
    struct queue_recipient *queue = ARENA_NEW_ARRAY(arena, struct queue_recipient, mail->queue_count);
    uint64_t *accounts = ARENA_NEW_ARRAY(arena, uint64_t, mail->queue_count * (size_t)ADDRESS_TARGETS_MAX);
    size_t queued = 0;
    mail->account_count = 0;
    for (size_t i = 0; i < mail->queue_count; i++) {
        struct address_route route;
        bool is_for_us = is_own(scheduler, arena, mail->queue[i].address, &route);
        if (is_for_us && done->is_kept && scheduler->settings.drops_reports) continue;
        for (size_t k = 0; route.kind == ADDRESS_LOCAL && k < route.target_count; k++)
            if (route.targets[k].account) accounts[mail->account_count++] = route.targets[k].account;
        if (route.kind == ADDRESS_ELSEWHERE || route.kind == ADDRESS_RELAYED)
            queue[queued++] = mail->queue[i];
    }
    mail->accounts = accounts;
    mail->queue = queue;
    mail->queue_count = queued;
}

/* Nobody to send it to is as good as sent. */
static bool deliver(struct task *t, struct scheduler *scheduler, struct arena *arena,
                    struct reporting_done *done) {
    struct delivery *mail = &done->mail;
    address_mail(scheduler, arena, done, mail);
    mail->tenant = TENANT_DEFAULT;
    mail->account = 0;
    if (mail->account_count + mail->queue_count == 0) return true;
    enum store_result result = engine_deliver(t, scheduler->engine, mail);
    return result == STORE_OK || result == STORE_NOT_FOUND || result == STORE_OVER_QUOTA;
}

static void answer_done(struct task *t, struct scheduler *scheduler, struct ipc_request *request,
                        struct arena *arena) {
    struct unpacker in = unpacker_of(request->message.body);
    struct buffer out = buffer_new(ANSWER_BYTES);
    struct reporting_done done;
    reporting_done_unpack(&in, arena, &done);
    bool is_done = unpack_is_done(&in) && done.kind != FEEDBACK_NONE;
    if (is_done && done.mail.id) is_done = deliver(t, scheduler, arena, &done);
    if (is_done) is_done = engine_seen_remove(t, scheduler->engine, done.kind, &done.place) == STORE_OK;
    pack_bool(&out, is_done);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
}

static enum reporting_keeping keep_own(struct task *t, struct scheduler *scheduler, struct arena *arena,
                                       const struct reporting_own *own) {
    struct address_route route;
    bool is_wanted = false;
    for (size_t i = 0; i < own->address_count && !is_wanted; i++)
        is_wanted = is_own(scheduler, arena, own->addresses[i], &route);
    if (!is_wanted) return REPORTING_KEEPS_NOTHING;
    if (own->entry.details.len == 0) return REPORTING_WANTS_IT;
    enum store_result result = engine_feedback_keep(t, scheduler->engine, &own->entry);
    return result == STORE_OK || result == STORE_EXISTS ? REPORTING_KEPT : REPORTING_KEEPS_NOTHING;
}

static void answer_own(struct task *t, struct scheduler *scheduler, struct ipc_request *request,
                       struct arena *arena) {
    struct unpacker in = unpacker_of(request->message.body);
    struct buffer out = buffer_new(ANSWER_BYTES);
    struct reporting_own own;
    enum reporting_keeping keeping = REPORTING_KEEPS_NOTHING;
    reporting_own_unpack(&in, &own);
    if (unpack_is_done(&in)) keeping = keep_own(t, scheduler, arena, &own);
    pack_number(&out, keeping);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
}

bool dispatch_reporting(struct task *t, struct scheduler *scheduler, struct ipc_request *request,
                        struct arena *arena) {
    switch (request->message.type) {
    case TRANSIT_REPORTING_NEXT:
        answer_next(scheduler, request, arena);
        return true;
    case TRANSIT_REPORTING_DONE:
        answer_done(t, scheduler, request, arena);
        return true;
    case TRANSIT_REPORTING_OWN:
        answer_own(t, scheduler, request, arena);
        return true;
    default:
        return false;
    }
}

/* ---- when ---- */

enum ipc_result scheduler_report(struct task *t, struct channel *remote, int64_t last_day,
                                 struct reporting_result *result) {
    struct buffer question = buffer_new(ANSWER_BYTES);
    struct ipc_answer answer;
    pack_number(&question, (uint64_t)last_day);
    struct ipc_message message = {TRANSIT_REPORTING, buffer_slice(&question), HANDLE_NONE};
    int64_t until_ms = env_now_ms(task_env(t)) + RUN_MS;
    enum ipc_result asked = channel_call(t, remote, &message, &answer, until_ms);
    buffer_free(&question);
    if (asked != IPC_OK) return asked;
    struct unpacker in = unpacker_of(buffer_slice(&answer.body));
    reporting_result_unpack(&in, result);
    handle_close(task_env(t), answer.handle);
    asked = unpack_is_done(&in) ? IPC_OK : IPC_GONE;
    ipc_answer_free(&answer);
    return asked;
}

static bool is_due(struct scheduler *scheduler, int64_t last_day) {
    struct arena *arena = arena_new(DUE_ARENA_BYTES);
    struct reporting_next dmarc = {.kind = FEEDBACK_DMARC, .last_day = last_day};
    struct reporting_next tls = {.kind = FEEDBACK_TLS, .last_day = last_day};
    struct seen_batch batch;
    bool is_found = (scheduler->settings.reports_dmarc && find(scheduler, arena, &dmarc, 0, &batch)) ||
                    (scheduler->settings.reports_tls && find(scheduler, arena, &tls, 0, &batch));
    arena_free(&arena);
    return is_found;
}

void reporting_pace_next(struct reporting_pace *pace, int64_t now_ms, bool is_put_off) {
    bool is_first = pace->pause_ms == 0;
    if (!is_put_off)
        pace->pause_ms = 0;
    else
        pace->pause_ms = is_first ? REPORTING_AGAIN_MS : 2 * pace->pause_ms;
    if (pace->pause_ms > REPORTING_AGAIN_MS_MAX) pace->pause_ms = REPORTING_AGAIN_MS_MAX;
    pace->next_ms = now_ms + pace->pause_ms;
    pace->day = now_ms / DAY_MS;
}

/* With a new day there is something new. */
bool reporting_pace_is_due(const struct reporting_pace *pace, int64_t now_ms) {
    return now_ms >= pace->next_ms || now_ms / DAY_MS != pace->day;
}

/* Until yesterday. */
static void report_past(struct task *t, struct scheduler *scheduler, struct reporting_pace *pace,
                        int64_t now_ms) {
    struct reporting_result result = {0};
    if (!reporting_pace_is_due(pace, now_ms) || !is_due(scheduler, now_ms / DAY_MS - 1)) return;
    enum ipc_result asked = scheduler_report(t, scheduler->channel, now_ms / DAY_MS - 1, &result);
    reporting_pace_next(pace, now_ms, asked != IPC_OK || result.put_off > 0 || result.is_busy);
    if (asked != IPC_OK || result.sent + result.unwanted + result.put_off == 0) return;
    LOG_INFO(scheduler->env->log, "reporting.done", LOG_NUMBER("sent", result.sent),
             LOG_NUMBER("unwanted", result.unwanted), LOG_NUMBER("put_off", result.put_off));
}

/* Days are UTC's. When on a day differs from host to host, so that not all of them send at once. */
void scheduler_reporting(struct task *t, void *argument) {
    struct scheduler *scheduler = argument;
    struct reporting_pace pace = {0};
    int64_t after_ms = -1;
    while (task_sleep(t, REPORTING_LOOK_MS) == WAIT_OK) {
        int64_t now_ms = env_wall_ms(scheduler->env);
        if (after_ms < 0) after_ms = (int64_t)(env_random_u64(scheduler->env) % REPORTING_SPREAD_MS);
        if (scheduler->is_ready && now_ms % DAY_MS >= after_ms) report_past(t, scheduler, &pace, now_ms);
    }
}
