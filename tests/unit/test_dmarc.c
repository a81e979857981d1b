/* DMARC: whose name a message bears, who vouches for it, and what is asked for when nobody does (RFC 9989).
 */
#include "test.h"

#include "base/limits.h"
#include "io/sim/sim.h"
#include "trust/dmarc.h"
#include "trust/dmarc_walk.h"

struct bench {
    struct sim_world *world;
    struct sim_machine *machine;
    void (*work)(struct task *t, struct bench *bench);
    const char *from;
    struct dmarc_identifier spf;
    struct dmarc_identifier signatures[40];
    size_t signature_count;
    /* What came of it; slices in `arena`. */
    struct arena *arena;
    struct trust_lookups lookups;
    struct dmarc_verdict verdict;
    struct slice organization;
    enum trust_result welcome;
    bool is_over;
};

static struct bench bench_new(void) {
    struct bench bench = {.world = sim_world_new(1), .arena = arena_new(MIB(4))};
    bench.machine = sim_machine_new(bench.world, "ours", "11.0.1.1");
    return bench;
}

static void bench_free(struct bench *bench) {
    arena_free(&bench->arena);
    sim_world_free(&bench->world);
}

/* ---- the world ---- */

static void add_text(struct bench *bench, const char *name, const char *text) {
    uint8_t data[256];
    size_t len = strlen(text);
    assert_true(len < 256);
    data[0] = (uint8_t)len;
    memcpy(data + 1, text, len);
    sim_dns_add(bench->world, name, DNS_TXT, slice_of(data, len + 1), 60);
}

static void add_record(struct bench *bench, const char *domain, const char *text) {
    char name[300];
    (void)snprintf(name, sizeof name, "_dmarc.%s", domain);
    add_text(bench, name, text);
}

static void add_host(struct bench *bench, const char *name) {
    sim_dns_add(bench->world, name, DNS_A, SLICE("\x0b\0\0\1"), 60);
}

static struct dmarc_identifier identifier(enum trust_result result, const char *domain) {
    return (struct dmarc_identifier){.result = result, .domain = slice_from_text(domain)};
}

static void sign(struct bench *bench, enum trust_result result, const char *domain) {
    bench->signatures[bench->signature_count++] = identifier(result, domain);
}

/* ---- asking ---- */

static void bench_main(struct task *t, void *argument) {
    struct bench *bench = argument;
    const char *reason;
    struct dns *dns = dns_open(t, &(struct dns_options){0}, &reason);
    struct resolver *resolver = resolver_new_local(dns);
    bench->lookups = trust_lookups_of(resolver, bench->arena, env_now_ms(task_env(t)) + 20000, true);
    bench->work(t, bench);
    resolver_close(t, &resolver);
    dns_close(&dns);
    bench->is_over = true;
}

static bool bench_is_over(void *context) { return ((struct bench *)context)->is_over; }

static void bench_run(struct bench *bench, void (*work)(struct task *t, struct bench *bench)) {
    bench->work = work;
    bench->is_over = false;
    (void)sim_process_start(bench->machine, "asker", bench_main, bench);
    assert_true(sim_world_run_until(bench->world, bench_is_over, bench, 600 * 1000));
}

static void check_message(struct task *t, struct bench *bench) {
    struct author author = author_of_header(bench->arena, slice_from_text(bench->from));
    struct dmarc_question question = {.author = &author,
                                      .spf = bench->spf,
                                      .signatures = bench->signatures,
                                      .signature_count = bench->signature_count};
    bench->verdict = dmarc_check(t, &bench->lookups, &question);
    bench->spf = question.spf;
}

static const struct dmarc_verdict *judge(struct bench *bench, const char *from) {
    bench->from = from;
    bench_run(bench, check_message);
    return &bench->verdict;
}

#define assert_verdict(verdict, wanted)                                                                   \
    do {                                                                                                  \
        if ((verdict)->result != (wanted))                                                                \
            fail_msg("%s, not %s: %.*s", trust_result_word((verdict)->result), trust_result_word(wanted), \
                     SLICE_PRINT((verdict)->why));                                                        \
    } while (0)

static void find_organization(struct task *t, struct bench *bench) {
    struct slice found = SLICE_EMPTY;
    if (!dmarc_organization(t, &bench->lookups, slice_from_text(bench->from), &found)) found = SLICE("?");
    bench->organization = found;
}

static struct slice organization_of(struct bench *bench, const char *domain) {
    bench->from = domain;
    bench_run(bench, find_organization);
    return bench->organization;
}

static void assert_asked(const struct bench *bench, const char *const *names, size_t count) {
    for (size_t i = 0; i < bench->lookups.told_count && i < count; i++)
        assert_slice(bench->lookups.told[i].name, names[i]);
    assert_int_equal(bench->lookups.told_count, count);
}

/* ---- the tree walk ---- */

/* RFC 9989 4.10 */
static void a_walk_asks_eight_times_at_most(void **state) {
    static const char *const names[] = {
        "_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com",
        "_dmarc.g.h.i.j.mail.example.com",
        "_dmarc.h.i.j.mail.example.com",
        "_dmarc.i.j.mail.example.com",
        "_dmarc.j.mail.example.com",
        "_dmarc.mail.example.com",
        "_dmarc.example.com",
        "_dmarc.com",
    };
    struct bench bench = bench_new();
    assert_slice(organization_of(&bench, "a.b.c.d.e.f.g.h.i.j.mail.example.com"),
                 "a.b.c.d.e.f.g.h.i.j.mail.example.com");
    assert_asked(&bench, names, 8);
    bench_free(&bench);
}

/* RFC 9989 5.1.8: what is between is never found. */
static void a_record_between_is_jumped_over(void **state) {
    static const char *const names[] = {
        "_dmarc.mail.a.b.c.d.e.f.g.example.com",
        "_dmarc.c.d.e.f.g.example.com",
        "_dmarc.d.e.f.g.example.com",
        "_dmarc.e.f.g.example.com",
        "_dmarc.f.g.example.com",
        "_dmarc.g.example.com",
        "_dmarc.example.com",
        "_dmarc.com",
    };
    struct bench bench = bench_new();
    add_record(&bench, "example.com", "v=DMARC1; p=none");
    add_record(&bench, "b.c.d.e.f.g.example.com", "v=DMARC1; p=reject; psd=n");
    assert_slice(organization_of(&bench, "mail.a.b.c.d.e.f.g.example.com"), "example.com");
    assert_asked(&bench, names, 8);
    bench_free(&bench);
}

static void eight_labels_become_seven(void **state) {
    static const char *const names[] = {
        "_dmarc.a.b.c.d.e.f.example.com",
        "_dmarc.b.c.d.e.f.example.com",
        "_dmarc.c.d.e.f.example.com",
        "_dmarc.d.e.f.example.com",
        "_dmarc.e.f.example.com",
        "_dmarc.f.example.com",
        "_dmarc.example.com",
        "_dmarc.com",
    };
    struct bench bench = bench_new();
    (void)organization_of(&bench, "a.b.c.d.e.f.example.com");
    assert_asked(&bench, names, 8);
    bench_free(&bench);
}

/* RFC 9989 4.10.2: its three examples. */
static void the_organization_is_where_the_rfc_has_it(void **state) {
    struct bench bench = bench_new();
    add_record(&bench, "mail.example.com", "v=DMARC1; p=none");
    add_record(&bench, "example.com", "v=DMARC1; p=none");
    assert_slice(organization_of(&bench, "a.mail.example.com"), "example.com");
    bench_free(&bench);
    bench = bench_new();
    add_record(&bench, "mail.example.com", "v=DMARC1; p=none; psd=n");
    add_record(&bench, "example.com", "v=DMARC1; p=none");
    assert_slice(organization_of(&bench, "a.mail.example.com"), "mail.example.com");
    assert_int_equal(bench.lookups.told_count, 2);
    bench_free(&bench);
    bench = bench_new();
    add_record(&bench, "com", "v=DMARC1; p=none; psd=y");
    assert_slice(organization_of(&bench, "a.mail.example.com"), "example.com");
    bench_free(&bench);
}

static void a_public_suffix_is_an_organization_of_its_own(void **state) {
    struct bench bench = bench_new();
    add_record(&bench, "bank.example", "v=DMARC1; p=reject; psd=y");
    assert_slice(organization_of(&bench, "bank.example"), "bank.example");
    assert_int_equal(bench.lookups.told_count, 1);
    assert_slice(organization_of(&bench, "giant.bank.example"), "giant.bank.example");
    assert_slice(organization_of(&bench, "a.b.giant.bank.example"), "giant.bank.example");
    bench_free(&bench);
}

/* RFC 9989 4.10, step 2 */
static void two_records_at_a_name_are_none(void **state) {
    struct bench bench = bench_new();
    add_record(&bench, "mail.example.com", "v=DMARC1; p=none; psd=n");
    add_record(&bench, "mail.example.com", "v=DMARC1; p=reject; psd=n");
    add_record(&bench, "example.com", "v=DMARC1; p=quarantine");
    add_record(&bench, "example.com", "v=spf1 -all");
    assert_slice(organization_of(&bench, "mail.example.com"), "example.com");
    bench_free(&bench);
}

static void an_answer_that_does_not_come_ends_the_walk(void **state) {
    static const enum dns_result results[] = {DNS_SERVFAIL, DNS_BOGUS, DNS_TIMEOUT};
    for (size_t i = 0; i < 3; i++) {
        struct bench bench = bench_new();
        sim_dns_fail(bench.world, "_dmarc.example.com", results[i]);
        assert_slice(organization_of(&bench, "mail.example.com"), "?");
        assert_int_equal(bench.lookups.told_count, 2);
        bench_free(&bench);
    }
}

/* ---- alignment ---- */

struct alignment_row {
    const char *author;
    const char *identifier;
    bool is_relaxed;
    bool is_strict;
};

/* RFC 9989 B.1: SPF (B.1.1) and DKIM (B.1.2) alike. */
static void identifiers_align_as_the_rfc_shows(void **state) {
    static const struct alignment_row rows[] = {
        {"example.com", "example.com", true, true},
        {"example.com", "EXAMPLE.com", true, true},
        {"example.com", "child.example.com", true, false},
        {"child.example.com", "example.com", true, false},
        {"child.example.com", "other.example.com", true, false},
        {"child.example.com", "example.net", false, false},
        {"example.com", "badexample.com", false, false},
        {"example.com", "com", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int is_strict = 0; is_strict < 2; is_strict++)
            for (int is_spf = 0; is_spf < 2; is_spf++) {
                char from[100];
                struct bench bench = bench_new();
                (void)snprintf(from, sizeof from, "From: Somebody <a@%s>\r\n\r\n", rows[i].author);
                add_record(&bench, "example.com",
                           is_strict ? "v=DMARC1; p=reject; adkim=s; aspf=s" : "v=DMARC1; p=reject");
                if (is_spf) bench.spf = identifier(TRUST_PASS, rows[i].identifier);
                if (!is_spf) sign(&bench, TRUST_PASS, rows[i].identifier);
                bool passes = is_strict ? rows[i].is_strict : rows[i].is_relaxed;
                assert_verdict(judge(&bench, from), passes ? TRUST_PASS : TRUST_FAIL);
                bench_free(&bench);
            }
}

/* Only that method is strict. */
static void strictness_is_each_method_s_own(void **state) {
    struct bench bench = bench_new();
    add_record(&bench, "example.com", "v=DMARC1; p=reject; adkim=s");
    sign(&bench, TRUST_PASS, "child.example.com");
    assert_verdict(judge(&bench, "From: a@example.com\r\n\r\n"), TRUST_FAIL);
    bench.spf = identifier(TRUST_PASS, "child.example.com");
    assert_verdict(judge(&bench, "From: a@example.com\r\n\r\n"), TRUST_PASS);
    bench_free(&bench);
}

/* RFC 9989 B.4.1 */
static void the_simple_case_of_the_rfc(void **state) {
    struct bench bench = bench_new();
    add_record(&bench, "example.com", "v=DMARC1; p=reject");
    add_record(&bench, "signing.example.com", "v=DMARC1; p=none");
    sign(&bench, TRUST_PASS, "signing.example.com");
    const struct dmarc_verdict *verdict = judge(&bench, "From: a@example.com\r\n\r\n");
    assert_verdict(verdict, TRUST_PASS);
    assert_slice(verdict->organization, "example.com");
    assert_slice(verdict->policy_domain, "example.com");
    bench_free(&bench);
}

/* RFC 9989 B.4.2 */
static void the_deep_case_of_the_rfc(void **state) {
    struct bench bench = bench_new();
    add_record(&bench, "example.com", "v=DMARC1; p=reject");
    add_record(&bench, "signing.example.com", "v=DMARC1; p=none");
    bench.spf = identifier(TRUST_PASS, "example.com");
    sign(&bench, TRUST_PASS, "signing.example.com");
    const struct dmarc_verdict *verdict = judge(&bench, "From: a@a.b.c.d.e.f.g.h.i.j.k.example.com\r\n\r\n");
    assert_verdict(verdict, TRUST_PASS);
    assert_slice(verdict->policy_domain, "example.com");
    assert_slice(verdict->organization, "example.com");
    assert_true(bench.signatures[0].is_aligned && bench.spf.is_aligned);
    bench_free(&bench);
}

/* RFC 9989 B.4.3 */
static void the_public_suffix_case_of_the_rfc(void **state) {
    struct bench bench = bench_new();
    add_record(&bench, "bank.example", "v=DMARC1; p=reject; psd=y");
    add_record(&bench, "giant.bank.example", "v=DMARC1; p=quarantine");
    bench.spf = identifier(TRUST_PASS, "mail.giant.bank.example");
    sign(&bench, TRUST_PASS, "mail.mega.bank.example");
    const struct dmarc_verdict *verdict = judge(&bench, "From: a@giant.bank.example\r\n\r\n");
    assert_verdict(verdict, TRUST_PASS);
    assert_true(bench.spf.is_aligned);
    assert_false(bench.signatures[0].is_aligned);
    assert_slice(verdict->policy_domain, "giant.bank.example");
    assert_slice(verdict->organization, "giant.bank.example");
    bench_free(&bench);
}

/* A part of the organisation that says it is one itself. */
static void who_parts_with_the_organization_vouches_for_it_no_more(void **state) {
    struct bench bench = bench_new();
    add_record(&bench, "example.com", "v=DMARC1; p=reject");
    add_record(&bench, "lab.example.com", "v=DMARC1; p=none; psd=n");
    add_record(&bench, "shop.example.com", "v=DMARC1; p=none; psd=y");
    sign(&bench, TRUST_PASS, "mail.lab.example.com");
    sign(&bench, TRUST_PASS, "one.shop.example.com");
    assert_verdict(judge(&bench, "From: a@example.com\r\n\r\n"), TRUST_FAIL);
    assert_verdict(judge(&bench, "From: a@lab.example.com\r\n\r\n"), TRUST_PASS);
    bench_free(&bench);
}

static void what_is_of_another_organization_is_not_asked_about(void **state) {
    struct bench bench = bench_new();
    add_record(&bench, "example.com", "v=DMARC1; p=reject");
    for (int i = 0; i < 40; i++) sign(&bench, TRUST_PASS, "list.example.net");
    assert_verdict(judge(&bench, "From: a@example.com\r\n\r\n"), TRUST_FAIL);
    /* _dmarc.example.com and _dmarc.com */
    assert_int_equal(bench.lookups.told_count, 2);
    bench_free(&bench);
}

static void a_common_domain_costs_one_question(void **state) {
    struct bench bench = bench_new();
    add_record(&bench, "mail.example.com", "v=DMARC1; p=reject");
    bench.spf = identifier(TRUST_PASS, "mail.example.com");
    assert_verdict(judge(&bench, "From: a@mail.example.com\r\n\r\n"), TRUST_PASS);
    assert_int_equal(bench.lookups.told_count, 1);
    bench_free(&bench);
}

/* ---- policies ---- */

static void assert_asks(const char *record, const char *author, const char *tag, enum dmarc_policy policy,
                        enum dmarc_policy disposition) {
    char from[200];
    struct bench bench = bench_new();
    add_record(&bench, "example.com", record);
    add_host(&bench, "there.example.com");
    (void)snprintf(from, sizeof from, "From: a@%s\r\n\r\n", author);
    const struct dmarc_verdict *verdict = judge(&bench, from);
    assert_verdict(verdict, TRUST_FAIL);
    assert_string_equal(verdict->policy_tag, tag);
    assert_int_equal(verdict->policy, policy);
    assert_int_equal(verdict->disposition, disposition);
    assert_slice(verdict->policy_domain, "example.com");
    bench_free(&bench);
}

/* RFC 9989 4.7, 4.10.1 */
static void policies_are_chosen_by_who_the_author_is(void **state) {
    static const char all[] = "v=DMARC1; p=none; sp=quarantine; np=reject";
    assert_asks(all, "example.com", "p", DMARC_NONE, DMARC_NONE);
    assert_asks(all, "there.example.com", "sp", DMARC_QUARANTINE, DMARC_QUARANTINE);
    assert_asks(all, "nowhere.example.com", "np", DMARC_REJECT, DMARC_REJECT);
    assert_asks("v=DMARC1; p=reject", "there.example.com", "p", DMARC_REJECT, DMARC_REJECT);
    assert_asks("v=DMARC1; p=reject; sp=none", "nowhere.example.com", "sp", DMARC_NONE, DMARC_NONE);
    assert_asks("v=DMARC1; p=none; np=reject", "there.example.com", "p", DMARC_NONE, DMARC_NONE);
    assert_asks("v=DMARC1; p=none; np=reject", "nowhere.example.com", "np", DMARC_REJECT, DMARC_REJECT);
    assert_asks("v=DMARC1; p=reject; t=y", "example.com", "p", DMARC_REJECT, DMARC_QUARANTINE);
    assert_asks("v=DMARC1; p=quarantine; t=y", "example.com", "p", DMARC_QUARANTINE, DMARC_NONE);
    assert_asks("v=DMARC1; p=none; t=y", "example.com", "p", DMARC_NONE, DMARC_NONE);
    assert_asks("v=DMARC1; p=reject; pct=0", "example.com", "p", DMARC_REJECT, DMARC_REJECT);
}

/* A name with something below it exists (RFC 8020). */
static void an_empty_name_between_exists(void **state) {
    struct bench bench = bench_new();
    add_record(&bench, "example.com", "v=DMARC1; p=none; np=reject");
    sim_dns_add(bench.world, "there.example.com", DNS_TXT, SLICE("\1x"), 60);
    assert_string_equal(judge(&bench, "From: a@there.example.com\r\n\r\n")->policy_tag, "p");
    bench_free(&bench);
}

/* RFC 9989 4.10.1 */
static void the_public_suffix_s_record_is_the_last_resort(void **state) {
    struct bench bench = bench_new();
    add_record(&bench, "bank.example", "v=DMARC1; p=none; sp=reject; psd=y");
    const struct dmarc_verdict *verdict = judge(&bench, "From: a@mail.giant.bank.example\r\n\r\n");
    assert_slice(verdict->policy_domain, "bank.example");
    assert_int_equal(verdict->disposition, DMARC_REJECT);
    add_record(&bench, "giant.bank.example", "v=DMARC1; p=quarantine");
    verdict = judge(&bench, "From: a@mail.giant.bank.example\r\n\r\n");
    assert_slice(verdict->policy_domain, "giant.bank.example");
    assert_int_equal(verdict->disposition, DMARC_QUARANTINE);
    bench_free(&bench);
}

/* Not that of a domain between the author's and its organisation's. */
static void the_organization_s_record_goes_before_one_between(void **state) {
    struct bench bench = bench_new();
    add_record(&bench, "mail.example.com", "v=DMARC1; p=none");
    add_record(&bench, "example.com", "v=DMARC1; p=none; sp=reject");
    const struct dmarc_verdict *verdict = judge(&bench, "From: a@a.mail.example.com\r\n\r\n");
    assert_slice(verdict->policy_domain, "example.com");
    assert_int_equal(verdict->disposition, DMARC_REJECT);
    bench_free(&bench);
}

static void without_a_record_nothing_is_asked_for(void **state) {
    struct bench bench = bench_new();
    const struct dmarc_verdict *verdict = judge(&bench, "From: a@mail.example.com\r\n\r\n");
    assert_verdict(verdict, TRUST_NONE);
    assert_int_equal(verdict->disposition, DMARC_NONE);
    assert_int_equal(verdict->policy_domain.len, 0);
    assert_slice(verdict->domain, "mail.example.com");
    assert_slice(verdict->why, "mail.example.com has no DMARC record");
    bench_free(&bench);
}

static void a_useless_record_is_a_permanent_error(void **state) {
    struct bench bench = bench_new();
    add_record(&bench, "example.com", "v=DMARC1; p=rejekt");
    assert_verdict(judge(&bench, "From: a@example.com\r\n\r\n"), TRUST_PERMERROR);
    bench_free(&bench);
    bench = bench_new();
    add_record(&bench, "example.com", "v=DMARC1; p=rejekt; rua=mailto:a@example.com");
    const struct dmarc_verdict *verdict = judge(&bench, "From: a@example.com\r\n\r\n");
    assert_verdict(verdict, TRUST_FAIL);
    assert_int_equal(verdict->disposition, DMARC_NONE);
    bench_free(&bench);
}

/* ---- what DNS does not say ---- */

static void no_answer_is_never_a_failure(void **state) {
    static const char *const names[] = {"_dmarc.mail.example.com", "_dmarc.example.com", "mail.example.com",
                                        "_dmarc.other.example.com"};
    for (size_t i = 0; i < 4; i++) {
        struct bench bench = bench_new();
        add_record(&bench, "example.com", "v=DMARC1; p=reject; np=quarantine");
        sign(&bench, TRUST_PASS, "other.example.com");
        if (i == 2) bench.signature_count = 0;
        sim_dns_fail(bench.world, names[i], i % 2 ? DNS_SERVFAIL : DNS_TIMEOUT);
        const struct dmarc_verdict *verdict = judge(&bench, "From: a@mail.example.com\r\n\r\n");
        assert_verdict(verdict, TRUST_TEMPERROR);
        assert_int_equal(verdict->disposition, DMARC_NONE);
        bench_free(&bench);
    }
}

static void no_answer_about_what_would_vouch_is_no_failure(void **state) {
    struct bench bench = bench_new();
    add_record(&bench, "example.com", "v=DMARC1; p=reject");
    sign(&bench, TRUST_TEMPERROR, "example.net");
    assert_verdict(judge(&bench, "From: a@example.com\r\n\r\n"), TRUST_FAIL);
    bench.spf = identifier(TRUST_TEMPERROR, "mail.example.com");
    assert_verdict(judge(&bench, "From: a@example.com\r\n\r\n"), TRUST_TEMPERROR);
    sign(&bench, TRUST_PASS, "example.com");
    assert_verdict(judge(&bench, "From: a@example.com\r\n\r\n"), TRUST_PASS);
    bench_free(&bench);
}

static void only_what_passed_vouches(void **state) {
    for (enum trust_result result = TRUST_NONE; result < (enum trust_result)TRUST_RESULTS; result++) {
        if (result == TRUST_PASS || result == TRUST_TEMPERROR) continue;
        struct bench bench = bench_new();
        add_record(&bench, "example.com", "v=DMARC1; p=reject");
        bench.spf = identifier(result, "example.com");
        sign(&bench, result, "example.com");
        assert_verdict(judge(&bench, "From: a@example.com\r\n\r\n"), TRUST_FAIL);
        bench_free(&bench);
    }
}

/* ---- authors ---- */

struct author_row {
    const char *header;
    enum author_fault fault;
    /* Between blanks. */
    const char *domains;
};
static const struct author_row author_rows[] = {
    {"From: a@example.com\r\n", AUTHOR_ONE_DOMAIN, "example.com"},
    {"From: A Name <a@EXAMPLE.com>\r\n", AUTHOR_ONE_DOMAIN, "example.com"},
    {"From: a@example.com, \"B\" <b@example.com>\r\n", AUTHOR_ONE_DOMAIN, "example.com"},
    {"From: Doe, John <john@example.com>\r\n", AUTHOR_ONE_DOMAIN, "example.com"},
    {"From: a@example.com.\r\n", AUTHOR_ONE_DOMAIN, "example.com"},
    {"from :\r\n a\r\n @\r\n example.com\r\n", AUTHOR_ONE_DOMAIN, "example.com"},
    {"From: (a@bank.example) a@(x)example.com (y)\r\n", AUTHOR_ONE_DOMAIN, "example.com"},
    /* What a display name says is no author, however it is written. */
    {"From: \"boss@bank.example\" <a@example.com>\r\n", AUTHOR_ONE_DOMAIN, "example.com"},
    {"From: =?utf-8?q?boss=40bank=2Eexample?= <a@example.com>\r\n", AUTHOR_ONE_DOMAIN, "example.com"},
    {"From: \"<boss@bank.example>\" <a@example.com>\r\n", AUTHOR_ONE_DOMAIN, "example.com"},
    {"From: <@bank.example:a@example.com>\r\n", AUTHOR_ONE_DOMAIN, "example.com"},
    {"From: \"a@bank.example\"@example.com\r\n", AUTHOR_ONE_DOMAIN, "example.com"},
    /* RFC 9989 5.3.1: U-labels become A-labels. */
    {"From: a@b\xc3\xbc"
     "cher.example\r\n",
     AUTHOR_ONE_DOMAIN, "xn--bcher-kva.example"},
    {"From: a@XN--BCHER-KVA.example, b@b\xc3\xbc"
     "cher.example\r\n",
     AUTHOR_ONE_DOMAIN, "xn--bcher-kva.example"},
    /* None. */
    {"", AUTHOR_NO_FIELD, ""},
    {"To: a@example.com\r\n", AUTHOR_NO_FIELD, ""},
    {"\r\nFrom: a@example.com\r\n", AUTHOR_NO_FIELD, ""},
    {"From:\r\n", AUTHOR_NO_DOMAIN, ""},
    {"From: <>\r\n", AUTHOR_NO_DOMAIN, ""},
    {"From: somebody\r\n", AUTHOR_NO_DOMAIN, ""},
    {"From: a@[192.0.2.1]\r\n", AUTHOR_NO_DOMAIN, ""},
    {"From: a@\r\n", AUTHOR_NO_DOMAIN, ""},
    {"From: a@exa_mple..com\r\n", AUTHOR_NO_DOMAIN, ""},
    {"From: <a@=?utf-8?q?bank=2Eexample?=>\r\n", AUTHOR_NO_DOMAIN, ""},
    {"From: a@\xff\xfe.example\r\n", AUTHOR_NO_DOMAIN, ""},
    {"From: =?utf-8?q?boss=40bank=2Eexample?=\r\n", AUTHOR_NO_DOMAIN, ""},
    /* More than one. */
    {"From: a@example.com\r\nFrom: a@example.com\r\n", AUTHOR_TWO_FIELDS, "example.com"},
    {"From: \"open\r\nFrom: a@example.com\r\n", AUTHOR_TWO_FIELDS, "example.com"},
    {"From: a@example.com, b@example.net\r\n", AUTHOR_TWO_DOMAINS, "example.com example.net"},
    {"From: a@example.com, b@[192.0.2.1]\r\n", AUTHOR_NO_DOMAIN, "example.com"},
    {"From: a@a.test, a@b.test, a@c.test, a@d.test, a@e.test\r\n", AUTHOR_TWO_DOMAINS,
     "a.test b.test c.test d.test"},
    {"From: Board: a@example.com;\r\n", AUTHOR_GROUP, "example.com"},
    {"From: Undisclosed:;\r\n", AUTHOR_GROUP, ""},
    {"From: Board: a@example.com, b@example.net;\r\n", AUTHOR_GROUP, "example.com example.net"},
};

static void authors_are_read(void **state) {
    for (size_t i = 0; i < sizeof author_rows / sizeof author_rows[0]; i++) {
        struct arena *arena = arena_new(KIB(64));
        struct buffer domains = buffer_new(4096);
        struct author author = author_of_header(arena, slice_from_text(author_rows[i].header));
        for (size_t j = 0; j < author.domain_count; j++) {
            if (j) buffer_append_byte(&domains, ' ');
            buffer_append(&domains, author.domains[j]);
        }
        if (author.fault != author_rows[i].fault)
            fail_msg("%s: %s", author_rows[i].header, author_fault_words(author.fault));
        assert_slice(buffer_slice(&domains), author_rows[i].domains);
        buffer_free(&domains);
        arena_free(&arena);
    }
}

static void a_from_field_beyond_what_is_looked_through_is_a_fault(void **state) {
    struct arena *arena = arena_new(MIB(1));
    struct buffer header = buffer_new(MIB(4));
    buffer_append_text(&header, "From: a@example.com");
    for (int i = 0; i < 100000; i++) buffer_append_text(&header, ", a@example.com");
    struct author author = author_of_header(arena, buffer_slice(&header));
    assert_int_equal(author.fault, AUTHOR_TOO_LONG);
    buffer_free(&header);
    arena_free(&arena);
}

/* CASES: From none, two, group. */
static void a_message_without_one_author_fails_by_rule(void **state) {
    for (size_t i = 0; i < sizeof author_rows / sizeof author_rows[0]; i++) {
        if (author_rows[i].fault == AUTHOR_ONE_DOMAIN) continue;
        char header[300];
        struct bench bench = bench_new();
        add_record(&bench, "example.com", "v=DMARC1; p=none");
        bench.spf = identifier(TRUST_PASS, "example.com");
        sign(&bench, TRUST_PASS, "example.com");
        (void)snprintf(header, sizeof header, "%s\r\n", author_rows[i].header);
        const struct dmarc_verdict *verdict = judge(&bench, header);
        assert_verdict(verdict, TRUST_FAIL);
        assert_int_equal(verdict->fault, author_rows[i].fault);
        assert_int_equal(verdict->disposition, DMARC_NONE);
        bench_free(&bench);
    }
}

/* RFC 9989 11.5 */
static void of_several_authors_the_strictest_policy_counts(void **state) {
    struct bench bench = bench_new();
    add_record(&bench, "evil.example", "v=DMARC1; p=none");
    add_record(&bench, "shop.example", "v=DMARC1; p=quarantine");
    add_record(&bench, "bank.example", "v=DMARC1; p=reject");
    sign(&bench, TRUST_PASS, "evil.example");
    const struct dmarc_verdict *verdict =
        judge(&bench, "From: a@evil.example, b@shop.example\r\nFrom: c@bank.example\r\n\r\n");
    assert_verdict(verdict, TRUST_FAIL);
    assert_int_equal(verdict->disposition, DMARC_REJECT);
    assert_slice(verdict->domain, "bank.example");
    assert_int_equal(verdict->fault, AUTHOR_TWO_DOMAINS);
    bench_free(&bench);
}

static void the_verdict_says_why(void **state) {
    struct bench bench = bench_new();
    add_record(&bench, "example.com", "v=DMARC1; p=reject; sp=quarantine; t=y");
    bench.spf = identifier(TRUST_PASS, "list.example.net");
    sign(&bench, TRUST_FAIL, "example.com");
    assert_slice(
        judge(&bench, "From: a@example.com\r\n\r\n")->why,
        "nothing vouches for example.com: SPF pass for list.example.net, which is another organisation's; "
        "DKIM fail for example.com; example.com asks to put such mail aside (p=reject with t=y)");
    sign(&bench, TRUST_PASS, "mail.example.com");
    assert_slice(
        judge(&bench, "From: a@example.com\r\n\r\n")->why,
        "a signature (DKIM) vouches for mail.example.com, which is of the same organisation as example.com");
    bench_free(&bench);
}

/* ---- reports to others ---- */

static void ask_welcome(struct task *t, struct bench *bench) {
    bench->welcome =
        dmarc_reports_welcome(t, &bench->lookups, SLICE("example.com"), slice_from_text(bench->from));
}

static enum trust_result welcome(struct bench *bench, const char *host) {
    bench->from = host;
    bench_run(bench, ask_welcome);
    return bench->welcome;
}

/* RFC 9990 4 */
static void reports_go_to_who_wants_them(void **state) {
    struct bench bench = bench_new();
    add_record(&bench, "example.com", "v=DMARC1; p=none; rua=mailto:x@thirdparty.example.net");
    add_text(&bench, "example.com._report._dmarc.thirdparty.example.net", "v=DMARC1");
    add_text(&bench, "example.com._report._dmarc.wrong.example.net", "v=spf1");
    assert_int_equal(welcome(&bench, "example.com"), TRUST_PASS);
    assert_int_equal(welcome(&bench, "Reports.Example.COM"), TRUST_PASS);
    assert_int_equal(welcome(&bench, "thirdparty.example.net"), TRUST_PASS);
    assert_int_equal(welcome(&bench, "wrong.example.net"), TRUST_FAIL);
    assert_int_equal(welcome(&bench, "nobody.example.net"), TRUST_FAIL);
    sim_dns_fail(bench.world, "example.com._report._dmarc.lost.example.net", DNS_SERVFAIL);
    assert_int_equal(welcome(&bench, "lost.example.net"), TRUST_TEMPERROR);
    bench_free(&bench);
}

static void the_list_of_public_suffixes_is_asked_for_comparison(void **state) {
    struct arena *arena = arena_new(KIB(64));
    struct slice listed = dmarc_listed_organization(arena, SLICE("a.b.example.co.uk"));
    if (listed.len == 0) print_message("no list of public suffixes here\n");
    if (listed.len) assert_slice(listed, "example.co.uk");
    assert_int_equal(dmarc_listed_organization(arena, SLICE("co.uk")).len, 0);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_asks_eight_times_at_most),
        cmocka_unit_test(a_record_between_is_jumped_over),
        cmocka_unit_test(eight_labels_become_seven),
        cmocka_unit_test(the_organization_is_where_the_rfc_has_it),
        cmocka_unit_test(a_public_suffix_is_an_organization_of_its_own),
        cmocka_unit_test(two_records_at_a_name_are_none),
        cmocka_unit_test(an_answer_that_does_not_come_ends_the_walk),
        cmocka_unit_test(identifiers_align_as_the_rfc_shows),
        cmocka_unit_test(strictness_is_each_method_s_own),
        cmocka_unit_test(the_simple_case_of_the_rfc),
        cmocka_unit_test(the_deep_case_of_the_rfc),
        cmocka_unit_test(the_public_suffix_case_of_the_rfc),
        cmocka_unit_test(who_parts_with_the_organization_vouches_for_it_no_more),
        cmocka_unit_test(what_is_of_another_organization_is_not_asked_about),
        cmocka_unit_test(a_common_domain_costs_one_question),
        cmocka_unit_test(policies_are_chosen_by_who_the_author_is),
        cmocka_unit_test(an_empty_name_between_exists),
        cmocka_unit_test(the_public_suffix_s_record_is_the_last_resort),
        cmocka_unit_test(the_organization_s_record_goes_before_one_between),
        cmocka_unit_test(without_a_record_nothing_is_asked_for),
        cmocka_unit_test(a_useless_record_is_a_permanent_error),
        cmocka_unit_test(no_answer_is_never_a_failure),
        cmocka_unit_test(no_answer_about_what_would_vouch_is_no_failure),
        cmocka_unit_test(only_what_passed_vouches),
        cmocka_unit_test(authors_are_read),
        cmocka_unit_test(a_from_field_beyond_what_is_looked_through_is_a_fault),
        cmocka_unit_test(a_message_without_one_author_fails_by_rule),
        cmocka_unit_test(of_several_authors_the_strictest_policy_counts),
        cmocka_unit_test(the_verdict_says_why),
        cmocka_unit_test(reports_go_to_who_wants_them),
        cmocka_unit_test(the_list_of_public_suffixes_is_asked_for_comparison),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
