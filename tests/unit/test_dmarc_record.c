/* DMARC records as RFC 9989 and RFC 7489 write them, and what is wrong with others. */
#include "test.h"

#include "wire/dmarc.h"

static struct dmarc_record read(const char *text) {
    struct dmarc_record record;
    if (!dmarc_record_parse(slice_from_text(text), &record, NULL)) fail_msg("no record: %s", text);
    return record;
}

static bool is_record(const char *text) {
    struct dmarc_record record;
    return dmarc_record_parse(slice_from_text(text), &record, NULL);
}

static void the_version_decides_what_is_a_record(void **state) {
    assert_true(is_record("v=DMARC1"));
    assert_true(is_record("v=DMARC1;p=none"));
    assert_true(is_record("v = DMARC1 ; p = none ;"));
    assert_true(is_record(" v=DMARC1;"));
    assert_true(is_record("V=DMARC1; p=none"));
    assert_false(is_record("v=dmarc1; p=none"));
    assert_false(is_record("v=DMARC2; p=none"));
    assert_false(is_record("v=DMARC10; p=none"));
    assert_false(is_record("v=DMARC1 p=none"));
    assert_false(is_record("p=none; v=DMARC1"));
    assert_false(is_record("v=spf1 -all"));
    assert_false(is_record("DMARC1"));
    assert_false(is_record(""));
}

/* RFC 9989 B.2 */
static void records_of_the_rfc_are_read(void **state) {
    struct dmarc_record record = read("v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com");
    assert_int_equal(record.policy, DMARC_NONE);
    assert_int_equal(record.subdomain_policy, DMARC_NO_POLICY);
    assert_int_equal(record.psd, DMARC_PSD_UNSAID);
    assert_false(record.is_dkim_strict || record.is_spf_strict || record.is_test);
    assert_int_equal(record.failure_options, DMARC_REPORT_ALL_FAILED);
    record = read("v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com; "
                  "ruf=mailto:auth-reports@thirdparty.example.net");
    assert_slice(record.failure_uris, "mailto:auth-reports@thirdparty.example.net");
    record = read("v=DMARC1; p=quarantine; rua=mailto:dmarc-feedback@example.com,"
                  "mailto:tld-test@thirdparty.example.net; t=y");
    assert_int_equal(record.policy, DMARC_QUARANTINE);
    assert_true(record.is_test);
    record = read("v=DMARC1; p=reject; sp=quarantine; np=reject; psd=n; adkim=s; aspf=s; fo=0:d:s");
    assert_int_equal(record.policy, DMARC_REJECT);
    assert_int_equal(record.subdomain_policy, DMARC_QUARANTINE);
    assert_int_equal(record.absent_policy, DMARC_REJECT);
    assert_int_equal(record.psd, DMARC_PSD_NO);
    assert_true(record.is_dkim_strict && record.is_spf_strict);
    assert_int_equal(record.failure_options, DMARC_REPORT_ALL_FAILED | DMARC_REPORT_DKIM | DMARC_REPORT_SPF);
    assert_int_equal(read("v=DMARC1; psd=y").psd, DMARC_PSD_YES);
}

static void what_is_wrong_is_as_if_it_were_not_there(void **state) {
    struct dmarc_record record =
        read("v=DMARC1; p=REJECT; adkim=x; aspf=S; t=maybe; fo=0:z; psd=?; zz=1; =;;bare");
    assert_int_equal(record.policy, DMARC_REJECT);
    assert_false(record.is_dkim_strict);
    assert_true(record.is_spf_strict);
    assert_false(record.is_test || record.is_policy_invalid);
    assert_int_equal(record.failure_options, DMARC_REPORT_ALL_FAILED);
    assert_int_equal(read("v=DMARC1; p=none; p=reject").policy, DMARC_NONE);
    assert_true(read("v=DMARC1; p=rejekt").is_policy_invalid);
    assert_true(read("v=DMARC1; p=reject; sp=").is_policy_invalid);
}

/* RFC 9989 4.10.1 */
static void a_record_without_a_good_policy_counts_when_it_asks_for_reports(void **state) {
    static const struct {
        const char *text;
        bool counts;
        enum dmarc_policy policy;
    } rows[] = {
        {"v=DMARC1; p=reject", true, DMARC_REJECT},
        {"v=DMARC1; p=reject; sp=x; rua=mailto:a@b.example", true, DMARC_NONE},
        {"v=DMARC1; p=reject; np=x; rua=mailto:a@b.example", true, DMARC_NONE},
        {"v=DMARC1; rua=mailto:a@b.example", true, DMARC_NONE},
        {"v=DMARC1; p=x; rua=https://b.example/reports", true, DMARC_NONE},
        {"v=DMARC1; rua=nonsense", false, DMARC_NO_POLICY},
        {"v=DMARC1; rua=mailto:nobody", false, DMARC_NO_POLICY},
        {"v=DMARC1", false, DMARC_NO_POLICY},
        {"v=DMARC1; p=reject; sp=x", false, DMARC_REJECT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct dmarc_record record = read(rows[i].text);
        if (dmarc_record_mend(&record) != rows[i].counts) fail_msg("%s", rows[i].text);
        assert_int_equal(record.policy, rows[i].policy);
    }
}

static void places_for_reports_are_told_apart(void **state) {
    struct slice list = SLICE(" mailto:a@one.example!10m , ,nonsense, https://two.example/x,"
                              "mailto:b%2Cc@three.example?subject=x,mailto:@four.example");
    struct dmarc_uri uri;
    assert_true(dmarc_uri_next(&list, &uri));
    assert_slice(uri.text, "mailto:a@one.example");
    assert_slice(uri.address, "a@one.example");
    assert_slice(uri.host, "one.example");
    assert_true(dmarc_uri_next(&list, &uri));
    assert_slice(uri.text, "https://two.example/x");
    assert_slice(uri.address, "");
    assert_true(dmarc_uri_next(&list, &uri));
    assert_slice(uri.address, "b%2Cc@three.example");
    assert_false(dmarc_uri_next(&list, &uri));
    assert_false(dmarc_uri_next(&list, &uri));
}

/* All faults, a line each. */
static void assert_faults(const char *text, const char *expected) {
    struct dmarc_record record;
    struct dmarc_faults faults;
    struct buffer words = buffer_new(8192);
    assert_true(dmarc_record_parse(slice_from_text(text), &record, &faults));
    for (size_t i = 0; i < faults.count; i++) {
        dmarc_fault_write(&words, &faults.items[i]);
        buffer_append_byte(&words, '\n');
    }
    assert_slice(buffer_slice(&words), expected);
    buffer_free(&words);
}

static void its_owner_is_told_what_is_wrong(void **state) {
    assert_faults("v=DMARC1; p=reject; rua=mailto:a@b.example", "");
    assert_faults("v=DMARC1; p=rejekt; rua=mailto:a@b.example; pct=50; x=1",
                  "p=rejekt is none of none, quarantine, reject\n"
                  "pct=50 means nothing any more (RFC 9989 has no such tag)\n"
                  "x=1 is no tag of DMARC\n");
    assert_faults("v=DMARC1; p; rua=mailto:a@b.example!10m, b@c.example; fo=1; rua=mailto:d@e.example",
                  "p is not TAG=VALUE\n"
                  "rua=mailto:d@e.example is there a second time; the first one counts\n"
                  "rua=mailto:a@b.example!10m: a size behind an address means nothing any more\n"
                  "rua=b@c.example is nowhere that reports can be sent to; write mailto:ADDRESS\n"
                  "p is missing: receivers take it for p=none, older ones ignore the record\n"
                  "fo says when to send failure reports, and without ruf nobody gets any\n");
    assert_faults("v=DMARC1; p=none", "rua is missing: no receiver reports who sends under this name\n");
}

static void faults_beyond_what_is_kept_are_left_out(void **state) {
    struct buffer text = buffer_new(8192);
    struct dmarc_record record;
    struct dmarc_faults faults;
    buffer_append_text(&text, "v=DMARC1; p=none");
    for (int i = 0; i < 500; i++) buffer_append_text(&text, ";x=1");
    assert_true(dmarc_record_parse(buffer_slice(&text), &record, &faults));
    assert_int_equal(faults.count, DMARC_FAULTS_KEPT);
    buffer_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_version_decides_what_is_a_record),
        cmocka_unit_test(records_of_the_rfc_are_read),
        cmocka_unit_test(what_is_wrong_is_as_if_it_were_not_there),
        cmocka_unit_test(a_record_without_a_good_policy_counts_when_it_asks_for_reports),
        cmocka_unit_test(places_for_reports_are_told_apart),
        cmocka_unit_test(its_owner_is_told_what_is_wrong),
        cmocka_unit_test(faults_beyond_what_is_kept_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
