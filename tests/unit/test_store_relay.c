/* Where mail goes on to: relay domains, aliases that lead elsewhere, rewritten senders, how much may leave.
 */
#include "queue_bench.h"

#include "store/engine_state.h"
#include "store/sending_limit.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)

static struct address_route resolve(struct store_bench *bench, struct slice address) {
    struct address_route route = {0};
    assert_int_equal(engine_address_resolve(bench->engine, bench->arena, address, &route), STORE_OK);
    return route;
}

static void add_alias(struct task *t, struct store_bench *bench, const char *address, const char *target) {
    struct alias alias = {slice_from_text(address), slice_from_text(target)};
    assert_int_equal(engine_alias_add(t, bench->engine, &alias), STORE_OK);
}

static void relay_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    assert_int_equal(engine_domain_add(t, bench->engine, SLICE("Relay.test"), DOMAIN_RELAYED), STORE_OK);
    assert_int_equal(engine_domain_add(t, bench->engine, SLICE("relay.test"), DOMAIN_LOCAL), STORE_EXISTS);
    struct address_route route = resolve(bench, SLICE("Some.Body@relay.TEST"));
    assert_int_equal(route.kind, ADDRESS_RELAYED);
    assert_int_equal(route.target_count, 1);
    assert_int_equal(route.targets[0].account, 0);
    assert_false(route.targets[0].is_forwarded);
    assert_slice(route.targets[0].address, "Some.Body@relay.TEST");
    assert_int_equal(resolve(bench, SLICE("x@sub.relay.test")).kind, ADDRESS_ELSEWHERE);
    /* Who is known there is known. */
    add_alias(t, bench, "known@relay.test", "ann@example.org");
    route = resolve(bench, SLICE("known@relay.test"));
    assert_int_equal(route.kind, ADDRESS_LOCAL);
    assert_int_equal(route.targets[0].account, bench->account);
    /* An alias of ours into it is forwarded. */
    add_alias(t, bench, "there@example.org", "somebody@relay.test");
    route = resolve(bench, SLICE("there@example.org"));
    assert_int_equal(route.kind, ADDRESS_LOCAL);
    assert_true(route.targets[0].is_forwarded);
    struct domain *domains;
    size_t count;
    assert_int_equal(engine_domain_list(bench->engine, bench->arena, &domains, &count), STORE_OK);
    assert_int_equal(count, 2);
    assert_false(domains[0].is_relay);
    assert_true(domains[1].is_relay);
    assert_int_equal(engine_domain_remove(t, bench->engine, SLICE("relay.test")), STORE_REFUSED);
}

static void a_relay_domain_takes_whom_it_does_not_know(void **state) { bench_run(relay_body, NULL); }

static void verify_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    assert_int_equal(engine_domain_add(t, bench->engine, SLICE("relay.test"), DOMAIN_VERIFIED), STORE_OK);
    assert_int_equal(engine_domain_add(t, bench->engine, SLICE("other.test"), DOMAIN_RELAYED), STORE_OK);
    add_alias(t, bench, "known@relay.test", "ann@example.org");
    add_alias(t, bench, "there@example.org", "somebody@relay.test");
    assert_true(resolve(bench, SLICE("a@relay.test")).is_verified);
    assert_false(resolve(bench, SLICE("a@other.test")).is_verified);
    assert_false(resolve(bench, SLICE("known@relay.test")).is_verified);
    assert_false(resolve(bench, SLICE("there@example.org")).is_verified);
    struct domain *domains;
    size_t count;
    assert_int_equal(engine_domain_list(bench->engine, bench->arena, &domains, &count), STORE_OK);
    assert_int_equal(count, 3);
    assert_true(!domains[1].is_verified && domains[2].is_verified && domains[2].is_relay);
}

static void only_what_a_verified_domain_passes_on_is_asked_for(void **state) { bench_run(verify_body, NULL); }

static void forward_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    add_alias(t, bench, "mixed@example.org", "ann@example.org");
    add_alias(t, bench, "mixed@example.org", "far@example.net");
    add_alias(t, bench, "@example.org", "all@example.net");
    struct address_route route = resolve(bench, SLICE("mixed@example.org"));
    assert_int_equal(route.target_count, 2);
    assert_int_equal(route.targets[0].account, bench->account);
    assert_false(route.targets[0].is_forwarded);
    assert_int_equal(route.targets[1].account, 0);
    assert_true(route.targets[1].is_forwarded);
    assert_slice(route.targets[1].address, "far@example.net");
    /* Twice, the second from what is remembered. */
    for (int i = 0; i < 2; i++) {
        route = resolve(bench, SLICE("whoever@example.org"));
        assert_int_equal(route.target_count, 1);
        assert_slice(route.targets[0].address, "all@example.net");
        assert_true(route.targets[0].is_forwarded);
    }
}

static void aliases_lead_elsewhere_too(void **state) { bench_run(forward_body, NULL); }

static struct slice rewrite(struct store_bench *bench, struct slice sender) {
    struct slice out;
    assert_int_equal(engine_srs_encode(bench->engine, bench->arena, sender, &out), STORE_OK);
    return out;
}

static void expect_unchanged(struct store_bench *bench, const char *sender) {
    assert_slice(rewrite(bench, slice_from_text(sender)), sender);
}

static void rewrite_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    assert_int_equal(engine_domain_add(t, bench->engine, SLICE("relay.test"), DOMAIN_RELAYED), STORE_OK);
    add_alias(t, bench, "@example.org", "ann@example.org");
    struct slice sender = rewrite(bench, SLICE("Their.Name@far.test"));
    assert_true(slice_starts(sender, SLICE("SRS0=")));
    assert_true(slice_ends_nocase(sender, SLICE("=far.test=Their.Name@example.org")));
    /* What comes back goes there, and not to the catch-all; also after a restart. */
    for (int i = 0; i < 2; i++) {
        struct address_route route = resolve(bench, sender);
        assert_int_equal(route.kind, ADDRESS_RETURNED);
        assert_int_equal(route.target_count, 1);
        assert_int_equal(route.targets[0].account, 0);
        assert_slice(route.targets[0].address, "Their.Name@far.test");
        bench_reopen(t, bench);
    }
    uint8_t *forged = arena_alloc(bench->arena, sender.len);
    memcpy(forged, sender.ptr, sender.len);
    forged[7] = forged[7] == 'q' ? 'r' : 'q';
    assert_int_equal(resolve(bench, slice_of(forged, sender.len)).kind, ADDRESS_UNKNOWN_USER);
    assert_true(slice_starts(rewrite(bench, SLICE("x@relay.test")), SLICE("SRS0=")));
    expect_unchanged(bench, "");
    expect_unchanged(bench, "ann@example.org");
    expect_unchanged(bench, "\"a b\"@far.test");
    expect_unchanged(bench, "a@[192.0.2.1]");
}

static void a_rewritten_sender_leads_back(void **state) { bench_run(rewrite_body, NULL); }

/* In an alias the same address is a name like any other: no way to reach others by us. */
static void alias_to_rewritten_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    struct slice sender = rewrite(bench, SLICE("a@b.test"));
    struct alias alias = {SLICE("door@example.org"), sender};
    assert_int_equal(engine_alias_add(t, bench->engine, &alias), STORE_OK);
    assert_int_equal(resolve(bench, SLICE("door@example.org")).kind, ADDRESS_UNKNOWN_USER);
}

static void no_alias_leads_to_a_rewritten_sender(void **state) { bench_run(alias_to_rewritten_body, NULL); }

struct take {
    int64_t now_ms;
    uint64_t account;
    size_t recipients;
    bool is_taken;
};

static enum store_result run_take(struct commit *commit, void *argument) {
    struct take *take = argument;
    commit->now_ms = take->now_ms;
    take->is_taken = sending_limit_take(commit, take->account, take->recipients);
    return STORE_OK;
}

static bool takes(struct task *t, struct store_bench *bench, int64_t now_ms, uint64_t account,
                  size_t recipients) {
    struct take take = {now_ms, account, recipients, false};
    struct commit_operation operation = {.run = run_take, .argument = &take};
    assert_int_equal(commit_run(t, &bench->engine->queue, &operation), STORE_OK);
    return take.is_taken;
}

#define NOON_MS (20000 * DAY_MS + DAY_MS / 2)
#define MINUTE_MS ((int64_t)60 * 1000)

static void limit_body(struct task *t, struct store_bench *bench) {
    struct sending_limits limits = {10, 25};
    assert_true(takes(t, bench, NOON_MS, 1, 100000));
    assert_int_equal(engine_sending_limits(t, bench->engine, &limits), STORE_OK);
    /* Each account for itself; nobody's has none; all or none. */
    assert_true(takes(t, bench, NOON_MS, 7, 8));
    assert_false(takes(t, bench, NOON_MS, 7, 3));
    assert_true(takes(t, bench, NOON_MS, 7, 2));
    assert_false(takes(t, bench, NOON_MS, 7, 1));
    assert_true(takes(t, bench, NOON_MS, 8, 10));
    assert_true(takes(t, bench, NOON_MS, 0, 1000));
    assert_false(takes(t, bench, NOON_MS, 9, 11));
    /* The hour goes by; then the day has its say. */
    assert_false(takes(t, bench, NOON_MS + 59 * MINUTE_MS, 7, 1));
    assert_true(takes(t, bench, NOON_MS + 66 * MINUTE_MS, 7, 10));
    assert_true(takes(t, bench, NOON_MS + 132 * MINUTE_MS, 7, 5));
    assert_false(takes(t, bench, NOON_MS + 200 * MINUTE_MS, 7, 1));
    assert_true(takes(t, bench, NOON_MS + DAY_MS + 6 * MINUTE_MS, 7, 10));
}

static void an_account_has_so_many_recipients_an_hour_and_a_day(void **state) { bench_run(limit_body, NULL); }

static void limit_restart_body(struct task *t, struct store_bench *bench) {
    struct sending_limits limits = {10, 0};
    assert_int_equal(engine_sending_limits(t, bench->engine, &limits), STORE_OK);
    assert_true(takes(t, bench, NOON_MS, 7, 10));
    bench_reopen(t, bench);
    assert_int_equal(engine_sending_limits(t, bench->engine, &limits), STORE_OK);
    assert_false(takes(t, bench, NOON_MS + MINUTE_MS, 7, 1));
    /* A clock that was ten years ahead does not lock anybody out when it is set right. */
    assert_true(takes(t, bench, NOON_MS + 3650 * DAY_MS, 7, 10));
    assert_true(takes(t, bench, NOON_MS + 2 * DAY_MS, 7, 10));
}

static void a_restart_or_a_wrong_clock_changes_no_limit(void **state) { bench_run(limit_restart_body, NULL); }

static const char sending_rows[] = "SELECT count(*) FROM sending";

static void limit_rows_body(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    for (int i = 0; i < 600; i++)
        assert_true(takes(t, bench, NOON_MS + i * 5 * MINUTE_MS, bench->account, 1));
    db_begin_read(bench->engine->db);
    int64_t rows = DB_READ_NUMBER(bench->engine->db, sending_rows, -1);
    assert_int_equal(db_commit(bench->engine->db), STORE_OK);
    assert_in_range(rows, 288, 290);
    assert_int_equal(engine_account_remove(t, bench->engine, SLICE("ann@example.org")), STORE_OK);
    db_begin_read(bench->engine->db);
    assert_int_equal(DB_READ_NUMBER(bench->engine->db, sending_rows, -1), 0);
    assert_int_equal(db_commit(bench->engine->db), STORE_OK);
}

static void what_is_counted_is_a_day_and_goes_with_the_account(void **state) {
    bench_run(limit_rows_body, NULL);
}

/* ---- who is told that mail is held ---- */

static uint64_t over_limit(struct task *t, struct store_bench *bench) {
    static const struct queue_recipient two[] = {{SLICE_INIT("carl@example.net"), SLICE_INIT(""), 0, false},
                                                 {SLICE_INIT("dora@example.net"), SLICE_INIT(""), 0, false}};
    struct delivery delivery = queue_delivery(bench, SLICE("Subject: many\r\n\r\nhello\r\n"), two, 2);
    delivery.mail_from = SLICE("stranger@example.com");
    delivery.account = bench->account;
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
    return delivery.id;
}

static size_t held(struct store_bench *bench, uint64_t *message) {
    uint64_t messages[4] = {0};
    size_t count = 0;
    assert_int_equal(engine_queue_held(bench->engine, messages, 4, &count), STORE_OK);
    if (message) *message = messages[0];
    return count;
}

static enum store_result tell_held(struct task *t, struct store_bench *bench, uint64_t message) {
    static const uint32_t numbers[] = {0, 1};
    struct delivery made = bench_delivery(bench, SLICE("it is held"));
    struct report_done done = {REPORT_HELD, message, numbers, 2, &made};
    return engine_queue_reported(t, bench->engine, &done);
}

static void check_held(struct store_bench *bench, uint64_t message) {
    struct outgoing outgoing;
    assert_int_equal(engine_queue_open_held(bench->engine, bench->arena, message, 10, &outgoing), STORE_OK);
    assert_int_equal(outgoing.recipient_count, 2);
    assert_int_equal(outgoing.recipients[1].outcome, QUEUE_DEFERRED);
    assert_slice(outgoing.recipients[1].address, "dora@example.net");
}

static void notice_body(struct task *t, struct store_bench *bench) {
    struct sending_limits limits = {1, 0};
    struct heard heard = {.count = 0};
    uint64_t message = 0;
    bench_add_account(t, bench, 0);
    assert_int_equal(engine_sending_limits(t, bench->engine, &limits), STORE_OK);
    engine_queue_listen(bench->engine, queue_hear, &heard);
    uint64_t first = over_limit(t, bench);
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.news[0].destination, DESTINATION_REPORTS);
    assert_int_equal(heard.news[0].message, 0);
    uint64_t second = over_limit(t, bench);
    bench_reopen(t, bench);
    assert_int_equal(held(bench, &message), 1);
    assert_int_equal(message, first);
    check_held(bench, first);
    /* The account is told, whoever the message says it is from, and nothing leaves for it. */
    assert_int_equal(tell_held(t, bench, first), STORE_OK);
    assert_int_equal(bench_mailbox(bench, bench->inbox).message_count, 1);
    assert_int_equal(queue_status(bench).queue_held, 4);
    assert_int_equal(queue_status(bench).queue_waiting, 0);
    assert_int_equal(held(bench, NULL), 0);
    assert_int_equal(tell_held(t, bench, first), STORE_NOT_FOUND);
    assert_int_equal(tell_held(t, bench, second), STORE_NOT_FOUND);
    queue_verify(t, bench);
}

static void an_account_is_told_once_that_its_mail_is_held(void **state) { bench_run(notice_body, NULL); }

struct owe {
    int64_t now_ms;
    uint64_t message;
};

static enum store_result run_owe(struct commit *commit, void *argument) {
    const struct owe *owe = argument;
    commit->now_ms = owe->now_ms;
    sending_notice_owe(commit, 7, owe->message);
    return STORE_OK;
}

/* The message that the account would be told of. */
static uint64_t owed_after(struct task *t, struct store_bench *bench, int64_t now_ms, uint64_t message) {
    static const char owed[] = "SELECT message FROM sending_notice WHERE account = 7";
    struct owe owe = {now_ms, message};
    struct commit_operation operation = {.run = run_owe, .argument = &owe};
    assert_int_equal(commit_run(t, &bench->engine->queue, &operation), STORE_OK);
    db_begin_read(bench->engine->db);
    int64_t found = DB_READ_NUMBER(bench->engine->db, owed, -1);
    assert_int_equal(db_commit(bench->engine->db), STORE_OK);
    return (uint64_t)found;
}

static void notice_hour_body(struct task *t, struct store_bench *bench) {
    assert_int_equal(owed_after(t, bench, NOON_MS, 11), 11);
    assert_int_equal(owed_after(t, bench, NOON_MS + 59 * MINUTE_MS, 12), 11);
    assert_int_equal(owed_after(t, bench, NOON_MS + 60 * MINUTE_MS, 13), 13);
    /* A clock that was ahead keeps nobody from being told. */
    assert_int_equal(owed_after(t, bench, NOON_MS, 14), 14);
}

static void of_what_is_held_an_account_hears_once_an_hour(void **state) { bench_run(notice_hour_body, NULL); }

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relay_domain_takes_whom_it_does_not_know),
        cmocka_unit_test(only_what_a_verified_domain_passes_on_is_asked_for),
        cmocka_unit_test(aliases_lead_elsewhere_too),
        cmocka_unit_test(a_rewritten_sender_leads_back),
        cmocka_unit_test(no_alias_leads_to_a_rewritten_sender),
        cmocka_unit_test(an_account_has_so_many_recipients_an_hour_and_a_day),
        cmocka_unit_test(a_restart_or_a_wrong_clock_changes_no_limit),
        cmocka_unit_test(what_is_counted_is_a_day_and_goes_with_the_account),
        cmocka_unit_test(an_account_is_told_once_that_its_mail_is_held),
        cmocka_unit_test(of_what_is_held_an_account_hears_once_an_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
