/* All checks of one message together: what is found, what is written of it, and what becomes of the message.
 */
#include "test.h"

#include "base/limits.h"
#include "io/sim/sim.h"
#include "trust/inbound_policy.h"

struct bench {
    struct sim_world *world;
    struct sim_machine *machine;
    void (*work)(struct task *t, struct bench *bench);
    struct resolver *resolver;
    struct scope scope;
    const char *sender;
    const char *message;
    struct buffer passed;
    char field[4096];
    enum trust_result spf, iprev, dkim, dmarc;
    int64_t took_ms;
    bool is_over;
};

static struct bench bench_new(void) {
    struct bench bench = {.world = sim_world_new(1),
                          .sender = "a@example.com",
                          .message = "From: a@example.com\r\nSubject: x\r\n\r\nHello\r\n",
                          .passed = buffer_new(MIB(1))};
    bench.machine = sim_machine_new(bench.world, "ours", "11.0.1.1");
    return bench;
}

static void bench_free(struct bench *bench) {
    buffer_free(&bench->passed);
    sim_world_free(&bench->world);
}

static void add_text(struct bench *bench, const char *name, const char *text) {
    uint8_t data[256];
    size_t len = strlen(text);
    data[0] = (uint8_t)len;
    memcpy(data + 1, text, len);
    sim_dns_add(bench->world, name, DNS_TXT, slice_of(data, len + 1), 60);
}

static void add_world(struct bench *bench) {
    add_text(bench, "example.com", "v=spf1 ip4:11.0.0.7 -all");
    add_text(bench, "_dmarc.example.com", "v=DMARC1; p=reject");
    sim_dns_add(bench->world, "7.0.0.11.in-addr.arpa", DNS_PTR, SLICE("\4mail\7example\3com\0"), 60);
    sim_dns_add(bench->world, "mail.example.com", DNS_A, SLICE("\x0b\0\0\7"), 60);
}

static void bench_main(struct task *t, void *argument) {
    struct bench *bench = argument;
    const char *reason;
    struct dns *dns = dns_open(t, &(struct dns_options){0}, &reason);
    bench->resolver = resolver_new_local(dns);
    scope_init(&bench->scope, task_env(t));
    int64_t begun_ms = env_now_ms(task_env(t));
    bench->work(t, bench);
    bench->took_ms = env_now_ms(task_env(t)) - begun_ms;
    scope_close(t, &bench->scope);
    resolver_close(t, &bench->resolver);
    dns_close(&dns);
    bench->is_over = true;
}

static bool bench_is_over(void *context) { return ((struct bench *)context)->is_over; }

static void bench_run(struct bench *bench, void (*work)(struct task *t, struct bench *bench)) {
    bench->work = work;
    bench->is_over = false;
    (void)sim_process_start(bench->machine, "edge", bench_main, bench);
    assert_true(sim_world_run_until(bench->world, bench_is_over, bench, 600 * 1000));
}

static struct inbound_question question_of(const struct bench *bench) {
    struct inbound_question question = {.sender = slice_from_text(bench->sender),
                                        .helo = SLICE("mail.example.com"),
                                        .host = SLICE("mx.example.test")};
    assert_true(dns_address_parse(SLICE("11.0.0.7"), &question.address));
    return question;
}

static void keep(struct bench *bench, const struct inbound_question *question,
                 const struct inbound_findings *findings) {
    struct buffer field = buffer_new(sizeof bench->field - 1);
    inbound_results_write(&field, question, findings);
    memset(bench->field, 0, sizeof bench->field);
    /* On one line. */
    for (size_t i = 0, len = 0; i < field.len; i++)
        if (field.ptr[i] != '\r' && field.ptr[i] != '\n')
            bench->field[len++] = field.ptr[i] == '\t' ? ' ' : (char)field.ptr[i];
    buffer_free(&field);
    bench->spf = findings->spf.result;
    bench->iprev = findings->iprev.result;
    bench->dkim = findings->dkim.result;
    bench->dmarc = findings->dmarc.result;
}

static void check_with(struct task *t, struct bench *bench, bool begins) {
    struct inbound_question question = question_of(bench);
    struct inbound_check *check = inbound_check_new(task_env(t), bench->resolver, &question, false);
    if (begins) inbound_check_begin(check, &bench->scope);
    struct slice rest = slice_from_text(bench->message);
    while (rest.len) inbound_check_write(check, slice_take(&rest, 7), &bench->passed);
    keep(bench, &question, inbound_check_finish(t, check, &bench->passed, 1800000000));
    inbound_check_free(&check);
    assert_null(check);
}

static void check_beside(struct task *t, struct bench *bench) { check_with(t, bench, true); }
static void check_at_the_end(struct task *t, struct bench *bench) { check_with(t, bench, false); }

static void all_is_found_and_written(void **state) {
    for (int i = 0; i < 2; i++) {
        struct bench bench = bench_new();
        add_world(&bench);
        bench.message =
            "Authentication-Results: mx.example.test; dmarc=pass\r\nFrom: a@example.com\r\n\r\nHello\r\n";
        bench_run(&bench, i ? check_beside : check_at_the_end);
        assert_int_equal(bench.spf, TRUST_PASS);
        assert_int_equal(bench.iprev, TRUST_PASS);
        assert_int_equal(bench.dkim, TRUST_NONE);
        assert_int_equal(bench.dmarc, TRUST_PASS);
        assert_slice(buffer_slice(&bench.passed), "From: a@example.com\r\n\r\nHello\r\n");
        assert_non_null(strstr(bench.field, "Authentication-Results: mx.example.test; spf=pass"));
        assert_non_null(strstr(bench.field, "smtp.mailfrom=a@example.com; dkim=none; dmarc=pass"));
        assert_non_null(strstr(bench.field, "header.from=example.com policy.dmarc=none;"));
        assert_non_null(strstr(bench.field, " iprev=pass (mail.example.com) policy.iprev=11.0.0.7"));
        bench_free(&bench);
    }
}

static void what_dns_does_not_say_is_waited_for_so_long(void **state) {
    struct bench bench = bench_new();
    sim_dns_fail(bench.world, "example.com", DNS_TIMEOUT);
    sim_dns_fail(bench.world, "_dmarc.example.com", DNS_TIMEOUT);
    sim_dns_fail(bench.world, "7.0.0.11.in-addr.arpa", DNS_TIMEOUT);
    bench_run(&bench, check_beside);
    assert_int_equal(bench.spf, TRUST_TEMPERROR);
    assert_int_equal(bench.iprev, TRUST_TEMPERROR);
    assert_int_equal(bench.dmarc, TRUST_TEMPERROR);
    assert_true(bench.took_ms <= TRUST_CHECK_MS_MAX + TRUST_CHECK_END_MS_MAX + TRUST_NAME_MS_MAX + 1000);
    bench_free(&bench);
}

/* Nothing hangs on it. */
static void the_client_s_name_alone_is_not_waited_for(void **state) {
    struct bench bench = bench_new();
    add_world(&bench);
    sim_dns_fail(bench.world, "7.0.0.11.in-addr.arpa", DNS_TIMEOUT);
    bench_run(&bench, check_beside);
    assert_int_equal(bench.iprev, TRUST_TEMPERROR);
    assert_int_equal(bench.dmarc, TRUST_PASS);
    assert_true(bench.took_ms < TRUST_NAME_MS_MAX + 1000);
    bench_free(&bench);
}

static void leave(struct task *t, struct bench *bench) {
    struct inbound_question question = question_of(bench);
    struct inbound_check *check = inbound_check_new(task_env(t), bench->resolver, &question, false);
    inbound_check_begin(check, &bench->scope);
    /* Before its tasks began, and while they wait. */
    inbound_check_free(&check);
    check = inbound_check_new(task_env(t), bench->resolver, &question, false);
    inbound_check_begin(check, &bench->scope);
    assert_int_equal(task_sleep(t, 100), WAIT_OK);
    assert_false(scope_is_empty(&bench->scope));
    inbound_check_free(&check);
    assert_int_equal(task_sleep(t, 100), WAIT_OK);
    assert_true(scope_is_empty(&bench->scope));
    inbound_check_free(&check);
}

static void a_check_that_is_left_ends_its_tasks(void **state) {
    struct bench bench = bench_new();
    sim_dns_fail(bench.world, "example.com", DNS_TIMEOUT);
    sim_dns_fail(bench.world, "7.0.0.11.in-addr.arpa", DNS_TIMEOUT);
    bench_run(&bench, leave);
    bench_free(&bench);
}

static void a_null_sender_is_asked_about_by_its_name(void **state) {
    struct bench bench = bench_new();
    add_world(&bench);
    add_text(&bench, "mail.example.com", "v=spf1 a -all");
    bench.sender = "";
    bench_run(&bench, check_beside);
    assert_non_null(strstr(bench.field, "smtp.helo=mail.example.com"));
    assert_int_equal(bench.dmarc, TRUST_PASS);
    bench_free(&bench);
}

/* ---- answers that take too much ---- */

static void ask_much(struct task *t, struct bench *bench) {
    struct arena *arena = arena_new(MIB(4));
    struct trust_lookups lookups =
        trust_lookups_of(bench->resolver, arena, env_now_ms(task_env(t)) + 20000, false);
    size_t answered = 0;
    lookups.bytes_max = KIB(256);
    for (int i = 0; i < 1000; i++)
        answered += trust_look_up_texts(t, &lookups, SLICE("large.test")).result == DNS_OK;
    assert_in_range(answered, 1, 999);
    assert_true(arena_used_bytes(arena) < KIB(512));
    arena_free(&arena);
}

static void answers_of_dns_are_bounded(void **state) {
    struct bench bench = bench_new();
    char text[256] = {0};
    memset(text, 'x', 250);
    for (int i = 0; i < 40; i++) {
        text[0] = (char)('a' + i % 26);
        text[1] = (char)('a' + i / 26);
        add_text(&bench, "large.test", text);
    }
    bench_run(&bench, ask_much);
    bench_free(&bench);
}

/* A stranger's own records are large: what he spends does not save him from the author's policy. */
static void the_author_s_policy_has_its_share(void **state) {
    struct bench bench = bench_new();
    add_world(&bench);
    char junk[256];
    memset(junk, 'x', sizeof junk - 1);
    junk[sizeof junk - 2] = 0;
    add_text(&bench, "evil.test", "v=spf1 include:a.evil.test include:b.evil.test include:c.evil.test ?all");
    for (char name[] = "a.evil.test"; name[0] <= 'c'; name[0]++) {
        add_text(&bench, name, "v=spf1 ip4:192.0.2.1 ?all");
        for (int i = 0; i < 300; i++) add_text(&bench, name, junk);
    }
    bench.sender = "me@evil.test";
    bench_run(&bench, check_beside);
    assert_int_equal(bench.spf, TRUST_TEMPERROR);
    assert_int_equal(bench.dmarc, TRUST_FAIL);
    bench_free(&bench);
}

/* ---- what becomes of it ---- */

static const struct inbound_policy usual = {.dmarc_reject = INBOUND_REJECT,
                                            .dmarc_quarantine = INBOUND_JUNK,
                                            .spf_fail = INBOUND_ACCEPT,
                                            .author_fault = INBOUND_JUNK,
                                            .unsure = INBOUND_ACCEPT};
static const struct inbound_policy harsh = {.dmarc_reject = INBOUND_REJECT,
                                            .dmarc_quarantine = INBOUND_REJECT,
                                            .spf_fail = INBOUND_REJECT,
                                            .author_fault = INBOUND_REJECT,
                                            .unsure = INBOUND_DEFER};

struct decision_row {
    enum trust_result spf;
    enum trust_result dmarc;
    enum dmarc_policy disposition;
    enum author_fault fault;
    enum inbound_action usual;
    enum inbound_action harsh;
    const char *status;
};

static enum inbound_action decide(const struct inbound_policy *policy, const struct decision_row *row,
                                  const char *status) {
    struct buffer words = buffer_new(4096);
    struct inbound_findings findings = {
        .spf = {.result = row->spf, .domain = SLICE("a.example"), .reason = SLICE("it says \"-all\"")},
        .author = {.fault = row->fault},
        .dmarc = {.result = row->dmarc, .disposition = row->disposition, .why = SLICE("so it is")}};
    struct inbound_decision decision = inbound_decide(policy, &findings, &words);
    if (status && decision.action >= INBOUND_DEFER) assert_slice(decision.status, status);
    assert_true((decision.action == INBOUND_ACCEPT) == (decision.reason.len == 0));
    buffer_free(&words);
    return decision.action;
}

static void the_owner_s_choice_is_done(void **state) {
    static const struct decision_row rows[] = {
        {TRUST_PASS, TRUST_PASS, DMARC_NONE, AUTHOR_ONE_DOMAIN, INBOUND_ACCEPT, INBOUND_ACCEPT, NULL},
        {TRUST_NONE, TRUST_NONE, DMARC_NONE, AUTHOR_ONE_DOMAIN, INBOUND_ACCEPT, INBOUND_ACCEPT, NULL},
        {TRUST_FAIL, TRUST_FAIL, DMARC_REJECT, AUTHOR_ONE_DOMAIN, INBOUND_REJECT, INBOUND_REJECT, "5.7.26"},
        {TRUST_NONE, TRUST_FAIL, DMARC_QUARANTINE, AUTHOR_ONE_DOMAIN, INBOUND_JUNK, INBOUND_REJECT, "5.7.26"},
        {TRUST_NONE, TRUST_FAIL, DMARC_NONE, AUTHOR_ONE_DOMAIN, INBOUND_ACCEPT, INBOUND_ACCEPT, NULL},
        {TRUST_FAIL, TRUST_NONE, DMARC_NONE, AUTHOR_ONE_DOMAIN, INBOUND_ACCEPT, INBOUND_REJECT, "5.7.23"},
        {TRUST_FAIL, TRUST_FAIL, DMARC_NONE, AUTHOR_ONE_DOMAIN, INBOUND_ACCEPT, INBOUND_REJECT, "5.7.23"},
        {TRUST_SOFTFAIL, TRUST_NONE, DMARC_NONE, AUTHOR_ONE_DOMAIN, INBOUND_ACCEPT, INBOUND_ACCEPT, NULL},
        {TRUST_FAIL, TRUST_PASS, DMARC_NONE, AUTHOR_ONE_DOMAIN, INBOUND_ACCEPT, INBOUND_ACCEPT, NULL},
        {TRUST_NONE, TRUST_FAIL, DMARC_NONE, AUTHOR_TWO_FIELDS, INBOUND_JUNK, INBOUND_REJECT, "5.7.1"},
        {TRUST_NONE, TRUST_FAIL, DMARC_REJECT, AUTHOR_TWO_DOMAINS, INBOUND_REJECT, INBOUND_REJECT, "5.7.26"},
        /* Never a refusal for good while DNS might have said otherwise. */
        {TRUST_FAIL, TRUST_TEMPERROR, DMARC_NONE, AUTHOR_ONE_DOMAIN, INBOUND_ACCEPT, INBOUND_DEFER, "4.4.3"},
        {TRUST_TEMPERROR, TRUST_NONE, DMARC_NONE, AUTHOR_ONE_DOMAIN, INBOUND_ACCEPT, INBOUND_DEFER, "4.4.3"},
        {TRUST_TEMPERROR, TRUST_PASS, DMARC_NONE, AUTHOR_ONE_DOMAIN, INBOUND_ACCEPT, INBOUND_ACCEPT, NULL},
        {TRUST_PERMERROR, TRUST_PERMERROR, DMARC_NONE, AUTHOR_ONE_DOMAIN, INBOUND_ACCEPT, INBOUND_ACCEPT,
         NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (decide(&usual, &rows[i], NULL) != rows[i].usual) fail_msg("row %zu, usual", i);
        if (decide(&harsh, &rows[i], rows[i].status) != rows[i].harsh) fail_msg("row %zu, harsh", i);
    }
}

/* RFC 8617 5.2 */
static void only_sealers_that_are_believed_vouch(void **state) {
    static const struct {
        const char *domains[3];
        const char *results[3];
        enum trust_result arc;
        enum inbound_action action;
    } rows[] = {
        {{"list.example"}, {"list.example; dmarc=pass header.from=a.example"}, TRUST_PASS, INBOUND_ACCEPT},
        {{"LIST.example"}, {"list.example;\r\n spf=fail; dmarc = (x) pass"}, TRUST_PASS, INBOUND_ACCEPT},
        {{"list.example"}, {"list.example; dmarc=fail (dmarc=pass)"}, TRUST_PASS, INBOUND_REJECT},
        {{"list.example"}, {"list.example; spf=pass"}, TRUST_PASS, INBOUND_REJECT},
        {{"list.example"}, {"list.example; dmarc=pass"}, TRUST_FAIL, INBOUND_REJECT},
        {{"evil.example"}, {"list.example; dmarc=pass"}, TRUST_PASS, INBOUND_REJECT},
        {{"list.example", "evil.example"}, {"x; dmarc=pass", "x; dmarc=pass"}, TRUST_PASS, INBOUND_REJECT},
        {{"list.example", "gate.example"},
         {"x; dmarc=pass", "x; dmarc=fail; arc=pass"},
         TRUST_PASS,
         INBOUND_ACCEPT},
        {{"evil.example", "gate.example"},
         {"x; dmarc=pass", "x; dmarc=fail; arc=pass"},
         TRUST_PASS,
         INBOUND_REJECT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct inbound_policy policy = usual;
        struct arc_hop hops[3] = {0};
        struct buffer words = buffer_new(4096);
        struct inbound_findings findings = {
            .dmarc = {.result = TRUST_FAIL, .disposition = DMARC_REJECT, .why = SLICE("so it is")},
            .arc = {.result = rows[i].arc, .hops = hops}};
        for (; rows[i].domains[findings.arc.count]; findings.arc.count++)
            hops[findings.arc.count] =
                (struct arc_hop){.domain = slice_from_text(rows[i].domains[findings.arc.count]),
                                 .results = slice_from_text(rows[i].results[findings.arc.count])};
        assert_int_equal(inbound_decide(&policy, &findings, &words).action, INBOUND_REJECT);
        policy.arc_sealers = SLICE("gate.example, list.example");
        buffer_clear(&words);
        if (inbound_decide(&policy, &findings, &words).action != rows[i].action) fail_msg("row %zu", i);
        buffer_free(&words);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_found_and_written),
        cmocka_unit_test(what_dns_does_not_say_is_waited_for_so_long),
        cmocka_unit_test(the_client_s_name_alone_is_not_waited_for),
        cmocka_unit_test(a_check_that_is_left_ends_its_tasks),
        cmocka_unit_test(a_null_sender_is_asked_about_by_its_name),
        cmocka_unit_test(answers_of_dns_are_bounded),
        cmocka_unit_test(the_author_s_policy_has_its_share),
        cmocka_unit_test(the_owner_s_choice_is_done),
        cmocka_unit_test(only_sealers_that_are_believed_vouch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
