/* Which hosts a domain's mail goes to, by what DNS says of it. */
#include "courier_bench.h"
#include "transit/exchange.h"
#include "wire/network_list.h"

struct question {
    struct sim_world *world;
    struct sim_machine *machine;
    struct transit_session session;
    struct courier_settings settings;
    /* The answer: "name[address]:port ...", or "status reason". */
    enum exchange_result result;
    char answer[4096];
    size_t count;
    bool is_over;
};

static struct question question_new(uint64_t seed) {
    struct question question = {.world = sim_world_new(seed)};
    question.machine = sim_machine_new(question.world, "ours", "11.0.1.1");
    question.settings = (struct courier_settings){
        .hostname = SLICE("mail.example.test"), .port = 25, .own_addresses = SLICE("11.0.1.1, 12ff::1")};
    return question;
}

static void write_answer(struct question *question, const struct exchange *exchange) {
    struct buffer out = buffer_new(sizeof question->answer - 1);
    question->result = exchange->result;
    question->count = exchange->count;
    for (size_t i = 0; i < exchange->count; i++)
        buffer_printf(&out, "%s%.*s[%s]:%u", i ? " " : "", SLICE_PRINT(exchange->addresses[i].name),
                      exchange->addresses[i].address, (unsigned)exchange->addresses[i].port);
    if (exchange->result != EXCHANGE_FOUND)
        buffer_printf(&out, "%s %.*s", exchange->status, SLICE_PRINT(exchange->reason));
    memset(question->answer, 0, sizeof question->answer);
    memcpy(question->answer, out.ptr, out.len);
    buffer_free(&out);
}

static void ask_main(struct task *t, void *argument) {
    struct question *question = argument;
    const char *reason;
    struct arena *arena = arena_new(MIB(4));
    struct dns *dns = dns_open(t, &(struct dns_options){0}, &reason);
    struct exchange exchange;
    struct exchange_query query = {&dns, &question->settings, &question->session};
    exchange_find(t, &query, arena, &exchange);
    write_answer(question, &exchange);
    dns_close(&dns);
    arena_free(&arena);
    question->is_over = true;
}

static bool question_is_over(void *context) { return ((struct question *)context)->is_over; }

static const char *ask(struct question *question, const char *domain) {
    question->is_over = false;
    question->session.domain = slice_from_text(domain);
    (void)sim_process_start(question->machine, "asker", ask_main, question);
    assert_true(sim_world_run_until(question->world, question_is_over, question, 600 * 1000));
    return question->answer;
}

static void question_free(struct question *question) { sim_world_free(&question->world); }

static void assert_starts(const char *text, const char *start) {
    if (strncmp(text, start, strlen(start)) != 0) fail_msg("'%s' does not begin with '%s'", text, start);
}

static void hosts_are_tried_by_preference_and_both_families_in_turn(void **state) {
    struct question question = question_new(1);
    add_mx(question.world, "a.test", 20, "second.test");
    add_mx(question.world, "a.test", 10, "first.test");
    add_address(question.world, "first.test", "11.0.0.1");
    add_address(question.world, "first.test", "12ff::2");
    add_address(question.world, "first.test", "12ff::3");
    add_address(question.world, "second.test", "11.0.0.2");
    const char *answer = ask(&question, "a.test");
    assert_starts(answer, "first.test[12ff::");
    assert_non_null(strstr(answer, "]:25 first.test[11.0.0.1]:25 first.test[12ff::"));
    assert_non_null(strstr(answer, " second.test[11.0.0.2]:25"));
    question_free(&question);
}

static void equal_ones_come_in_any_order(void **state) {
    size_t firsts[2] = {0};
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct question question = question_new(seed);
        add_mx(question.world, "a.test", 10, "one.test");
        add_mx(question.world, "a.test", 10, "two.test");
        add_address(question.world, "one.test", "11.0.0.1");
        add_address(question.world, "two.test", "11.0.0.2");
        firsts[strncmp(ask(&question, "a.test"), "one.", 4) == 0]++;
        assert_int_equal(question.count, 2);
        question_free(&question);
    }
    assert_true(firsts[0] > 5 && firsts[1] > 5);
}

static void without_mx_the_domain_is_its_own_host(void **state) {
    struct question question = question_new(1);
    add_address(question.world, "a.test", "11.0.0.1");
    assert_string_equal(ask(&question, "a.test"), "a.test[11.0.0.1]:25");
    question_free(&question);
}

/* RFC 5321 5.1: an unusable implicit MX is reported, and nothing waits for it. */
static void a_domain_with_neither_mx_nor_address_fails(void **state) {
    struct question question = question_new(1);
    sim_dns_add(question.world, "a.test", DNS_TXT, SLICE("\4text"), 60);
    assert_string_equal(ask(&question, "a.test"), "5.1.2 a.test has neither an MX record nor an address");
    assert_int_equal(question.result, EXCHANGE_FAILED);
    question_free(&question);
}

static void an_mx_that_is_an_alias_is_followed(void **state) {
    struct question question = question_new(1);
    add_mx(question.world, "a.test", 10, "alias.test");
    add_cname(question.world, "alias.test", "real.test");
    add_address(question.world, "real.test", "11.0.0.1");
    assert_string_equal(ask(&question, "a.test"), "alias.test[11.0.0.1]:25");
    question_free(&question);
}

static void an_address_in_brackets_is_gone_to(void **state) {
    struct question question = question_new(1);
    assert_string_equal(ask(&question, "[11.0.0.9]"), "[11.0.0.9][11.0.0.9]:25");
    assert_string_equal(ask(&question, "[IPv6:12ff::9]"), "[IPv6:12ff::9][12ff::9]:25");
    assert_string_equal(ask(&question, "[x-400:thing]"),
                        "5.1.2 [x-400:thing] is no address that mail could be sent to");
    assert_int_equal(question.result, EXCHANGE_FAILED);
    (void)ask(&question, "[127.0.0.1]");
    assert_int_equal(question.result, EXCHANGE_DEFERRED);
    question_free(&question);
}

/* RFC 7505 3, and what only the owner of the domain can say. */
static void only_the_domains_own_word_makes_mail_fail(void **state) {
    struct question question = question_new(1);
    add_mx(question.world, "null.test", 0, "");
    add_address(question.world, "null.test", "11.0.0.1");
    assert_string_equal(ask(&question, "null.test"), "5.1.10 null.test takes no mail (null MX)");
    assert_int_equal(question.result, EXCHANGE_FAILED);
    assert_string_equal(ask(&question, "none.test"), "5.1.2 the domain none.test does not exist (NXDOMAIN)");
    assert_int_equal(question.result, EXCHANGE_FAILED);
    question_free(&question);
}

static void no_answer_of_dns_is_an_answer(void **state) {
    static const enum dns_result results[] = {DNS_SERVFAIL, DNS_BOGUS, DNS_TIMEOUT};
    for (size_t i = 0; i < 3; i++) {
        struct question question = question_new(i + 1);
        sim_dns_fail(question.world, "a.test", results[i]);
        assert_starts(ask(&question, "a.test"), "4.4.3 ");
        assert_int_equal(question.result, EXCHANGE_DEFERRED);
        add_mx(question.world, "b.test", 10, "lost.test");
        sim_dns_fail(question.world, "lost.test", results[i]);
        assert_starts(ask(&question, "b.test"), "4.4.3 the addresses of lost.test could not be found");
        assert_int_equal(question.result, EXCHANGE_DEFERRED);
        question_free(&question);
    }
}

static void a_host_without_an_address_is_passed_over(void **state) {
    struct question question = question_new(1);
    add_mx(question.world, "a.test", 10, "lost.test");
    add_mx(question.world, "a.test", 20, "found.test");
    add_address(question.world, "found.test", "11.0.0.1");
    assert_string_equal(ask(&question, "a.test"), "found.test[11.0.0.1]:25");
    add_mx(question.world, "b.test", 10, "lost.test");
    assert_string_equal(ask(&question, "b.test"), "4.4.4 lost.test has no address");
    assert_int_equal(question.result, EXCHANGE_DEFERRED);
    question_free(&question);
}

/* RFC 5321 5.1 */
static void the_list_ends_before_ourselves(void **state) {
    static const char *const names[] = {"mail.example.test", "other-name.test", "our-ipv6.test"};
    for (size_t i = 0; i < 3; i++) {
        struct question question = question_new(i + 1);
        add_mx(question.world, "a.test", 10, "better.test");
        add_mx(question.world, "a.test", 20, names[i]);
        add_mx(question.world, "a.test", 20, "equal.test");
        add_mx(question.world, "a.test", 30, "worse.test");
        add_mx(question.world, "b.test", 20, names[i]);
        add_mx(question.world, "b.test", 30, "worse.test");
        add_address(question.world, "better.test", "11.0.0.1");
        add_address(question.world, "equal.test", "11.0.0.2");
        add_address(question.world, "worse.test", "11.0.0.3");
        add_address(question.world, "mail.example.test", "11.0.7.7");
        add_address(question.world, "other-name.test", "11.0.1.1");
        add_address(question.world, "our-ipv6.test", "12ff::1");
        assert_string_equal(ask(&question, "a.test"), "better.test[11.0.0.1]:25");
        assert_string_equal(ask(&question, "b.test"), "5.4.6 mail for b.test loops back to this host");
        assert_int_equal(question.result, EXCHANGE_FAILED);
        question_free(&question);
    }
}

static void addresses_that_lead_nowhere_outside_are_not_used(void **state) {
    struct question question = question_new(1);
    add_mx(question.world, "a.test", 10, "inside.test");
    add_address(question.world, "inside.test", "10.1.2.3");
    assert_string_equal(ask(&question, "a.test"),
                        "4.4.4 inside.test has the address 10.1.2.3, which is not used "
                        "without outbound.allow_private");
    assert_int_equal(question.result, EXCHANGE_DEFERRED);
    question.settings.allows_private = true;
    assert_string_equal(ask(&question, "a.test"), "inside.test[10.1.2.3]:25");
    question_free(&question);
}

/* RFC 6890 2.2 */
static void which_addresses_those_are(void **state) {
    static const char *const closed[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.1.1",
        "172.16.0.1",
        "172.31.255.1",
        "192.0.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "100::1",
        "64:ff9b:1::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:a00:1",
        "64:ff9b::a00:1",
        "64:ff9b::7f00:1",
        "64:ff9b::c0a8:101",
        "2002:a00:1::1",
        "2002:7f00:1::",
        "2002:c0a8:101::5",
        "not an address",
    };
    static const char *const open[] = {"1.1.1.1",          "9.255.255.255",  "11.0.0.1",     "100.128.0.1",
                                       "172.15.0.1",       "172.32.0.1",     "192.0.1.1",    "198.17.0.1",
                                       "223.255.255.1",    "2600::1",        "2a00:1450::1", "12ff::1",
                                       "64:ff9b::808:808", "2002:808:808::1"};
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++)
        if (!network_is_private(closed[i])) fail_msg("%s", closed[i]);
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
        if (network_is_private(open[i])) fail_msg("%s", open[i]);
}

static void many_records_are_bounded_and_the_best_are_kept(void **state) {
    struct question question = question_new(1);
    for (unsigned i = 0; i < 300; i++) {
        char name[32], address[32];
        (void)snprintf(name, sizeof name, "mx%u.test", i);
        (void)snprintf(address, sizeof address, "11.1.%u.%u", i / 200, i % 200 + 1);
        add_mx(question.world, "a.test", (uint16_t)(1000 - i), name);
        add_address(question.world, name, address);
    }
    const char *answer = ask(&question, "a.test");
    assert_int_equal(question.count, TRANSIT_ADDRESSES_MAX);
    /* The best of those that are looked at. */
    assert_starts(answer, "mx199.test[11.1.0.200]:25 mx198.test[");
    question_free(&question);
}

/* ---- routes ---- */

static void a_routes_hosts_are_tried_by_preference_and_weight(void **state) {
    static struct transit_host hosts[] = {{SLICE_INIT("spare.test"), 2525, 20, 0},
                                          {SLICE_INIT("heavy.test"), 587, 10, 90},
                                          {SLICE_INIT("light.test"), 587, 10, 10}};
    size_t heavy = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct question question = question_new(seed);
        question.session.route = (struct transit_route){.id = 1, .hosts = hosts, .host_count = 3};
        add_address(question.world, "spare.test", "10.0.0.1");
        add_address(question.world, "heavy.test", "10.0.0.2");
        add_address(question.world, "light.test", "11.0.1.1");
        const char *answer = ask(&question, "");
        assert_int_equal(question.count, 3);
        heavy += strncmp(answer, "heavy.test[10.0.0.2]:587 ", 25) == 0;
        assert_non_null(strstr(answer, " spare.test[10.0.0.1]:2525"));
        question_free(&question);
    }
    assert_true(heavy > 40 && heavy < 60);
}

static void a_route_that_cannot_be_found_waits(void **state) {
    static struct transit_host host = {SLICE_INIT("nowhere.test"), 25, 0, 0};
    struct question question = question_new(1);
    question.session.route = (struct transit_route){.id = 1, .hosts = &host, .host_count = 1};
    assert_string_equal(ask(&question, ""), "4.4.4 nowhere.test has no address");
    question.session.route.host_count = 0;
    assert_string_equal(ask(&question, ""), "4.4.4 the route has no hosts");
    question_free(&question);
}

/* RFC 6761 6.3 */
static void localhost_is_this_machine_for_routes_only(void **state) {
    static struct transit_host host = {SLICE_INIT("LocalHost"), 2525, 0, 0};
    struct question question = question_new(1);
    add_address(question.world, "localhost", "11.0.0.9");
    add_mx(question.world, "a.test", 10, "localhost");
    assert_string_equal(ask(&question, "a.test"), "localhost[11.0.0.9]:25");
    question.session.route = (struct transit_route){.id = 1, .hosts = &host, .host_count = 1};
    assert_string_equal(ask(&question, ""), "LocalHost[127.0.0.1]:2525 LocalHost[::1]:2525");
    question_free(&question);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_are_tried_by_preference_and_both_families_in_turn),
        cmocka_unit_test(equal_ones_come_in_any_order),
        cmocka_unit_test(without_mx_the_domain_is_its_own_host),
        cmocka_unit_test(a_domain_with_neither_mx_nor_address_fails),
        cmocka_unit_test(an_mx_that_is_an_alias_is_followed),
        cmocka_unit_test(an_address_in_brackets_is_gone_to),
        cmocka_unit_test(only_the_domains_own_word_makes_mail_fail),
        cmocka_unit_test(no_answer_of_dns_is_an_answer),
        cmocka_unit_test(a_host_without_an_address_is_passed_over),
        cmocka_unit_test(the_list_ends_before_ourselves),
        cmocka_unit_test(addresses_that_lead_nowhere_outside_are_not_used),
        cmocka_unit_test(which_addresses_those_are),
        cmocka_unit_test(many_records_are_bounded_and_the_best_are_kept),
        cmocka_unit_test(a_routes_hosts_are_tried_by_preference_and_weight),
        cmocka_unit_test(a_route_that_cannot_be_found_waits),
        cmocka_unit_test(localhost_is_this_machine_for_routes_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
