/* What bounds an SPF check (RFC 7208 4.6.4), whatever strangers publish; and what DNS does not answer. */
#include "spf_bench.h"

static struct spf_verdict ask_record(struct trust_bench *bench, const char *record) {
    sim_dns_forget(bench->world, "a.test");
    sim_zone_add(bench->world, "a.test", "TXT", slice_from_text(record));
    return spf_bench_ask(bench, "192.0.2.1", "ann@a.test", "helo.test");
}

/* ---- ten terms ---- */

static const char *const hosts_zone[] = {"h.test A 192.0.2.9", "h.test AAAA 2001:db8::9",
                                         "h.test MX 10 h.test", "1.2.0.192.in-addr.arpa PTR h.test", NULL};

static void the_eleventh_lookup_is_a_permerror(void **state) {
    struct trust_bench bench = trust_bench_new(hosts_zone);
    struct spf_verdict verdict = ask_record(&bench, "v=spf1 a:h.test mx:h.test ptr:h.test exists:h.x "
                                                    "a:h.test a:h.test a:h.test a:h.test a:h.test a:h.test "
                                                    "ip4:192.0.2.1 a:h.test -all");
    assert_int_equal(verdict.result, TRUST_PASS);
    assert_int_equal(verdict.asking_terms, 10);
    verdict = ask_record(
        &bench, "v=spf1 a:h.test mx:h.test ptr:h.test exists:h.x a:h.test a:h.test a:h.test a:h.test "
                "a:h.test a:h.test mx:h.test ip4:192.0.2.1 -all");
    assert_int_equal(verdict.result, TRUST_PERMERROR);
    assert_slice(verdict.reason,
                 "\"mx:h.test\" of the record of a.test is one of more than 10 terms that ask DNS "
                 "(RFC 7208 4.6.4)");
    assert_slice(verdict.term, "mx:h.test");
    trust_bench_free(&bench);
    (void)state;
}

static void redirects_and_includes_are_among_the_ten(void **state) {
    struct trust_bench bench = trust_bench_new(hosts_zone);
    sim_zone_line(bench.world,
                  "nine.test TXT v=spf1 a:h.test a:h.test a:h.test a:h.test a:h.test a:h.test a:h.test "
                  "a:h.test a:h.test");
    sim_zone_line(bench.world, "end.test TXT v=spf1 ip4:192.0.2.1 -all");
    assert_int_equal(ask_record(&bench, "v=spf1 include:nine.test ip4:192.0.2.1").result, TRUST_PASS);
    assert_int_equal(ask_record(&bench, "v=spf1 include:nine.test redirect=end.test").result,
                     TRUST_PERMERROR);
    assert_int_equal(ask_record(&bench, "v=spf1 a:h.test include:nine.test").result, TRUST_PERMERROR);
    /* What is never reached is never counted. */
    assert_int_equal(ask_record(&bench, "v=spf1 include:nine.test ip4:192.0.2.1 redirect=end.test").result,
                     TRUST_PASS);
    trust_bench_free(&bench);
    (void)state;
}

/* The names that %{p} needs are a lookup of the ten, once. */
static void the_clients_names_are_asked_for_once(void **state) {
    struct trust_bench bench = trust_bench_new(hosts_zone);
    struct spf_verdict verdict = ask_record(&bench, "v=spf1 a:%{p}.test ptr a:%{p2}.x -all");
    assert_int_equal(verdict.result, TRUST_FAIL);
    assert_int_equal(verdict.asking_terms, 4);
    verdict =
        ask_record(&bench, "v=spf1 a:h.test a:h.test a:h.test a:h.test a:h.test a:h.test a:h.test a:h.test "
                           "a:h.test exists:%{p}.x -all");
    assert_int_equal(verdict.result, TRUST_PERMERROR);
    trust_bench_free(&bench);
    (void)state;
}

/* ---- loops ---- */

static void an_include_loop_is_a_permerror(void **state) {
    struct trust_bench bench = trust_bench_new((const char *[]){
        "a.test TXT v=spf1 include:b.test", "b.test TXT v=spf1 include:a.test",
        "self.test TXT v=spf1 include:self.test -all", "r.test TXT v=spf1 redirect=r.test",
        "i.test TXT v=spf1 ?include:s.test -all", "s.test TXT v=spf1 redirect=i.test", NULL});
    spf_bench_expect(&bench, "192.0.2.1", "x@a.test", TRUST_PERMERROR);
    spf_bench_expect(&bench, "192.0.2.1", "x@self.test", TRUST_PERMERROR);
    spf_bench_expect(&bench, "192.0.2.1", "x@r.test", TRUST_PERMERROR);
    struct spf_verdict verdict = spf_bench_ask(&bench, "192.0.2.1", "x@i.test", "");
    assert_int_equal(verdict.result, TRUST_PERMERROR);
    assert_int_equal(verdict.asking_terms, 10);
    assert_int_equal(bench.lookups.told_count, 11);
    trust_bench_free(&bench);
    (void)state;
}

/* Ten records within each other are as deep as it goes. */
static void ten_includes_deep_still_passes(void **state) {
    struct trust_bench bench = trust_bench_new((const char *[]){"i10.test TXT v=spf1 ip4:192.0.2.1", NULL});
    for (int i = 0; i < 10; i++) {
        char line[80];
        (void)snprintf(line, sizeof line, "i%d.test TXT v=spf1 include:i%d.test -all", i, i + 1);
        sim_zone_line(bench.world, line);
    }
    spf_bench_expect(&bench, "192.0.2.1", "x@i0.test", TRUST_PASS);
    spf_bench_expect(&bench, "192.0.2.2", "x@i0.test", TRUST_FAIL);
    sim_zone_line(bench.world, "over.test TXT v=spf1 include:i0.test -all");
    spf_bench_expect(&bench, "192.0.2.1", "x@over.test", TRUST_PERMERROR);
    trust_bench_free(&bench);
    (void)state;
}

/* ---- two void lookups ---- */

static void the_third_void_lookup_is_a_permerror(void **state) {
    struct trust_bench bench = trust_bench_new((const char *[]){"here.test AAAA 2001:db8::1", NULL});
    struct spf_verdict verdict = ask_record(&bench, "v=spf1 a:gone.test mx:here.test ip4:192.0.2.1 -all");
    assert_int_equal(verdict.result, TRUST_PASS);
    assert_int_equal(verdict.void_lookups, 2);
    verdict = ask_record(&bench, "v=spf1 a:gone.test mx:here.test exists:here.test ip4:192.0.2.1 -all");
    assert_int_equal(verdict.result, TRUST_PERMERROR);
    assert_slice(verdict.reason,
                 "\"exists:here.test\" of the record of a.test asks for the third name that DNS knows "
                 "nothing of (RFC 7208 4.6.4)");
    trust_bench_free(&bench);
    (void)state;
}

static void exchanges_that_are_gone_are_void_lookups(void **state) {
    struct trust_bench bench = trust_bench_new(
        (const char *[]){"m.test MX 10 x.test", "m.test MX 20 y.test", "m.test MX 5 z.test", NULL});
    assert_int_equal(ask_record(&bench, "v=spf1 mx:m.test -all").result, TRUST_PERMERROR);
    sim_zone_line(bench.world, "z.test A 192.0.2.1");
    assert_int_equal(ask_record(&bench, "v=spf1 mx:m.test -all").result, TRUST_PASS);
    trust_bench_free(&bench);
    (void)state;
}

/* The client's own: whoever sends would else choose the result. */
static void names_of_the_client_are_no_void_lookups(void **state) {
    struct trust_bench bench = trust_bench_new(
        (const char *[]){"1.2.0.192.in-addr.arpa PTR x.a.test", "1.2.0.192.in-addr.arpa PTR y.a.test",
                         "1.2.0.192.in-addr.arpa PTR z.a.test", "1.2.0.192.in-addr.arpa PTR w.a.test",
                         "w.a.test A 192.0.2.1", NULL});
    assert_int_equal(ask_record(&bench, "v=spf1 a:gone.test a:gone.test ptr -all").result, TRUST_PASS);
    trust_bench_free(&bench);
    (void)state;
}

/* ---- ten of the others ---- */

static void more_than_ten_exchanges_are_a_permerror(void **state) {
    struct trust_bench bench = trust_bench_new((const char *[]){"h.test A 192.0.2.1", NULL});
    for (int i = 0; i < 10; i++) {
        char line[80];
        (void)snprintf(line, sizeof line, "m.test MX %d h%d.test", i, i);
        sim_zone_line(bench.world, line);
        (void)snprintf(line, sizeof line, "h%d.test A 192.0.2.%d", i, i == 9 ? 1 : 100);
        sim_zone_line(bench.world, line);
    }
    assert_int_equal(ask_record(&bench, "v=spf1 mx:m.test -all").result, TRUST_PASS);
    sim_zone_line(bench.world, "m.test MX 0 h.test");
    struct spf_verdict verdict = ask_record(&bench, "v=spf1 mx:m.test -all");
    assert_int_equal(verdict.result, TRUST_PERMERROR);
    assert_slice(
        verdict.reason,
        "\"mx:m.test\" of the record of a.test leads to more than 10 mail exchanges (RFC 7208 4.6.4)");
    trust_bench_free(&bench);
    (void)state;
}

static void ten_names_of_a_client_are_looked_at(void **state) {
    struct trust_bench bench = trust_bench_new((const char *[]){"h10.a.test A 192.0.2.1", NULL});
    for (int i = 0; i < 12; i++) {
        char line[80];
        (void)snprintf(line, sizeof line, "1.2.0.192.in-addr.arpa PTR h%d.a.test", i);
        sim_zone_line(bench.world, line);
    }
    assert_int_equal(ask_record(&bench, "v=spf1 ptr -all").result, TRUST_FAIL);
    assert_int_equal(bench.lookups.told_count, 1 + 1 + SPF_CLIENT_NAMES_MAX);
    sim_zone_line(bench.world, "h9.a.test A 192.0.2.1");
    assert_int_equal(ask_record(&bench, "v=spf1 ptr -all").result, TRUST_PASS);
    trust_bench_free(&bench);
    (void)state;
}

static void addresses_of_a_name_have_no_limit(void **state) {
    struct trust_bench bench = trust_bench_new((const char *[]){NULL});
    for (int i = 100; i > 0; i--) {
        char line[80];
        (void)snprintf(line, sizeof line, "h.test A 192.0.2.%d", i);
        sim_zone_line(bench.world, line);
    }
    assert_int_equal(ask_record(&bench, "v=spf1 a:h.test -all").result, TRUST_PASS);
    trust_bench_free(&bench);
    (void)state;
}

/* ---- DNS that does not answer (RFC 7208 4.4, 5) ---- */

static void no_answer_is_a_temperror(void **state) {
    static const char *const failures[] = {"SERVFAIL", "TIMEOUT", "BOGUS"};
    static const char *const records[] = {"v=spf1 a:x.test +all",  "v=spf1 mx:x.test +all",
                                          "v=spf1 mx:m.test +all", "v=spf1 exists:x.test +all",
                                          "v=spf1 include:x.test", "v=spf1 redirect=x.test"};
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        struct trust_bench bench = trust_bench_new((const char *[]){"m.test MX 10 x.test", NULL});
        sim_zone_add(bench.world, "x.test", failures[i], SLICE_EMPTY);
        spf_bench_expect(&bench, "192.0.2.1", "ann@x.test", TRUST_TEMPERROR);
        for (size_t j = 0; j < sizeof records / sizeof records[0]; j++)
            assert_int_equal(ask_record(&bench, records[j]).result, TRUST_TEMPERROR);
        /* What was decided before counts. */
        assert_int_equal(ask_record(&bench, "v=spf1 ip4:192.0.2.1 a:x.test").result, TRUST_PASS);
        trust_bench_free(&bench);
    }
    (void)state;
}

static void the_reason_of_a_temperror_is_the_question(void **state) {
    struct trust_bench bench = trust_bench_new((const char *[]){"x.test SERVFAIL", NULL});
    assert_slice(ask_record(&bench, "v=spf1 a:x.test -all").reason,
                 "DNS gives no answer about x.test (A: failed)");
    trust_bench_free(&bench);
    (void)state;
}

/* All questions of a check share one deadline. */
static void a_check_takes_no_longer_than_its_deadline(void **state) {
    struct trust_bench bench =
        trust_bench_new((const char *[]){"slow.test TIMEOUT", "1.2.0.192.in-addr.arpa TIMEOUT", NULL});
    assert_int_equal(ask_record(&bench, "v=spf1 ptr ptr ptr a:h.test include:a.test -all").result,
                     TRUST_TEMPERROR);
    trust_bench_free(&bench);
    (void)state;
}

/* The process goes down while a check waits: it ends, and nobody is told a result that would count. */
static void a_check_that_is_cancelled_is_a_temperror(void **state) {
    struct trust_bench bench =
        trust_bench_new((const char *[]){"a.test TXT v=spf1 a:slow.test -all", "slow.test TIMEOUT", NULL});
    struct spf_bench_check check = spf_bench_question("192.0.2.1", "ann@a.test", "");
    bench.body = spf_bench_body;
    bench.context = &check;
    struct env *env = sim_process_start(bench.machine, "checker", trust_bench_main, &bench);
    sim_world_run_for(bench.world, 5000);
    assert_false(bench.is_done);
    sim_process_kill(env);
    sim_world_run_for(bench.world, 1000);
    assert_true(sim_process_has_ended(env));
    assert_int_equal(check.verdict.result, TRUST_TEMPERROR);
    trust_bench_free(&bench);
    (void)state;
}

/* ---- memory ---- */

/* A name with as many addresses as an answer may have, none of them the client's. */
static void add_many_addresses(struct sim_world *world, const char *name) {
    for (int i = 0; i < DNS_RECORDS_MAX; i++) {
        uint8_t address[16] = {0x20, 0x01, 0x0d, 0xb8, [14] = (uint8_t)(i >> 8), [15] = (uint8_t)i};
        sim_dns_add(world, name, DNS_AAAA, slice_of(address, sizeof address), 60);
    }
}

/* Records of ten mx with ten exchanges each, and a name whose texts fill an answer. */
static void the_largest_answers_fit_into_the_arena(void **state) {
    struct trust_bench bench = trust_bench_new((const char *[]){NULL});
    char text[1200];
    memset(text, 'x', sizeof text);
    for (int i = 0; i < 49; i++) sim_zone_add(bench.world, "a.test", "TXT", slice_of(text, sizeof text));
    sim_zone_line(bench.world,
                  "a.test TXT v=spf1 mx:m.test mx:m.test mx:m.test mx:m.test mx:m.test mx:m.test mx:m.test "
                  "mx:m.test mx:m.test mx:m.test -all");
    for (int i = 0; i < 10; i++) {
        char line[80];
        (void)snprintf(line, sizeof line, "m.test MX 1 h%d.test", i);
        sim_zone_line(bench.world, line);
        (void)snprintf(line, sizeof line, "h%d.test", i);
        add_many_addresses(bench.world, line);
    }
    struct spf_verdict verdict = spf_bench_ask(&bench, "2001:db8:1::1", "ann@a.test", "");
    assert_int_equal(verdict.result, TRUST_FAIL);
    assert_int_equal(bench.lookups.told_count, 1 + 10 + 100);
    assert_true(arena_used_bytes(bench.arena) < SPF_ARENA_BYTES_MAX);
    trust_bench_free(&bench);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_eleventh_lookup_is_a_permerror),
        cmocka_unit_test(redirects_and_includes_are_among_the_ten),
        cmocka_unit_test(the_clients_names_are_asked_for_once),
        cmocka_unit_test(an_include_loop_is_a_permerror),
        cmocka_unit_test(ten_includes_deep_still_passes),
        cmocka_unit_test(the_third_void_lookup_is_a_permerror),
        cmocka_unit_test(exchanges_that_are_gone_are_void_lookups),
        cmocka_unit_test(names_of_the_client_are_no_void_lookups),
        cmocka_unit_test(more_than_ten_exchanges_are_a_permerror),
        cmocka_unit_test(ten_names_of_a_client_are_looked_at),
        cmocka_unit_test(addresses_of_a_name_have_no_limit),
        cmocka_unit_test(no_answer_is_a_temperror),
        cmocka_unit_test(the_reason_of_a_temperror_is_the_question),
        cmocka_unit_test(a_check_takes_no_longer_than_its_deadline),
        cmocka_unit_test(a_check_that_is_cancelled_is_a_temperror),
        cmocka_unit_test(the_largest_answers_fit_into_the_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
