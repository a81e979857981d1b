/* The SMTP server, as a client and the store see it. */
#include "smtp_bench.h"
#include "store/queue_model.h"

#define HELLO "S: 220 <any>\nC: EHLO client.example\nS~ 250 <any>\n"
#define ENVELOPE                                                                                    \
    "C: MAIL FROM:<a@far.test>\nC: RCPT TO:<alice@example.test>\nS: 250 2.1.0 <any>\nS: 250 2.1.5 " \
    "<any>\n"
#define MESSAGE HELLO ENVELOPE "C: DATA\nS: 354 <any>\n"
#define LOGIN HELLO "C: AUTH PLAIN Z29vZA==\nS: 235 <any>\n"

static void say(struct task *t, struct smtp_bench *bench, enum smtp_port_kind kind, const char *transcript) {
    transcript_run(t, bench, kind, slice_from_text(transcript), PLAYER_WHOLE);
}

/* The stored message holds this; or does not. */
static bool stored(const struct smtp_bench *bench, const char *text) {
    return slice_find(buffer_slice(&bench->store.body), slice_from_text(text)) != SLICE_NOT_FOUND;
}

/* ---- the end of data ---- */
static const char *const false_ends[] = {
    "\\n.\\n",    "\\n.\\r",    "\\r.\\n",    "\\r.\\r",       "\\n.\\r\\n",
    "\\r.\\r\\n", "\\r\\n.\\n", "\\r\\n.\\r", "\\n\\n.\\r\\n",
};

static void run_false_end(struct task *t, struct env *env, const char *form) {
    char transcript[1024];
    (void)snprintf(transcript, sizeof transcript,
                   MESSAGE
                   "C> text%sMAIL FROM:<evil@far.test>\\r\\nRCPT TO:<bob@example.test>\\r\\nDATA\\r\\n"
                   "\\r\\n.\\r\\nNOOP\\r\\n\nS: 550 5.5.2 <any>\nEND\nSTORED 0\n",
                   form);
    struct smtp_bench bench;
    bench_open(&bench, env);
    transcript_run(t, &bench, SMTP_PORT_MX, slice_from_text(transcript), PLAYER_BYTES);
    bench_close(t, &bench);
}

static void false_ends_body(struct task *t, struct env *env) {
    for (size_t i = 0; i < sizeof false_ends / sizeof false_ends[0]; i++)
        run_false_end(t, env, false_ends[i]);
}
static void only_crlf_dot_crlf_ends_a_message(void **state) { task_test_run(false_ends_body); }

static void nul_dot_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    say(t, &bench, SMTP_PORT_MX,
        MESSAGE "C> text\\r\\n\\0.\\r\\nMAIL FROM:<x@far.test>\\r\\n.\\r\\n\nS: 550 5.5.2 <any>\nSTORED 0\n");
    bench_close(t, &bench);
}
static void a_nul_before_the_dot_is_refused_and_ends_nothing(void **state) { task_test_run(nul_dot_body); }

/* ---- what is stored ---- */
static void one_recipient_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    say(t, &bench, SMTP_PORT_MX,
        MESSAGE "C: Subject: x\nC: \nC: ..\nC: .\nS: 250 2.0.0 Ok: accepted as 0000000000000001\nSTORED 1\n");
    struct slice body = buffer_slice(&bench.store.body);
    assert_true(slice_starts(body, SLICE("Return-Path: <a@far.test>\r\n"
                                         "Delivered-To: alice@example.test\r\n"
                                         "Received: from client.example ([192.0.2.9])\r\n"
                                         "\tby mail.example.test with ESMTP id 0000000000000001\r\n"
                                         "\tfor <alice@example.test>; ")));
    assert_true(stored(&bench, " +0000\r\nSubject: x\r\n\r\n.\r\n"));
    assert_slice(buffer_slice(&bench.store.mail_from), "a@far.test");
    assert_int_equal(bench.store.account_count, 1);
    assert_int_equal(bench.store.accounts[0], 1);
    assert_int_equal(bench.store.tenant, 1);
    assert_int_equal(bench.store.raw_bytes, body.len);
    bench_close(t, &bench);
}
static void a_message_for_one_carries_its_trace(void **state) { task_test_run(one_recipient_body); }

static void two_recipients_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    say(t, &bench, SMTP_PORT_MX,
        HELLO "C: MAIL FROM:<>\nC: RCPT TO:<bob@example.test>\nC: RCPT TO:<away@example.test>\nC: DATA\n"
              "S: 250 <any>\nS: 250 <any>\nS: 250 <any>\nS: 354 <any>\nC: .\nS: 250 2.0.0 <any>\nSTORED 1\n");
    assert_true(stored(&bench, "Return-Path: <>\r\nReceived: "));
    assert_false(stored(&bench, "Delivered-To"));
    assert_false(stored(&bench, "bob@"));
    assert_int_equal(bench.store.account_count, 2);
    assert_int_equal(bench.store.queue_count, 1);
    assert_string_equal(bench.store.queued, "a@far.test orcpt= notify=0");
    bench_close(t, &bench);
}
static void recipients_are_not_told_of_each_other(void **state) { task_test_run(two_recipients_body); }

static void completion_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    say(t, &bench, SMTP_PORT_SUBMISSION,
        LOGIN "C: MAIL FROM:<alice@example.test>\nC: RCPT TO:<b@far.test> ORCPT=rfc822;x+2By@far.test "
              "NOTIFY=DELAY\n"
              "C: DATA\nS: 250 <any>\nS: 250 <any>\nS: 354 <any>\nC: Subject: x\nC: \nC: Date: no\nC: .\nS: "
              "250 2.0.0 "
              "<any>\nSTORED 1\n");
    assert_slice(buffer_slice(&bench.store.message_id), "0000000000000001@mail.example.test");
    assert_true(stored(&bench, " with ESMTPA id "));
    assert_true(stored(&bench, "\r\nDate: "));
    assert_false(stored(&bench, "Return-Path"));
    assert_int_equal(bench.store.account_count, 0);
    assert_string_equal(bench.store.queued, "b@far.test orcpt=x+y@far.test notify=8");
    say(t, &bench, SMTP_PORT_SUBMISSION,
        LOGIN "C: MAIL FROM:<alice@example.test>\nC: RCPT TO:<b@far.test>\nC: DATA\nS: 250 <any>\nS: 250 "
              "<any>\nS: 354 <any>\n"
              "C: message-id: <own@x>\nC: DATE: Tue, 1 Jul 2003 10:52:37 +0200\nC: \nC: .\nS: 250 2.0.0 "
              "<any>\nSTORED 2\n");
    assert_slice(buffer_slice(&bench.store.message_id), "own@x");
    assert_false(stored(&bench, "Date: "));
    bench_close(t, &bench);
}
static void submission_adds_only_what_is_missing(void **state) { task_test_run(completion_body); }

static void append_message(struct buffer *out, const char *line, size_t count) {
    for (size_t i = 0; i < count; i++) buffer_append_text(out, line);
}

/* Sends a whole message on a new connection, and expects the answer. */
static void send_content(struct task *t, struct smtp_bench *bench, const struct buffer *content,
                         const char *answer) {
    struct client client = client_open(bench, SMTP_PORT_MX, answer);
    client_run(t, &client, SLICE(MESSAGE));
    buffer_append(&client.out, buffer_slice(content));
    buffer_append(&client.out, SLICE(".\r\n"));
    client_run(t, &client, slice_from_text(answer));
    client_close(t, &client);
}

static void spool_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    struct buffer content = buffer_new(16 << 20);
    buffer_append_text(&content, "Subject: large\r\n\r\n");
    append_message(&content, "0123456789 0123456789 0123456789 0123456789\r\n", 100000);
    send_content(t, &bench, &content, "S: 250 2.0.0 <any>\nSTORED 1\n");
    struct slice body = buffer_slice(&bench.store.body);
    assert_int_equal(bench.store.raw_bytes, body.len);
    assert_true(slice_equal(slice_skip(body, body.len - content.len), buffer_slice(&content)));
    assert_non_null(bench.store.spool);
    buffer_free(&content);
    bench_close(t, &bench);
}
static void a_large_message_is_spooled_whole(void **state) { task_test_run(spool_body); }

/* ---- content filters ---- */

static void open_filtered(struct smtp_bench *bench, struct env *env, enum filter_action action) {
    bench_open(bench, env);
    bench->server.settings.filter.is_used = true;
    bench->filter.verdict = (struct filter_verdict){.action = action};
}

static void fields_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    static const struct slice fields = SLICE_INIT("X-A: b\r\nX-C: d\r\n\te\r\n");
    open_filtered(&bench, env, FILTER_JUNK);
    bench.filter.verdict.fields = fields;
    struct buffer content = buffer_new(16 << 20);
    buffer_append_text(&content, "Subject: x\r\nMessage-ID: <m@x>\r\n\r\n");
    /* In memory, then over several pieces of a spool. */
    for (size_t round = 1; round <= 2; round++) {
        char answer[64];
        (void)snprintf(answer, sizeof answer, "S: 250 2.0.0 <any>\nSTORED %zu\n", round);
        send_content(t, &bench, &content, answer);
        struct slice body = buffer_slice(&bench.store.body);
        size_t trace = bench.filter.trace_bytes;
        assert_true(trace > 0 && slice_starts(body, SLICE("Return-Path: <")));
        assert_int_equal(bench.store.raw_bytes, body.len);
        assert_true(slice_equal(slice_sub(body, trace, fields.len), fields));
        assert_true(slice_equal(slice_skip(body, trace + fields.len), buffer_slice(&content)));
        assert_slice(buffer_slice(&bench.store.message_id), "m@x");
        assert_true(bench.store.is_junk);
        append_message(&content, "0123456789 0123456789 0123456789 0123456789\r\n", 50000);
    }
    assert_int_equal(bench.filter.recipient_count, 1);
    buffer_free(&content);
    bench_close(t, &bench);
}
static void a_filters_fields_stand_behind_the_trace(void **state) { task_test_run(fields_body); }

static void verdicts_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    open_filtered(&bench, env, FILTER_REJECT);
    bench.filter.verdict.text = SLICE("No such mail");
    say(t, &bench, SMTP_PORT_MX, MESSAGE "C: x\nC: .\nS: 550 5.7.1 No such mail\n");
    bench.filter.verdict = (struct filter_verdict){.action = FILTER_DEFER};
    say(t, &bench, SMTP_PORT_MX, MESSAGE "C: x\nC: .\nS: 451 4.7.1 <any>\n");
    bench.filter.verdict = (struct filter_verdict){.action = FILTER_DOWN, .text = SLICE("gone")};
    say(t, &bench, SMTP_PORT_MX, MESSAGE "C: x\nC: .\nS: 451 4.7.1 <any>\n");
    assert_int_equal(bench.store.deliveries, 0);
    bench.server.settings.filter.when_down = FILTER_DOWN_JUNKS;
    say(t, &bench, SMTP_PORT_MX, MESSAGE "C: x\nC: .\nS: 250 2.0.0 <any>\n");
    assert_true(bench.store.is_junk && stored(&bench, "X-Posthaste-Filter: none"));
    bench.server.settings.filter.when_down = FILTER_DOWN_ACCEPTS;
    say(t, &bench, SMTP_PORT_MX, MESSAGE "C: x\nC: .\nS: 250 2.0.0 <any>\n");
    assert_true(!bench.store.is_junk && stored(&bench, "X-Posthaste-Filter: none"));
    bench.filter.verdict = (struct filter_verdict){.action = FILTER_ACCEPT};
    say(t, &bench, SMTP_PORT_MX, MESSAGE "C: x\nC: .\nS: 250 2.0.0 <any>\n");
    assert_true(!bench.store.is_junk && !stored(&bench, "X-Posthaste-Filter"));
    bench_close(t, &bench);
}
static void what_the_filter_says_is_done(void **state) { task_test_run(verdicts_body); }

static void who_is_filtered_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    open_filtered(&bench, env, FILTER_REJECT);
    static const char own[] = LOGIN "C: MAIL FROM:<alice@example.test>\nC: RCPT TO:<alice@example.test>\n"
                                    "C: DATA\nS: 250 <any>\nS: 250 <any>\nS: 354 <any>\nC: x\nC: .\n";
    char transcript[1000];
    (void)snprintf(transcript, sizeof transcript, "%sS: 250 <any>\n", own);
    say(t, &bench, SMTP_PORT_SUBMISSION, transcript);
    bench.server.settings.relay_networks = SLICE("192.0.2.9");
    say(t, &bench, SMTP_PORT_MX, MESSAGE "C: x\nC: .\nS: 250 <any>\n");
    assert_int_equal(bench.filter.asked, 0);
    bench.server.settings.filter.is_for_submission = true;
    (void)snprintf(transcript, sizeof transcript, "%sS: 550 5.7.1 <any>\n", own);
    say(t, &bench, SMTP_PORT_SUBMISSION, transcript);
    say(t, &bench, SMTP_PORT_MX, MESSAGE "C: x\nC: .\nS: 550 5.7.1 <any>\n");
    assert_int_equal(bench.filter.asked, 2);
    assert_int_equal(bench.store.deliveries, 2);
    bench_close(t, &bench);
}
static void own_users_are_filtered_only_where_it_is_asked_for(void **state) {
    task_test_run(who_is_filtered_body);
}

/* ---- refusals ---- */
static void loops_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    struct buffer content = buffer_new(1 << 20);
    append_message(&content, "Received: from a by b; Tue, 1 Jul 2003 10:52:37 +0200\r\n", SMTP_RECEIVED_MAX);
    send_content(t, &bench, &content, "S: 250 2.0.0 <any>\nSTORED 1\n");
    append_message(&content, "Received: from a by b; Tue, 1 Jul 2003 10:52:37 +0200\r\n", 1);
    send_content(t, &bench, &content, "S: 554 5.4.6 <any>\nSTORED 1\n");
    buffer_clear(&content);
    buffer_append_text(&content, "Delivered-To: Alice@example.test\r\n\r\n");
    send_content(t, &bench, &content, "S: 554 5.4.6 <any>\nSTORED 1\n");
    buffer_free(&content);
    bench_close(t, &bench);
}
static void mail_that_goes_in_circles_is_refused(void **state) { task_test_run(loops_body); }

static void size_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    bench.server.settings.message_bytes_max = 1000;
    struct buffer content = buffer_new(1 << 20);
    append_message(&content, "0123456\r\n", 112);
    send_content(t, &bench, &content, "S: 552 5.3.4 <any>\nC: NOOP\nS: 250 <any>\nSTORED 0\n");
    append_message(&content, "0123456\r\n", 100000);
    send_content(t, &bench, &content, "S: 552 5.3.4 <any>\nEND\nSTORED 0\n");
    buffer_free(&content);
    say(t, &bench, SMTP_PORT_MX,
        HELLO ENVELOPE "C: BDAT 10\nC> 0123456789\nC: BDAT 5 LAST\nC> QUIT\\n\nS: 250 <any>\nS: 250 2.0.0 "
                       "<any>\nSTORED 1\n");
    say(t, &bench, SMTP_PORT_MX,
        HELLO ENVELOPE "C: BDAT 2147483648 LAST\nS: 552 5.3.4 <any>\nEND\nSTORED 1\n");
    say(t, &bench, SMTP_PORT_MX,
        HELLO ENVELOPE "C: BDAT 9223372036854775808 LAST\nS: 501 <any>\nEND\nSTORED 1\n");
    bench_close(t, &bench);
}

static void messages_over_the_limit_are_refused(void **state) { task_test_run(size_body); }

static void chunks_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    bench.server.settings.message_bytes_max = 1000;
    struct client client = client_open(&bench, SMTP_PORT_MX, "chunks");
    client_run(t, &client, SLICE(HELLO ENVELOPE));
    for (int i = 0; i < 1000; i++) buffer_append_text(&client.out, "BDAT 1\r\nx");
    client_run(t, &client, SLICE("S* 1000 250 2.0.0 1 bytes received\n"));
    /* Over the limit by one; the chunk is still taken off the wire whole. */
    client_run(
        t, &client,
        SLICE("C: BDAT 6 LAST\nC> QUIT\\r\\n\nS: 552 5.3.4 <any>\nC: NOOP\nS: 250 2.0.0 Ok\nSTORED 0\n"));
    client_close(t, &client);
    bench_close(t, &bench);
}
static void chunks_over_the_limit_are_drained_exactly(void **state) { task_test_run(chunks_body); }

static void recipients_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    struct client client = client_open(&bench, SMTP_PORT_MX, "recipients");
    client_run(t, &client, SLICE(HELLO "C: MAIL FROM:<a@far.test>\nS: 250 <any>\n"));
    for (int i = 0; i <= SMTP_RECIPIENTS_MAX; i++)
        buffer_printf(&client.out, "RCPT TO:<many%d@example.test>\r\n", i);
    client_run(t, &client,
               SLICE("S* 1000 250 2.1.5 <any>\nS: 452 4.5.3 <any>\nC: DATA\nS: 354 <any>\nC: .\nS: 250 2.0.0 "
                     "<any>\nSTORED 1\n"));
    assert_int_equal(bench.store.account_count, SMTP_RECIPIENTS_MAX);
    client_close(t, &client);
    bench_close(t, &bench);
}
static void a_recipient_too_many_does_not_end_the_rest(void **state) { task_test_run(recipients_body); }

static void store_results_body(struct task *t, struct env *env) {
    static const struct {
        enum store_result result;
        const char *answer;
    } rows[] = {{STORE_FULL, "452 4.3.1"},   {STORE_BUSY, "452 4.3.1"}, {STORE_OVER_QUOTA, "452 4.2.2"},
                {STORE_FAILED, "451 4.3.0"}, {STORE_GONE, "451 4.3.0"}, {STORE_NOT_FOUND, "451 4.3.0"}};
    struct smtp_bench bench;
    bench_open(&bench, env);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char transcript[512];
        bench.store.deliver_result = rows[i].result;
        (void)snprintf(transcript, sizeof transcript,
                       MESSAGE "C: .\nS: %s <any>\nC: DATA\nS: 503 5.5.1 MAIL first\nSTORED 0\n",
                       rows[i].answer);
        say(t, &bench, SMTP_PORT_MX, transcript);
    }
    bench.store.resolve_result = STORE_GONE;
    say(t, &bench, SMTP_PORT_MX,
        HELLO
        "C: MAIL FROM:<a@far.test>\nC: RCPT TO:<alice@example.test>\nS: 250 <any>\nS: 451 4.3.0 <any>\n");
    bench_close(t, &bench);
}
static void nothing_is_acknowledged_that_the_store_did_not_take(void **state) {
    task_test_run(store_results_body);
}

static void budget_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    intake_pool_free(&bench.server.intake);
    bench.server.intake = intake_pool_new(env, &bench.store, 0);
    say(t, &bench, SMTP_PORT_MX,
        HELLO ENVELOPE
        "C: DATA\nS: 452 4.3.1 <any>\nC: BDAT 3\nC> abc\nC: BDAT 3 LAST\nC> def\nS: 452 4.3.1 <any>\n"
        "S: 503 5.5.1 MAIL first\nSTORED 0\n");
    bench_close(t, &bench);
}
static void without_memory_a_message_is_put_off_before_it_is_sent(void **state) {
    task_test_run(budget_body);
}

/* ---- time, order, numbers ---- */
static void early_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    struct client client = client_open(&bench, SMTP_PORT_MX, "early");
    client_write(t, &client, SLICE("EHLO x\r\n"));
    client_run(t, &client, SLICE("S: 554 5.5.1 <any>\nEND\n"));
    client_close(t, &client);
    static const char *const rows[] = {
        "S: 220 <any>\nC: EHLO x\nC: MAIL FROM:<a@far.test>\nS: 554 5.5.1 <any>\nEND\n",
        HELLO ENVELOPE "C: DATA\nC: hello\nC: .\nS: 554 5.5.1 <any>\nEND\nSTORED 0\n",
        HELLO "C: STARTTLS\nC: NOOP\nS: 554 5.5.1 <any>\nEND\n",
        HELLO "C: STARTTLS x\nC: NOOP\nS: 554 5.5.1 <any>\nEND\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) say(t, &bench, SMTP_PORT_MX, rows[i]);
    say(t, &bench, SMTP_PORT_SUBMISSION, HELLO "C: AUTH PLAIN Z29vZA==\nC: NOOP\nS: 554 5.5.1 <any>\nEND\n");
    bench_close(t, &bench);
}
static void a_client_that_does_not_wait_is_not_heard(void **state) { task_test_run(early_body); }

static void starttls_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    struct tls_context *context = tls_context_client();
    bench.login.plaintext = PLAINTEXT_NEVER;
    struct client client = client_open(&bench, SMTP_PORT_SUBMISSION, "starttls");
    client_run(
        t, &client,
        SLICE(HELLO
              "C: AUTH PLAIN Z29vZA==\nS: 538 5.7.11 <any>\nC: MAIL FROM:<alice@example.test>\nS: 530 5.7.0 "
              "Issue STARTTLS first\nC: STARTTLS\nS: 220 2.0.0 <any>\n"));
    assert_int_equal(tls_connect(t, &client.stream, context, env_now_ms(env) + TEST_PATIENCE_MS), 0);
    client_run(
        t, &client,
        SLICE("C: MAIL FROM:<alice@example.test>\nS: 503 5.5.1 EHLO first\nC: EHLO y\nS: 250-<any>\nS: "
              "250-PIPELINING\nS: 250-SIZE <any>\nS: 250-REQUIRETLS\nS: 250-AUTH PLAIN LOGIN\nS~ 250 "
              "<any>\nC: STARTTLS\nS: 503 "
              "5.5.1 TLS is "
              "active already\nC: QUIT\nS: 221 <any>\nEND\n"));
    client_close(t, &client);
    client = client_open(&bench, SMTP_PORT_SUBMISSIONS, "implicit");
    assert_int_equal(tls_connect(t, &client.stream, context, env_now_ms(env) + TEST_PATIENCE_MS), 0);
    client_run(t, &client, SLICE(HELLO "C: QUIT\nS: 221 <any>\nEND\n"));
    client_close(t, &client);
    tls_context_free(&context);
    bench_close(t, &bench);
}
static void nothing_said_before_tls_counts_after_it(void **state) { task_test_run(starttls_body); }

/* RFC 8689 4.1 */
/* Whoever cannot be told from others is not let in unlooked at. */
static void unknown_peer_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    bench.peer = "somewhere";
    bench.server.settings.trust.is_used = true;
    /* Nobody is asked. */
    bench.server.resolver = (struct resolver *)&bench;
    say(t, &bench, SMTP_PORT_MX,
        HELLO "C: MAIL FROM:<a@far.test>\nC: RCPT TO:<alice@example.test>\nS: 250 2.1.0 <any>\nS: 451 4.3.0 "
              "<any>\nSTORED 0\n");
    bench.server.resolver = NULL;
    bench_close(t, &bench);
}
static void a_client_without_an_address_is_put_off(void **state) { task_test_run(unknown_peer_body); }

static void requiretls_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    struct tls_context *context = tls_context_client();
    struct client client = client_open(&bench, SMTP_PORT_MX, "requiretls");
    client_run(t, &client, SLICE(HELLO "C: STARTTLS\nS: 220 2.0.0 <any>\n"));
    assert_int_equal(tls_connect(t, &client.stream, context, env_now_ms(env) + TEST_PATIENCE_MS), 0);
    client_run(t, &client, SLICE("C: EHLO y\nS~ 250 <any>\n"));
    static const char *const parameters[] = {" REQUIRETLS SMTPUTF8", ""};
    static const uint32_t properties[] = {OUTGOING_REQUIRES_TLS | OUTGOING_UTF8, 0};
    for (size_t i = 0; i < 2; i++) {
        char said[500];
        (void)snprintf(said, sizeof said,
                       "C: MAIL FROM:<a@far.test>%s\nS: 250 <any>\nC: RCPT TO:<away@example.test>\n"
                       "S: 250 <any>\nC: DATA\nS: 354 <any>\nC: Subject: x\nC: \nC: .\nS: 250 <any>\n",
                       parameters[i]);
        client_run(t, &client, slice_from_text(said));
        assert_int_equal(bench.store.properties, properties[i]);
    }
    client_close(t, &client);
    tls_context_free(&context);
    bench_close(t, &bench);
}
static void what_must_leave_by_tls_is_stored_as_such(void **state) { task_test_run(requiretls_body); }

static void errors_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    bench.server.settings.errors_max = 3;
    say(t, &bench, SMTP_PORT_MX,
        "S: 220 <any>\nC: A\nC: B\nC: C\nC: D\nS: 500 <any>\nS: 500 <any>\nS: 421 4.7.0 <any>\nEND\n");
    bench_close(t, &bench);
}
static void too_many_errors_end_the_session(void **state) { task_test_run(errors_body); }

static void long_lines_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    struct client client = client_open(&bench, SMTP_PORT_MX, "long");
    client_run(t, &client, SLICE("S: 220 <any>\n"));
    buffer_append_text(&client.out, "NOOP ");
    append_message(&client.out, "xxxxxxxx", SMTP_COMMAND_BYTES_MAX / 8);
    client_run(t, &client, SLICE("C: \nS: 500 5.5.6 <any>\nC: NOOP\nS: 250 <any>\n"));
    append_message(&client.out, "xxxxxxxx", SMTP_DISCARD_BYTES_MAX / 4);
    client_run(t, &client, SLICE("S: 421 4.7.0 <any>\n"));
    client_close(t, &client);
    bench_close(t, &bench);
}
static void long_lines_are_dropped_and_floods_end(void **state) { task_test_run(long_lines_body); }

static void addresses_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    bench.server.settings.connections_per_address_max = 1;
    bench.peer = "2001:db8::1";
    struct client first = client_open(&bench, SMTP_PORT_MX, "first");
    bench.peer = "2001:db8::2";
    say(t, &bench, SMTP_PORT_MX, "S: 421 4.7.0 <any>\nEND\n");
    bench.peer = "2001:db8:0:1::1";
    say(t, &bench, SMTP_PORT_MX, "S: 220 <any>\nC: QUIT\nS: 221 <any>\nEND\n");
    client_run(t, &first, SLICE("S: 220 <any>\nC: QUIT\nS: 221 <any>\nEND\n"));
    client_close(t, &first);
    bench.peer = "2001:db8::3";
    say(t, &bench, SMTP_PORT_MX, "S: 220 <any>\n");
    bench_close(t, &bench);
}
static void one_network_has_so_many_connections(void **state) { task_test_run(addresses_body); }

/* A byte now and then moves no deadline: neither a command's nor, below the rate, a message's. */
static void dribble(struct task *t, struct smtp_bench *bench, const char *before) {
    struct client client = client_open(bench, SMTP_PORT_MX, before);
    client_run(t, &client, slice_from_text(before));
    for (int i = 0; i < 20; i++) {
        client_write(t, &client, SLICE("x"));
        assert_int_equal(task_sleep(t, 5), WAIT_OK);
    }
    client_run(t, &client, SLICE("S: 421 4.4.2 <any>\nEND\nSTORED 0\n"));
    client_close(t, &client);
}

static void slow_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    bench.server.settings.command_ms = 40;
    dribble(t, &bench, "S: 220 <any>\n");
    bench.server.settings.command_ms = 10000;
    bench.server.settings.data_grace_ms = 40;
    bench.server.settings.data_bytes_per_s_min = 100000;
    dribble(t, &bench, MESSAGE);
    dribble(t, &bench, HELLO ENVELOPE "C: BDAT 1000\n");
    dribble(t, &bench, HELLO "C: BDAT 1000\n");
    bench_close(t, &bench);
}
static void slow_clients_are_not_waited_for(void **state) { task_test_run(slow_body); }

static void lost_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    say(t, &bench, SMTP_PORT_MX, MESSAGE "C: half\n");
    say(t, &bench, SMTP_PORT_MX, HELLO ENVELOPE "C: BDAT 100 LAST\nC: NOOP\n");
    client_settle(t);
    assert_int_equal(bench.store.deliveries, 0);
    bench_close(t, &bench);
}
static void half_a_message_is_none(void **state) { task_test_run(lost_body); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_crlf_dot_crlf_ends_a_message),
        cmocka_unit_test(a_nul_before_the_dot_is_refused_and_ends_nothing),
        cmocka_unit_test(a_message_for_one_carries_its_trace),
        cmocka_unit_test(recipients_are_not_told_of_each_other),
        cmocka_unit_test(submission_adds_only_what_is_missing),
        cmocka_unit_test(a_large_message_is_spooled_whole),
        cmocka_unit_test(a_filters_fields_stand_behind_the_trace),
        cmocka_unit_test(what_the_filter_says_is_done),
        cmocka_unit_test(own_users_are_filtered_only_where_it_is_asked_for),
        cmocka_unit_test(mail_that_goes_in_circles_is_refused),
        cmocka_unit_test(messages_over_the_limit_are_refused),
        cmocka_unit_test(chunks_over_the_limit_are_drained_exactly),
        cmocka_unit_test(a_recipient_too_many_does_not_end_the_rest),
        cmocka_unit_test(nothing_is_acknowledged_that_the_store_did_not_take),
        cmocka_unit_test(without_memory_a_message_is_put_off_before_it_is_sent),
        cmocka_unit_test(a_client_that_does_not_wait_is_not_heard),
        cmocka_unit_test(nothing_said_before_tls_counts_after_it),
        cmocka_unit_test(a_client_without_an_address_is_put_off),
        cmocka_unit_test(what_must_leave_by_tls_is_stored_as_such),
        cmocka_unit_test(too_many_errors_end_the_session),
        cmocka_unit_test(long_lines_are_dropped_and_floods_end),
        cmocka_unit_test(one_network_has_so_many_connections),
        cmocka_unit_test(slow_clients_are_not_waited_for),
        cmocka_unit_test(half_a_message_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
