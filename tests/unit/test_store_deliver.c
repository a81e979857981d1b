/* Deliveries: from an accepted message to an entry that is read back, once, whatever happens. */
#include "store_bench.h"

static void first_slice_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    bench_deliver(t, bench, SLICE("Subject: hello\r\n\r\nworld\r\n"));
    bench_reopen(t, bench);
    struct entry *entries = NULL;
    assert_int_equal(bench_entries(bench, bench->inbox, &entries), 1);
    assert_int_equal(entries[0].uid, 1);
    assert_int_equal(entries[0].saved_ms, 1700000000000);
    assert_slice(entries[0].envelope, "envelope");
    assert_slice(entries[0].structure, "structure");
    struct buffer raw = buffer_new(1000);
    assert_int_equal(reader_body(bench->reader, entries[0].body, 0, UINT64_MAX, &raw), STORE_OK);
    assert_slice(buffer_slice(&raw), "Subject: hello\r\n\r\nworld\r\n");
    buffer_free(&raw);
    struct mailbox inbox = bench_mailbox(bench, bench->inbox);
    assert_int_equal(inbox.message_count, 1);
    assert_int_equal(inbox.unseen_count, 1);
    assert_int_equal(inbox.uidnext, 2);
}

static void a_delivered_message_is_in_the_inbox_after_a_restart(void **state) {
    bench_run(first_slice_body, NULL);
}

static void twice_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    struct delivery delivery = bench_delivery(bench, SLICE("once"));
    uint64_t both[] = {bench->account, bench->account};
    delivery.accounts = both;
    delivery.account_count = 2;
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
    assert_int_equal(bench_mailbox(bench, bench->inbox).message_count, 1);
    delivery.received_ms++;
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_EXISTS);
}

static void a_delivery_asked_again_is_stored_once(void **state) { bench_run(twice_body, NULL); }

static void queue_body(struct task *t, struct store_bench *bench) {
    struct queue_recipient elsewhere[] = {{SLICE("carl@example.net"), SLICE_EMPTY, 0, false},
                                          {SLICE("dora@example.net"), SLICE("rfc822;d@x"), 1, true}};
    struct store_status status;
    bench_add_account(t, bench, 0);
    struct delivery delivery = bench_delivery(bench, SLICE("for many"));
    delivery.queue = elsewhere;
    delivery.queue_count = 2;
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
    assert_int_equal(engine_status(bench->engine, &status), STORE_OK);
    assert_int_equal(status.queue_waiting, 2);
    /* The queue holds the message when the mailbox does not any more. */
    uint64_t modseq = 0;
    struct uid_range all = {1, UINT32_MAX};
    assert_int_equal(
        engine_expunge(t, bench->engine, bench->inbox, (struct uid_ranges){&all, 1}, false, &modseq),
        STORE_OK);
    assert_int_equal(task_sleep(t, 30), WAIT_OK);
    struct buffer raw = buffer_new(100);
    assert_int_equal(reader_body(bench->reader, delivery.id, 0, 100, &raw), STORE_OK);
    assert_slice(buffer_slice(&raw), "for many");
    buffer_free(&raw);
    struct delivery nobody = bench_delivery(bench, SLICE("for nobody"));
    nobody.account_count = 0;
    assert_int_equal(engine_deliver(t, bench->engine, &nobody), STORE_REFUSED);
    uint64_t gone = 12345;
    nobody.accounts = &gone;
    nobody.account_count = 1;
    assert_int_equal(engine_deliver(t, bench->engine, &nobody), STORE_NOT_FOUND);
}

static uint64_t find_junk(struct store_bench *bench) {
    struct mailbox mailbox;
    assert_int_equal(
        reader_mailbox_find(bench->reader, bench->arena, bench->account, SLICE("Junk"), &mailbox), STORE_OK);
    return mailbox.id;
}

static void junk_body(struct task *t, struct store_bench *bench) {
    struct entry *entries = NULL;
    bench_add_account(t, bench, 0);
    struct delivery delivery = bench_delivery(bench, SLICE("cheap"));
    delivery.is_junk = true;
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
    uint64_t junk = find_junk(bench);
    assert_int_equal(bench_mailbox(bench, bench->inbox).message_count, 0);
    assert_int_equal(bench_mailbox(bench, junk).message_count, 1);
    assert_int_equal(bench_mailbox(bench, junk).unseen_count, 1);
    assert_int_equal(bench_entries(bench, junk, &entries), 1);
    assert_true(entries[0].flags >> FLAG_KEYWORD_FIRST_BIT);
    /* Without a Junk mailbox it is still not lost. */
    assert_int_equal(engine_mailbox_delete(t, bench->engine, bench->account, SLICE("Junk")), STORE_OK);
    delivery = bench_delivery(bench, SLICE("pills"));
    delivery.is_junk = true;
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
    bench_deliver(t, bench, SLICE("clean"));
    assert_int_equal(bench_entries(bench, bench->inbox, &entries), 2);
    assert_true(entries[0].flags >> FLAG_KEYWORD_FIRST_BIT);
    assert_int_equal(entries[1].flags, 0);
}

static void junk_goes_into_junk_or_else_into_the_inbox(void **state) { bench_run(junk_body, NULL); }

static void recipients_elsewhere_are_queued_in_the_same_commit(void **state) { bench_run(queue_body, NULL); }

static void deliver_in_thread(struct task *t, struct store_bench *bench, const char *id,
                              const char *refers_to) {
    struct delivery delivery = bench_delivery(bench, SLICE("text"));
    struct slice reference = slice_from_text(refers_to);
    delivery.facts.message_id = slice_from_text(id);
    delivery.facts.references = &reference;
    delivery.facts.reference_count = refers_to ? 1 : 0;
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
}

static void thread_body(struct task *t, struct store_bench *bench) {
    struct entry *entries = NULL;
    bench_add_account(t, bench, 0);
    deliver_in_thread(t, bench, "<reply@x>", "<first@x>");
    deliver_in_thread(t, bench, "<first@x>", NULL);
    deliver_in_thread(t, bench, "<second@x>", "<reply@x>");
    deliver_in_thread(t, bench, "<other@x>", NULL);
    assert_int_equal(bench_entries(bench, bench->inbox, &entries), 4);
    assert_int_equal(entries[1].thread, entries[0].thread);
    assert_int_equal(entries[2].thread, entries[0].thread);
    assert_true(entries[3].thread != entries[0].thread);
}

static void answers_join_their_thread_also_when_they_overtake(void **state) { bench_run(thread_body, NULL); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delivered_message_is_in_the_inbox_after_a_restart),
        cmocka_unit_test(a_delivery_asked_again_is_stored_once),
        cmocka_unit_test(recipients_elsewhere_are_queued_in_the_same_commit),
        cmocka_unit_test(junk_goes_into_junk_or_else_into_the_inbox),
        cmocka_unit_test(answers_join_their_thread_also_when_they_overtake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
