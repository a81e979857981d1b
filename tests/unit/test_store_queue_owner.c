/* What an owner does with waiting mail, what is listed, and what is known of it afterwards. */
#include "queue_bench.h"

#include <time.h>

#include "store/db.h"

static uint64_t order(struct task *t, struct store_bench *bench, struct queue_selection selection,
                      enum queue_order what) {
    uint64_t changed = 0;
    assert_int_equal(engine_queue_order(t, bench->engine, &selection, what, QUEUE_PERSONAL, &changed),
                     STORE_OK);
    return changed;
}

static struct queue_selection one(uint64_t message) { return (struct queue_selection){.message = message}; }

static size_t places_now(struct store_bench *bench, uint64_t destination) {
    return queue_places(bench, destination, env_wall_ms(bench->env));
}

/* ---- hold and release ---- */

static void hold_body(struct task *t, struct store_bench *bench) {
    struct heard heard = {.count = 0};
    bench_add_account(t, bench, 0);
    uint64_t message = queue_one(t, bench, "carl@example.net", 0);
    uint64_t other = queue_one(t, bench, "dora@example.net", 0);
    uint64_t destination = queue_due_destination(bench, env_wall_ms(bench->env));
    assert_int_equal(order(t, bench, one(message), QUEUE_ORDER_HOLD), 1);
    assert_int_equal(order(t, bench, one(message), QUEUE_ORDER_HOLD), 0);
    assert_int_equal(places_now(bench, destination), 1);
    assert_int_equal(queue_status(bench).queue_held, 1);
    /* An attempt was under way: it stays held. */
    assert_int_equal(queue_settle(t, bench, destination, message, settled(0, QUEUE_DEFERRED)), STORE_OK);
    assert_int_equal(queue_places(bench, destination, LATER_MS), 1);
    bench_reopen(t, bench);
    assert_int_equal(queue_status(bench).queue_held, 1);
    queue_verify(t, bench);
    engine_queue_listen(bench->engine, queue_hear, &heard);
    assert_int_equal(order(t, bench, one(message), QUEUE_ORDER_RELEASE), 1);
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.news[0].message, message);
    assert_int_equal(places_now(bench, destination), 2);
    /* A domain, and everything. */
    assert_int_equal(
        order(t, bench, (struct queue_selection){.domain = SLICE("Example.NET")}, QUEUE_ORDER_HOLD), 2);
    assert_int_equal(places_now(bench, destination), 0);
    assert_int_equal(order(t, bench, (struct queue_selection){0}, QUEUE_ORDER_RELEASE), 2);
    assert_int_equal(places_now(bench, destination), 2);
    /* Held, it may be delivered by the attempt that was under way. */
    assert_int_equal(order(t, bench, one(other), QUEUE_ORDER_HOLD), 1);
    assert_int_equal(queue_settle(t, bench, destination, other, settled(0, QUEUE_DELIVERED)), STORE_OK);
    assert_int_equal(queue_status(bench).queue_held, 0);
    queue_verify(t, bench);
}

static void held_mail_stays_until_it_is_released(void **state) { bench_run(hold_body, NULL); }

/* ---- retry ---- */

static void retry_body(struct task *t, struct store_bench *bench) {
    struct destination found;
    bench_add_account(t, bench, 0);
    uint64_t message = queue_one(t, bench, "carl@example.net", 0);
    uint64_t destination = queue_due_destination(bench, env_wall_ms(bench->env));
    assert_int_equal(queue_settle(t, bench, destination, message, settled(0, QUEUE_DEFERRED)), STORE_OK);
    (void)queue_one(t, bench, "dora@example.net", 0);
    assert_int_equal(
        engine_queue_set_destination(t, bench->engine, destination, 3, SLICE("no route"), LATER_MS),
        STORE_OK);
    assert_int_equal(order(t, bench, one(message), QUEUE_ORDER_RETRY), 1);
    assert_int_equal(places_now(bench, destination), 2);
    assert_int_equal(engine_queue_destination(bench->engine, bench->arena, destination, &found), STORE_OK);
    assert_int_equal(found.failures, 0);
    assert_int_equal(found.reason.len, 0);
    /* All are due, and only the destination is not. */
    assert_int_equal(
        engine_queue_set_destination(t, bench->engine, destination, 3, SLICE("no route"), LATER_MS),
        STORE_OK);
    struct queue_selection domain = {.domain = SLICE("example.net")};
    assert_int_equal(order(t, bench, domain, QUEUE_ORDER_RETRY), 0);
    assert_int_equal(queue_due_destination(bench, env_wall_ms(bench->env)), destination);
    uint64_t changed = 0;
    struct queue_selection unknown = {.domain = SLICE("nowhere.example")};
    assert_int_equal(
        engine_queue_order(t, bench->engine, &unknown, QUEUE_ORDER_RETRY, QUEUE_PERSONAL, &changed),
        STORE_NOT_FOUND);
    unknown = one(12345);
    assert_int_equal(
        engine_queue_order(t, bench->engine, &unknown, QUEUE_ORDER_RETRY, QUEUE_PERSONAL, &changed),
        STORE_NOT_FOUND);
}

static void a_retry_passes_over_what_is_known_of_the_destination(void **state) {
    bench_run(retry_body, NULL);
}

/* ---- remove ---- */

static void remove_body(struct task *t, struct store_bench *bench) {
    bool is_left = true;
    struct queue_recipient two[] = {{.address = SLICE("carl@example.net")},
                                    {.address = SLICE("dora@example.net")}};
    struct delivery delivery = queue_delivery(bench, SLICE("for two"), two, 2);
    bench_add_account(t, bench, 0);
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
    uint64_t destination = queue_due_destination(bench, env_wall_ms(bench->env));
    struct queue_selection selection = {.message = delivery.id, .recipient = SLICE("Dora@Example.net")};
    assert_int_equal(order(t, bench, selection, QUEUE_ORDER_REMOVE), 1);
    uint64_t changed = 0;
    assert_int_equal(
        engine_queue_order(t, bench->engine, &selection, QUEUE_ORDER_REMOVE, QUEUE_PERSONAL, &changed),
        STORE_NOT_FOUND);
    /* Both were in an attempt: the one who is still there is settled. */
    struct settled_recipient recipients[] = {settled(0, QUEUE_DEFERRED), settled(1, QUEUE_DELIVERED)};
    struct settlement settlement = {.message = delivery.id,
                                    .destination = destination,
                                    .recipients = recipients,
                                    .recipient_count = 2,
                                    .began_ms = env_wall_ms(bench->env),
                                    .record = SLICE_EMPTY};
    assert_int_equal(engine_queue_settle(t, bench->engine, &settlement, &is_left), STORE_OK);
    assert_int_equal(queue_status(bench).queue_waiting, 1);
    assert_int_equal(order(t, bench, one(delivery.id), QUEUE_ORDER_REMOVE), 1);
    assert_false(queue_has_body(bench, delivery.id));
    assert_int_equal(engine_queue_settle(t, bench->engine, &settlement, &is_left), STORE_NOT_FOUND);
    assert_int_equal(queue_status(bench).queue_waiting, 0);
    queue_verify(t, bench);
}

static void what_is_removed_during_an_attempt_stays_removed(void **state) { bench_run(remove_body, NULL); }

static void bounce_body(struct task *t, struct store_bench *bench) {
    struct outgoing outgoing;
    bench_add_account(t, bench, 0);
    uint64_t message = queue_one(t, bench, "carl@example.net", 0);
    uint64_t never = queue_one(t, bench, "dora@example.net", SMTP_NOTIFY_NEVER);
    assert_int_equal(order(t, bench, (struct queue_selection){0}, QUEUE_ORDER_FAIL), 2);
    assert_false(queue_has_body(bench, never));
    assert_int_equal(engine_queue_open_report(bench->engine, bench->arena, message, 10, &outgoing), STORE_OK);
    assert_int_equal(outgoing.recipients[0].outcome, QUEUE_FAILED);
    assert_slice(outgoing.recipients[0].status, "5.7.0");
    assert_int_equal(queue_status(bench).queue_waiting, 0);
    assert_int_equal(queue_status(bench).queue_reporting, 1);
    queue_verify(t, bench);
}

static void what_is_given_back_owes_a_report(void **state) { bench_run(bounce_body, NULL); }

/* More recipients than one commit changes. */
static void many_body(struct task *t, struct store_bench *bench) {
    enum { MANY = 2 * QUEUE_CHANGE_ROWS + 10 };
    struct queue_recipient *many = ARENA_NEW_ARRAY(bench->arena, struct queue_recipient, MANY);
    for (size_t i = 0; i < MANY; i++) many[i].address = arena_printf(bench->arena, "u%zu@example.net", i);
    struct delivery delivery = queue_delivery(bench, SLICE("for many"), many, MANY);
    bench_add_account(t, bench, 0);
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
    uint64_t changed = 0;
    struct queue_selection all = {0};
    assert_int_equal(engine_queue_order(t, bench->engine, &all, QUEUE_ORDER_STREAM, QUEUE_BULK, &changed),
                     STORE_OK);
    assert_int_equal(changed, MANY);
    assert_int_equal(places_now(bench, queue_due_destination(bench, env_wall_ms(bench->env))), 0);
    assert_int_equal(order(t, bench, one(delivery.id), QUEUE_ORDER_HOLD), MANY);
    assert_int_equal(order(t, bench, (struct queue_selection){0}, QUEUE_ORDER_RELEASE), MANY);
    queue_verify(t, bench);
    assert_int_equal(order(t, bench, (struct queue_selection){0}, QUEUE_ORDER_REMOVE), MANY);
    assert_false(queue_has_body(bench, delivery.id));
}

static void an_order_reaches_all_however_many(void **state) { bench_run(many_body, NULL); }

/* ---- lists ---- */

static void list_body(struct task *t, struct store_bench *bench) {
    struct queue_overview overview;
    struct queue_listing listing;
    bench_add_account(t, bench, 0);
    uint64_t first = queue_one(t, bench, "carl@example.net", 0);
    uint64_t second = queue_one(t, bench, "dora@example.net", 0);
    uint64_t third = queue_one(t, bench, "emil@other.example", 0);
    (void)order(t, bench, one(second), QUEUE_ORDER_HOLD);
    assert_int_equal(engine_queue_overview(t, bench->engine, bench->arena, 1, &overview), STORE_OK);
    assert_int_equal(overview.count, 1);
    assert_int_equal(overview.destinations, 2);
    assert_slice(overview.lines[0].destination.domain, "example.net");
    assert_int_equal(overview.lines[0].waiting, 1);
    assert_int_equal(overview.lines[0].held, 1);
    assert_int_equal(overview.lines[0].oldest_ms, 1700000000000);
    struct queue_filter filter = {.state = QUEUE_STATES, .max = 2};
    assert_int_equal(engine_queue_list(t, bench->engine, bench->arena, &filter, &listing), STORE_OK);
    assert_int_equal(listing.count, 2);
    assert_true(listing.has_more);
    assert_int_equal(listing.lines[0].message, first);
    assert_slice(listing.lines[0].address, "carl@example.net");
    filter.after = listing.lines[1].message;
    assert_int_equal(engine_queue_list(t, bench->engine, bench->arena, &filter, &listing), STORE_OK);
    assert_int_equal(listing.count, 1);
    assert_int_equal(listing.lines[0].message, third);
    assert_false(listing.has_more);
    filter = (struct queue_filter){.state = QUEUE_HELD, .max = 10, .domain = SLICE("EXAMPLE.net")};
    assert_int_equal(engine_queue_list(t, bench->engine, bench->arena, &filter, &listing), STORE_OK);
    assert_int_equal(listing.count, 1);
    assert_int_equal(listing.lines[0].message, second);
    filter = (struct queue_filter){.state = QUEUE_STATES, .max = 10, .sender = SLICE("bob@example.net")};
    assert_int_equal(engine_queue_list(t, bench->engine, bench->arena, &filter, &listing), STORE_OK);
    assert_int_equal(listing.count, 0);
}

static void what_waits_is_listed_by_domain_and_by_message(void **state) { bench_run(list_body, NULL); }

/* ---- the flight recorder ---- */

static uint64_t deliver_named(struct task *t, struct store_bench *bench, const char *message_id) {
    struct queue_recipient recipient = {.address = SLICE("carl@example.net")};
    struct delivery delivery = queue_delivery(bench, SLICE("named"), &recipient, 1);
    delivery.facts.message_id = slice_from_text(message_id);
    assert_int_equal(engine_deliver(t, bench->engine, &delivery), STORE_OK);
    return delivery.id;
}

static void trace_body(struct task *t, struct store_bench *bench) {
    struct flight *flights;
    size_t count;
    uint64_t found = 0;
    bench_add_account(t, bench, 0);
    uint64_t message = deliver_named(t, bench, "a.b@example.org");
    (void)deliver_named(t, bench, "other@example.org");
    uint64_t destination = queue_due_destination(bench, env_wall_ms(bench->env));
    assert_int_equal(queue_settle(t, bench, destination, message, settled(0, QUEUE_DEFERRED)), STORE_OK);
    (void)order(t, bench, one(message), QUEUE_ORDER_RETRY);
    assert_int_equal(queue_settle(t, bench, destination, message, settled(0, QUEUE_DELIVERED)), STORE_OK);
    assert_false(queue_has_body(bench, message));
    bench_reopen(t, bench);
    assert_int_equal(engine_queue_find(bench->engine, bench->arena, SLICE("<a.b@example.org>"), &found),
                     STORE_OK);
    assert_int_equal(found, message);
    struct slice id = arena_printf(bench->arena, "%016llx", (unsigned long long)message);
    assert_int_equal(engine_queue_find(bench->engine, bench->arena, id, &found), STORE_OK);
    assert_int_equal(found, message);
    assert_int_equal(engine_queue_find(bench->engine, bench->arena, SLICE("c@example.org"), &found),
                     STORE_NOT_FOUND);
    assert_int_equal(engine_queue_find(bench->engine, bench->arena, SLICE("77"), &found), STORE_NOT_FOUND);
    assert_int_equal(engine_queue_trace(bench->engine, bench->arena, message, &flights, &count), STORE_OK);
    assert_int_equal(count, 4);
    assert_int_equal(flights[0].kind, FLIGHT_ACCEPTED);
    assert_slice(flights[0].message_id, "a.b@example.org");
    assert_slice(flights[0].recipients[0].address, "carl@example.net");
    assert_int_equal(flights[1].kind, FLIGHT_ATTEMPT);
    assert_slice(flights[1].domain, "example.net");
    assert_slice(flights[1].record, "record");
    assert_int_equal(flights[1].recipients[0].outcome, QUEUE_DEFERRED);
    assert_slice(flights[1].recipients[0].reply, "450 not now");
    assert_int_equal(flights[2].kind, FLIGHT_RETRIED);
    assert_int_equal(flights[3].recipients[0].outcome, QUEUE_DELIVERED);
    assert_slice(flights[3].recipients[0].host, "mx.example.net");
    assert_int_equal(engine_queue_trace(bench->engine, bench->arena, 77, &flights, &count), STORE_NOT_FOUND);
}

static void a_message_is_traced_also_after_it_left(void **state) { bench_run(trace_body, NULL); }

/* ---- many ---- */

static const char many_destinations[] =
    "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n LIMIT 1000) INSERT INTO destination"
    " SELECT i, 0, 'd' || i || '.example', 5, 0, '' FROM n";
static const char many_outgoing[] =
    "WITH RECURSIVE n(i) AS (SELECT 1000000 UNION ALL SELECT i + 1 FROM n LIMIT $1) INSERT INTO outgoing"
    " SELECT i, 1, 'ann@example.org', '', 0, 1700000000000, 0, 0, 0 FROM n";
static const char many_bodies[] = "INSERT INTO body SELECT message, 1, 1, 0, 1, 1 FROM outgoing";
static const char many_recipients[] =
    "INSERT INTO recipient SELECT message, 0, 1, 2 + message % 1000, 0, 0, message % 7919, 0, 0, 0,"
    " 'user' || message || '@d' || (2 + message % 1000) || '.example', '', 0, '', '', '', '' FROM outgoing";

static double took(struct timespec *since) {
    struct timespec now;
    (void)timespec_get(&now, TIME_UTC);
    double ms = (double)(now.tv_sec - since->tv_sec) * 1e3 + (double)(now.tv_nsec - since->tv_nsec) / 1e6;
    *since = now;
    return ms;
}

static void fill_queue(struct store_bench *bench, int64_t rows) {
    char path[96];
    struct db *db = NULL;
    (void)snprintf(path, sizeof path, "%s/store.db", bench->folder);
    assert_int_equal(db_open(bench->env, path, DB_WRITE, &db), 0);
    db_begin_write(db);
    DB_RUN(db, many_outgoing, DB_NUMBER(rows));
    db_script(db, many_destinations);
    db_script(db, many_bodies);
    db_script(db, many_recipients);
    assert_int_equal(db_commit(db), STORE_OK);
    db_close(&db);
}

/* What reading costs is printed, for a person to judge. */
static void large_body(struct task *t, struct store_bench *bench) {
    const char *wanted = getenv("QUEUE_ROWS");
    int64_t rows = wanted ? strtoll(wanted, NULL, 10) : 50000;
    struct timespec since;
    struct queue_overview overview;
    struct queue_listing listing;
    struct destination *destinations;
    size_t count = 0;
    struct queue_filter filter = {.state = QUEUE_STATES, .max = 100, .domain = SLICE("d77.example")};
    bench_close(t, bench);
    fill_queue(bench, rows);
    (void)took(&since);
    bench_open(bench);
    print_message("%lld rows: open %.1f ms", (long long)rows, took(&since));
    assert_int_equal(queue_status(bench).queue_waiting, rows);
    (void)took(&since);
    assert_int_equal(engine_queue_overview(t, bench->engine, bench->arena, 50, &overview), STORE_OK);
    assert_int_equal(overview.destinations, 1000);
    print_message(", overview %.1f ms", took(&since));
    assert_int_equal(engine_queue_list(t, bench->engine, bench->arena, &filter, &listing), STORE_OK);
    print_message(", list of a domain %.2f ms", took(&since));
    filter.domain = SLICE_EMPTY;
    assert_int_equal(engine_queue_list(t, bench->engine, bench->arena, &filter, &listing), STORE_OK);
    print_message(", list %.2f ms", took(&since));
    assert_int_equal(engine_queue_destinations(bench->engine, bench->arena, 10, 64, &destinations, &count),
                     STORE_OK);
    assert_int_equal(queue_places(bench, destinations[0].id, LATER_MS), rows / 1000 < 64 ? rows / 1000 : 64);
    print_message(", destinations and places %.3f ms\n", took(&since));
}

static void a_long_queue_is_read_in_pieces(void **state) { bench_run(large_body, NULL); }

/* What a message costs on its way through, in batches as they come. */
enum { COST_TASKS = 64, COST_MESSAGES = 10 };
struct cost {
    struct store_bench *bench;
    int64_t settled;
    struct delivery delivery;
};

static void cost_main(struct task *t, void *argument) {
    struct cost *cost = argument;
    struct queue_recipient recipient = {.address = SLICE("carl@example.net")};
    cost->delivery.queue = &recipient;
    for (int i = 0; i < COST_MESSAGES; i++) {
        cost->delivery.id = store_id_new(&cost->bench->ids, cost->bench->env);
        assert_int_equal(engine_deliver(t, cost->bench->engine, &cost->delivery), STORE_OK);
        uint64_t destination = queue_due_destination(cost->bench, env_wall_ms(cost->bench->env));
        assert_int_equal(
            queue_settle(t, cost->bench, destination, cost->delivery.id, settled(0, QUEUE_DELIVERED)),
            STORE_OK);
        cost->settled++;
    }
}

static void cost_body(struct task *t, struct store_bench *bench) {
    static struct cost costs[COST_TASKS];
    struct scope scope;
    struct timespec before;
    struct timespec after;
    bench_add_account(t, bench, 0);
    scope_init(&scope, bench->env);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    for (size_t i = 0; i < COST_TASKS; i++) {
        costs[i] = (struct cost){.bench = bench, .delivery = queue_delivery(bench, SLICE("cost"), NULL, 1)};
        assert_true(scope_spawn(&scope, cost_main, &costs[i]));
    }
    int64_t done = 0;
    while (done < COST_TASKS * COST_MESSAGES) {
        assert_int_equal(task_sleep(t, 2), WAIT_OK);
        done = 0;
        for (size_t i = 0; i < COST_TASKS; i++) done += costs[i].settled;
    }
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    double us = (double)(after.tv_sec - before.tv_sec) * 1e6 + (double)(after.tv_nsec - before.tv_nsec) / 1e3;
    print_message("a message queued and settled: %.0f us of CPU, in %llu commits\n", us / (double)done,
                  (unsigned long long)queue_status(bench).commits);
    scope_close(t, &scope);
    assert_int_equal(queue_status(bench).queue_waiting, 0);
    queue_verify(t, bench);
}

static void many_senders_leave_nothing_behind(void **state) { bench_run(cost_body, NULL); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(held_mail_stays_until_it_is_released),
        cmocka_unit_test(a_retry_passes_over_what_is_known_of_the_destination),
        cmocka_unit_test(what_is_removed_during_an_attempt_stays_removed),
        cmocka_unit_test(what_is_given_back_owes_a_report),
        cmocka_unit_test(an_order_reaches_all_however_many),
        cmocka_unit_test(what_waits_is_listed_by_domain_and_by_message),
        cmocka_unit_test(a_message_is_traced_also_after_it_left),
        cmocka_unit_test(a_long_queue_is_read_in_pieces),
        cmocka_unit_test(many_senders_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
