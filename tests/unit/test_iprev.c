/* The names of a client's address, and whether they lead back (RFC 8601 3). */
#include "trust_bench.h"

#include "trust/iprev.h"

struct iprev_case {
    const char *ip;
    struct iprev iprev;
};

static void check_body(struct task *t, struct trust_bench *bench, void *context) {
    struct iprev_case *one = context;
    struct dns_address address;
    assert_true(dns_address_parse(slice_from_text(one->ip), &address));
    one->iprev = iprev_check(t, &bench->lookups, &address);
}

/* The result and the name of an address. */
static void expect(struct trust_bench *bench, const char *ip, enum trust_result result, const char *name) {
    struct iprev_case one = {.ip = ip};
    trust_bench_run(bench, check_body, &one);
    assert_int_equal(one.iprev.result, result);
    assert_slice(one.iprev.name, name);
}

static void a_name_that_leads_back_is_believed(void **state) {
    struct trust_bench bench = trust_bench_new((const char *[]){
        "1.2.0.192.in-addr.arpa PTR other.test", "1.2.0.192.in-addr.arpa PTR Mail.A.test",
        "other.test A 192.0.2.9", "mail.a.test A 192.0.2.8", "mail.a.test A 192.0.2.1",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR six.test",
        "six.test AAAA 2001:db8::1", "six.test A 192.0.2.1", NULL});
    expect(&bench, "192.0.2.1", TRUST_PASS, "Mail.A.test");
    expect(&bench, "::ffff:192.0.2.1", TRUST_PASS, "Mail.A.test");
    expect(&bench, "2001:db8::1", TRUST_PASS, "six.test");
    trust_bench_free(&bench);
    (void)state;
}

static void a_name_that_leads_elsewhere_is_not(void **state) {
    struct trust_bench bench = trust_bench_new((const char *[]){
        "1.2.0.192.in-addr.arpa PTR a.test", "1.2.0.192.in-addr.arpa PTR gone.test", "a.test A 192.0.2.2",
        /* The other family does not count. */
        "3.2.0.192.in-addr.arpa PTR six.test", "six.test AAAA ::ffff:192.0.2.3", NULL});
    expect(&bench, "192.0.2.1", TRUST_FAIL, "a.test");
    expect(&bench, "192.0.2.3", TRUST_FAIL, "six.test");
    trust_bench_free(&bench);
    (void)state;
}

static void an_address_may_have_no_name(void **state) {
    struct trust_bench bench = trust_bench_new(
        (const char *[]){"2.2.0.192.in-addr.arpa TXT nothing", "3.2.0.192.in-addr.arpa PTR .", NULL});
    expect(&bench, "192.0.2.1", TRUST_PERMERROR, "");
    expect(&bench, "192.0.2.2", TRUST_PERMERROR, "");
    expect(&bench, "192.0.2.3", TRUST_PERMERROR, "");
    trust_bench_free(&bench);
    (void)state;
}

static void dns_that_does_not_answer_is_a_temperror(void **state) {
    struct trust_bench bench = trust_bench_new((const char *[]){
        "1.2.0.192.in-addr.arpa SERVFAIL", "2.2.0.192.in-addr.arpa PTR broken.test",
        "2.2.0.192.in-addr.arpa PTR wrong.test", "broken.test BOGUS", "wrong.test A 192.0.2.9",
        "3.2.0.192.in-addr.arpa TIMEOUT", "4.2.0.192.in-addr.arpa PTR broken.test",
        "4.2.0.192.in-addr.arpa PTR right.test", "right.test A 192.0.2.4", NULL});
    expect(&bench, "192.0.2.1", TRUST_TEMPERROR, "");
    expect(&bench, "192.0.2.2", TRUST_TEMPERROR, "broken.test");
    expect(&bench, "192.0.2.3", TRUST_TEMPERROR, "");
    expect(&bench, "192.0.2.4", TRUST_PASS, "right.test");
    trust_bench_free(&bench);
    (void)state;
}

static void ten_names_are_looked_at(void **state) {
    struct trust_bench bench = trust_bench_new((const char *[]){NULL});
    for (int i = 0; i < 12; i++) {
        char line[80];
        (void)snprintf(line, sizeof line, "1.2.0.192.in-addr.arpa PTR h%d.test", i);
        sim_zone_line(bench.world, line);
    }
    sim_zone_line(bench.world, "h10.test A 192.0.2.1");
    expect(&bench, "192.0.2.1", TRUST_FAIL, "h0.test");
    assert_int_equal(bench.lookups.told_count, 1 + TRUST_IPREV_NAMES_MAX);
    sim_zone_line(bench.world, "h9.test A 192.0.2.1");
    expect(&bench, "192.0.2.1", TRUST_PASS, "h9.test");
    trust_bench_free(&bench);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_leads_back_is_believed),
        cmocka_unit_test(a_name_that_leads_elsewhere_is_not),
        cmocka_unit_test(an_address_may_have_no_name),
        cmocka_unit_test(dns_that_does_not_answer_is_a_temperror),
        cmocka_unit_test(ten_names_are_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
