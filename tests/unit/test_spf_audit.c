/* A domain's SPF record, looked at for its owner. */
#include "trust_bench.h"

#include "trust/spf_audit.h"

static void audit_body(struct task *t, struct trust_bench *bench, void *context) {
    struct spf_audit *audit = context;
    *audit = spf_audit(t, &bench->lookups, SLICE("a.test"));
}

static struct spf_audit audit_of(struct trust_bench *bench, const char *record) {
    struct spf_audit audit;
    sim_dns_forget(bench->world, "a.test");
    if (record) sim_zone_add(bench->world, "a.test", "TXT", slice_from_text(record));
    trust_bench_run(bench, audit_body, &audit);
    return audit;
}

/* All notes: "kind domain: words", a line each. */
static void expect(struct trust_bench *bench, const char *record, const char *expected) {
    struct spf_audit audit = audit_of(bench, record);
    struct buffer found = buffer_new(10000);
    for (size_t i = 0; i < audit.note_count; i++)
        buffer_printf(&found, "%s%s %.*s: %.*s", i ? "\n" : "", spf_note_name(audit.notes[i].kind),
                      SLICE_PRINT(audit.notes[i].domain), SLICE_PRINT(audit.notes[i].words));
    assert_slice(buffer_slice(&found), expected);
    buffer_free(&found);
}

static const char *const zone[] = {
    "h.test A 192.0.2.1",
    "h.test AAAA 2001:db8::1",
    "h.test MX 10 h.test",
    "good.test TXT v=spf1 ip4:192.0.2.0/24 -all",
    "all.test TXT v=spf1 +all",
    "broken.test TXT v=spf1 ip4:192.0.2",
    "loop.test TXT v=spf1 include:a.test -all",
    "two.test TXT v=spf1 -all",
    "two.test TXT v=spf1 ~all",
    "silent.test SERVFAIL",
    "nine.test TXT v=spf1 a:h.test a:h.test a:h.test a:h.test a:h.test a:h.test a:h.test a:h.test a:h.test "
    "-all",
    NULL,
};

static void a_good_record_has_nothing_to_be_said_of_it(void **state) {
    struct trust_bench bench = trust_bench_new(zone);
    struct spf_audit audit =
        audit_of(&bench, "v=spf1 mx:h.test a:h.test include:good.test exists:%{i}.x -all");
    assert_int_equal(audit.note_count, 0);
    assert_int_equal(audit.asking_terms, 4);
    assert_int_equal(audit.record_count, 1);
    assert_slice(audit.record, "v=spf1 mx:h.test a:h.test include:good.test exists:%{i}.x -all");
    expect(&bench, "v=spf1 redirect=good.test", "");
    trust_bench_free(&bench);
    (void)state;
}

static void there_is_one_record_and_it_can_be_read(void **state) {
    struct trust_bench bench = trust_bench_new(zone);
    expect(&bench, NULL, "no-record a.test: a.test has no SPF record");
    expect(&bench, "v=spf1 mx foo:bar -all",
           "broken a.test: the record is wrong at byte 11, \"foo:bar\": there is no such mechanism");
    sim_zone_line(bench.world, "a.test TXT v=spf1 -all");
    struct spf_audit audit;
    trust_bench_run(&bench, audit_body, &audit);
    assert_int_equal(audit.record_count, 2);
    assert_int_equal(audit.notes[0].kind, SPF_NOTE_SEVERAL_RECORDS);
    assert_true(spf_note_is_error(&audit.notes[0]));
    trust_bench_free(&bench);
    (void)state;
}

static void what_it_leads_to_is_looked_at(void **state) {
    struct trust_bench bench = trust_bench_new(zone);
    expect(&bench, "v=spf1 include:all.test include:broken.test include:two.test -all",
           "everybody-passes all.test: \"+all\" lets everybody send in the domain's name\n"
           "broken broken.test: the record is wrong at byte 8, \"ip4:192.0.2\": no address of this family\n"
           "several-records two.test: two.test has 2 SPF records; there may be only one (RFC 7208 4.5)");
    expect(&bench, "v=spf1 include:gone.test a:silent.test -all",
           "leads-nowhere a.test: \"include:gone.test\" leads to a domain without an SPF record\n"
           "unanswered silent.test: DNS gives no answer about silent.test (A: failed)\n"
           "unanswered silent.test: DNS gives no answer about silent.test (AAAA: failed)");
    expect(&bench, "v=spf1 include:loop.test -all",
           "loop loop.test: \"include:a.test\" leads back to a record that led to it");
    expect(&bench, "v=spf1 redirect=a.test",
           "loop a.test: \"redirect=a.test\" leads back to a record that led to it");
    trust_bench_free(&bench);
    (void)state;
}

static void limits_are_counted_through_all_records(void **state) {
    struct trust_bench bench = trust_bench_new(zone);
    assert_int_equal(audit_of(&bench, "v=spf1 include:nine.test -all").note_count, 0);
    expect(&bench, "v=spf1 include:nine.test mx:h.test -all",
           "too-many-lookups a.test: 11 terms ask DNS, of all records together; 10 are allowed (RFC 7208 "
           "4.6.4)");
    expect(&bench, "v=spf1 a:x.test mx:x.test exists:x.test -all",
           "too-many-void-lookups a.test: DNS knows nothing of 3 names for IPv4 clients, and of 3 for IPv6 "
           "clients; 2 "
           "are allowed (RFC 7208 4.6.4)");
    for (int i = 0; i < 11; i++) sim_zone_line(bench.world, "m.test MX 10 h.test");
    expect(&bench, "v=spf1 mx:m.test -all",
           "too-many-exchanges a.test: \"mx:m.test\" leads to more than 10 mail exchanges (RFC 7208 4.6.4)");
    trust_bench_free(&bench);
    (void)state;
}

static void what_has_no_use_or_does_harm_is_told(void **state) {
    struct trust_bench bench = trust_bench_new(zone);
    expect(&bench, "v=spf1 all", "everybody-passes a.test: \"all\" lets everybody send in the domain's name");
    expect(&bench, "v=spf1 a:h.test",
           "no-end a.test: the record says nothing of all others: -all or ~all at its end does");
    expect(&bench, "v=spf1 ?all", "no-end a.test: \"?all\" says nothing of all others: -all or ~all does");
    expect(&bench, "v=spf1 ptr -all mx redirect=good.test",
           "ptr a.test: \"ptr\" is slow and unreliable, and not to be used (RFC 7208 5.5)\n"
           "behind-all a.test: \"mx\" stands behind all and is never looked at\n"
           "unused-redirect a.test: \"redirect=good.test\" has no effect beside all");
    expect(&bench, "v=spf1 ip4:192.0.0.0/8 ip6:2001::/16 -all",
           "wide-network a.test: \"ip4:192.0.0.0/8\" is a very large network to trust\n"
           "wide-network a.test: \"ip6:2001::/16\" is a very large network to trust");
    trust_bench_free(&bench);
    (void)state;
}

/* A tree of records without end costs what the limit says. */
static void it_ends(void **state) {
    struct trust_bench bench = trust_bench_new((const char *[]){NULL});
    for (int i = 0; i < 100; i++) {
        char line[200];
        (void)snprintf(line, sizeof line,
                       "n%d.test TXT v=spf1 include:n%d.test include:n%d.test include:a.test -all", i, i + 1,
                       i + 2);
        sim_zone_line(bench.world, line);
    }
    struct spf_audit audit = audit_of(&bench, "v=spf1 include:n0.test -all");
    assert_int_equal(audit.asking_terms, SPF_AUDIT_TERMS_MAX);
    assert_true(audit.note_count <= SPF_AUDIT_NOTES_MAX);
    trust_bench_free(&bench);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_record_has_nothing_to_be_said_of_it),
        cmocka_unit_test(there_is_one_record_and_it_can_be_read),
        cmocka_unit_test(what_it_leads_to_is_looked_at),
        cmocka_unit_test(limits_are_counted_through_all_records),
        cmocka_unit_test(what_has_no_use_or_does_harm_is_told),
        cmocka_unit_test(it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
