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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delivered_message_is_in_the_inbox_after_a_restart),
        cmocka_unit_test(a_delivery_asked_again_is_stored_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
