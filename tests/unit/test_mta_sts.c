/* MTA-STS (RFC 8461): the record, the policy, the hosts it means, and finding one. */
#include "test.h"

#include "io/sim/sim.h"
#include "trust/mta_sts.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the record ---- */

static void a_record_tells_the_id(void **state) {
    static const struct {
        const char *texts[3];
        const char *id;
    } rows[] = {
        {{"v=STSv1; id=20160831085700Z;"}, "20160831085700Z"},
        {{"v=STSv1;id=a"}, "a"},
        {{"v=STSv1 ;\tid=1 ; x-y_z.1=%&/"}, "1"},
        {{"v=spf1 -all", "v=STSv1; id=2", "v=STSv12; id=3"}, "2"},
        {{"v=STSv1; id=0123456789abcdef0123456789ABCDEF"}, "0123456789abcdef0123456789ABCDEF"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct slice texts[3];
        size_t count = 0;
        while (count < 3 && rows[i].texts[count]) {
            texts[count] = slice_from_text(rows[i].texts[count]);
            count++;
        }
        struct slice id;
        if (!mta_sts_record_read(texts, count, &id)) fail_msg("%s", rows[i].texts[0]);
        assert_slice(id, rows[i].id);
    }
}

static void what_is_no_record_tells_of_no_policy(void **state) {
    static const char *const bad[] = {"",
                                      "v=STSv1",
                                      "v=STSv1;",
                                      "V=STSv1; id=1",
                                      "v=stsv1; id=1",
                                      " v=STSv1; id=1",
                                      "v=STSv1; id=",
                                      "v=STSv1; id=a-b",
                                      "v=STSv1; id=1; id=2",
                                      "v=STSv1; id=1;;x=y",
                                      "v=STSv1; id=1; =y",
                                      "v=STSv1; id=1; x",
                                      "v=STSv1; id=1; x=a b",
                                      "v=STSv1; ID=1",
                                      "v=STSv1; id=0123456789abcdef0123456789abcdef0"};
    struct slice id;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct slice text = slice_from_text(bad[i]);
        if (mta_sts_record_read(&text, 1, &id)) fail_msg("taken: %s", bad[i]);
    }
    struct slice two[] = {SLICE("v=STSv1; id=1"), SLICE("v=STSv1; id=2")};
    assert_false(mta_sts_record_read(two, 2, &id));
    assert_false(mta_sts_record_read(NULL, 0, &id));
}

/* ---- the policy ---- */

static void a_policy_is_read(void **state) {
    struct mta_sts_policy policy;
    struct slice text =
        SLICE("version: STSv1\r\nmode: enforce\nmx: mail.example.com\r\nmx:*.example.net\r\n"
              "mx: \tbackupmx.example.com\t \r\nmax_age: 604800\r\nnew_field: anything: at all\r\n");
    assert_int_equal(mta_sts_policy_read(text, &policy), MTA_STS_GOOD);
    assert_int_equal(policy.mode, MTA_STS_MODE_ENFORCE);
    assert_int_equal(policy.max_age_s, 604800);
    assert_int_equal(policy.pattern_count, 3);
    assert_slice(policy.patterns[2], "backupmx.example.com");
    /* Of what stands twice the first counts; what is more than a year is a year. */
    text = SLICE("max_age: 99999999\nmode: testing\nmode: none\nmx: a\nversion: STSv1\nmax_age: x");
    assert_int_equal(mta_sts_policy_read(text, &policy), MTA_STS_GOOD);
    assert_int_equal(policy.mode, MTA_STS_MODE_TESTING);
    assert_int_equal(policy.max_age_s, MTA_STS_AGE_S_MAX);
    assert_int_equal(mta_sts_policy_read(SLICE("version: STSv1\nmode: none\nmax_age: 0"), &policy),
                     MTA_STS_GOOD);
    assert_int_equal(policy.mode, MTA_STS_MODE_NONE);
}

#define V "version: STSv1\n"
#define M "mode: enforce\n"
#define A "max_age: 60\n"
#define X "mx: a.test\n"

static void what_is_no_policy_says_why(void **state) {
    static const struct {
        const char *text;
        enum mta_sts_fault fault;
    } rows[] = {
        {"", MTA_STS_BAD_VERSION},
        {M A X, MTA_STS_BAD_VERSION},
        {"version: STSv2\n" M A X, MTA_STS_BAD_VERSION},
        {V A X, MTA_STS_BAD_MODE},
        {V "mode: Enforce\n" A X, MTA_STS_BAD_MODE},
        {V M X, MTA_STS_BAD_AGE},
        {V M X "max_age: -1\n", MTA_STS_BAD_AGE},
        {V M X "max_age: 1 day\n", MTA_STS_BAD_AGE},
        {V M X "max_age: 99999999999\n", MTA_STS_BAD_AGE},
        {V M A, MTA_STS_NO_PATTERN},
        {V M A "mx: *\n", MTA_STS_BAD_PATTERN},
        {V M A "mx: \n", MTA_STS_BAD_PATTERN},
        {V M A "mx: a..b\n", MTA_STS_BAD_PATTERN},
        {V M A "mx: a.*.test\n", MTA_STS_BAD_PATTERN},
        {V M A "mx: a.test, b.test\n", MTA_STS_BAD_PATTERN},
        {V M A X "<html>\n", MTA_STS_NOT_A_LINE},
        {V M A X "a b: c\n", MTA_STS_NOT_A_LINE},
        {V M A X ": c\n", MTA_STS_NOT_A_LINE},
    };
    struct mta_sts_policy policy;
    for (size_t i = 0; i < COUNT(rows); i++) {
        enum mta_sts_fault fault = mta_sts_policy_read(slice_from_text(rows[i].text), &policy);
        if (fault != rows[i].fault) fail_msg("%s: %s", rows[i].text, mta_sts_fault_words(fault));
    }
    struct buffer many = buffer_new(1 << 20);
    buffer_append_text(&many, V M A);
    for (int i = 0; i <= MTA_STS_PATTERNS_MAX; i++) buffer_printf(&many, "mx: m%d.test\n", i);
    assert_int_equal(mta_sts_policy_read(buffer_slice(&many), &policy), MTA_STS_TOO_MANY_PATTERNS);
    while (many.len <= MTA_STS_POLICY_BYTES_MAX) buffer_append_text(&many, "x: y\n");
    assert_int_equal(mta_sts_policy_read(buffer_slice(&many), &policy), MTA_STS_TOO_LARGE);
    buffer_free(&many);
}

static void a_star_stands_for_one_label(void **state) {
    struct mta_sts_policy policy;
    assert_int_equal(mta_sts_policy_read(SLICE(V M A "mx: mail.example.com\nmx: *.example.net\n"), &policy),
                     0);
    static const char *const meant[] = {"mail.example.com", "MAIL.Example.COM", "mail.example.com.",
                                        "a.example.net", "A-1.EXAMPLE.net"};
    static const char *const others[] = {"",
                                         "example.com",
                                         "mail.example.com.evil.test",
                                         "xmail.example.com",
                                         "example.net",
                                         ".example.net",
                                         "a.b.example.net",
                                         "aexample.net",
                                         "*.example.com"};
    for (size_t i = 0; i < COUNT(meant); i++)
        if (!mta_sts_policy_has(&policy, slice_from_text(meant[i]))) fail_msg("%s", meant[i]);
    for (size_t i = 0; i < COUNT(others); i++)
        if (mta_sts_policy_has(&policy, slice_from_text(others[i]))) fail_msg("%s", others[i]);
}

static void what_we_write_we_read(void **state) {
    struct buffer text = buffer_new(4096);
    struct mta_sts_policy policy;
    assert_true(mta_sts_patterns_are_valid(SLICE("mx1.example.test, *.example.net")));
    assert_false(mta_sts_patterns_are_valid(SLICE("")));
    assert_false(mta_sts_patterns_are_valid(SLICE("mx1.example.test,,a")));
    assert_false(mta_sts_patterns_are_valid(SLICE("mx1.example.test b")));
    mta_sts_policy_write(&text, MTA_STS_MODE_TESTING, 86400, SLICE("mx1.example.test, *.example.net"));
    assert_slice(buffer_slice(&text), "version: STSv1\r\nmode: testing\r\nmx: mx1.example.test\r\n"
                                      "mx: *.example.net\r\nmax_age: 86400\r\n");
    assert_int_equal(mta_sts_policy_read(buffer_slice(&text), &policy), MTA_STS_GOOD);
    assert_int_equal(policy.pattern_count, 2);
    buffer_free(&text);
}

/* ---- finding one ---- */

#define URL "https://mta-sts.far.test/.well-known/mta-sts.txt"

struct bench {
    struct sim_world *world;
    struct arena *arena;
    struct web_world web;
    struct slice id;
    enum mta_sts_result record;
    struct mta_sts_fetched fetched;
    bool is_over;
};

static void find(struct task *t, void *argument) {
    struct bench *bench = argument;
    const char *reason;
    struct dns *dns = dns_open(t, &(struct dns_options){0}, &reason);
    struct resolver *resolver = resolver_new_following(task_env(t), &dns);
    struct trust_lookups lookups =
        trust_lookups_of(resolver, bench->arena, env_now_ms(task_env(t)) + 20000, false);
    bench->web.lookups = &lookups;
    bench->record = mta_sts_look_up(t, &lookups, SLICE("far.test"), &bench->id);
    mta_sts_fetch(t, &bench->web, SLICE("far.test"), &bench->fetched);
    resolver_close(t, &resolver);
    dns_close(&dns);
    bench->is_over = true;
}

static bool is_over(void *context) { return ((struct bench *)context)->is_over; }

static struct bench *bench_new(const char *address) {
    struct bench *bench = calloc(1, sizeof *bench);
    if (!bench) abort();
    bench->world = sim_world_new(1);
    bench->arena = arena_new(1 << 20);
    sim_dns_add(bench->world, "mta-sts.far.test", DNS_A, slice_of(address, 4), 60);
    return bench;
}

static void bench_run(struct bench *bench) {
    bench->is_over = false;
    (void)sim_process_start(sim_machine_new(bench->world, "ours", "11.0.0.1"), "finder", find, bench);
    assert_true(sim_world_run_until(bench->world, is_over, bench, 600000));
}

static void bench_free(struct bench *bench) {
    sim_world_free(&bench->world);
    arena_free(&bench->arena);
    free(bench);
}

static void a_policy_is_found(void **state) {
    struct bench *bench = bench_new("\13\0\0\2");
    sim_dns_add(bench->world, "_mta-sts.far.test", DNS_TXT, SLICE("\x0dv=STSv1; id=7"), 60);
    sim_fetch_plan(bench->world, URL, FETCH_OK, 200, SLICE(V M A X));
    bench_run(bench);
    assert_int_equal(bench->record, MTA_STS_FOUND);
    assert_slice(bench->id, "7");
    assert_int_equal(bench->fetched.result, MTA_STS_FOUND);
    assert_int_equal(bench->fetched.policy.mode, MTA_STS_MODE_ENFORCE);
    bench_free(bench);
}

static void what_cannot_be_had_says_why(void **state) {
    static const struct {
        enum fetch_result result;
        unsigned status;
        const char *body;
        enum tls_result_type failure;
        const char *words;
    } rows[] = {
        {FETCH_OK, 301, V M A X, TLS_RESULT_STS_FETCH_ERROR, "301: a policy may not be elsewhere"},
        {FETCH_OK, 404, "", TLS_RESULT_STS_FETCH_ERROR, "answers 404"},
        {FETCH_OK, 200, V M A, TLS_RESULT_STS_INVALID, "it has no mx"},
        {FETCH_UNREACHABLE, 0, "", TLS_RESULT_STS_FETCH_ERROR, "no connection"},
        {FETCH_UNTRUSTED, 0, "", TLS_RESULT_STS_WEBPKI_INVALID, "self-signed"},
        {FETCH_TOO_LARGE, 0, "", TLS_RESULT_STS_INVALID, "too large"},
        {FETCH_TIMEOUT, 0, "", TLS_RESULT_STS_FETCH_ERROR, "did not answer in time"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bench *bench = bench_new("\13\0\0\2");
        sim_fetch_plan(bench->world, URL, rows[i].result, rows[i].status, slice_from_text(rows[i].body));
        bench_run(bench);
        assert_int_equal(bench->record, MTA_STS_ABSENT);
        assert_int_equal(bench->fetched.result, MTA_STS_UNUSABLE);
        assert_int_equal(bench->fetched.failure, rows[i].failure);
        if (slice_find(bench->fetched.reason, slice_from_text(rows[i].words)) == SLICE_NOT_FOUND)
            fail_msg("%.*s", SLICE_PRINT(bench->fetched.reason));
        bench_free(bench);
    }
}

/* Whoever owns a domain does not choose whom of our neighbours we connect to. */
static void private_web_servers_are_not_asked(void **state) {
    struct bench *bench = bench_new("\12\0\0\2");
    sim_dns_fail(bench->world, "_mta-sts.far.test", DNS_SERVFAIL);
    sim_fetch_plan(bench->world, URL, FETCH_OK, 200, SLICE(V M A X));
    bench_run(bench);
    assert_int_equal(bench->record, MTA_STS_UNSURE);
    assert_int_equal(bench->fetched.result, MTA_STS_UNUSABLE);
    bench->web.allows_private = true;
    bench_run(bench);
    assert_int_equal(bench->fetched.result, MTA_STS_FOUND);
    bench_free(bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_tells_the_id),
        cmocka_unit_test(what_is_no_record_tells_of_no_policy),
        cmocka_unit_test(a_policy_is_read),
        cmocka_unit_test(what_is_no_policy_says_why),
        cmocka_unit_test(a_star_stands_for_one_label),
        cmocka_unit_test(what_we_write_we_read),
        cmocka_unit_test(a_policy_is_found),
        cmocka_unit_test(what_cannot_be_had_says_why),
        cmocka_unit_test(private_web_servers_are_not_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
