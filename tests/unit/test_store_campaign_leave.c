/* A letter in the queue is asked about right before its transaction begins, however long it waited there. */
#include "campaign_bench.h"
#include "store/campaign_leave.h"

/* ---- helpers ---- */

static uint64_t queue_step(struct campaign_bench *bench, const char *to, const char *id) {
    uint64_t sent = 0;
    struct prospect prospect = prospect_of(bench, to);
    assert_int_equal(claim(bench, &prospect, id, &sent), GATE_OPEN);
    assert_int_equal(go_as(bench, sent, to, DAY_MS, OUTGOING_ASKS), GATE_OPEN);
    return sent;
}

static bool leaves_at(struct campaign_bench *bench, uint64_t sent, bool is_again, int64_t at_ms) {
    bool may_leave = false;
    struct outreach_leave leave = {
        .message = sent, .is_again = is_again, .at_ms = at_ms, .gap_ms = DAY_MS / 24};
    assert_int_equal(engine_outreach_leave(bench->t, bench->store->engine, &leave, &may_leave), STORE_OK);
    return may_leave;
}
static bool leaves(struct campaign_bench *bench, uint64_t sent) { return leaves_at(bench, sent, false, 0); }

static uint64_t waiting(struct campaign_bench *bench) {
    struct store_status status;
    assert_int_equal(engine_status(bench->store->engine, &status), STORE_OK);
    return status.queue_waiting;
}

static uint64_t copies(struct campaign_bench *bench) {
    struct mailbox mailbox;
    assert_int_equal(reader_mailbox_find(bench->store->reader, bench->store->arena, bench->store->account,
                                         SLICE("Sent"), &mailbox),
                     STORE_OK);
    return mailbox.message_count;
}

static enum sent_state state_of(struct campaign_bench *bench, uint64_t sent) {
    struct outreach_message message;
    assert_int_equal(engine_outreach_message(bench->store->engine, bench->store->arena, sent, &message),
                     STORE_OK);
    return message.state;
}

/* ---- tests ---- */

static void reply_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    (void)send_step(&bench, "ben@far.test", "one@example.org", 0);
    uint64_t sent = queue_step(&bench, "ben@far.test", "two@example.org");
    assert_int_equal(copies(&bench), 2);
    reply(&bench, "ben@far.test", "one@example.org");
    assert_false(leaves(&bench, sent));
    assert_int_equal(waiting(&bench), 0);
    assert_int_equal(state_of(&bench, sent), SENT_CANCELLED);
    assert_int_equal(prospect_of(&bench, "ben@far.test").state, PROSPECT_REPLIED);
    /* What never left does not stand in Sent. */
    assert_int_equal(copies(&bench), 1);
}

static void who_answered_gets_nothing_that_waited_in_the_queue(void **state) { bench_run(reply_body, NULL); }

static void doubt_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t sent = queue_step(&bench, "ben@far.test", "one@example.org");
    assert_true(leaves(&bench, sent));
    assert_true(leaves_at(&bench, sent, true, 0));
    /* Somebody died: another attempt finds no host, and the next one does. */
    settle_at(&bench, sent, QUEUE_DEFERRED, "4.4.1", "", false);
    assert_false(leaves(&bench, sent));
    assert_int_equal(waiting(&bench), 0);
    assert_int_equal(state_of(&bench, sent), SENT_SENT);
    assert_int_equal(copies(&bench), 1);
    struct prospect ben = prospect_of(&bench, "ben@far.test");
    assert_int_equal(ben.step, 1);
    assert_int_equal(ben.state, PROSPECT_WAITING);
}

static void what_was_begun_and_never_settled_is_not_begun_again(void **state) { bench_run(doubt_body, NULL); }

static void lost_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t sent = queue_step(&bench, "ben@far.test", "one@example.org");
    assert_true(leaves(&bench, sent));
    settle_at(&bench, sent, QUEUE_DEFERRED, "4.4.2", "mx.far.test", true);
    assert_int_equal(waiting(&bench), 0);
    assert_int_equal(state_of(&bench, sent), SENT_SENT);
}

static void a_line_lost_at_the_end_of_it_all_counts_as_sent(void **state) { bench_run(lost_body, NULL); }

static void deferred_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t sent = queue_step(&bench, "ben@far.test", "one@example.org");
    assert_true(leaves(&bench, sent));
    settle(&bench, sent, QUEUE_DEFERRED, "4.2.1");
    assert_int_equal(waiting(&bench), 1);
    /* It is the queue's: others may have their turn, and while one of them leaves it waits. */
    uint64_t other = queue_step(&bench, "cara@far.test", "two@example.org");
    assert_true(leaves(&bench, other));
    assert_false(leaves(&bench, sent));
    settle(&bench, other, QUEUE_DELIVERED, "2.1.5");
    assert_int_equal(waiting(&bench), 1);
    assert_true(leaves(&bench, sent));
    assert_int_equal(copies(&bench), 2);
}

static void what_is_put_off_waits_for_its_turn_again(void **state) { bench_run(deferred_body, NULL); }

static void window_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t sent = queue_step(&bench, "ben@far.test", "one@example.org");
    assert_true(engine_outreach_is_in_flight(store->engine, bench.sender.id));
    assert_false(leaves_at(&bench, sent, false, now_of(&bench) + DAY_MS));
    assert_int_equal(waiting(&bench), 1);
    /* Until then it keeps nobody from sending. */
    assert_false(engine_outreach_is_in_flight(store->engine, bench.sender.id));
}

static void out_of_its_window_it_waits(void **state) { bench_run(window_body, NULL); }

static void paused_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    uint64_t sent = queue_step(&bench, "ben@far.test", "one@example.org");
    assert_int_equal(
        engine_campaign_order(t, store->engine, bench.campaign, CAMPAIGN_PAUSED, SLICE("for now")), STORE_OK);
    assert_false(leaves(&bench, sent));
    assert_int_equal(waiting(&bench), 0);
    start(&bench, bench.campaign);
    struct prospect ben = prospect_of(&bench, "ben@far.test");
    assert_int_equal(ben.state, PROSPECT_WAITING);
    assert_int_equal(ben.step, 0);
}

static void of_a_paused_campaign_nothing_leaves(void **state) { bench_run(paused_body, NULL); }

static void other_mail_body(struct task *t, struct store_bench *store) {
    struct campaign_bench bench = bench_begin(t, store);
    assert_true(leaves(&bench, 4711));
}

static void other_mail_is_not_asked_about(void **state) { bench_run(other_mail_body, NULL); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_answered_gets_nothing_that_waited_in_the_queue),
        cmocka_unit_test(what_was_begun_and_never_settled_is_not_begun_again),
        cmocka_unit_test(a_line_lost_at_the_end_of_it_all_counts_as_sent),
        cmocka_unit_test(what_is_put_off_waits_for_its_turn_again),
        cmocka_unit_test(out_of_its_window_it_waits),
        cmocka_unit_test(of_a_paused_campaign_nothing_leaves),
        cmocka_unit_test(other_mail_is_not_asked_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
