/* All checks of one message together: what is found, what is written of it, and what becomes of the message.
 */
#include "test.h"

#include "base/limits.h"
#include "dkim_signer.h"
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

/* ---- signatures of strangers beside the author's ---- */

#define PLAIN "From: a@example.com\r\nSubject: x\r\n\r\nHello\r\n"

/* A message that is signed, from the bottom up. */
struct signed_bench {
    struct bench bench;
    struct test_key key;
    struct buffer message;
};

static struct signed_bench signed_bench_new(const char *message) {
    struct signed_bench made = {
        .bench = bench_new(), .key = test_key_make(DKIM_ED25519_SHA256, 0), .message = buffer_new(MIB(1))};
    add_world(&made.bench);
    made.bench.sender = "me@evil.test";
    buffer_append_text(&made.message, message);
    return made;
}

static void signed_bench_free(struct signed_bench *made) {
    test_key_free(&made->key);
    buffer_free(&made->message);
    bench_free(&made->bench);
}

static void sign_with(struct signed_bench *made, const char *domain, const char *selector,
                      const struct dkim_forms *forms) {
    struct buffer fields = buffer_new(MIB(1));
    struct dkim_signer signer = {.domain = slice_from_text(domain), .selector = slice_from_text(selector)};
    assert_int_equal(test_sign(&made->key, forms, signer, buffer_slice(&made->message), &fields),
                     DKIM_SIGN_OK);
    buffer_append(&fields, buffer_slice(&made->message));
    buffer_clear(&made->message);
    buffer_append(&made->message, buffer_slice(&fields));
    buffer_free(&fields);
}

static void sign_as(struct signed_bench *made, const char *domain, const char *selector) {
    sign_with(made, domain, selector, NULL);
}

static void publish(struct signed_bench *made, const char *name) {
    struct buffer text = buffer_new(KIB(1));
    buffer_append_text(&text, "k=ed25519; p=");
    test_key_public(&made->key, false, &text);
    buffer_append_byte(&text, 0);
    add_text(&made->bench, name, (const char *)text.ptr);
    buffer_free(&text);
}

/* On top of what is there, each with a name server that answers nothing. */
static void add_slow_strangers(struct signed_bench *made, int count) {
    static const struct dkim_forms simple = {DKIM_SIMPLE, DKIM_SIMPLE};
    for (int i = 0; i < count; i++) {
        char domain[64];
        char name[128];
        (void)snprintf(domain, sizeof domain, "slow%d.evil.test", i);
        (void)snprintf(name, sizeof name, "s._domainkey.%s", domain);
        sim_dns_fail(made->bench.world, name, DNS_TIMEOUT);
        sign_with(made, domain, "s", &simple);
    }
}

static void check_signed(struct signed_bench *made) {
    buffer_append_byte(&made->message, 0);
    made->bench.message = (const char *)made->message.ptr;
    bench_run(&made->bench, check_beside);
    made->message.len--;
}

/* Whoever forges the author's domain and has slow ones of his own as well does not make it unsure. */
static void slow_strangers_do_not_save_a_forged_signature(void **state) {
    static const struct {
        const char *from;
        const char *signer;
    } rows[] = {{"example.com", "example.com"},
                {"news.example.com", "mail.example.com"},
                {"xn--grn-ioa.example.com", "gr\xc3\xbcn.example.com"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char message[200];
        (void)snprintf(message, sizeof message, "From: a@%s\r\nSubject: x\r\n\r\nHello\r\n", rows[i].from);
        struct signed_bench made = signed_bench_new(message);
        /* Its key is not there. */
        sign_as(&made, "placeholder.test", "gone");
        struct buffer changed = buffer_new(MIB(1));
        size_t at = slice_find(buffer_slice(&made.message), SLICE("placeholder.test"));
        buffer_append(&changed, slice_sub(buffer_slice(&made.message), 0, at));
        buffer_append_text(&changed, rows[i].signer);
        buffer_append(&changed, slice_skip(buffer_slice(&made.message), at + strlen("placeholder.test")));
        buffer_free(&made.message);
        made.message = changed;
        add_slow_strangers(&made, 7);
        check_signed(&made);
        if (made.bench.dmarc != TRUST_FAIL) fail_msg("row %zu: %s", i, made.bench.field);
        assert_non_null(strstr(made.bench.field, "header.s=gone"));
        signed_bench_free(&made);
    }
}

/* Nor keep a good one from being found, wherever it stands and whatever its body is hashed by. */
static void a_good_signature_is_found_among_strangers(void **state) {
    for (int i = 0; i < 2; i++) {
        struct signed_bench made = signed_bench_new(PLAIN);
        publish(&made, "s._domainkey.mail.example.com");
        if (i) add_slow_strangers(&made, 9);
        sign_as(&made, "mail.example.com", "s");
        if (!i) add_slow_strangers(&made, 9);
        check_signed(&made);
        assert_int_equal(made.bench.dmarc, TRUST_PASS);
        const char *ours = strstr(made.bench.field, "header.d=mail.example.com");
        const char *theirs = strstr(made.bench.field, "header.d=slow");
        assert_non_null(ours);
        assert_non_null(theirs);
        /* As in the message. */
        assert_true((ours < theirs) == (i == 1));
        signed_bench_free(&made);
    }
}

/* Large records of the envelope's domain do not eat what the author's key needs. */
static void large_records_of_a_stranger_do_not_hide_a_key(void **state) {
    struct signed_bench made = signed_bench_new(PLAIN);
    char junk[256];
    memset(junk, 'x', sizeof junk - 1);
    junk[sizeof junk - 2] = 0;
    add_text(&made.bench, "evil.test",
             "v=spf1 include:a.evil.test include:b.evil.test include:c.evil.test ?all");
    for (char name[] = "a.evil.test"; name[0] <= 'c'; name[0]++) {
        add_text(&made.bench, name, "v=spf1 ip4:192.0.2.1 ?all");
        for (int i = 0; i < 300; i++) add_text(&made.bench, name, junk);
    }
    publish(&made, "s._domainkey.example.com");
    sign_as(&made, "example.com", "s");
    check_signed(&made);
    assert_int_equal(made.bench.spf, TRUST_TEMPERROR);
    assert_int_equal(made.bench.dkim, TRUST_PASS);
    assert_int_equal(made.bench.dmarc, TRUST_PASS);
    signed_bench_free(&made);
}

/* ---- what is sent is not what goes on ---- */

static void check_in_two_steps(struct task *t, struct bench *bench) {
    struct inbound_question question = question_of(bench);
    struct inbound_check *check = inbound_check_new(task_env(t), bench->resolver, &question, false);
    inbound_check_hash(check, slice_from_text(bench->message));
    inbound_check_pass(check, SLICE("Authentication-Results: mx.example.test; spf=pass\r\n" PLAIN "more\r\n"),
                       &bench->passed);
    keep(bench, &question, inbound_check_finish(t, check, &bench->passed, 1800000000));
    inbound_check_free(&check);
}

static void signatures_are_checked_over_what_was_sent(void **state) {
    struct signed_bench made = signed_bench_new(PLAIN);
    publish(&made, "s._domainkey.example.com");
    sign_as(&made, "example.com", "s");
    buffer_append_byte(&made.message, 0);
    made.bench.message = (const char *)made.message.ptr;
    bench_run(&made.bench, check_in_two_steps);
    assert_int_equal(made.bench.dkim, TRUST_PASS);
    assert_int_equal(made.bench.dmarc, TRUST_PASS);
    assert_slice(buffer_slice(&made.bench.passed), PLAIN "more\r\n");
    signed_bench_free(&made);
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
            .arc = {.result = rows[i].arc, .hops = hops, .is_from_sealed = true}};
        for (; rows[i].domains[findings.arc.count]; findings.arc.count++)
            hops[findings.arc.count] =
                (struct arc_hop){.domain = slice_from_text(rows[i].domains[findings.arc.count]),
                                 .results = slice_from_text(rows[i].results[findings.arc.count])};
        assert_int_equal(inbound_decide(&policy, &findings, &words).action, INBOUND_REJECT);
        policy.arc_sealers = SLICE("gate.example, list.example");
        buffer_clear(&words);
        if (inbound_decide(&policy, &findings, &words).action != rows[i].action) fail_msg("row %zu", i);
        /* Who seals a message without its From says nothing of whose it is. */
        findings.arc.is_from_sealed = false;
        assert_int_equal(inbound_decide(&policy, &findings, &words).action, INBOUND_REJECT);
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
        cmocka_unit_test(slow_strangers_do_not_save_a_forged_signature),
        cmocka_unit_test(a_good_signature_is_found_among_strangers),
        cmocka_unit_test(large_records_of_a_stranger_do_not_hide_a_key),
        cmocka_unit_test(signatures_are_checked_over_what_was_sent),
        cmocka_unit_test(the_owner_s_choice_is_done),
        cmocka_unit_test(only_sealers_that_are_believed_vouch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
