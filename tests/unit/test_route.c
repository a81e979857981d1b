/* Routes: which mail they take, what may be one, and that nothing but a change of routes sends mail another
   way. */
#include "queue_bench.h"

#include "store/engine_state.h"
#include "store/route.h"

static struct route_host one_host = {SLICE_INIT("smtp.example.net"), 587, 0, 0};

static struct route route_for(const char *name, enum route_kind kind, const char *domain) {
    return (struct route){.name = slice_from_text(name),
                          .kind = kind,
                          .domain = slice_from_text(domain),
                          .hosts = &one_host,
                          .host_count = 1,
                          .tls = ROUTE_TLS_VERIFIED,
                          .is_enabled = true};
}

static void add(struct task *t, struct store_bench *bench, struct route route) {
    assert_int_equal(engine_route_add(t, bench->engine, &route), STORE_OK);
}

/* ---- choosing ---- */

struct choice {
    const char *sender;
    const char *recipient;
    enum queue_stream stream;
    /* The route's name, "": directly. */
    const char *expected;
};

struct choosing {
    const struct choice *choice;
    uint64_t route;
    bool fails;
};

static enum store_result choose(struct commit *commit, void *argument) {
    struct choosing *choosing = argument;
    choosing->route = route_choose(commit, slice_from_text(choosing->choice->sender),
                                   slice_from_text(choosing->choice->recipient), choosing->choice->stream);
    if (choosing->fails) db_fail(commit->db, STORE_FAILED);
    return STORE_OK;
}

static const char *chosen(struct task *t, struct store_bench *bench, const struct choice *choice) {
    struct choosing choosing = {.choice = choice};
    struct commit_operation operation = {.run = choose, .argument = &choosing};
    struct route route;
    assert_int_equal(commit_run(t, &bench->engine->queue, &operation), STORE_OK);
    if (choosing.route == 0) return "";
    assert_int_equal(engine_route_read(bench->engine, bench->arena, choosing.route, &route), STORE_OK);
    return arena_text(bench->arena, route.name);
}

static void expect_choice(struct task *t, struct store_bench *bench, const struct choice *choice) {
    assert_string_equal(chosen(t, bench, choice), choice->expected);
}

static void add_one_of_each(struct task *t, struct store_bench *bench) {
    struct route bulk = route_for("bulk", ROUTE_FOR_STREAM, "");
    struct route later = route_for("later", ROUTE_FOR_RECIPIENT, "twice.example");
    struct route sooner = route_for("sooner", ROUTE_FOR_RECIPIENT, "twice.example");
    bulk.stream = QUEUE_BULK;
    later.ordering = 20;
    sooner.ordering = 10;
    add(t, bench, route_for("all", ROUTE_FOR_ALL, ""));
    add(t, bench, route_for("mx", ROUTE_FOR_MX, "protection.example"));
    add(t, bench, bulk);
    add(t, bench, route_for("sender-below", ROUTE_FOR_SENDER, "*.ours.example"));
    add(t, bench, route_for("sender", ROUTE_FOR_SENDER, "ours.example"));
    add(t, bench, route_for("below", ROUTE_FOR_RECIPIENT, "*.example.org"));
    add(t, bench, route_for("far-below", ROUTE_FOR_RECIPIENT, "*.lists.example.org"));
    add(t, bench, route_for("exact", ROUTE_FOR_RECIPIENT, "a.lists.example.org"));
    add(t, bench, route_for("umlaut", ROUTE_FOR_RECIPIENT, "xn--bcher-kva.example"));
    add(t, bench, later);
    add(t, bench, sooner);
}

static const struct choice choices[] = {
    {"x.example", "y.example", QUEUE_PERSONAL, "all"},
    {"", "y.example", QUEUE_PERSONAL, "all"},
    {"x.example", "[192.0.2.1]", QUEUE_TRANSACTIONAL, "all"},
    {"x.example", "mx.protection.example", QUEUE_PERSONAL, "all"},
    {"x.example", "y.example", QUEUE_BULK, "bulk"},
    {"ours.example", "y.example", QUEUE_BULK, "sender"},
    {"OURS.example", "y.example", QUEUE_PERSONAL, "sender"},
    {"mail.ours.example", "y.example", QUEUE_PERSONAL, "sender-below"},
    {"notours.example", "y.example", QUEUE_PERSONAL, "all"},
    {"ours.example", "mail.example.org", QUEUE_BULK, "below"},
    {"ours.example", "b.c.example.org", QUEUE_BULK, "below"},
    {"x.example", "example.org", QUEUE_PERSONAL, "all"},
    {"x.example", "badexample.org", QUEUE_PERSONAL, "all"},
    {"ours.example", "b.lists.example.org", QUEUE_PERSONAL, "far-below"},
    {"ours.example", "A.Lists.Example.org", QUEUE_BULK, "exact"},
    {"x.example",
     "b\xc3\xbc"
     "cher.example",
     QUEUE_PERSONAL, "umlaut"},
    {"x.example", "XN--BCHER-KVA.example", QUEUE_PERSONAL, "umlaut"},
    {"x.example", "twice.example", QUEUE_PERSONAL, "sooner"},
};

static void choose_each(struct task *t, struct store_bench *bench) {
    struct choice direct = {"x.example", "y.example", QUEUE_BULK, ""};
    expect_choice(t, bench, &direct);
    add_one_of_each(t, bench);
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) expect_choice(t, bench, &choices[i]);
    bench_reopen(t, bench);
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) expect_choice(t, bench, &choices[i]);
}

static void the_most_specific_route_takes_the_mail(void **state) {
    (void)state;
    bench_run(choose_each, NULL);
}

/* Each change is seen by the next message, by names and without a restart. */
static void change_and_choose(struct task *t, struct store_bench *bench) {
    struct choice choice = {"x.example", "y.example", QUEUE_PERSONAL, "all"};
    struct choice to_y = {"x.example", "y.example", QUEUE_PERSONAL, "y"};
    struct choice direct = {"x.example", "y.example", QUEUE_PERSONAL, ""};
    add(t, bench, route_for("all", ROUTE_FOR_ALL, ""));
    expect_choice(t, bench, &choice);
    add(t, bench, route_for("y", ROUTE_FOR_RECIPIENT, "y.example"));
    expect_choice(t, bench, &to_y);
    assert_int_equal(engine_route_enable(t, bench->engine, SLICE("y"), false), STORE_OK);
    expect_choice(t, bench, &choice);
    assert_int_equal(engine_route_enable(t, bench->engine, SLICE("y"), true), STORE_OK);
    expect_choice(t, bench, &to_y);
    assert_int_equal(engine_route_remove(t, bench->engine, SLICE("y")), STORE_OK);
    expect_choice(t, bench, &choice);
    assert_int_equal(engine_route_remove(t, bench->engine, SLICE("all")), STORE_OK);
    expect_choice(t, bench, &direct);
    assert_int_equal(engine_route_remove(t, bench->engine, SLICE("all")), STORE_NOT_FOUND);
    assert_int_equal(engine_route_enable(t, bench->engine, SLICE("all"), true), STORE_NOT_FOUND);
}

static void a_change_of_routes_holds_for_the_next_message(void **state) {
    (void)state;
    bench_run(change_and_choose, NULL);
}

/* A route that was read within a transaction that did not commit is not believed. */
static enum store_result add_and_fail(struct commit *commit, void *argument) {
    struct choosing *choosing = argument;
    static const char insert[] =
        "INSERT INTO route (id, tenant, name, kind, domain, stream, ordering, tls, user, password,"
        " is_enabled) VALUES ($1, 1, 'ghost', 0, '', 0, 0, 0, '', '', 1)";
    DB_RUN(commit->db, insert, DB_NUMBER(77));
    route_book_forget(commit->routes);
    (void)choose(commit, choosing);
    assert_int_equal(choosing->route, 77);
    db_fail(commit->db, STORE_FAILED);
    return STORE_OK;
}

static void roll_back(struct task *t, struct store_bench *bench) {
    struct choice direct = {"x.example", "y.example", QUEUE_PERSONAL, ""};
    struct choosing choosing = {.choice = &direct};
    struct commit_operation operation = {.run = add_and_fail, .argument = &choosing};
    assert_int_equal(commit_run(t, &bench->engine->queue, &operation), STORE_FAILED);
    expect_choice(t, bench, &direct);
}

static void a_route_that_was_rolled_back_takes_nothing(void **state) {
    (void)state;
    bench_run(roll_back, NULL);
}

/* ---- reading and changing ---- */

static void read_back(struct task *t, struct store_bench *bench) {
    struct route_host hosts[] = {{SLICE("b.example.net"), 2525, 20, 5}, {SLICE("2001:db8::1"), 465, 10, 1}};
    struct route given = route_for("relay", ROUTE_FOR_SENDER, "ours.example");
    struct route got;
    given.hosts = hosts;
    given.host_count = 2;
    given.tls = ROUTE_TLS_IMPLICIT;
    given.user = SLICE("apikey");
    given.password = SLICE("sesame");
    add(t, bench, given);
    assert_int_equal(engine_route_add(t, bench->engine, &given), STORE_EXISTS);
    assert_int_equal(engine_route_find(bench->engine, bench->arena, SLICE("relay"), &got), STORE_OK);
    assert_int_equal(got.kind, ROUTE_FOR_SENDER);
    assert_true(slice_equal(got.domain, SLICE("ours.example")));
    assert_int_equal(got.tls, ROUTE_TLS_IMPLICIT);
    assert_true(slice_equal(got.user, SLICE("apikey")) && slice_equal(got.password, SLICE("sesame")));
    assert_int_equal(got.host_count, 2);
    assert_true(slice_equal(got.hosts[0].name, SLICE("b.example.net")) && got.hosts[0].port == 2525);
    assert_int_equal(got.hosts[0].preference, 20);
    assert_int_equal(got.hosts[0].weight, 5);
    assert_true(slice_equal(got.hosts[1].name, SLICE("2001:db8::1")) && got.hosts[1].port == 465);
    assert_int_equal(engine_route_set_password(t, bench->engine, SLICE("relay"), SLICE("other")), STORE_OK);
    assert_int_equal(engine_route_find(bench->engine, bench->arena, SLICE("relay"), &got), STORE_OK);
    assert_true(slice_equal(got.password, SLICE("other")));
    assert_int_equal(engine_route_find(bench->engine, bench->arena, SLICE("none"), &got), STORE_NOT_FOUND);
}

static void a_route_is_read_as_it_was_made(void **state) {
    (void)state;
    bench_run(read_back, NULL);
}

static void list_all(struct task *t, struct store_bench *bench) {
    struct route secret = route_for("secret", ROUTE_FOR_MX, "protection.example");
    struct route *routes;
    size_t count;
    secret.user = SLICE("apikey");
    secret.password = SLICE("sesame");
    add(t, bench, secret);
    add(t, bench, route_for("shorter", ROUTE_FOR_MX, "example"));
    add(t, bench, route_for("all", ROUTE_FOR_ALL, ""));
    add(t, bench, route_for("below", ROUTE_FOR_RECIPIENT, "*.example.org"));
    add(t, bench, route_for("exact", ROUTE_FOR_RECIPIENT, "example.org"));
    static const char *const names[] = {"exact", "below", "all", "secret", "shorter"};
    assert_int_equal(engine_route_list(bench->engine, bench->arena, &routes, &count), STORE_OK);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) {
        assert_true(slice_equal(routes[i].name, slice_from_text(names[i])));
        assert_int_equal(routes[i].password.len, 0);
    }
    assert_true(slice_equal(routes[3].user, SLICE("apikey")));
    assert_int_equal(engine_route_mx_routes(bench->engine, bench->arena, &routes, &count), STORE_OK);
    assert_int_equal(count, 2);
    assert_true(slice_equal(routes[0].name, SLICE("secret")));
    assert_true(slice_equal(routes[0].password, SLICE("sesame")));
    assert_int_equal(engine_route_set_password(t, bench->engine, SLICE("all"), SLICE("x")), STORE_REFUSED);
}

static void lists_show_the_order_and_no_password(void **state) {
    (void)state;
    bench_run(list_all, NULL);
}

/* ---- what may be one ---- */

static struct route with_login(const char *user, const char *password, enum route_tls tls) {
    struct route route = route_for("r", ROUTE_FOR_ALL, "");
    route.user = slice_from_text(user);
    route.password = slice_from_text(password);
    route.tls = tls;
    return route;
}

static enum route_fault fault_of_host(const char *name, uint16_t port, bool has_login) {
    struct route_host host = {slice_from_text(name), port, 0, 0};
    struct route route = with_login(has_login ? "u" : "", has_login ? "p" : "", ROUTE_TLS_NEVER);
    route.hosts = &host;
    return route_check(&route);
}

static enum route_fault fault_of(struct route route) { return route_check(&route); }

static void what_cannot_be_a_route_is_refused_with_its_reason(void **state) {
    (void)state;
    assert_int_equal(fault_of(route_for("Send-Grid_2.0", ROUTE_FOR_ALL, "")), ROUTE_FINE);
    assert_int_equal(fault_of(route_for("", ROUTE_FOR_ALL, "")), ROUTE_BAD_NAME);
    assert_int_equal(fault_of(route_for("a b", ROUTE_FOR_ALL, "")), ROUTE_BAD_NAME);
    assert_int_equal(fault_of(route_for("-a", ROUTE_FOR_ALL, "")), ROUTE_BAD_NAME);
    assert_int_equal(fault_of(route_for("r", ROUTE_FOR_ALL, "example.org")), ROUTE_BAD_DOMAIN);
    assert_int_equal(fault_of(route_for("r", ROUTE_FOR_SENDER, "")), ROUTE_BAD_DOMAIN);
    assert_int_equal(fault_of(route_for("r", ROUTE_FOR_SENDER, "Example.org")), ROUTE_BAD_DOMAIN);
    assert_int_equal(fault_of(route_for("r", ROUTE_FOR_RECIPIENT, "*.example.org")), ROUTE_FINE);
    assert_int_equal(fault_of(route_for("r", ROUTE_FOR_RECIPIENT, "a*.example.org")), ROUTE_BAD_DOMAIN);
    assert_int_equal(fault_of(route_for("r", ROUTE_FOR_MX, "*.example.org")), ROUTE_BAD_DOMAIN);
    assert_int_equal(fault_of(route_for("r", ROUTE_FOR_MX, "example.org")), ROUTE_FINE);
    assert_int_equal(fault_of_host("smtp.example.net", 25, false), ROUTE_FINE);
    assert_int_equal(fault_of_host("smtp.example.net", 0, false), ROUTE_BAD_HOST);
    assert_int_equal(fault_of_host("smtp example", 25, false), ROUTE_BAD_HOST);
    assert_int_equal(fault_of_host("2001:db8::1", 25, false), ROUTE_FINE);
    assert_int_equal(fault_of_host("smtp.example.net", 25, true), ROUTE_LOGIN_IN_CLEAR);
    assert_int_equal(fault_of_host("127.0.0.1", 25, true), ROUTE_FINE);
    assert_int_equal(fault_of_host("localhost", 25, true), ROUTE_FINE);
    assert_int_equal(fault_of(with_login("u", "", ROUTE_TLS_VERIFIED)), ROUTE_HALF_LOGIN);
    assert_int_equal(fault_of(with_login("", "p", ROUTE_TLS_VERIFIED)), ROUTE_HALF_LOGIN);
    assert_int_equal(fault_of(with_login("u\r\nMAIL", "p", ROUTE_TLS_VERIFIED)), ROUTE_BAD_USER);
    assert_int_equal(fault_of(with_login("u", "p\n", ROUTE_TLS_VERIFIED)), ROUTE_BAD_PASSWORD);
    for (enum route_fault fault = ROUTE_FINE + 1; fault < ROUTE_FAULTS; fault++)
        assert_true(strlen(route_fault_text(fault)) > 10);
}

/* ---- mail that waits while routes change ---- */

enum { MANY = 2 * ROUTE_MOVE_ROWS + 50 };

/* The message that somebody is sending, or 0. */
static bool is_in_hand(void *context, uint64_t message) { return *(uint64_t *)context == message; }

static void wait_until_applied(struct task *t, struct store_bench *bench) {
    for (int i = 0; i < TEST_PATIENCE_MS / 2 && !engine_route_is_applied(bench->engine); i++)
        assert_int_equal(task_sleep(t, 2), WAIT_OK);
    assert_true(engine_route_is_applied(bench->engine));
}

/* The route and domain of where the message's only recipient waits, as "route/domain". */
struct place {
    uint64_t message;
    struct arena *arena;
    uint64_t destination;
    int64_t due_ms;
    const char *text;
};

static enum store_result find_place(struct commit *commit, void *argument) {
    struct place *place = argument;
    static const char find[] =
        "SELECT coalesce((SELECT name FROM route WHERE route.id = destination.route), ''), domain,"
        " recipient.due_ms, destination.id FROM recipient JOIN destination ON destination.id = "
        "recipient.destination"
        " WHERE message = $1";
    struct db_rows rows = DB_ROWS(commit->db, find, DB_NUMBER(place->message));
    place->text = "gone";
    if (!db_rows_next(&rows)) return STORE_OK;
    place->text =
        (const char *)arena_printf(place->arena, "%.*s/%.*s%c", SLICE_PRINT(db_rows_bytes(&rows, 0)),
                                   SLICE_PRINT(db_rows_bytes(&rows, 1)), 0)
            .ptr;
    place->due_ms = db_rows_number(&rows, 2);
    place->destination = db_rows_id(&rows, 3);
    db_rows_end(&rows);
    return STORE_OK;
}

static struct place place_of(struct task *t, struct store_bench *bench, uint64_t message) {
    struct place place = {.message = message, .arena = bench->arena};
    struct commit_operation operation = {.run = find_place, .argument = &place};
    assert_int_equal(commit_run(t, &bench->engine->queue, &operation), STORE_OK);
    return place;
}

#define EXPECT_PLACE(message, expected) assert_string_equal(place_of(t, bench, (message)).text, (expected))

static enum store_result hold_row(struct commit *commit, void *argument) {
    static const char update[] = "UPDATE recipient SET state = 1, due_ms = $2 WHERE message = $1";
    DB_RUN(commit->db, update, DB_NUMBER(*(uint64_t *)argument), DB_NUMBER(QUEUE_NEVER));
    return STORE_OK;
}

static void hold(struct task *t, struct store_bench *bench, uint64_t message) {
    struct commit_operation operation = {.run = hold_row, .argument = &message};
    assert_int_equal(commit_run(t, &bench->engine->queue, &operation), STORE_OK);
}

static void move_waiting(struct task *t, struct store_bench *bench) {
    struct heard heard = {.count = 0};
    uint64_t none = 0;
    engine_route_listen(bench->engine, is_in_hand, &none);
    uint64_t deferred = queue_one(t, bench, "a@y.example", 0);
    uint64_t other = queue_one(t, bench, "a@z.example", 0);
    uint64_t held = queue_one(t, bench, "b@Y.example", 0);
    uint64_t direct = queue_due_destination(bench, env_wall_ms(bench->env));
    assert_int_equal(queue_settle(t, bench, direct, deferred, settled(0, QUEUE_DEFERRED)), STORE_OK);
    hold(t, bench, held);
    engine_queue_listen(bench->engine, queue_hear, &heard);
    add(t, bench, route_for("y", ROUTE_FOR_RECIPIENT, "y.example"));
    wait_until_applied(t, bench);
    EXPECT_PLACE(deferred, "y/");
    EXPECT_PLACE(other, "/z.example");
    EXPECT_PLACE(held, "y/");
    assert_true(place_of(t, bench, deferred).due_ms <= env_wall_ms(bench->env));
    assert_true(place_of(t, bench, held).due_ms == QUEUE_NEVER);
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.news[0].message, deferred);
    assert_int_equal(queue_places(bench, heard.news[0].destination, env_wall_ms(bench->env)), 1);
    assert_int_equal(engine_route_remove(t, bench->engine, SLICE("y")), STORE_OK);
    wait_until_applied(t, bench);
    EXPECT_PLACE(deferred, "/y.example");
    EXPECT_PLACE(held, "/y.example");
    queue_verify(t, bench);
}

static void what_waits_goes_where_the_routes_now_want_it(void **state) {
    (void)state;
    bench_run(move_waiting, NULL);
}

/* A smarthost that cannot be reached keeps its mail, over restarts, until somebody changes the routes. */
static void fail_smarthost(struct task *t, struct store_bench *bench) {
    uint64_t none = 0;
    struct choice choice = {"example.org", "y.example", QUEUE_PERSONAL, "all"};
    engine_route_listen(bench->engine, is_in_hand, &none);
    uint64_t message = queue_one(t, bench, "a@y.example", 0);
    add(t, bench, route_for("all", ROUTE_FOR_ALL, ""));
    wait_until_applied(t, bench);
    uint64_t destination = place_of(t, bench, message).destination;
    for (uint32_t failures = 1; failures <= 30; failures++)
        assert_int_equal(
            engine_queue_set_destination(t, bench->engine, destination, failures, SLICE("refused"), LATER_MS),
            STORE_OK);
    bench_reopen(t, bench);
    engine_route_listen(bench->engine, is_in_hand, &none);
    wait_until_applied(t, bench);
    EXPECT_PLACE(message, "all/");
    expect_choice(t, bench, &choice);
}

static void a_failing_smarthost_never_has_mail_go_directly(void **state) {
    (void)state;
    bench_run(fail_smarthost, NULL);
}

static void keep_in_hand(struct task *t, struct store_bench *bench) {
    uint64_t message = queue_one(t, bench, "a@y.example", 0);
    uint64_t sent = message;
    uint64_t waits = queue_one(t, bench, "b@y.example", 0);
    uint64_t direct = queue_due_destination(bench, env_wall_ms(bench->env));
    add(t, bench, route_for("all", ROUTE_FOR_ALL, ""));
    assert_int_equal(task_sleep(t, 50), WAIT_OK);
    EXPECT_PLACE(waits, "/y.example");
    engine_route_listen(bench->engine, is_in_hand, &sent);
    for (int i = 0; i < TEST_PATIENCE_MS / 2 && strcmp(place_of(t, bench, waits).text, "all/") != 0; i++)
        assert_int_equal(task_sleep(t, 2), WAIT_OK);
    EXPECT_PLACE(waits, "all/");
    EXPECT_PLACE(message, "/y.example");
    assert_true(engine_route_await(t, bench->engine));
    assert_false(engine_route_is_applied(bench->engine));
    assert_int_equal(queue_settle(t, bench, direct, message, settled(0, QUEUE_DEFERRED)), STORE_OK);
    sent = 0;
    assert_int_equal(engine_route_enable(t, bench->engine, SLICE("all"), true), STORE_OK);
    wait_until_applied(t, bench);
    EXPECT_PLACE(message, "all/");
}

static void what_is_being_sent_is_moved_when_it_is_settled(void **state) {
    (void)state;
    bench_run(keep_in_hand, NULL);
}

/* The store ends in the middle; the next one begins anew. */
static void move_many(struct task *t, struct store_bench *bench) {
    uint64_t none = 0;
    uint64_t *messages = ARENA_NEW_ARRAY(bench->arena, uint64_t, MANY);
    engine_route_listen(bench->engine, is_in_hand, &none);
    for (int i = 0; i < MANY; i++)
        messages[i] = queue_one(t, bench, i % 2 ? "a@y.example" : "b@z.example", 0);
    add(t, bench, route_for("all", ROUTE_FOR_ALL, ""));
    bench_reopen(t, bench);
    assert_false(engine_route_is_applied(bench->engine));
    engine_route_listen(bench->engine, is_in_hand, &none);
    wait_until_applied(t, bench);
    for (int i = 0; i < MANY; i++) EXPECT_PLACE(messages[i], "all/");
    queue_verify(t, bench);
}

static void a_store_that_ended_while_mail_was_moved_goes_on(void **state) {
    (void)state;
    bench_run(move_many, NULL);
}

/* With its new password a route is tried again at once. */
static void change_password(struct task *t, struct store_bench *bench) {
    uint64_t none = 0;
    struct route route = with_login("u", "wrong", ROUTE_TLS_VERIFIED);
    struct destination destination;
    engine_route_listen(bench->engine, is_in_hand, &none);
    uint64_t message = queue_one(t, bench, "a@y.example", 0);
    add(t, bench, route);
    wait_until_applied(t, bench);
    EXPECT_PLACE(message, "r/");
    uint64_t id = place_of(t, bench, message).destination;
    assert_int_equal(engine_queue_set_destination(t, bench->engine, id, 3, SLICE("535"), LATER_MS), STORE_OK);
    assert_int_equal(engine_route_set_password(t, bench->engine, SLICE("r"), SLICE("right")), STORE_OK);
    assert_int_equal(engine_queue_destination(bench->engine, bench->arena, id, &destination), STORE_OK);
    assert_int_equal(destination.failures, 0);
    assert_true(destination.due_ms <= env_wall_ms(bench->env));
}

static void a_new_password_is_tried_at_once(void **state) {
    (void)state;
    bench_run(change_password, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_specific_route_takes_the_mail),
        cmocka_unit_test(a_change_of_routes_holds_for_the_next_message),
        cmocka_unit_test(a_route_that_was_rolled_back_takes_nothing),
        cmocka_unit_test(a_route_is_read_as_it_was_made),
        cmocka_unit_test(lists_show_the_order_and_no_password),
        cmocka_unit_test(what_cannot_be_a_route_is_refused_with_its_reason),
        cmocka_unit_test(what_waits_goes_where_the_routes_now_want_it),
        cmocka_unit_test(a_failing_smarthost_never_has_mail_go_directly),
        cmocka_unit_test(what_is_being_sent_is_moved_when_it_is_settled),
        cmocka_unit_test(a_store_that_ended_while_mail_was_moved_goes_on),
        cmocka_unit_test(a_new_password_is_tried_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
