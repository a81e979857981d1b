/* Webhooks, as an administrator sees them (store/webhook.h, hook/office.h). */
#include "app/admin/admin_outreach.h"
#include "app/admin/admin_verbs.h"
#include "base/limits_hook.h"
#include "hook/kinds.h"
#include "hook/office.h"
#include "hook/signature.h"
#include "hook/url.h"
#include "store/feed.h"
#include "store/id.h"
#include "store/webhook.h"
#include "wire/date.h"
#include "wire/network_list.h"

#define NO_WEBHOOK "is not a webhook; posthaste webhook list shows them"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS, SPAN_MAX = 100 * 1000 };
enum { ADDRESS_BYTES_MAX = 64, SECRET_TEXT_BYTES = 256, OVERLAP_DAYS_MAX = 30 };

static struct slice word(const struct admin *admin, size_t at) {
    return at < admin->request->word_count ? admin->request->words[at] : SLICE_EMPTY;
}

static json_t *id_json(struct admin *admin, uint64_t id) {
    return admin_text(arena_printf(admin->arena, "%016llx", (unsigned long long)id));
}

static json_t *refused(struct admin *admin, struct slice subject, const char *words) {
    return admin_failure(admin, STORE_REFUSED, subject, "", words);
}

static void wake(const struct admin *admin) {
    if (admin->context->hooks) hook_office_wake(admin->context->hooks);
}

/* The webhook that the third word names. False: *error says so. */
static bool find(struct admin *admin, struct webhook *webhook, json_t **error) {
    uint64_t id = 0;
    enum store_result result = STORE_NOT_FOUND;
    if (id_read(word(admin, 2), &id)) result = engine_webhook_read(admin->engine, admin->arena, id, webhook);
    *error = result == STORE_OK ? NULL : admin_failure(admin, result, word(admin, 2), NO_WEBHOOK, "");
    return result == STORE_OK;
}

/* "90m", "12h", "7d", or "0". */
static bool read_span(struct slice text, int64_t *ms) {
    uint64_t count = 0;
    int64_t unit_ms = 0;
    if (!slice_take_number(&text, SPAN_MAX, &count)) return false;
    if (slice_equal(text, SLICE("m"))) unit_ms = MINUTE_MS;
    if (slice_equal(text, SLICE("h"))) unit_ms = HOUR_MS;
    if (slice_equal(text, SLICE("d"))) unit_ms = DAY_MS;
    *ms = (int64_t)count * unit_ms;
    return unit_ms != 0 || (count == 0 && text.len == 0);
}

/* ---- secrets ---- */

static struct slice make_secret(struct admin *admin, uint8_t bytes[WEBHOOK_SECRET_BYTES]) {
    env_random(task_env(admin->t), bytes, WEBHOOK_SECRET_BYTES);
    return slice_of(bytes, WEBHOOK_SECRET_BYTES);
}

static json_t *secret_json(struct slice secret) {
    struct buffer text = buffer_new(SECRET_TEXT_BYTES);
    hook_secret_write(&text, secret);
    json_t *json = admin_text(buffer_slice(&text));
    explicit_bzero(text.ptr, text.len);
    buffer_free(&text);
    return json;
}

/* ---- add ---- */

static bool is_private_address(const struct hook_url *url) {
    char address[ADDRESS_BYTES_MAX] = {0};
    if (!url->is_address || url->host.len >= sizeof address) return false;
    memcpy(address, url->host.ptr, url->host.len);
    return network_is_private(address);
}

/* What is known before DNS is asked, which each request does. Where no server runs, its settings are not. */
static const char *refusal_of(const struct admin *admin, struct slice text) {
    struct hook_url url;
    enum hook_url_fault fault = hook_url_read(text, &url);
    if (fault != HOOK_URL_OK) return hook_url_words(fault);
    bool allows = !admin->context->hooks || hook_office_allows_private(admin->context->hooks);
    if (!hook_url_is_allowed(&url, allows))
        return "has no TLS: it must begin with https:// (http:// is for 127.0.0.1 alone, and only with "
               "webhooks.allow_private = yes)";
    if (!allows && is_private_address(&url))
        return "has a private address, which is refused; webhooks.allow_private = yes allows it";
    return NULL;
}

json_t *admin_webhook_add(struct admin *admin) {
    struct slice url = word(admin, 2);
    struct slice kinds = word(admin, 3).len ? word(admin, 3) : SLICE("*");
    struct slice wrong;
    uint8_t secret[WEBHOOK_SECRET_BYTES];
    uint64_t id = 0;
    const char *refusal = refusal_of(admin, url);
    if (refusal) return refused(admin, url, refusal);
    if (!hook_kinds_check(kinds, feed_type_at, &wrong))
        return refused(admin, wrong, "is no type of an event; posthaste webhook types lists them");
    enum store_result result =
        engine_webhook_add(admin->t, admin->engine, url, kinds, make_secret(admin, secret), &id);
    if (result == STORE_OVER_QUOTA) return refused(admin, url, "would be the 65th webhook; 64 are the most");
    if (result != STORE_OK) return admin_failure(admin, result, url, "", "");
    wake(admin);
    json_t *answer =
        json_pack("{s:o, s:o, s:o, s:o}", "added", id_json(admin, id), "url", admin_text(url), "kinds",
                  admin_text(kinds), "secret", secret_json(slice_of(secret, sizeof secret)));
    explicit_bzero(secret, sizeof secret);
    return answer;
}

json_t *admin_webhook_rotate(struct admin *admin) {
    struct webhook webhook;
    json_t *error;
    uint8_t secret[WEBHOOK_SECRET_BYTES];
    int64_t overlap_ms = WEBHOOK_OVERLAP_MS;
    if (!find(admin, &webhook, &error)) return error;
    bool is_span = word(admin, 3).len == 0 || read_span(word(admin, 3), &overlap_ms);
    if (!is_span || overlap_ms > OVERLAP_DAYS_MAX * (int64_t)DAY_MS)
        return refused(admin, word(admin, 3),
                       "is no time that an old secret may sign: 0, 90m, 12h, up to 30d");
    int64_t until_ms = overlap_ms ? env_wall_ms(task_env(admin->t)) + overlap_ms : 0;
    enum store_result result =
        engine_webhook_rotate(admin->t, admin->engine, webhook.id, make_secret(admin, secret), until_ms);
    if (result != STORE_OK) return admin_failure(admin, result, word(admin, 2), NO_WEBHOOK, "");
    json_t *answer =
        json_pack("{s:o, s:o, s:o}", "rotated", id_json(admin, webhook.id), "old_until_ms",
                  admin_moment(until_ms), "secret", secret_json(slice_of(secret, sizeof secret)));
    explicit_bzero(secret, sizeof secret);
    return answer;
}

/* ---- orders ---- */

static json_t *ordered(struct admin *admin, enum store_result result, const char *done) {
    if (result != STORE_OK) return admin_failure(admin, result, word(admin, 2), NO_WEBHOOK, "");
    wake(admin);
    return json_pack("{s:o}", done, admin_text(word(admin, 2)));
}

json_t *admin_webhook_enable(struct admin *admin) {
    struct webhook webhook;
    json_t *error;
    if (!find(admin, &webhook, &error)) return error;
    return ordered(admin, engine_webhook_enable(admin->t, admin->engine, webhook.id), "enabled");
}

json_t *admin_webhook_disable(struct admin *admin) {
    struct webhook webhook;
    json_t *error;
    if (!find(admin, &webhook, &error)) return error;
    return ordered(admin,
                   engine_webhook_disable(admin->t, admin->engine, webhook.id, SLICE("by an administrator")),
                   "disabled");
}

json_t *admin_webhook_remove(struct admin *admin) {
    struct webhook webhook;
    json_t *error;
    if (!find(admin, &webhook, &error)) return error;
    return ordered(admin, engine_webhook_remove(admin->t, admin->engine, webhook.id), "removed");
}

/* ---- again ---- */

static json_t *replay_since(struct admin *admin, uint64_t id, struct slice text) {
    int64_t now_ms = env_wall_ms(task_env(admin->t));
    int64_t ago_ms = 0;
    int64_t since_ms = read_span(text, &ago_ms) ? now_ms - ago_ms : date_internet_s(text) * 1000;
    if (since_ms <= 0)
        return refused(admin, text, "is no time: 90m, 12h or 7d (ago), or 2026-05-01T10:00:00Z");
    enum store_result result = engine_webhook_replay(admin->t, admin->engine, id, since_ms);
    if (result != STORE_OK)
        return admin_failure(admin, result, word(admin, 2), NO_WEBHOOK,
                             "has not got that far yet: what happened since then is still to come");
    wake(admin);
    return json_pack("{s:o, s:o}", "replayed", id_json(admin, id), "since_ms", admin_moment(since_ms));
}

/* As deliveries show it, or as receivers have it in webhook-id. */
static json_t *replay_event(struct admin *admin, uint64_t id, struct slice text) {
    struct feed_event event;
    uint64_t event_id = 0;
    struct slice digits = text;
    (void)slice_take_prefix(&digits, SLICE("evt_"));
    enum store_result result = STORE_NOT_FOUND;
    if (id_read(digits, &event_id)) result = engine_feed_one(admin->engine, admin->arena, event_id, &event);
    if (result == STORE_OK) result = engine_webhook_replay_one(admin->t, admin->engine, id, event_id);
    if (result != STORE_OK) return admin_failure(admin, result, text, "is no event that is kept", "");
    wake(admin);
    return json_pack("{s:o, s:o}", "replayed", id_json(admin, id), "event", id_json(admin, event_id));
}

json_t *admin_webhook_replay(struct admin *admin) {
    struct webhook webhook;
    json_t *error;
    if (!find(admin, &webhook, &error)) return error;
    if (slice_equal(word(admin, 3), SLICE("since"))) return replay_since(admin, webhook.id, word(admin, 4));
    if (slice_equal(word(admin, 3), SLICE("event"))) return replay_event(admin, webhook.id, word(admin, 4));
    return refused(admin, word(admin, 3), "is neither \"since\" nor \"event\"");
}

/* ---- a test ---- */

json_t *admin_webhook_test(struct admin *admin) {
    struct webhook webhook;
    struct hook_report report = {0};
    json_t *error;
    if (!find(admin, &webhook, &error)) return error;
    if (!admin->context->hooks)
        return admin_error(SLICE("no server runs on this folder, so nothing can be sent; start it first"));
    enum store_result result =
        hook_office_test(admin->t, admin->context->hooks, admin->arena, webhook.id, &report);
    if (result != STORE_OK) return admin_failure(admin, result, webhook.url, NO_WEBHOOK, "");
    bool is_good = report.end == HOOK_ANSWERED && report.status / 100 == 2;
    struct slice detail =
        report.end == HOOK_ANSWERED
            ? arena_printf(admin->arena, "the answer was %u%s", report.status,
                           report.status / 100 == 3 ? ", a redirect, which is not followed" : "")
            : report.words;
    return json_pack("{s:o, s:o, s:b, s:I, s:o}", "tested", id_json(admin, webhook.id), "url",
                     admin_text(webhook.url), "good", is_good, "status", (json_int_t)report.status, "detail",
                     admin_text(detail));
}

/* ---- what is to be seen ---- */

static json_t *webhook_json(struct admin *admin, const struct webhook *webhook) {
    return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I}", "id",
                     id_json(admin, webhook->id), "url", admin_text(webhook->url), "kinds",
                     admin_text(webhook->kinds), "state", webhook_state_word(webhook->state), "reason",
                     admin_text(webhook->reason), "added_ms", admin_moment(webhook->added_ms), "success_ms",
                     admin_moment(webhook->success_ms), "failing_since_ms", admin_moment(webhook->failing_ms),
                     "old_secret_until_ms", admin_moment(webhook->old_until_ms), "failures",
                     (json_int_t)webhook->failures, "waiting", (json_int_t)webhook->waiting, "delivered",
                     (json_int_t)webhook->delivered, "given_up", (json_int_t)webhook->given_up);
}

json_t *admin_webhook_list(struct admin *admin) {
    struct webhook *webhooks;
    size_t count = 0;
    enum store_result result = engine_webhook_list(admin->engine, admin->arena, &webhooks, &count);
    if (result != STORE_OK) return admin_failure(admin, result, SLICE("the list"), "", "");
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(list, webhook_json(admin, &webhooks[i]));
    return json_pack("{s:o}", "webhooks", list);
}

static json_t *delivery_json(struct admin *admin, const struct webhook_delivery *delivery) {
    bool is_waiting = delivery->state == WEBHOOK_WAITING;
    return json_pack("{s:o, s:s, s:I, s:o, s:o, s:o, s:I, s:o}", "event", id_json(admin, delivery->event),
                     "state", webhook_delivery_state_word(delivery->state), "attempts",
                     (json_int_t)delivery->attempts, "next_ms",
                     is_waiting ? admin_moment(delivery->next_ms) : json_null(), "first_ms",
                     admin_moment(delivery->first_ms), "last_ms", admin_moment(delivery->last_ms), "status",
                     (json_int_t)delivery->status, "detail", admin_text(delivery->detail));
}

json_t *admin_webhook_deliveries(struct admin *admin) {
    struct webhook webhook;
    struct webhook_delivery *deliveries;
    size_t count = 0;
    uint64_t before = 0;
    json_t *error;
    if (!find(admin, &webhook, &error)) return error;
    if (word(admin, 3).len && !id_read(word(admin, 3), &before))
        return refused(admin, word(admin, 3), "is no event; deliveries shows their ids");
    enum store_result result = engine_webhook_deliveries(admin->engine, admin->arena, webhook.id, before,
                                                         WEBHOOK_SHOWN_MAX, &deliveries, &count);
    if (result != STORE_OK) return admin_failure(admin, result, word(admin, 2), NO_WEBHOOK, "");
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(list, delivery_json(admin, &deliveries[i]));
    return json_pack("{s:o, s:o, s:b}", "webhook", webhook_json(admin, &webhook), "deliveries", list,
                     "has_more", count == WEBHOOK_SHOWN_MAX);
}

json_t *admin_webhook_types(struct admin *admin) {
    (void)admin;
    json_t *list = json_array();
    for (size_t i = 0; feed_type_at(i); i++) json_array_append_new(list, json_string(feed_type_at(i)));
    return json_pack("{s:o}", "types", list);
}
