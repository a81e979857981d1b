/* The queue of outgoing mail: what is accepted stays until it is delivered, failed or given back, once each.
 */
#include "queue_bench.h"

/* ---- coming and going ---- */

static void check_unpacks(struct store_bench *bench, uint64_t message, uint64_t packed_bytes,
                          const char *expected) {
    struct buffer packed = buffer_new(MIB(1));
    struct buffer raw = buffer_new(MIB(1));
    for (uint64_t at = 0; at < packed_bytes; at += 7)
        assert_int_equal(engine_queue_body(bench->engine, message, at, 7, &packed), STORE_OK);
    assert_int_equal(packed.len, packed_bytes);
    assert_int_equal(engine_queue_body(bench->engine, message, packed_bytes, 7, &packed), STORE_OK);
    assert_int_equal(packed.len, packed_bytes);
    struct body_index index;
    uint64_t index_bytes = 0;
    struct slice all = buffer_slice(&packed);
    assert_int_equal(body_index_bytes(slice_skip(all, all.len - 4), all.len, &index_bytes), BODY_UNPACK_OK);
    assert_int_equal(body_index_read(slice_skip(all, all.len - index_bytes), all.len, &index),
                     BODY_UNPACK_OK);
    struct body_unpacker *unpacker = body_unpacker_new();
    assert_int_equal(body_unpack_frame(unpacker, slice_sub(all, 0, body_index_length(&index, 0)), &raw),
                     BODY_UNPACK_OK);
    assert_slice(buffer_slice(&raw), expected);
    body_unpacker_free(&unpacker);
    buffer_free(&packed);
    buffer_free(&raw);
}

static void check_opened(struct store_bench *bench, uint64_t destination, uint64_t message) {
    struct outgoing outgoing;
    assert_int_equal(engine_queue_open(bench->engine, bench->arena, destination, message,
                                       env_wall_ms(bench->env), 10, &outgoing),
                     STORE_OK);
    assert_slice(outgoing.mail_from, "ann@example.org");
    assert_slice(outgoing.envelope_id, "envid");
    assert_int_equal(outgoing.account, bench->account);
    assert_int_equal(outgoing.properties, OUTGOING_8BIT | OUTGOING_UTF8);
    assert_int_equal(outgoing.dsn_return, 2);
    assert_int_equal(outgoing.received_ms, 1700000000000);
    assert_int_equal(outgoing.raw_bytes, 6);
    assert_int_equal(outgoing.recipient_count, 2);
    assert_slice(outgoing.recipients[0].address, "carl@Example.NET");
    assert_slice(outgoing.recipients[0].original, "");
    assert_slice(outgoing.recipients[1].address, "dora@example.net");
    assert_slice(outgoing.recipients[1].original, "dora@old.example");
    assert_int_equal(outgoing.recipients[1].notify, SMTP_NOTIFY_SUCCESS);
    assert_int_equal(outgoing.recipients[1].attempts, 0);
    check_unpacks(bench, message, outgoing.packed_bytes, "for 2\n");
}

static const struct queue_recipient three[] = {
    {SLICE_INIT("carl@Example.NET"), SLICE_INIT(""), 0, false},
    {SLICE_INIT("dora@example.net"), SLICE_INIT("dora@old.example"), SMTP_NOTIFY_SUCCESS, false},
    {SLICE_INIT("emil@other.example"), SLICE_INIT(""), 0, true}};

static void deliver_three(struct task *t, struct store_bench *bench, uint64_t *message) {
    struct delivery delivery = queue_delivery(bench, SLICE("for 2\n"), three, 3);
    delivery.mail_from = SLICE("ann@example.org");
    delivery.envelope_id = SLICE("envid");
    delivery.account = bench->account;
    delivery.properties = OUTGOING_UTF8;
    delivery.facts.is_8bit = true;
    delivery.dsn_return = 2;
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
    *message = delivery.id;
}

static void settle_both(struct task *t, struct store_bench *bench, uint64_t destination, uint64_t message) {
    bool is_left = false;
    struct settled_recipient recipients[] = {settled(0, QUEUE_DELIVERED), settled(1, QUEUE_DELIVERED)};
    struct settlement settlement = {.message = message,
                                    .destination = destination,
                                    .recipients = recipients,
                                    .recipient_count = 1,
                                    .began_ms = env_wall_ms(bench->env),
                                    .record = SLICE_EMPTY};
    assert_int_equal(engine_queue_settle(t, bench->engine, &settlement, &is_left), STORE_OK);
    assert_true(is_left);
    settlement.recipient_count = 2;
    assert_int_equal(engine_queue_settle(t, bench->engine, &settlement, &is_left), STORE_OK);
    assert_false(is_left);
}

static void way_body(struct task *t, struct store_bench *bench) {
    struct heard heard = {.count = 0};
    uint64_t message = 0;
    bench_add_account(t, bench, 0);
    engine_queue_listen(bench->engine, queue_hear, &heard);
    deliver_three(t, bench, &message);
    assert_int_equal(heard.count, 2);
    assert_int_equal(heard.news[0].message, message);
    uint64_t destination = heard.news[0].destination;
    uint64_t other = heard.news[1].destination;
    assert_int_equal(queue_status(bench).queue_waiting, 3);
    bench_reopen(t, bench);
    assert_int_equal(queue_status(bench).queue_waiting, 3);
    struct destination found;
    assert_int_equal(engine_queue_destination(bench->engine, bench->arena, destination, &found), STORE_OK);
    assert_slice(found.domain, "example.net");
    assert_int_equal(engine_queue_destination(bench->engine, bench->arena, 99, &found), STORE_NOT_FOUND);
    assert_int_equal(queue_places(bench, destination, env_wall_ms(bench->env)), 1);
    assert_int_equal(queue_places(bench, destination, 0), 0);
    check_opened(bench, destination, message);
    queue_verify(t, bench);
    settle_both(t, bench, destination, message);
    assert_true(queue_has_body(bench, message));
    assert_int_equal(queue_settle(t, bench, other, message, settled(2, QUEUE_DELIVERED)), STORE_OK);
    assert_int_equal(queue_settle(t, bench, other, message, settled(2, QUEUE_DELIVERED)), STORE_NOT_FOUND);
    assert_false(queue_has_body(bench, message));
    assert_int_equal(queue_status(bench).queue_waiting, 0);
    queue_verify(t, bench);
    bench_reopen(t, bench);
    assert_int_equal(queue_status(bench).queue_waiting, 0);
    assert_int_equal(queue_status(bench).messages, 0);
}

static void a_message_waits_at_its_destinations_until_each_recipient_is_settled(void **state) {
    bench_run(way_body, NULL);
}

/* ---- later ---- */

static void deferred_body(struct task *t, struct store_bench *bench) {
    struct outgoing outgoing;
    bench_add_account(t, bench, 0);
    uint64_t message = queue_one(t, bench, "carl@example.net", 0);
    uint64_t destination = queue_due_destination(bench, env_wall_ms(bench->env));
    struct settled_recipient recipient = settled(0, QUEUE_DEFERRED);
    recipient.same_host = SLICE("mx2.example.net");
    assert_int_equal(queue_settle(t, bench, destination, message, recipient), STORE_OK);
    /* The answer to the first was lost: it is asked again. */
    assert_int_equal(queue_settle(t, bench, destination, message, recipient), STORE_OK);
    int64_t now_ms = env_wall_ms(bench->env);
    assert_int_equal(engine_queue_due_of(bench->engine, destination), LATER_MS);
    assert_int_equal(queue_places(bench, destination, now_ms), 0);
    assert_int_equal(
        engine_queue_open(bench->engine, bench->arena, destination, message, now_ms, 10, &outgoing),
        STORE_NOT_FOUND);
    assert_int_equal(queue_places(bench, destination, LATER_MS), 1);
    assert_int_equal(
        engine_queue_open(bench->engine, bench->arena, destination, message, LATER_MS, 10, &outgoing),
        STORE_OK);
    assert_int_equal(outgoing.recipients[0].attempts, 1);
    assert_int_equal(outgoing.recipients[0].outcome, QUEUE_DEFERRED);
    assert_slice(outgoing.recipients[0].status, "4.2.1");
    assert_slice(outgoing.recipients[0].reply, "450 not now");
    assert_slice(outgoing.recipients[0].host, "mx.example.net");
    assert_slice(outgoing.recipients[0].same_host, "mx2.example.net");
    assert_int_equal(queue_settle(t, bench, destination + 1, message, settled(0, QUEUE_DELIVERED)), STORE_OK);
    assert_int_equal(queue_places(bench, destination, LATER_MS), 1);
    queue_verify(t, bench);
}

static void a_deferred_recipient_is_due_later_and_counted_once(void **state) {
    bench_run(deferred_body, NULL);
}

static void page_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    uint64_t messages[10];
    for (size_t i = 0; i < 10; i++) messages[i] = queue_one(t, bench, "carl@example.net", 0);
    uint64_t destination = queue_due_destination(bench, env_wall_ms(bench->env));
    struct queue_place after = {0};
    size_t seen = 0;
    for (size_t count = 3; count == 3;) {
        struct queue_place places[3];
        assert_int_equal(engine_queue_read(bench->engine, destination, QUEUE_PERSONAL, &after,
                                           env_wall_ms(bench->env), places, 3, &count),
                         STORE_OK);
        for (size_t i = 0; i < count; i++) assert_int_equal(places[i].message, messages[seen++]);
        if (count) after = places[count - 1];
    }
    assert_int_equal(seen, 10);
}

static void places_are_read_on_from_where_one_was(void **state) { bench_run(page_body, NULL); }

/* ---- destinations ---- */

static int64_t due_at(struct store_bench *bench, uint64_t id) {
    struct destination found;
    assert_int_equal(engine_queue_destination(bench->engine, bench->arena, id, &found), STORE_OK);
    return found.due_ms;
}

static void backoff_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    struct destination found;
    uint64_t message = queue_one(t, bench, "carl@example.net", 0);
    uint64_t destination = queue_due_destination(bench, env_wall_ms(bench->env));
    struct slice reason = SLICE("connection refused");
    assert_int_equal(engine_queue_set_destination(t, bench->engine, destination, 2, reason, LATER_MS),
                     STORE_OK);
    (void)queue_one(t, bench, "dora@example.net", 0);
    bench_reopen(t, bench);
    (void)queue_one(t, bench, "emil@example.net", 0);
    assert_int_equal(engine_queue_destination(bench->engine, bench->arena, destination, &found), STORE_OK);
    assert_int_equal(found.due_ms, LATER_MS);
    assert_int_equal(found.failures, 2);
    assert_slice(found.reason, "connection refused");
    assert_int_equal(engine_queue_next_due(bench->engine), LATER_MS);
    assert_int_equal(queue_due_destination(bench, env_wall_ms(bench->env)), 0);
    /* It can be reached again, and three wait. */
    assert_int_equal(engine_queue_set_destination(t, bench->engine, destination, 0, SLICE_EMPTY, QUEUE_NEVER),
                     STORE_OK);
    assert_true(due_at(bench, destination) <= env_wall_ms(bench->env));
    assert_int_equal(queue_places(bench, destination, env_wall_ms(bench->env)), 3);
    assert_int_equal(engine_queue_set_destination(t, bench->engine, 99, 0, SLICE_EMPTY, 0), STORE_NOT_FOUND);
    (void)message;
}

static void new_mail_does_not_wake_a_destination_that_cannot_be_reached(void **state) {
    bench_run(backoff_body, NULL);
}

static void idle_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    uint64_t message = queue_one(t, bench, "carl@example.net", 0);
    uint64_t destination = queue_due_destination(bench, env_wall_ms(bench->env));
    assert_int_equal(queue_settle(t, bench, destination, message, settled(0, QUEUE_DEFERRED)), STORE_OK);
    /* The scheduler saw nothing, and something was deferred meanwhile. */
    assert_int_equal(engine_queue_set_destination(t, bench->engine, destination, 0, SLICE_EMPTY, QUEUE_NEVER),
                     STORE_OK);
    assert_int_equal(due_at(bench, destination), LATER_MS);
    assert_int_equal(engine_queue_next_due_after(bench->engine, LATER_MS), QUEUE_NEVER);
    (void)queue_one(t, bench, "carl@example.net", 0);
    assert_true(due_at(bench, destination) <= env_wall_ms(bench->env));
    assert_int_equal(engine_queue_next_due_after(bench->engine, env_wall_ms(bench->env)), QUEUE_NEVER);
}

static void a_destination_is_due_when_the_first_of_its_recipients_is(void **state) {
    bench_run(idle_body, NULL);
}

/* ---- who is told ---- */

struct notify_case {
    uint32_t notify;
    enum queue_outcome outcome;
    bool is_last_with_dsn;
    bool is_owed;
};

/* RFC 3461 4.1 */
static const struct notify_case notify_cases[] = {
    {0, QUEUE_FAILED, false, true},
    {0, QUEUE_EXPIRED, false, true},
    {0, QUEUE_DELIVERED, true, false},
    {SMTP_NOTIFY_NEVER, QUEUE_FAILED, false, false},
    {SMTP_NOTIFY_FAILURE, QUEUE_FAILED, false, true},
    {SMTP_NOTIFY_FAILURE, QUEUE_DELIVERED, true, false},
    {SMTP_NOTIFY_DELAY, QUEUE_FAILED, false, false},
    {SMTP_NOTIFY_SUCCESS, QUEUE_FAILED, false, false},
    {SMTP_NOTIFY_SUCCESS, QUEUE_DELIVERED, true, true},
    {SMTP_NOTIFY_SUCCESS, QUEUE_DELIVERED, false, false},
    {SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE, QUEUE_EXPIRED, false, true},
};

static void check_notify(struct task *t, struct store_bench *bench, const struct notify_case *notify) {
    struct outgoing outgoing;
    uint64_t message = queue_one(t, bench, "carl@example.net", notify->notify);
    uint64_t destination = queue_due_destination(bench, env_wall_ms(bench->env));
    struct settled_recipient recipient = settled(0, notify->outcome);
    recipient.is_last_with_dsn = notify->is_last_with_dsn;
    assert_int_equal(queue_settle(t, bench, destination, message, recipient), STORE_OK);
    enum store_result result = engine_queue_open_report(bench->engine, bench->arena, message, 10, &outgoing);
    assert_int_equal(result, notify->is_owed ? STORE_OK : STORE_NOT_FOUND);
    assert_int_equal(queue_has_body(bench, message), notify->is_owed);
    if (!notify->is_owed) return;
    assert_int_equal(outgoing.recipients[0].outcome, notify->outcome);
    assert_int_equal(outgoing.recipients[0].attempts, 1);
    /* Asked again it is as it was. */
    assert_int_equal(queue_settle(t, bench, destination, message, recipient), STORE_OK);
    uint32_t number = 0;
    struct report_done done = {.message = message, .numbers = &number, .number_count = 1};
    assert_int_equal(queue_status(bench).queue_reporting, 1);
    assert_int_equal(engine_queue_reported(t, bench->engine, &done), STORE_OK);
    assert_int_equal(engine_queue_reported(t, bench->engine, &done), STORE_NOT_FOUND);
    assert_int_equal(queue_status(bench).queue_reporting, 0);
    assert_false(queue_has_body(bench, message));
}

static void notify_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    for (size_t i = 0; i < sizeof notify_cases / sizeof notify_cases[0]; i++)
        check_notify(t, bench, &notify_cases[i]);
    struct queue_recipient recipient = {.address = SLICE("carl@example.net")};
    struct delivery bounce = queue_delivery(bench, SLICE("x"), &recipient, 1);
    bounce.mail_from = SLICE_EMPTY;
    assert_int_equal(engine_deliver(t, bench->engine, &bounce), STORE_OK);
    uint64_t destination = queue_due_destination(bench, env_wall_ms(bench->env));
    assert_int_equal(queue_settle(t, bench, destination, bounce.id, settled(0, QUEUE_FAILED)), STORE_OK);
    assert_false(queue_has_body(bench, bounce.id));
    queue_verify(t, bench);
}

static void a_report_is_owed_as_notify_says_and_never_to_the_null_sender(void **state) {
    bench_run(notify_body, NULL);
}

/* ---- reports ---- */

/* A message from `sender` that failed and owes a report. */
static uint64_t failed_from(struct task *t, struct store_bench *bench, const char *sender) {
    struct queue_recipient recipient = {.address = SLICE("carl@example.net")};
    struct delivery delivery = queue_delivery(bench, SLICE("lost"), &recipient, 1);
    delivery.mail_from = slice_from_text(sender);
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
    uint64_t destination = queue_due_destination(bench, env_wall_ms(bench->env));
    assert_int_equal(queue_settle(t, bench, destination, delivery.id, settled(0, QUEUE_FAILED)), STORE_OK);
    return delivery.id;
}

static enum store_result report(struct task *t, struct store_bench *bench, uint64_t message,
                                const char *text) {
    uint32_t numbers[] = {0, 0};
    struct delivery made = bench_delivery(bench, slice_from_text(text));
    made.accounts = NULL;
    made.account_count = 0;
    struct report_done done = {REPORT_OUTCOME, message, numbers, 2, &made};
    enum store_result result = engine_queue_reported(t, bench->engine, &done);
    /* Nothing comes twice. */
    assert_int_equal(engine_queue_reported(t, bench->engine, &done), STORE_NOT_FOUND);
    return result;
}

static void report_body(struct task *t, struct store_bench *bench) {
    struct heard heard = {.count = 0};
    bench_add_account(t, bench, 10);
    bench_deliver(t, bench, SLICE("0123456789"));
    engine_queue_listen(bench->engine, queue_hear, &heard);
    uint64_t message = failed_from(t, bench, "ann@example.org");
    assert_int_equal(heard.count, 2);
    assert_int_equal(heard.news[1].destination, DESTINATION_REPORTS);
    assert_int_equal(heard.news[1].message, message);
    assert_true(due_at(bench, DESTINATION_REPORTS) <= env_wall_ms(bench->env));
    /* Her mailbox is full, and she is told all the same. */
    assert_int_equal(report(t, bench, message, "sorry, ann"), STORE_OK);
    assert_int_equal(bench_mailbox(bench, bench->inbox).message_count, 2);
    assert_false(queue_has_body(bench, message));
    /* Nobody there. */
    assert_int_equal(report(t, bench, failed_from(t, bench, "gone@example.org"), "sorry, nobody"), STORE_OK);
    assert_int_equal(queue_status(bench).queue_waiting, 0);
    /* Somebody elsewhere. */
    heard.count = 0;
    assert_int_equal(report(t, bench, failed_from(t, bench, "bob@far.example"), "sorry, bob"), STORE_OK);
    assert_int_equal(heard.count, 3);
    struct outgoing outgoing;
    assert_int_equal(engine_queue_open(bench->engine, bench->arena, heard.news[2].destination,
                                       heard.news[2].message, LATER_MS, 10, &outgoing),
                     STORE_OK);
    assert_int_equal(outgoing.mail_from.len, 0);
    assert_slice(outgoing.recipients[0].address, "bob@far.example");
    assert_int_equal(outgoing.recipients[0].notify, SMTP_NOTIFY_NEVER);
    assert_int_equal(queue_status(bench).queue_reporting, 0);
    queue_verify(t, bench);
}

static void a_report_reaches_its_sender_wherever_that_is_and_once(void **state) {
    bench_run(report_body, NULL);
}

static void delay_body(struct task *t, struct store_bench *bench) {
    uint64_t messages[10];
    size_t count = 0;
    int64_t before_ms = 1700000000001;
    struct outgoing outgoing;
    bench_add_account(t, bench, 0);
    uint64_t never = queue_one(t, bench, "carl@example.net", SMTP_NOTIFY_NEVER);
    uint64_t first = queue_one(t, bench, "carl@example.net", 0);
    (void)queue_one(t, bench, "carl@example.net", SMTP_NOTIFY_FAILURE);
    uint64_t second = queue_one(t, bench, "carl@example.net", SMTP_NOTIFY_DELAY);
    assert_int_equal(engine_queue_delayed(bench->engine, before_ms - 1, messages, 10, &count), STORE_OK);
    assert_int_equal(count, 0);
    for (int twice = 0; twice < 2; twice++) {
        assert_int_equal(engine_queue_delayed(bench->engine, before_ms, messages, 10, &count), STORE_OK);
        assert_int_equal(count, 2);
        assert_int_equal(messages[0], first);
        assert_int_equal(messages[1], second);
    }
    assert_int_equal(engine_queue_open_delayed(bench->engine, bench->arena, never, 10, &outgoing),
                     STORE_NOT_FOUND);
    assert_int_equal(engine_queue_open_delayed(bench->engine, bench->arena, second, 10, &outgoing), STORE_OK);
    assert_int_equal(outgoing.recipient_count, 1);
    uint32_t number = 0;
    struct delivery made = bench_delivery(bench, SLICE("still trying"));
    struct report_done done = {REPORT_DELAY, second, &number, 1, &made};
    assert_int_equal(engine_queue_reported(t, bench->engine, &done), STORE_OK);
    assert_int_equal(engine_queue_reported(t, bench->engine, &done), STORE_NOT_FOUND);
    assert_int_equal(bench_mailbox(bench, bench->inbox).message_count, 1);
    assert_int_equal(engine_queue_delayed(bench->engine, before_ms, messages, 10, &count), STORE_OK);
    assert_int_equal(count, 1);
    assert_int_equal(queue_status(bench).queue_waiting, 4);
    queue_verify(t, bench);
}

static void of_a_delay_is_told_who_wants_to_know_and_once(void **state) { bench_run(delay_body, NULL); }

static void one_name_body(struct task *t, struct store_bench *bench) {
    static const char *const forms[] = {"a@xn--bcher-kva.example",
                                        "b@b\xc3\xbc"
                                        "cher.example",
                                        "c@B\xc3\x9c"
                                        "CHER.Example"};
    bench_add_account(t, bench, 0);
    for (size_t i = 0; i < 3; i++) (void)queue_one(t, bench, forms[i], 0);
    uint64_t destination = queue_due_destination(bench, env_wall_ms(bench->env));
    struct destination found;
    assert_int_equal(queue_places(bench, destination, env_wall_ms(bench->env)), 3);
    assert_int_equal(engine_queue_destination(bench->engine, bench->arena, destination, &found), STORE_OK);
    assert_slice(found.domain, "xn--bcher-kva.example");
}

static void both_forms_of_a_domain_are_one_destination(void **state) { bench_run(one_name_body, NULL); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_waits_at_its_destinations_until_each_recipient_is_settled),
        cmocka_unit_test(both_forms_of_a_domain_are_one_destination),
        cmocka_unit_test(a_deferred_recipient_is_due_later_and_counted_once),
        cmocka_unit_test(places_are_read_on_from_where_one_was),
        cmocka_unit_test(new_mail_does_not_wake_a_destination_that_cannot_be_reached),
        cmocka_unit_test(a_destination_is_due_when_the_first_of_its_recipients_is),
        cmocka_unit_test(a_report_is_owed_as_notify_says_and_never_to_the_null_sender),
        cmocka_unit_test(a_report_reaches_its_sender_wherever_that_is_and_once),
        cmocka_unit_test(of_a_delay_is_told_who_wants_to_know_and_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
