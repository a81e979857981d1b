/*
 * Webhooks on a disk that fails: every seventh write or sync fails in turn while two events are settled.
 * Afterwards the store must open, verify must find no fault, and the cursor stands where the deliveries that
 * are kept say: no event is passed over that was not taken, and none is counted that the cursor is before.
 */
#include "campaign_bench.h"
#include "store_faults.h"

#include <sys/wait.h>

#include "store/feed.h"
#include "store/webhook.h"

enum { STEPS_MAX = 200, STRIDE = 7, DONE = 0, TOO_EARLY = 7, EVENTS = 2 };

struct child {
    struct env_ops ops;
};

static void set_up_body(struct task *t, struct store_bench *store) {
    uint64_t id = 0;
    bench_add_account(t, store, 0);
    assert_int_equal(engine_webhook_add(t, store->engine, SLICE("https://a.example/"), SLICE("*"),
                                        SLICE("a secret of some bytes!!"), &id),
                     STORE_OK);
    struct campaign one = {.name = SLICE("one"), .document = SLICE("{}")};
    struct campaign two = {.name = SLICE("two"), .document = SLICE("{}")};
    assert_int_equal(engine_campaign_create(t, store->engine, &one, &id), STORE_OK);
    assert_int_equal(engine_campaign_create(t, store->engine, &two, &id), STORE_OK);
}

static struct webhook webhook_of(struct store_bench *store) {
    struct webhook *webhooks;
    size_t count = 0;
    assert_int_equal(engine_webhook_list(store->engine, store->arena, &webhooks, &count), STORE_OK);
    assert_int_equal(count, 1);
    return webhooks[0];
}

static size_t events_behind(struct store_bench *store, uint64_t cursor, struct feed_event **events) {
    size_t count = 0;
    assert_int_equal(engine_feed_read(store->engine, store->arena, cursor, 10, events, &count), STORE_OK);
    return count;
}

/* All that the cursor is before; whatever fails, it goes no further. */
static void settle_body(struct task *t, struct store_bench *store) {
    struct webhook webhook = webhook_of(store);
    struct feed_event *events;
    size_t count = events_behind(store, webhook.cursor, &events);
    for (size_t i = 0; i < count; i++) {
        bool disabled = false;
        struct webhook_settlement settlement = {.webhook = webhook.id,
                                                .event = events[i].id,
                                                .outcome = WEBHOOK_SUCCEEDED,
                                                .attempts = 1,
                                                .status = 200,
                                                .cursor = webhook_of(store).cursor};
        if (engine_webhook_settle(t, store->engine, &settlement, &disabled) != STORE_OK) return;
    }
}

static int run_child(const char *folder, int failing_step, enum fault_kind kind) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct child child;
        if (!freopen("/dev/null", "w", stderr)) _exit(TOO_EARLY);
        faults.failing_step = failing_step;
        faults.kind = kind;
        bench_run_in(folder, false, faults_install(&child.ops), settle_body, NULL);
        _exit(faults.steps < failing_step ? TOO_EARLY : DONE);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : DONE;
}

static void check_body(struct task *t, struct store_bench *store) {
    struct verify_report report;
    struct webhook_delivery *deliveries;
    struct feed_event *events;
    size_t kept = 0;
    struct webhook webhook = webhook_of(store);
    assert_int_equal(engine_verify(t, store->engine, bench_print_fault, NULL, &report), STORE_OK);
    assert_int_equal(report.faults, 0);
    assert_int_equal(
        engine_webhook_deliveries(store->engine, store->arena, webhook.id, 0, 10, &deliveries, &kept),
        STORE_OK);
    assert_int_equal(webhook.delivered, kept);
    assert_int_equal(events_behind(store, webhook.cursor, &events), EVENTS - kept);
    if (kept) assert_true(deliveries[0].event == webhook.cursor);
    settle_body(t, store);
    assert_int_equal(webhook_of(store).delivered, EVENTS);
}

static void fail_each_step(enum fault_kind kind) {
    bool is_over = false;
    for (int step = 1; step < STEPS_MAX && !is_over; step += STRIDE) {
        char folder[64];
        test_folder_make(folder);
        bench_run_in(folder, true, NULL, set_up_body, NULL);
        is_over = run_child(folder, step, kind) == TOO_EARLY;
        bench_run_in(folder, false, NULL, check_body, NULL);
        bench_folder_remove(folder);
    }
    assert_true(is_over);
}

static void a_full_disk_at_any_step_passes_over_no_event(void **state) { fail_each_step(FAULT_FULL); }
static void a_broken_disk_at_any_step_passes_over_no_event(void **state) { fail_each_step(FAULT_BROKEN); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_at_any_step_passes_over_no_event),
        cmocka_unit_test(a_broken_disk_at_any_step_passes_over_no_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
