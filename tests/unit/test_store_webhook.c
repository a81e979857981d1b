/* Webhooks in the store: the feed, cursors, what waits, holds others up, is given up, and comes again. */
#include "campaign_bench.h"

#include "base/limits_hook.h"
#include "store/feed.h"
#include "store/webhook.h"

struct bench {
    struct store_bench *store;
    struct task *t;
    uint64_t webhook;
};

/* ---- helpers ---- */

static uint64_t add(struct bench *bench, const char *url) {
    uint64_t id = 0;
    assert_int_equal(engine_webhook_add(bench->t, bench->store->engine, slice_from_text(url), SLICE("*"),
                                        SLICE("a secret of some bytes!!"), &id),
                     STORE_OK);
    return id;
}

static struct bench begin(struct task *t, struct store_bench *store) {
    struct bench bench = {store, t, 0};
    bench_add_account(t, store, 0);
    bench.webhook = add(&bench, "https://a.example/");
    return bench;
}

/* An event, by making a campaign of that name. */
static uint64_t happen(struct bench *bench, const char *name) {
    uint64_t id = 0;
    struct feed_event *events;
    size_t count = 0;
    struct campaign campaign = {.name = slice_from_text(name), .document = SLICE("{}")};
    assert_int_equal(engine_campaign_create(bench->t, bench->store->engine, &campaign, &id), STORE_OK);
    assert_int_equal(
        engine_feed_read(bench->store->engine, bench->store->arena, 0, FEED_EVENTS_MAX, &events, &count),
        STORE_OK);
    assert_true(count > 0);
    return events[count - 1].id;
}

static struct webhook webhook_of(struct bench *bench) {
    struct webhook webhook = {0};
    assert_int_equal(engine_webhook_read(bench->store->engine, bench->store->arena, bench->webhook, &webhook),
                     STORE_OK);
    return webhook;
}

static struct webhook_work work_at(struct bench *bench, int64_t now_ms) {
    struct webhook_work work;
    assert_int_equal(
        engine_webhook_work(bench->store->engine, bench->store->arena, bench->webhook, now_ms, &work),
        STORE_OK);
    return work;
}

static int64_t clock_of(const struct bench *bench) { return env_wall_ms(bench->store->env); }

static bool attempt(struct bench *bench, uint64_t event, enum webhook_outcome outcome, uint64_t attempts,
                    int64_t due_ms) {
    bool disabled = false;
    struct webhook_settlement settlement = {.webhook = bench->webhook,
                                            .event = event,
                                            .outcome = outcome,
                                            .attempts = attempts,
                                            .due_ms = due_ms,
                                            .status = outcome == WEBHOOK_SUCCEEDED ? 204 : 500,
                                            .detail = SLICE("the answer was so"),
                                            .cursor = webhook_of(bench).cursor};
    assert_int_equal(engine_webhook_settle(bench->t, bench->store->engine, &settlement, &disabled), STORE_OK);
    return disabled;
}

static struct webhook_delivery delivery_of(struct bench *bench, uint64_t event) {
    struct webhook_delivery *deliveries;
    size_t count = 0;
    assert_int_equal(engine_webhook_deliveries(bench->store->engine, bench->store->arena, bench->webhook, 0,
                                               WEBHOOK_SHOWN_MAX, &deliveries, &count),
                     STORE_OK);
    for (size_t i = 0; i < count; i++)
        if (deliveries[i].event == event) return deliveries[i];
    fail_msg("no delivery of that event");
    return (struct webhook_delivery){0};
}

static size_t left_of(struct bench *bench) {
    struct feed_event *events;
    size_t count = 0;
    assert_int_equal(engine_feed_read(bench->store->engine, bench->store->arena, webhook_of(bench).cursor,
                                      FEED_EVENTS_MAX, &events, &count),
                     STORE_OK);
    return count;
}

/* ---- tests ---- */

static void feed_body(struct task *t, struct store_bench *store) {
    struct campaign_bench campaigns = bench_begin(t, store);
    struct bench bench = {store, t, 0};
    uint64_t before = happen(&bench, "before");
    bench.webhook = add(&bench, "https://a.example/");
    assert_int_equal(left_of(&bench), 0);
    (void)send_step(&campaigns, "ben@far.test", "one@example.org", 0);
    reply(&campaigns, "ben@far.test", "one@example.org");
    struct feed_event *events;
    size_t count = 0;
    assert_int_equal(engine_feed_read(store->engine, store->arena, before, FEED_EVENTS_MAX, &events, &count),
                     STORE_OK);
    assert_int_equal(count, 2);
    assert_string_equal(events[0].type, "outreach.sent");
    assert_string_equal(events[1].type, "outreach.replied");
    assert_true(events[0].id < events[1].id && events[0].id > before);
    assert_string_equal(events[1].members[0].name, "campaign");
    assert_slice(events[1].members[0].text, "autumn");
    assert_slice(events[1].members[1].text, "ben@far.test");
    assert_slice(events[1].members[2].text, "ann@example.org");
    struct feed_event one;
    assert_int_equal(engine_feed_one(store->engine, store->arena, events[1].id, &one), STORE_OK);
    assert_string_equal(one.type, "outreach.replied");
    assert_int_equal(engine_feed_one(store->engine, store->arena, before + 1, &one), STORE_NOT_FOUND);
}

static void the_feed_tells_what_happened_since_in_order(void **state) { bench_run(feed_body, NULL); }

static void each_type_has_a_name_of_its_own(void **state) {
    for (size_t i = 0; feed_type_at(i); i++)
        for (size_t j = i + 1; feed_type_at(j); j++)
            assert_string_not_equal(feed_type_at(i), feed_type_at(j));
    /* Whoever adds a kind of event gives it a type. */
    size_t types = 0;
    size_t kinds = 0;
    while (feed_type_at(types)) types++;
    for (int kind = 1; kind < 1000; kind++)
        if (strcmp(outreach_event_word((enum outreach_event_kind)kind), "unknown") != 0) kinds++;
    assert_int_equal(types, kinds);
}

static void success_body(struct task *t, struct store_bench *store) {
    struct bench bench = begin(t, store);
    uint64_t event = happen(&bench, "one");
    assert_int_equal(left_of(&bench), 1);
    assert_false(attempt(&bench, event, WEBHOOK_SUCCEEDED, 1, 0));
    assert_int_equal(left_of(&bench), 0);
    assert_int_equal(webhook_of(&bench).cursor, event);
    assert_int_equal(webhook_of(&bench).delivered, 1);
    assert_int_equal(delivery_of(&bench, event).state, WEBHOOK_DELIVERED);
    assert_int_equal(delivery_of(&bench, event).status, 204);
    bench_reopen(t, store);
    assert_int_equal(webhook_of(&bench).cursor, event);
    assert_true(happen(&bench, "two") > event);
}

static void what_was_taken_moves_the_cursor_for_good(void **state) { bench_run(success_body, NULL); }

static void holding_body(struct task *t, struct store_bench *store) {
    struct bench bench = begin(t, store);
    uint64_t event = happen(&bench, "one");
    int64_t now_ms = clock_of(&bench);
    for (uint64_t attempts = 1; attempts < WEBHOOK_HOLDING_ATTEMPTS; attempts++) {
        (void)attempt(&bench, event, WEBHOOK_FAILED, attempts, now_ms + 5000);
        struct webhook_work work = work_at(&bench, now_ms);
        assert_true(work.is_held && work.event == 0);
        assert_int_equal(work.next_ms, now_ms + 5000);
        assert_int_equal(work_at(&bench, now_ms + 5000).event, event);
    }
    (void)attempt(&bench, event, WEBHOOK_FAILED, WEBHOOK_HOLDING_ATTEMPTS, now_ms + DAY_MS);
    assert_false(work_at(&bench, now_ms).is_held);
    assert_int_equal(webhook_of(&bench).failures, WEBHOOK_HOLDING_ATTEMPTS);
    /* Its receiver is back: what waits is tried at once. */
    uint64_t next = happen(&bench, "two");
    (void)attempt(&bench, next, WEBHOOK_SUCCEEDED, 1, 0);
    assert_int_equal(work_at(&bench, clock_of(&bench)).event, event);
    assert_int_equal(webhook_of(&bench).failures, 0);
}

static void an_event_that_fails_holds_the_others_for_a_while(void **state) { bench_run(holding_body, NULL); }

struct one_of_many {
    struct bench bench;
    uint64_t number;
};

/* In as few commits as there may be. */
static void do_many(struct bench *bench, uint64_t count, void (*run)(struct task *t, void *one)) {
    struct one_of_many *many = ARENA_NEW_ARRAY(bench->store->arena, struct one_of_many, count);
    struct scope scope;
    scope_init(&scope, bench->store->env);
    for (uint64_t i = 0; i < count; i++) {
        many[i] = (struct one_of_many){*bench, i + 1};
        assert_true(scope_spawn(&scope, run, &many[i]));
    }
    scope_close(bench->t, &scope);
}

static void fail_one(struct task *t, void *argument) {
    struct one_of_many *one = argument;
    one->bench.t = t;
    (void)attempt(&one->bench, one->bench.webhook + one->number, WEBHOOK_FAILED, WEBHOOK_HOLDING_ATTEMPTS,
                  clock_of(&one->bench) + DAY_MS);
}

static void aside_body(struct task *t, struct store_bench *store) {
    struct bench bench = begin(t, store);
    do_many(&bench, WEBHOOK_ASIDE_MAX - 1, fail_one);
    assert_false(work_at(&bench, clock_of(&bench)).is_held);
    (void)attempt(&bench, happen(&bench, "one"), WEBHOOK_FAILED, WEBHOOK_HOLDING_ATTEMPTS,
                  clock_of(&bench) + DAY_MS);
    assert_true(work_at(&bench, clock_of(&bench)).is_held);
    assert_int_equal(webhook_of(&bench).waiting, WEBHOOK_ASIDE_MAX);
}

static void only_so_many_are_set_aside(void **state) { bench_run(aside_body, NULL); }

static void clock_body(struct task *t, struct store_bench *store) {
    struct bench bench = begin(t, store);
    uint64_t event = happen(&bench, "one");
    int64_t now_ms = clock_of(&bench);
    (void)attempt(&bench, event, WEBHOOK_FAILED, 1, now_ms + DAY_MS);
    assert_int_equal(work_at(&bench, now_ms).event, 0);
    assert_int_equal(work_at(&bench, now_ms - 400 * (int64_t)DAY_MS).event, event);
}

static void a_clock_that_was_set_back_keeps_nothing_waiting(void **state) { bench_run(clock_body, NULL); }

static void dead_body(struct task *t, struct store_bench *store) {
    struct bench bench = begin(t, store);
    uint64_t event = happen(&bench, "one");
    (void)attempt(&bench, event, WEBHOOK_FAILED, 1, clock_of(&bench));
    assert_true(attempt(&bench, event, WEBHOOK_FAILED_FOR_GOOD, 10, 0));
    struct webhook webhook = webhook_of(&bench);
    assert_int_equal(webhook.state, WEBHOOK_DISABLED);
    assert_true(slice_find(webhook.reason, SLICE("the answer was so")) != SLICE_NOT_FOUND);
    assert_int_equal(delivery_of(&bench, event).state, WEBHOOK_WAITING);
    assert_int_equal(engine_webhook_enable(t, store->engine, bench.webhook), STORE_OK);
    struct webhook_work work = work_at(&bench, clock_of(&bench));
    assert_int_equal(work.event, event);
    assert_int_equal(work.attempts, 0);
    assert_int_equal(work.webhook.state, WEBHOOK_ACTIVE);
}

static void a_receiver_that_took_nothing_for_days_is_disabled_and_nothing_lost(void **state) {
    bench_run(dead_body, NULL);
}

static void poison_body(struct task *t, struct store_bench *store) {
    struct bench bench = begin(t, store);
    uint64_t event = happen(&bench, "one");
    (void)attempt(&bench, event, WEBHOOK_FAILED, WEBHOOK_HOLDING_ATTEMPTS, clock_of(&bench) + DAY_MS);
    (void)attempt(&bench, happen(&bench, "two"), WEBHOOK_SUCCEEDED, 1, 0);
    assert_false(attempt(&bench, event, WEBHOOK_FAILED_FOR_GOOD, 10, 0));
    assert_int_equal(webhook_of(&bench).state, WEBHOOK_ACTIVE);
    assert_int_equal(webhook_of(&bench).given_up, 1);
    assert_int_equal(delivery_of(&bench, event).state, WEBHOOK_GIVEN_UP);
    assert_int_equal(engine_webhook_replay_one(t, store->engine, bench.webhook, event), STORE_OK);
    assert_int_equal(work_at(&bench, clock_of(&bench)).event, event);
}

static void an_event_that_a_good_receiver_never_takes_is_given_up_and_may_be_sent_again(void **state) {
    bench_run(poison_body, NULL);
}

static void gone_body(struct task *t, struct store_bench *store) {
    struct bench bench = begin(t, store);
    uint64_t event = happen(&bench, "one");
    assert_true(attempt(&bench, event, WEBHOOK_UNWANTED, 1, 0));
    assert_int_equal(webhook_of(&bench).state, WEBHOOK_DISABLED);
    /* An attempt that was under way when it was disabled disables it no second time. */
    assert_false(attempt(&bench, event, WEBHOOK_UNWANTED, 1, 0));
    assert_int_equal(engine_webhook_remove(t, store->engine, bench.webhook), STORE_OK);
    bool disabled = false;
    struct webhook_settlement late = {.webhook = bench.webhook, .event = event};
    assert_int_equal(engine_webhook_settle(t, store->engine, &late, &disabled), STORE_NOT_FOUND);
    assert_int_equal(engine_webhook_enable(t, store->engine, bench.webhook), STORE_NOT_FOUND);
}

static void who_wants_no_more_is_disabled(void **state) { bench_run(gone_body, NULL); }

static void replay_body(struct task *t, struct store_bench *store) {
    struct bench bench = begin(t, store);
    int64_t since_ms = clock_of(&bench);
    uint64_t first = happen(&bench, "one");
    uint64_t second = happen(&bench, "two");
    assert_int_equal(engine_webhook_replay(t, store->engine, bench.webhook, clock_of(&bench) + DAY_MS),
                     STORE_REFUSED);
    (void)attempt(&bench, first, WEBHOOK_FAILED, WEBHOOK_HOLDING_ATTEMPTS, since_ms + DAY_MS);
    /* A replay while an attempt is under way: what comes of that does not undo it. */
    struct webhook_settlement settlement = {.webhook = bench.webhook,
                                            .event = second,
                                            .outcome = WEBHOOK_SUCCEEDED,
                                            .attempts = 1,
                                            .cursor = webhook_of(&bench).cursor};
    assert_int_equal(engine_webhook_replay(t, store->engine, bench.webhook, since_ms), STORE_OK);
    assert_true(webhook_of(&bench).cursor < first);
    assert_int_equal(webhook_of(&bench).waiting, 0);
    bool disabled = false;
    assert_int_equal(engine_webhook_settle(t, store->engine, &settlement, &disabled), STORE_OK);
    assert_true(webhook_of(&bench).cursor < first);
    assert_int_equal(left_of(&bench), 2);
}

static void a_replay_goes_back_whatever_is_under_way(void **state) { bench_run(replay_body, NULL); }

/* The files that any reader of the database may open. */
static bool is_in_database(struct store_bench *store, struct slice text) {
    static const char *const names[] = {"store.db", "store.db-wal"};
    char path[128];
    bool found = false;
    uint8_t *bytes = arena_alloc(store->arena, MIB(8));
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", store->folder, names[i]);
        FILE *file = fopen(path, "rb");
        if (!file) continue;
        size_t len = fread(bytes, 1, MIB(8), file);
        (void)fclose(file);
        found = found || slice_find(slice_of(bytes, len), text) != SLICE_NOT_FOUND;
    }
    return found;
}

static void secrets_body(struct task *t, struct store_bench *store) {
    struct bench bench = begin(t, store);
    struct webhook_secrets secrets;
    assert_int_equal(engine_webhook_secrets(t, store->engine, store->arena, bench.webhook, &secrets),
                     STORE_OK);
    assert_slice(secrets.present, "a secret of some bytes!!");
    assert_int_equal(secrets.old.len, 0);
    assert_true(is_in_database(store, SLICE("https://a.example/")));
    assert_false(is_in_database(store, SLICE("a secret of some")));
    assert_int_equal(engine_webhook_rotate(t, store->engine, bench.webhook, SLICE("another of some bytes!!!"),
                                           clock_of(&bench) + DAY_MS),
                     STORE_OK);
    bench_reopen(t, store);
    assert_int_equal(engine_webhook_secrets(t, store->engine, store->arena, bench.webhook, &secrets),
                     STORE_OK);
    assert_slice(secrets.present, "another of some bytes!!!");
    assert_slice(secrets.old, "a secret of some bytes!!");
    uint64_t id = 0;
    assert_int_equal(engine_webhook_add(t, store->engine, SLICE("https://a.example/"), SLICE("*"),
                                        SLICE("a third one of some bytes"), &id),
                     STORE_EXISTS);
}

static void secrets_are_sealed_and_the_old_one_stays_for_a_while(void **state) {
    bench_run(secrets_body, NULL);
}

static void add_one(struct task *t, void *argument) {
    struct one_of_many *one = argument;
    char url[64];
    one->bench.t = t;
    (void)snprintf(url, sizeof url, "https://a.example/%d", (int)one->number);
    (void)add(&one->bench, url);
}

static void limit_body(struct task *t, struct store_bench *store) {
    struct bench bench = begin(t, store);
    do_many(&bench, WEBHOOKS_MAX - 1, add_one);
    uint64_t id = 0;
    assert_int_equal(engine_webhook_add(t, store->engine, SLICE("https://b.example/"), SLICE("*"),
                                        SLICE("a secret of some bytes!!"), &id),
                     STORE_OVER_QUOTA);
    struct webhook *webhooks;
    size_t count = 0;
    assert_int_equal(engine_webhook_list(store->engine, store->arena, &webhooks, &count), STORE_OK);
    assert_int_equal(count, WEBHOOKS_MAX);
}

static void there_are_so_many_webhooks_at_most(void **state) { bench_run(limit_body, NULL); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_feed_tells_what_happened_since_in_order),
        cmocka_unit_test(each_type_has_a_name_of_its_own),
        cmocka_unit_test(what_was_taken_moves_the_cursor_for_good),
        cmocka_unit_test(an_event_that_fails_holds_the_others_for_a_while),
        cmocka_unit_test(only_so_many_are_set_aside),
        cmocka_unit_test(a_clock_that_was_set_back_keeps_nothing_waiting),
        cmocka_unit_test(a_receiver_that_took_nothing_for_days_is_disabled_and_nothing_lost),
        cmocka_unit_test(an_event_that_a_good_receiver_never_takes_is_given_up_and_may_be_sent_again),
        cmocka_unit_test(who_wants_no_more_is_disabled),
        cmocka_unit_test(a_replay_goes_back_whatever_is_under_way),
        cmocka_unit_test(secrets_are_sealed_and_the_old_one_stays_for_a_while),
        cmocka_unit_test(there_are_so_many_webhooks_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
