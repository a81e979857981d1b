#include "hook/office.h"

#include <stdlib.h>

#include "hook/office_state.h"

enum { LIST_BYTES = 4 << 20 };

/* ---- desks ---- */

static struct hook_desk *desk_find(struct hook_office *office, uint64_t webhook) {
    LIST_EACH(&office->desks, desk, struct hook_desk, link)
    if (desk->webhook == webhook) return desk;
    return NULL;
}

static void desk_close(struct hook_desk *desk) {
    list_remove(&desk->link);
    free(desk);
}

static void desk_main(struct task *t, void *argument) {
    struct hook_desk *desk = argument;
    struct hook_office *office = desk->office;
    struct env *env = office->options.env;
    while (!task_is_cancelled(t)) {
        int64_t next_ms = hook_desk_round(t, desk);
        if (next_ms < 0) break;
        int64_t pause_ms = next_ms == INT64_MAX ? HOOK_LOOK_MS : next_ms - env_wall_ms(env);
        if (pause_ms > HOOK_LOOK_MS) pause_ms = HOOK_LOOK_MS;
        /* Others have their turn, too, where there is much to deliver. */
        enum wait_result waited =
            pause_ms <= 0 ? task_yield(t) : gate_wait(t, &office->changed, env_now_ms(env) + pause_ms);
        if (waited == WAIT_CANCELLED) break;
    }
    desk_close(desk);
}

static void desk_open(struct hook_office *office, uint64_t webhook) {
    struct hook_desk *desk = calloc(1, sizeof *desk);
    if (!desk) FATAL("out of memory for webhooks");
    desk->office = office;
    desk->webhook = webhook;
    list_append(&office->desks, &desk->link);
    if (!scope_spawn(&office->scope, desk_main, desk)) desk_close(desk);
}

static bool open_desks(struct hook_office *office) {
    struct arena *arena = arena_new(LIST_BYTES);
    struct webhook *webhooks = NULL;
    size_t count = 0;
    bool is_known = engine_webhook_list(office->options.engine, arena, &webhooks, &count) == STORE_OK;
    if (!is_known) count = 0;
    for (size_t i = 0; i < count; i++)
        if (webhooks[i].state == WEBHOOK_ACTIVE && !desk_find(office, webhooks[i].id))
            desk_open(office, webhooks[i].id);
    arena_free(&arena);
    return is_known;
}

static void office_main(struct task *t, void *argument) {
    struct hook_office *office = argument;
    struct env *env = office->options.env;
    enum wait_result waited = WAIT_OK;
    while (waited != WAIT_CANCELLED) {
        int64_t until_ms = open_desks(office) ? DEADLINE_NONE : env_now_ms(env) + HOOK_LOOK_MS;
        waited = gate_wait(t, &office->ordered, until_ms);
    }
}

/* ---- its life ---- */

static void on_feed(void *context) {
    struct hook_office *office = context;
    gate_open(&office->changed);
}

struct hook_office *hook_office_new(const struct hook_office_options *options,
                                    const struct hook_office_settings *settings) {
    struct hook_office *office = calloc(1, sizeof *office);
    if (!office) FATAL("out of memory for webhooks");
    office->options = *options;
    office->settings = *settings;
    gate_init(&office->changed);
    gate_init(&office->ordered);
    list_init(&office->desks);
    scope_init(&office->scope, options->env);
    engine_feed_watch(options->engine, on_feed, office);
    if (!scope_spawn(&office->scope, office_main, office)) FATAL("a new scope is closed");
    return office;
}

void hook_office_set(struct hook_office *office, const struct hook_office_settings *settings) {
    office->settings = *settings;
}

void hook_office_free(struct task *t, struct hook_office **office) {
    if (!*office) return;
    engine_feed_watch((*office)->options.engine, NULL, NULL);
    scope_close(t, &(*office)->scope);
    free(*office);
    *office = NULL;
}

void hook_office_wake(struct hook_office *office) {
    gate_open(&office->changed);
    gate_open(&office->ordered);
}

bool hook_office_allows_private(const struct hook_office *office) { return office->settings.allows_private; }

enum store_result hook_office_test(struct task *t, struct hook_office *office, struct arena *arena,
                                   uint64_t id, struct hook_report *report) {
    struct env *env = office->options.env;
    struct webhook webhook;
    struct feed_event event = {
        .id = env_random_u64(env) & INT64_MAX, .type = "webhook.test", .at_ms = env_wall_ms(env)};
    enum store_result result = engine_webhook_read(office->options.engine, arena, id, &webhook);
    if (result != STORE_OK) return result;
    event.members[event.member_count++] = (struct feed_member){"detail", SLICE("a test; it means nothing")};
    return hook_send(t, office, arena, &webhook, &event, report);
}
