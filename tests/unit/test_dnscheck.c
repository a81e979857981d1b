/* What a domain publishes, looked at in DNS: rows are judged each for itself, and what DNS does not say is no
   fault of the owner's. The rest is tests/e2e/test_domain.py's. */
#include "trust_bench.h"

#include "trust/dnscheck.h"

static const struct dns_address addresses[] = {{{192, 0, 2, 1}, 4}};

static const char *const zone[] = {
    "mx.example.org A 192.0.2.1",
    "1.2.0.192.in-addr.arpa PTR mx.example.org",
    "example.org MX 10 mx.example.org",
    "example.org TXT v=spf1 ip4:192.0.2.1 ~all",
    "mx.example.org TXT v=spf1 ip4:192.0.2.1 -all",
    "_dmarc.example.org TXT v=DMARC1; p=reject; rua=mailto:postmaster@example.org",
    "_smtp._tls.example.org TXT v=TLSRPTv1; rua=mailto:postmaster@example.org",
    NULL};

struct looked {
    struct publish_rows rows;
    struct dnscheck_row *checked;
};

static void look(struct task *t, struct trust_bench *bench, void *context) {
    struct looked *looked = context;
    struct publish_facts facts = {.domain = SLICE("example.org"),
                                  .host = SLICE("mx.example.org"),
                                  .addresses = addresses,
                                  .address_count = 1};
    looked->rows = publish_rows(bench->arena, &facts);
    struct dnscheck check = {&bench->lookups, &facts, &looked->rows};
    looked->checked = ARENA_NEW_ARRAY(bench->arena, struct dnscheck_row, looked->rows.count);
    dnscheck_run(t, &check, looked->checked);
}

/* The zone with the lines of `owner` (all of that name) taken out, and others in their place. */
static struct trust_bench bench_with(const char *left_out, const char *const *more) {
    const char *lines[32];
    size_t count = 0;
    for (size_t i = 0; zone[i]; i++)
        if (!left_out || strncmp(zone[i], left_out, strlen(left_out)) != 0) lines[count++] = zone[i];
    for (size_t i = 0; more && more[i]; i++) lines[count++] = more[i];
    lines[count] = NULL;
    return trust_bench_new(lines);
}

/* Only rows of this kind are not right, and not those that may be absent; they have this state and say this.
 */
static void expect_only(const char *left_out, const char *const *more, enum publish_kind kind,
                        enum dnscheck_state state, const char *words) {
    struct trust_bench bench = bench_with(left_out, more);
    struct looked looked;
    trust_bench_run(&bench, look, &looked);
    bool is_seen = false;
    for (size_t i = 0; i < looked.rows.count; i++) {
        const struct dnscheck_row *row = &looked.checked[i];
        if (row->wanted->necessity == PUBLISH_MAY || row->state == DNSCHECK_RIGHT) continue;
        if (row->wanted->kind != kind || row->state != state)
            fail_msg("%s is %s: %.*s", publish_kind_word(row->wanted->kind), dnscheck_state_word(row->state),
                     SLICE_PRINT(row->words));
        if (slice_find(row->words, slice_from_text(words)) == SLICE_NOT_FOUND)
            fail_msg("it says: %.*s", SLICE_PRINT(row->words));
        assert_true(row->advice.len > 0);
        is_seen = true;
    }
    assert_true(is_seen == (state != DNSCHECK_RIGHT));
    trust_bench_free(&bench);
}

static void what_is_there_is_right(void **state) { expect_only(NULL, NULL, PUBLISH_MX, DNSCHECK_RIGHT, ""); }

static void what_dns_does_not_say_is_not_known(void **state) {
    static const char *const failing[] = {"_dmarc.example.org SERVFAIL", NULL};
    static const char *const silent[] = {"_dmarc.example.org TIMEOUT", NULL};
    static const char *const names[] = {"1.2.0.192.in-addr.arpa SERVFAIL", NULL};
    expect_only("_dmarc", failing, PUBLISH_DMARC, DNSCHECK_UNKNOWN, "DNS gave no answer (failed)");
    expect_only("_dmarc", silent, PUBLISH_DMARC, DNSCHECK_UNKNOWN, "DNS gave no answer");
    expect_only("1.2.0.192", names, PUBLISH_PTR, DNSCHECK_UNKNOWN, "DNS gave no answer");
}

static void what_is_forged_is_wrong(void **state) {
    static const char *const forged[] = {"_dmarc.example.org BOGUS", NULL};
    expect_only("_dmarc", forged, PUBLISH_DMARC, DNSCHECK_WRONG, "forged or broken");
}

/* An include whose record cannot be had is neither right nor wrong. */
static void spf_that_depends_on_others_may_not_be_known(void **state) {
    static const char *const lines[] = {"example.org TXT v=spf1 include:other.test ip4:192.0.2.1 -all",
                                        "other.test SERVFAIL", NULL};
    expect_only("example.org TXT", lines, PUBLISH_SPF, DNSCHECK_UNKNOWN, "other.test");
}

static void a_host_may_not_be_an_alias(void **state) {
    static const char *const lines[] = {"mx.example.org CNAME real.example.org",
                                        "real.example.org A 192.0.2.1",
                                        "real.example.org TXT v=spf1 ip4:192.0.2.1 -all", NULL};
    expect_only("mx.example.org", lines, PUBLISH_HOST, DNSCHECK_WRONG,
                "it is an alias (CNAME) of real.example.org");
}

static void an_address_of_the_other_family_is_somebody_elses(void **state) {
    static const char *const lines[] = {"mx.example.org AAAA 2001:db8::99", NULL};
    expect_only(NULL, lines, PUBLISH_HOST, DNSCHECK_WRONG, "IPv6 address too, 2001:db8::99");
}

static void a_name_of_the_providers_is_not_this_hosts(void **state) {
    static const char *const back[] = {"1.2.0.192.in-addr.arpa PTR static-1.provider.test",
                                       "static-1.provider.test A 192.0.2.1", NULL};
    static const char *const away[] = {"1.2.0.192.in-addr.arpa PTR static-1.provider.test", NULL};
    expect_only("1.2.0.192", back, PUBLISH_PTR, DNSCHECK_WRONG, "but is not the one this host greets with");
    expect_only("1.2.0.192", away, PUBLISH_PTR, DNSCHECK_WRONG, "does not even lead back");
}

/* What others wrote does no harm to a terminal. */
static void texts_of_strangers_are_cleaned(void **state) {
    static const char *const lines[] = {"_dmarc.example.org TXT \"v=DMARC1\033[31m; p=none\"", NULL};
    struct trust_bench bench = bench_with("_dmarc", lines);
    struct looked looked;
    trust_bench_run(&bench, look, &looked);
    for (size_t i = 0; i < looked.rows.count; i++) {
        assert_int_equal(slice_find_byte(looked.checked[i].found, '\033'), SLICE_NOT_FOUND);
        assert_int_equal(slice_find_byte(looked.checked[i].words, '\033'), SLICE_NOT_FOUND);
        assert_int_equal(slice_find_byte(looked.checked[i].advice, '\033'), SLICE_NOT_FOUND);
    }
    trust_bench_free(&bench);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_is_right),
        cmocka_unit_test(what_dns_does_not_say_is_not_known),
        cmocka_unit_test(what_is_forged_is_wrong),
        cmocka_unit_test(spf_that_depends_on_others_may_not_be_known),
        cmocka_unit_test(a_host_may_not_be_an_alias),
        cmocka_unit_test(an_address_of_the_other_family_is_somebody_elses),
        cmocka_unit_test(a_name_of_the_providers_is_not_this_hosts),
        cmocka_unit_test(texts_of_strangers_are_cleaned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
