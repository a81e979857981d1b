/* check_host() (RFC 7208 4-6), over DNS that the test writes. */
#include "spf_bench.h"

struct row {
    const char *ip;
    const char *from;
    enum trust_result result;
};

/* In a world of these records, and of `more` unless NULL; the last row has no address. */
static void expect_rows(const char *const *zone, const char *const *more, const struct row *rows) {
    struct trust_bench bench = trust_bench_new(zone);
    if (more) trust_bench_zone(&bench, more);
    for (; rows->ip; rows++) spf_bench_expect(&bench, rows->ip, rows->from, rows->result);
    trust_bench_free(&bench);
}

/* ---- the examples of RFC 7208 A ---- */

static const char *const appendix_zone[] = {
    "example.com MX 10 mail-a.example.com",
    "example.com MX 20 mail-b.example.com",
    "example.com A 192.0.2.10",
    "example.com A 192.0.2.11",
    "amy.example.com A 192.0.2.65",
    "bob.example.com A 192.0.2.66",
    "mail-a.example.com A 192.0.2.129",
    "mail-b.example.com A 192.0.2.130",
    "example.org MX 10 mail-c.example.org",
    "mail-c.example.org A 192.0.2.140",
    "10.2.0.192.in-addr.arpa PTR example.com",
    "11.2.0.192.in-addr.arpa PTR example.com",
    "65.2.0.192.in-addr.arpa PTR amy.example.com",
    "66.2.0.192.in-addr.arpa PTR bob.example.com",
    "129.2.0.192.in-addr.arpa PTR mail-a.example.com",
    "130.2.0.192.in-addr.arpa PTR mail-b.example.com",
    "140.2.0.192.in-addr.arpa PTR mail-c.example.org",
    "4.0.0.10.in-addr.arpa PTR bob.example.com",
    NULL,
};

/* Which of these clients pass with a record of example.com: "10 11 ..." are hosts of 192.0.2.0/24. */
static void expect_hosts(const char *record, const char *passing) {
    static const int hosts[] = {10, 11, 65, 66, 129, 130, 140};
    struct trust_bench bench = trust_bench_new(appendix_zone);
    sim_zone_add(bench.world, "example.com", "TXT", slice_from_text(record));
    char found[64] = "";
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        char ip[24];
        (void)snprintf(ip, sizeof ip, "192.0.2.%d", hosts[i]);
        struct spf_verdict verdict = spf_bench_ask(&bench, ip, "ann@example.com", "x.test");
        assert_true(verdict.result == TRUST_PASS || verdict.result == TRUST_FAIL);
        size_t len = strlen(found);
        if (verdict.result == TRUST_PASS)
            (void)snprintf(found + len, sizeof found - len, "%s%d", len ? " " : "", hosts[i]);
    }
    assert_string_equal(found, passing);
    spf_bench_expect(&bench, "10.0.0.4", "ann@example.com",
                     strcmp(record, "v=spf1 +all") == 0 ? TRUST_PASS : TRUST_FAIL);
    trust_bench_free(&bench);
}

/* RFC 7208 A.1 */
static void simple_records_let_their_hosts_pass(void **state) {
    expect_hosts("v=spf1 +all", "10 11 65 66 129 130 140");
    expect_hosts("v=spf1 a -all", "10 11");
    expect_hosts("v=spf1 a:example.org -all", "");
    expect_hosts("v=spf1 mx -all", "129 130");
    expect_hosts("v=spf1 mx:example.org -all", "140");
    expect_hosts("v=spf1 mx mx:example.org -all", "129 130 140");
    expect_hosts("v=spf1 mx/30 mx:example.org/30 -all", "129 130 140");
    expect_hosts("v=spf1 ptr -all", "10 11 65 66 129 130");
    expect_hosts("v=spf1 ip4:192.0.2.128/28 -all", "129 130 140");
}

/* RFC 7208 A.2 */
static void domains_share_records(void **state) {
    static const char *const zone[] = {"example.org TXT v=spf1 include:example.com include:example.net -all",
                                       "example.com TXT v=spf1 mx ~all",
                                       "example.net TXT v=spf1 ip4:203.0.113.0/24 -all",
                                       "la.example.org TXT v=spf1 redirect=example.org",
                                       "ny.example.org TXT v=spf1 redirect=example.org",
                                       NULL};
    static const struct row rows[] = {
        {"192.0.2.129", "a@example.org", TRUST_PASS},   {"203.0.113.9", "a@example.org", TRUST_PASS},
        {"192.0.2.65", "a@example.org", TRUST_FAIL},    {"192.0.2.129", "a@la.example.org", TRUST_PASS},
        {"192.0.2.65", "a@ny.example.org", TRUST_FAIL}, {0}};
    expect_rows(appendix_zone, zone, rows);
}

/* RFC 7208 A.3: lists by local part, in the style of DNS block lists. */
static void people_have_hosts_of_their_own(void **state) {
    static const char *const zone[] = {"example.com TXT v=spf1 mx include:mobile-users._spf.%{d} "
                                       "include:remote-users._spf.%{d} -all",
                                       "mobile-users._spf.example.com TXT v=spf1 exists:%{l1r+}.%{d}",
                                       "mary.mobile-users._spf.example.com A 127.0.0.2",
                                       "fred.mobile-users._spf.example.com A 127.0.0.2",
                                       "remote-users._spf.example.com TXT v=spf1 exists:%{ir}.%{l1r+}.%{d}",
                                       "15.15.168.192.joel.remote-users._spf.example.com A 127.0.0.2",
                                       NULL};
    static const struct row rows[] = {{"198.51.100.1", "mary+news@example.com", TRUST_PASS},
                                      {"198.51.100.1", "joel@example.com", TRUST_FAIL},
                                      {"192.168.15.15", "joel@example.com", TRUST_PASS},
                                      {0}};
    expect_rows(appendix_zone, zone, rows);
}

/* RFC 7208 A.4: both an address and a name. */
static void several_demands_are_met_at_once(void **state) {
    static const char *const zone[] = {
        "example.com TXT v=spf1 -include:ip4._spf.%{d} -include:ptr._spf.%{d} +all",
        "ip4._spf.example.com TXT v=spf1 -ip4:192.0.2.0/24 +all",
        "ptr._spf.example.com TXT v=spf1 -ptr:example.com +all", NULL};
    static const struct row rows[] = {{"192.0.2.65", "a@example.com", TRUST_PASS},
                                      {"192.0.2.140", "a@example.com", TRUST_FAIL},
                                      {"198.51.100.1", "a@example.com", TRUST_FAIL},
                                      {0}};
    expect_rows(appendix_zone, zone, rows);
}

/* ---- results and their reasons ---- */

static void reasons_name_the_term_and_the_record(void **state) {
    spf_bench_record("v=spf1 ip4:192.0.2.0/24 -all", TRUST_PASS,
                     "192.0.2.1 may send for a.test: \"ip4:192.0.2.0/24\" of its record fits");
    spf_bench_record("v=spf1 -all", TRUST_FAIL,
                     "192.0.2.1 may not send for a.test: \"-all\" of its record fits");
    spf_bench_record("v=spf1 ~all", TRUST_SOFTFAIL,
                     "192.0.2.1 should not send for a.test: \"~all\" of its record fits");
    spf_bench_record(
        "v=spf1", TRUST_NEUTRAL,
        "192.0.2.1 is neither allowed nor forbidden to send for a.test: no term of its record fits");
    spf_bench_record("no record", TRUST_NONE, "\"a.test\" has no SPF record");
    spf_bench_record("v=spf1 ip4:1.2.3.4 moo -all", TRUST_PERMERROR,
                     "the record of a.test is wrong at byte 20, \"moo\": there is no such mechanism");
    spf_bench_record(
        "v=spf1 a\x01\xff -all", TRUST_PERMERROR,
        "the record of a.test is wrong at byte 8, \"a\?\?\": a byte that is no visible ASCII character");
}

static void the_reason_tells_the_way_to_another_record(void **state) {
    struct trust_bench bench = trust_bench_new((const char *[]){
        "a.test TXT v=spf1 redirect=_spf.b.test", "_spf.b.test TXT v=spf1 include:c.test -all",
        "c.test TXT v=spf1 ip4:192.0.2.7", "d.test TXT v=spf1 -include:c.test ~all", NULL});
    struct spf_verdict verdict = spf_bench_ask(&bench, "192.0.2.7", "a@a.test", "");
    assert_slice(verdict.reason,
                 "192.0.2.7 may send for a.test: \"ip4:192.0.2.7\" of the record of c.test, which is "
                 "included by \"include:c.test\" of _spf.b.test fits");
    assert_slice(verdict.term, "ip4:192.0.2.7");
    assert_slice(verdict.term_domain, "c.test");
    assert_int_equal(verdict.asking_terms, 2);
    verdict = spf_bench_ask(&bench, "192.0.2.8", "a@a.test", "");
    assert_slice(verdict.reason,
                 "192.0.2.8 may not send for a.test: \"-all\" of the record of _spf.b.test, to which "
                 "that of the domain leads fits");
    verdict = spf_bench_ask(&bench, "192.0.2.7", "a@d.test", "");
    assert_int_equal(verdict.result, TRUST_FAIL);
    assert_slice(verdict.domain, "d.test");
    trust_bench_free(&bench);
}

/* RFC 7208 2.3, 2.4, 4.3 */
static void the_identity_is_the_sender_or_the_greeting(void **state) {
    struct trust_bench bench = trust_bench_new(
        (const char *[]){"a.test TXT v=spf1 exists:%{l}.l.test -all", "postmaster.l.test A 127.0.0.2",
                         "mail.b.test TXT v=spf1 ip4:192.0.2.1 -all", NULL});
    struct spf_verdict verdict = spf_bench_ask(&bench, "192.0.2.1", "", "mail.b.test");
    assert_int_equal(verdict.result, TRUST_PASS);
    assert_int_equal(verdict.identity, SPF_IDENTITY_HELO);
    assert_slice(verdict.sender, "postmaster@mail.b.test");
    assert_slice(verdict.domain, "mail.b.test");
    verdict = spf_bench_ask(&bench, "192.0.2.1", "@a.test", "mail.b.test");
    assert_int_equal(verdict.result, TRUST_PASS);
    assert_int_equal(verdict.identity, SPF_IDENTITY_MAILFROM);
    assert_slice(verdict.sender, "postmaster@a.test");
    assert_int_equal(spf_bench_ask(&bench, "192.0.2.1", "a.test", "").result, TRUST_PASS);
    assert_int_equal(spf_bench_ask(&bench, "192.0.2.1", "ann@a.test.", "").result, TRUST_FAIL);
    struct spf_bench_check helo = spf_bench_question("192.0.2.1", "ann@a.test", "mail.b.test");
    helo.is_helo = true;
    trust_bench_run(&bench, spf_bench_body, &helo);
    assert_int_equal(helo.verdict.result, TRUST_PASS);
    assert_slice(helo.verdict.sender, "postmaster@mail.b.test");
    trust_bench_free(&bench);
}

/* RFC 7208 4.3 */
static void what_is_no_domain_has_no_record(void **state) {
    static const char *const senders[] = {"a@[192.0.2.1]", "a@localhost", "a@a..test",  "a@",
                                          "a@.",           "a@.test",     "a@gone.test"};
    struct trust_bench bench = trust_bench_new((const char *[]){"localhost TXT v=spf1 -all", NULL});
    for (size_t i = 0; i < sizeof senders / sizeof senders[0]; i++)
        spf_bench_expect(&bench, "192.0.2.1", senders[i], TRUST_NONE);
    assert_int_equal(spf_bench_ask(&bench, "192.0.2.1", "", "").result, TRUST_NONE);
    assert_int_equal(spf_bench_ask(&bench, "192.0.2.1", "", "[192.0.2.1]").result, TRUST_NONE);
    trust_bench_free(&bench);
}

/* RFC 7208 4.3: A-labels. RFC 8616 4: a local part beyond ASCII matches nothing that it stands in. */
static void names_beyond_ascii_are_converted(void **state) {
    struct trust_bench bench = trust_bench_new(
        (const char *[]){"xn--bcher-kva.test TXT v=spf1 exists:%{o}.o.test exists:%{l}.l.test -all",
                         "xn--bcher-kva.test.o.test A 127.0.0.2", "l.test A 127.0.0.2",
                         "b.test TXT v=spf1 ?exists:%{l}.l.test ip4:192.0.2.1 -all", NULL});
    spf_bench_expect(&bench, "192.0.2.1",
                     "ann@b\xc3\xbc"
                     "cher.test",
                     TRUST_PASS);
    spf_bench_expect(&bench, "192.0.2.1", "\xc3\xbc@b.test", TRUST_PASS);
    assert_int_equal(spf_bench_ask(&bench, "192.0.2.1", "\xc3\xbc@b.test", "").void_lookups, 0);
    trust_bench_free(&bench);
}

/* RFC 7208 4.5 */
static void two_records_are_a_permerror(void **state) {
    struct trust_bench bench = trust_bench_new(
        (const char *[]){"a.test TXT v=spf1 -all", "a.test TXT V=SPF1 +all", "a.test TXT v=spf10", NULL});
    struct spf_verdict verdict = spf_bench_ask(&bench, "192.0.2.1", "ann@a.test", "");
    assert_int_equal(verdict.result, TRUST_PERMERROR);
    assert_slice(verdict.reason, "a.test has 2 SPF records; there may be only one");
    trust_bench_free(&bench);
}

/* RFC 7208 5.2: every result of an included record; and two deep, where neutral is no match and pass is one.
 */
static void an_include_matches_by_a_pass_alone(void **state) {
    static const char *const zone[] = {"pass.test TXT v=spf1 +all",
                                       "fail.test TXT v=spf1 -all",
                                       "soft.test TXT v=spf1 ~all",
                                       "neutral.test TXT v=spf1 ?all",
                                       "none.test A 192.0.2.1",
                                       "broken.test TXT v=spf1 foo",
                                       "silent.test TIMEOUT",
                                       "a.pass.test TXT v=spf1 ?include:pass.test -all",
                                       "a.fail.test TXT v=spf1 include:fail.test ~all",
                                       "a.soft.test TXT v=spf1 include:soft.test ~all",
                                       "a.neutral.test TXT v=spf1 include:neutral.test ~all",
                                       "a.none.test TXT v=spf1 include:none.test ~all",
                                       "a.gone.test TXT v=spf1 include:nobody.test ~all",
                                       "a.broken.test TXT v=spf1 include:broken.test ~all",
                                       "a.silent.test TXT v=spf1 include:silent.test ~all",
                                       "deep.test TXT v=spf1 include:a.pass.test include:b.pass.test -all",
                                       "b.pass.test TXT v=spf1 include:pass.test -all",
                                       NULL};
    static const struct row rows[] = {
        {"192.0.2.1", "a@a.pass.test", TRUST_NEUTRAL},     {"192.0.2.1", "a@a.fail.test", TRUST_SOFTFAIL},
        {"192.0.2.1", "a@a.soft.test", TRUST_SOFTFAIL},    {"192.0.2.1", "a@a.neutral.test", TRUST_SOFTFAIL},
        {"192.0.2.1", "a@a.none.test", TRUST_PERMERROR},   {"192.0.2.1", "a@a.gone.test", TRUST_PERMERROR},
        {"192.0.2.1", "a@a.broken.test", TRUST_PERMERROR}, {"192.0.2.1", "a@a.silent.test", TRUST_TEMPERROR},
        {"192.0.2.1", "a@deep.test", TRUST_PASS},          {0}};
    expect_rows(zone, NULL, rows);
}

/* ---- explanations (RFC 7208 6.2) ---- */

static void the_owner_explains_a_fail(void **state) {
    struct trust_bench bench = trust_bench_new((const char *[]){
        "a.test TXT v=spf1 exp=why.%{d} -all", "why.a.test TXT %{c} is not one of %{d}'s; see %{r} %{p}",
        "b.test TXT v=spf1 exp=why.a.test redirect=a.test",
        "c.test TXT v=spf1 include:a.test -all exp=c.why.test", "c.why.test TXT of c",
        "soft.test TXT v=spf1 exp=c.why.test ~all", "d.test TXT v=spf1 exp=two.why.test -all",
        "two.why.test TXT one", "two.why.test TXT two", "e.test TXT v=spf1 exp=gone.why.test -all",
        "f.test TXT v=spf1 exp=silent.why.test -all", "silent.why.test TIMEOUT",
        "g.test TXT v=spf1 exp=bad.why.test -all", "bad.why.test TXT 100%",
        "h.test TXT v=spf1 exp=eight.why.test -all", "eight.why.test TXT gr\xc3\xbc\xc3\x9f",
        "i.test TXT v=spf1 exp=local.why.test -all", "local.why.test TXT not %{l}", NULL});
    assert_slice(spf_bench_ask(&bench, "192.0.2.1", "ann@a.test", "").explanation,
                 "192.0.2.1 is not one of a.test's; see mx.receiver.test unknown");
    assert_slice(spf_bench_ask(&bench, "192.0.2.1", "ann@b.test", "").explanation,
                 "192.0.2.1 is not one of a.test's; see mx.receiver.test unknown");
    assert_slice(spf_bench_ask(&bench, "192.0.2.1", "ann@c.test", "").explanation, "of c");
    assert_slice(spf_bench_ask(&bench, "192.0.2.1", "Ann B@i.test", "").explanation, "not Ann B");
    static const char *const silent[] = {"a@soft.test", "a@d.test", "a@e.test",      "a@f.test",
                                         "a@g.test",    "a@h.test", "a\r\nb@i.test", "\xc3\xbc@i.test"};
    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
        struct spf_verdict verdict = spf_bench_ask(&bench, "192.0.2.1", silent[i], "");
        assert_int_equal(verdict.result, i == 0 ? TRUST_SOFTFAIL : TRUST_FAIL);
        assert_slice(verdict.explanation, "");
    }
    trust_bench_free(&bench);
}

static void an_explanation_has_a_limit(void **state) {
    struct trust_bench bench = trust_bench_new((const char *[]){"a.test TXT v=spf1 exp=why.test -all", NULL});
    char text[SPF_EXPLANATION_BYTES_MAX + 2];
    memset(text, 'x', sizeof text);
    sim_zone_add(bench.world, "why.a.test", "TXT", slice_of(text, SPF_EXPLANATION_BYTES_MAX));
    sim_zone_add(bench.world, "b.test", "TXT", SLICE("v=spf1 exp=why.a.test -all"));
    sim_zone_add(bench.world, "c.test", "TXT", SLICE("v=spf1 exp=why.c.test -all"));
    sim_zone_add(bench.world, "why.c.test", "TXT", slice_of(text, SPF_EXPLANATION_BYTES_MAX + 1));
    assert_int_equal(spf_bench_ask(&bench, "192.0.2.1", "a@b.test", "").explanation.len,
                     SPF_EXPLANATION_BYTES_MAX);
    assert_int_equal(spf_bench_ask(&bench, "192.0.2.1", "a@c.test", "").explanation.len, 0);
    trust_bench_free(&bench);
}

/* ---- what the client's names are for (RFC 7208 5.5, 7.3) ---- */

static void the_clients_name_is_the_nearest_that_leads_back(void **state) {
    struct trust_bench bench = trust_bench_new((const char *[]){
        "1.2.0.192.in-addr.arpa PTR forged.a.test", "1.2.0.192.in-addr.arpa PTR other.test",
        "1.2.0.192.in-addr.arpa PTR Mail.A.test", "1.2.0.192.in-addr.arpa PTR b.test",
        "forged.a.test A 192.0.2.9", "other.test A 192.0.2.1", "mail.a.test A 192.0.2.1",
        "b.test A 192.0.2.1", "a.test TXT v=spf1 exp=why.test -all", "b.test TXT v=spf1 exp=why.test -all",
        "c.test TXT v=spf1 exp=why.test -all", "why.test TXT %{p}", NULL});
    assert_slice(spf_bench_ask(&bench, "192.0.2.1", "x@a.test", "").explanation, "Mail.A.test");
    assert_slice(spf_bench_ask(&bench, "192.0.2.1", "x@b.test", "").explanation, "b.test");
    assert_slice(spf_bench_ask(&bench, "192.0.2.1", "x@c.test", "").explanation, "other.test");
    assert_slice(spf_bench_ask(&bench, "192.0.2.2", "x@c.test", "").explanation, "unknown");
    trust_bench_free(&bench);
}

/* When all time is used up, it is not a fail (RFC 7208 4.6.4). */
static void errors_about_the_clients_names_match_nothing(void **state) {
    static const char *const zone[] = {"a.test TXT v=spf1 ptr -all",
                                       "1.2.0.192.in-addr.arpa SERVFAIL",
                                       "2.2.0.192.in-addr.arpa PTR broken.a.test",
                                       "2.2.0.192.in-addr.arpa PTR m.a.test",
                                       "broken.a.test SERVFAIL",
                                       "m.a.test A 192.0.2.2",
                                       "3.2.0.192.in-addr.arpa TIMEOUT",
                                       NULL};
    static const struct row rows[] = {{"192.0.2.1", "x@a.test", TRUST_FAIL},
                                      {"192.0.2.2", "x@a.test", TRUST_PASS},
                                      {"192.0.2.3", "x@a.test", TRUST_TEMPERROR},
                                      {0}};
    expect_rows(zone, NULL, rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simple_records_let_their_hosts_pass),
        cmocka_unit_test(domains_share_records),
        cmocka_unit_test(people_have_hosts_of_their_own),
        cmocka_unit_test(several_demands_are_met_at_once),
        cmocka_unit_test(reasons_name_the_term_and_the_record),
        cmocka_unit_test(the_reason_tells_the_way_to_another_record),
        cmocka_unit_test(the_identity_is_the_sender_or_the_greeting),
        cmocka_unit_test(what_is_no_domain_has_no_record),
        cmocka_unit_test(names_beyond_ascii_are_converted),
        cmocka_unit_test(two_records_are_a_permerror),
        cmocka_unit_test(an_include_matches_by_a_pass_alone),
        cmocka_unit_test(the_owner_explains_a_fail),
        cmocka_unit_test(an_explanation_has_a_limit),
        cmocka_unit_test(the_clients_name_is_the_nearest_that_leads_back),
        cmocka_unit_test(errors_about_the_clients_names_match_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
