/*
 * A campaign on a disk that fails: every third write or sync fails in turn while one letter goes its way.
 * Afterwards the store must open, verify must find no fault, and the letter leaves once, never twice and
 * never not at all.
 */
#include "campaign_bench.h"
#include "store_faults.h"

#include <sys/wait.h>

enum { STEPS_MAX = 200, STRIDE = 3, DONE = 0, TOO_EARLY = 7 };

struct child {
    struct env_ops ops;
};

static void set_up_body(struct task *t, struct store_bench *store) { (void)bench_begin(t, store); }

static struct campaign_bench bench_again(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = {.store = store, .t = t};
    struct account account;
    struct campaign campaign;
    assert_int_equal(engine_account_find(store->engine, store->arena, SLICE("ann@example.org"), &account),
                     STORE_OK);
    assert_int_equal(engine_sender_find(store->engine, store->arena, SLICE("ann@example.org"), &bench.sender),
                     STORE_OK);
    assert_int_equal(engine_campaign_find(store->engine, store->arena, SLICE("autumn"), &campaign), STORE_OK);
    store->account = account.id;
    bench.campaign = campaign.id;
    return bench;
}

/* Whatever fails, it goes no further. */
static void letter_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_again(t, store);
    struct prospect ben = prospect_of(&bench, "ben@far.test");
    struct queue_recipient recipient = {.address = SLICE("ben@far.test")};
    struct outreach_claim claim = {
        .prospect = ben.id, .message_id = SLICE("one@example.org"), .from_domain = SLICE("example.org")};
    enum outreach_gate gate = GATE_OPEN;
    uint64_t sent = 0;
    if (engine_outreach_claim(t, store->engine, &claim, &sent, &gate) != STORE_OK || gate) return;
    struct delivery delivery = bench_delivery(store, SLICE("hello"));
    delivery.id = sent;
    delivery.account = store->account;
    delivery.account_count = 0;
    delivery.queue = &recipient;
    delivery.queue_count = 1;
    struct outreach_go word = {.sent = sent, .next_delay_ms = -1, .delivery = &delivery};
    if (engine_outreach_go(t, store->engine, &word, &gate) != STORE_OK || gate) return;
    settle(&bench, sent, QUEUE_DELIVERED, "2.1.5");
}

static int run_child(const char *folder, int failing_step, enum fault_kind kind) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct child child;
        if (!freopen("/dev/null", "w", stderr)) _exit(TOO_EARLY);
        faults.failing_step = failing_step;
        faults.kind = kind;
        bench_run_in(folder, false, faults_install(&child.ops), letter_body, NULL);
        _exit(faults.steps < failing_step ? TOO_EARLY : DONE);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : DONE;
}

/* What the office does after a start, and what the queue has still. */
static void check_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_again(t, store);
    struct verify_report report;
    assert_int_equal(engine_verify(t, store->engine, bench_print_fault, NULL, &report), STORE_OK);
    assert_int_equal(report.faults, 0);
    assert_int_equal(engine_outreach_restart(t, store->engine), STORE_OK);
    struct prospect ben = prospect_of(&bench, "ben@far.test");
    struct outreach_message *messages;
    size_t count = 0;
    assert_int_equal(engine_outreach_messages(store->engine, store->arena, ben.id, &messages, &count),
                     STORE_OK);
    if (ben.state == PROSPECT_CLAIMED) settle(&bench, messages[count - 1].id, QUEUE_DELIVERED, "2.1.5");
    if (ben.state == PROSPECT_WAITING) (void)send_step(&bench, "ben@far.test", "two@example.org", -1);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_FINISHED);
    assert_int_equal(engine_outreach_messages(store->engine, store->arena, ben.id, &messages, &count),
                     STORE_OK);
    size_t sent = 0;
    for (size_t i = 0; i < count; i++) sent += messages[i].state == SENT_SENT;
    assert_int_equal(sent, 1);
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

static void a_full_disk_at_any_step_sends_a_letter_once(void **state) { fail_each_step(FAULT_FULL); }
static void a_broken_disk_at_any_step_sends_a_letter_once(void **state) { fail_each_step(FAULT_BROKEN); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_at_any_step_sends_a_letter_once),
        cmocka_unit_test(a_broken_disk_at_any_step_sends_a_letter_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
