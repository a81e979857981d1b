/* One event on its way to a webhook: which, signed, posted by the remote role, and what came of it kept. */
#include <stdlib.h>

#include "hook/kinds.h"
#include "hook/office_state.h"
#include "hook/payload.h"
#include "hook/schedule.h"
#include "hook/signature.h"

enum { ROUND_BYTES = 4 << 20, HEADER_BYTES = 1024, PATIENCE_MS = 5 * 1000, HTTP_GONE = 410 };

struct round {
    struct task *t;
    struct hook_desk *desk;
    struct engine *engine;
    struct arena *arena;
    struct webhook_work work;
    struct feed_event event;
};

/* ---- signed and sent ---- */

struct sealed_post {
    struct buffer payload;
    struct buffer id;
    struct buffer timestamp;
    struct buffer signatures;
};

static void write_payload(struct buffer *out, const struct feed_event *event) {
    struct hook_member members[FEED_MEMBERS_MAX];
    for (size_t i = 0; i < event->member_count; i++)
        members[i] = (struct hook_member){event->members[i].name, event->members[i].text};
    struct hook_event written = {event->id, event->type, event->at_ms, members, event->member_count};
    hook_payload_write(out, &written);
}

/* The old secret signs beside the new one while receivers change over. */
static void sign(struct sealed_post *post, const struct webhook_secrets *secrets, bool has_old,
                 int64_t now_ms) {
    struct hook_stamp stamp = {buffer_slice(&post->id), now_ms / 1000};
    buffer_printf(&post->timestamp, "%lld", (long long)stamp.timestamp);
    hook_signature_write(&post->signatures, secrets->present, &stamp, buffer_slice(&post->payload));
    if (!has_old) return;
    buffer_append_byte(&post->signatures, ' ');
    hook_signature_write(&post->signatures, secrets->old, &stamp, buffer_slice(&post->payload));
}

static void wipe(struct slice secret) {
    if (secret.len) explicit_bzero((void *)(uintptr_t)secret.ptr, secret.len);
}

static enum store_result ask_remote(struct task *t, struct hook_office *office, struct arena *arena,
                                    const struct hook_post *post, struct hook_report *report) {
    struct env *env = office->options.env;
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct ipc_answer answer;
    hook_post_pack(&body, post);
    struct ipc_message question = {HOOK_POST, buffer_slice(&body), HANDLE_NONE};
    enum ipc_result asked = channel_call(t, office->options.remote, &question, &answer,
                                         env_now_ms(env) + HOOK_REQUEST_MS_MAX + PATIENCE_MS);
    buffer_free(&body);
    if (asked != IPC_OK) return STORE_BUSY;
    handle_close(env, answer.handle);
    bool is_good = hook_report_unpack(buffer_slice(&answer.body), report);
    report->words = arena_copy(arena, report->words);
    ipc_answer_free(&answer);
    return is_good && report->end != HOOK_INTERRUPTED ? STORE_OK : STORE_BUSY;
}

enum store_result hook_send(struct task *t, struct hook_office *office, struct arena *arena,
                            const struct webhook *webhook, const struct feed_event *event,
                            struct hook_report *report) {
    struct webhook_secrets secrets;
    enum store_result result =
        engine_webhook_secrets(t, office->options.engine, arena, webhook->id, &secrets);
    if (result != STORE_OK) return result;
    struct sealed_post post = {buffer_new(HOOK_PAYLOAD_BYTES_MAX), buffer_new(HEADER_BYTES),
                               buffer_new(HEADER_BYTES), buffer_new(HEADER_BYTES)};
    int64_t now_ms = env_wall_ms(office->options.env);
    write_payload(&post.payload, event);
    hook_id_write(&post.id, event->id);
    sign(&post, &secrets, secrets.old.len && now_ms < webhook->old_until_ms, now_ms);
    wipe(secrets.present);
    wipe(secrets.old);
    struct hook_post wanted = {webhook->url, buffer_slice(&post.id), buffer_slice(&post.timestamp),
                               buffer_slice(&post.signatures), buffer_slice(&post.payload)};
    result = ask_remote(t, office, arena, &wanted, report);
    buffer_free(&post.payload);
    buffer_free(&post.id);
    buffer_free(&post.timestamp);
    buffer_free(&post.signatures);
    return result;
}

/* ---- what came of it ---- */

static struct slice words_of(struct arena *arena, const struct hook_report *report) {
    if (report->end != HOOK_ANSWERED) return report->words;
    if (report->status / 100 == 3)
        return arena_printf(arena, "the answer was %u, a redirect, which is not followed", report->status);
    if (report->status == HTTP_GONE) return SLICE("the answer was 410: the receiver wants no more events");
    return arena_printf(arena, "the answer was %u", report->status);
}

static struct webhook_settlement judge(const struct round *round, const struct hook_report *report) {
    struct env *env = round->desk->office->options.env;
    struct webhook_settlement settlement = {.webhook = round->desk->webhook,
                                            .event = round->event.id,
                                            .attempts = round->work.attempts + 1,
                                            .status = report->status,
                                            .detail = words_of(round->arena, report),
                                            .cursor = round->work.webhook.cursor};
    int64_t pause_ms = hook_schedule_pause_ms(settlement.attempts, env_random_u64(env));
    if (pause_ms < report->retry_after_ms && pause_ms >= 0) pause_ms = report->retry_after_ms;
    settlement.due_ms = env_wall_ms(env) + pause_ms;
    settlement.outcome = pause_ms < 0 ? WEBHOOK_FAILED_FOR_GOOD : WEBHOOK_FAILED;
    if (report->end == HOOK_ANSWERED && report->status == HTTP_GONE) settlement.outcome = WEBHOOK_UNWANTED;
    if (report->end == HOOK_ANSWERED && report->status / 100 == 2) settlement.outcome = WEBHOOK_SUCCEEDED;
    return settlement;
}

static void count(struct env *env, enum webhook_outcome outcome) {
    unsigned cell = METRIC_WEBHOOK_DELIVERIES;
    if (outcome != WEBHOOK_SUCCEEDED) cell += outcome == WEBHOOK_FAILED_FOR_GOOD ? 2 : 1;
    metrics_add(&env->metrics, cell, 1);
}

static void tell_disabled(const struct round *round, const struct webhook_settlement *settlement) {
    struct log *log = round->desk->office->options.env->log;
    metrics_add(&round->desk->office->options.env->metrics, METRIC_WEBHOOKS_DISABLED, 1);
    LOG_WARN(log, "webhook.disabled", LOG_ID("webhook", settlement->webhook),
             LOG_TEXT("url", round->work.webhook.url), LOG_TEXT("reason", settlement->detail),
             LOG_CSTR("next", "mend its receiver, then posthaste webhook enable"));
}

/* When to look again after trouble of our own. */
static int64_t rest(struct round *round) {
    round->desk->not_before_ms = env_wall_ms(round->desk->office->options.env) + HOOK_LOOK_MS;
    return round->desk->not_before_ms;
}

/* False: the store cannot keep it now; it will be delivered again. */
static bool settle(struct round *round, const struct webhook_settlement *settlement) {
    bool disabled = false;
    enum store_result result = engine_webhook_settle(round->t, round->engine, settlement, &disabled);
    if (disabled) tell_disabled(round, settlement);
    return result == STORE_OK;
}

/* ---- which ---- */

static bool is_wanted(const struct round *round, const struct feed_event *event) {
    return hook_kinds_match(round->work.webhook.kinds, slice_from_text(event->type));
}

/* Behind what was seen already, or the cursor where that was moved. */
static uint64_t place_of(struct round *round) {
    struct hook_desk *desk = round->desk;
    uint64_t cursor = round->work.webhook.cursor;
    if (desk->cursor != cursor || desk->seen < cursor) {
        desk->seen = cursor;
        desk->passed = 0;
    }
    desk->cursor = cursor;
    return desk->seen;
}

enum choice { CHOICE_NONE, CHOICE_EVENT, CHOICE_MORE, CHOICE_FAILED };

static enum choice choose_new(struct round *round) {
    struct feed_event *events;
    size_t found = 0;
    uint64_t after = place_of(round);
    if (engine_feed_read(round->engine, round->arena, after, FEED_EVENTS_MAX, &events, &found) != STORE_OK)
        return CHOICE_FAILED;
    for (size_t i = 0; i < found; i++) {
        if (is_wanted(round, &events[i])) {
            round->event = events[i];
            return CHOICE_EVENT;
        }
        round->desk->seen = events[i].id;
        round->desk->passed++;
    }
    return found == FEED_EVENTS_MAX ? CHOICE_MORE : CHOICE_NONE;
}

/* An event that waited may not be kept any more. */
static enum choice choose_waiting(struct round *round) {
    enum store_result result = engine_feed_one(round->engine, round->arena, round->work.event, &round->event);
    if (result == STORE_OK) return CHOICE_EVENT;
    if (result != STORE_NOT_FOUND) return CHOICE_FAILED;
    struct webhook_settlement settlement = {.webhook = round->desk->webhook,
                                            .event = round->work.event,
                                            .attempts = round->work.attempts,
                                            .outcome = WEBHOOK_EVENT_GONE,
                                            .detail = SLICE("the event is not kept any more"),
                                            .cursor = round->work.webhook.cursor};
    return settle(round, &settlement) ? CHOICE_MORE : CHOICE_FAILED;
}

static enum choice choose(struct round *round) {
    if (round->work.event) return choose_waiting(round);
    return round->work.is_held ? CHOICE_NONE : choose_new(round);
}

/* ---- a round ---- */

static int64_t deliver(struct round *round) {
    struct hook_office *office = round->desk->office;
    struct env *env = office->options.env;
    struct hook_report report = {0};
    enum store_result result =
        hook_send(round->t, office, round->arena, &round->work.webhook, &round->event, &report);
    if (result == STORE_NOT_FOUND) return -1;
    if (result == STORE_BUSY) return env_wall_ms(env) + HOOK_AGAIN_MS;
    if (result != STORE_OK) return rest(round);
    struct webhook_settlement settlement = judge(round, &report);
    count(env, settlement.outcome);
    return settle(round, &settlement) ? 0 : rest(round);
}

/* What nobody wants is kept as passed now and then, so that it is not read again after a restart. True: the
   store was asked, and events may have come meanwhile. */
static bool keep_passed(struct round *round) {
    struct hook_desk *desk = round->desk;
    if (desk->passed < FEED_PASSED_MAX) return false;
    desk->passed = 0;
    (void)engine_webhook_skip(round->t, round->engine, desk->webhook, desk->cursor, desk->seen);
    return true;
}

static int64_t work(struct round *round) {
    struct env *env = round->desk->office->options.env;
    int64_t now_ms = env_wall_ms(env);
    /* A clock that was set back keeps nobody waiting. */
    int64_t rest_ms = round->desk->not_before_ms - now_ms;
    if (rest_ms > 0 && rest_ms <= HOOK_LOOK_MS) return round->desk->not_before_ms;
    enum store_result result =
        engine_webhook_work(round->engine, round->arena, round->desk->webhook, now_ms, &round->work);
    if (result == STORE_NOT_FOUND || (result == STORE_OK && round->work.webhook.state != WEBHOOK_ACTIVE))
        return -1;
    if (result != STORE_OK || !channel_is_attached(round->desk->office->options.remote))
        return now_ms + HOOK_AGAIN_MS;
    switch (choose(round)) {
    case CHOICE_EVENT:
        return deliver(round);
    case CHOICE_MORE:
        (void)keep_passed(round);
        return 0;
    case CHOICE_NONE:
        return keep_passed(round) ? 0 : round->work.next_ms;
    case CHOICE_FAILED:
        break;
    }
    return now_ms + HOOK_AGAIN_MS;
}

int64_t hook_desk_round(struct task *t, struct hook_desk *desk) {
    struct round *round = calloc(1, sizeof *round);
    if (!round) FATAL("out of memory for webhooks");
    *round = (struct round){
        .t = t, .desk = desk, .engine = desk->office->options.engine, .arena = arena_new(ROUND_BYTES)};
    int64_t next_ms = work(round);
    arena_free(&round->arena);
    free(round);
    return next_ms;
}
