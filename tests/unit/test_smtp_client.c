/*
 * The SMTP client: what it says, and what it makes of what servers answer. Most servers here are transcripts
 * (C: is the server's line, S: what the client must say); the last tests talk to our own server.
 */
#include "smtp_bench.h"

#include "base/encode.h"
#include "smtp/smtp_client.h"
#include "wire/scram_secret.h"

enum { RECIPIENTS = 3, MATRIX_STEP_MS = 1000 };

#define QUIT "S: QUIT\nC: 221 bye\n"
#define GREETED "C: 220 mx.far.test ESMTP\nS: EHLO mail.example.test\n"
#define PLAIN_EHLO GREETED "C: 250 mx.far.test\n"

/* What the client is asked to do, and what came of it. */
struct job {
    struct env *env;
    struct stream *stream;
    struct smtp_client_options options;
    struct smtp_client_message message;
    struct smtp_client_recipient recipients[RECIPIENTS];
    size_t messages;
    const char *user;
    /* Content still to be read; negative `fails_after`: never. */
    const char *content;
    size_t content_at;
    long fails_after;
    struct arena *arena;
    struct smtp_client_outcome begun, logged_in, sent;
    bool is_question;
    bool is_usable;
    bool is_over;
    struct gate over;
};

static ssize_t read_content(struct task *t, void *context, void *bytes, size_t len) {
    struct job *job = context;
    if (job->fails_after >= 0 && job->content_at >= (size_t)job->fails_after) return -EIO;
    struct slice left = slice_skip(slice_from_text(job->content), job->content_at);
    struct slice piece = slice_sub(left, 0, len < 7 ? len : 7);
    if (piece.len) memcpy(bytes, piece.ptr, piece.len);
    job->content_at += piece.len;
    return (ssize_t)piece.len;
}

static struct job job_new(struct env *env, const char *content) {
    struct job job = {.env = env, .content = content, .fails_after = -1, .messages = 1};
    job.options = (struct smtp_client_options){.hello = SLICE("mail.example.test"),
                                               .times = smtp_client_times_default()};
    job.message = (struct smtp_client_message){.mail_from = SLICE("ann@example.test"),
                                               .bytes = strlen(content),
                                               .recipient_count = 1,
                                               .read = read_content};
    static const char *const addresses[RECIPIENTS] = {"a@far.test", "b@far.test", "c@far.test"};
    for (size_t i = 0; i < RECIPIENTS; i++) job.recipients[i].address = slice_from_text(addresses[i]);
    job.arena = arena_new(MIB(1));
    return job;
}

static bool may_go_on(struct job *job, struct smtp_client *client) {
    bool is_good = job->begun.result == SMTP_CLIENT_OK && job->logged_in.result == SMTP_CLIENT_OK;
    return is_good && smtp_client_is_usable(client);
}

static void job_main(struct task *t, void *argument) {
    struct job *job = argument;
    struct smtp_client *client = smtp_client_new(job->env, &job->stream, &job->options);
    job->message.recipients = job->recipients;
    job->message.context = job;
    job->begun = smtp_client_begin(t, client, job->arena);
    if (job->user && may_go_on(job, client))
        job->logged_in =
            smtp_client_log_in(t, client, job->arena, slice_from_text(job->user), SLICE("pencil"));
    for (size_t i = 0; i < job->messages && may_go_on(job, client); i++) {
        job->content_at = 0;
        job->sent = job->is_question ? smtp_client_verify(t, client, job->arena, &job->message)
                                     : smtp_client_send(t, client, job->arena, &job->message);
    }
    job->is_usable = smtp_client_is_usable(client);
    smtp_client_free(t, &client);
    job->is_over = true;
    gate_open(&job->over);
}

static void job_spawn(struct job *job, struct scope *scope) {
    gate_init(&job->over);
    scope_init(scope, job->env);
    assert_true(scope_spawn(scope, job_main, job));
}

/* Starts the job's client; the returned stream is its server's. */
static struct stream *job_start(struct job *job, struct scope *scope) {
    struct handle pair[2];
    assert_int_equal(stream_pair(job->env, pair), 0);
    job->stream = stream_adopt(job->env, pair[0]);
    job_spawn(job, scope);
    return stream_adopt(job->env, pair[1]);
}

static void job_join(struct task *t, struct job *job, struct scope *scope) {
    while (!job->is_over) assert_int_equal(gate_wait(t, &job->over, DEADLINE_NONE), WAIT_OK);
    scope_close(t, scope);
}

/* Runs the job against a server that says and hears just this, and then hangs up. */
static void job_run(struct task *t, struct job *job, const char *transcript) {
    struct scope scope;
    struct stream *server = job_start(job, &scope);
    transcript_play(t, &server, "server", slice_from_text(transcript));
    stream_close(&server);
    job_join(t, job, &scope);
}

static void job_free(struct job *job) { arena_free(&job->arena); }

static void assert_outcome(struct smtp_client_outcome outcome, enum smtp_client_result result,
                           enum smtp_client_stage stage, unsigned code) {
    assert_int_equal(outcome.result, result);
    assert_int_equal(outcome.stage, stage);
    assert_int_equal(outcome.answer.code, code);
}

/* ---- a message on its way ---- */

static void old_server_body(struct task *t, struct env *env) {
    struct job job = job_new(env, "Subject: x\r\n\r\n.dot\r\nend\r\n");
    job_run(t, &job,
            "C: 220 old.far.test\nS: EHLO mail.example.test\nC: 500 what?\nS: HELO mail.example.test\n"
            "C: 250 old\nS: MAIL FROM:<ann@example.test>\nC: 250 ok\nS: RCPT TO:<a@far.test>\nC: 250 ok\n"
            "S: DATA\nC: 354 go\nS: Subject: x\nS: \nS: ..dot\nS: end\nS: .\nC: 250 2.0.0 taken as 7\n" QUIT);
    assert_outcome(job.sent, SMTP_CLIENT_OK, SMTP_STAGE_END_OF_DATA, 250);
    assert_slice(job.sent.answer.text, "taken as 7");
    assert_int_equal(job.recipients[0].outcome.result, SMTP_CLIENT_OK);
    job_free(&job);
}
static void a_server_without_extensions_gets_it_step_by_step(void **state) { task_test_run(old_server_body); }

static void pipelining_body(struct task *t, struct env *env) {
    struct job job = job_new(env, "x\r\n");
    job.message.recipient_count = 3;
    job.messages = 2;
    job_run(t, &job,
            GREETED
            "C: 250-mx.far.test\nC: 250-PIPELINING\nC: 250 SIZE 1000\n"
            "S: MAIL FROM:<ann@example.test> SIZE=3\nS: RCPT TO:<a@far.test>\nS: RCPT TO:<b@far.test>\n"
            "S: RCPT TO:<c@far.test>\nS: DATA\n"
            "C: 250 ok\nC: 250 ok\nC: 550 5.1.1 nobody\nC: 250 ok\nC: 354 go\nS: x\nS: .\nC: 250 taken\n"
            "S: MAIL FROM:<ann@example.test> SIZE=3\nS: RCPT TO:<a@far.test>\nS: RCPT TO:<b@far.test>\n"
            "S: RCPT TO:<c@far.test>\nS: DATA\n"
            "C: 250 ok\nC: 450 later\nC: 550 5.1.1 nobody\nC: 250 ok\nC: 354 go\nS: x\nS: .\n"
            "C: 452 4.3.1 full\n" QUIT);
    assert_outcome(job.sent, SMTP_CLIENT_REFUSED, SMTP_STAGE_END_OF_DATA, 452);
    assert_outcome(job.recipients[0].outcome, SMTP_CLIENT_REFUSED, SMTP_STAGE_RCPT, 450);
    assert_outcome(job.recipients[1].outcome, SMTP_CLIENT_REFUSED, SMTP_STAGE_RCPT, 550);
    assert_int_equal(job.recipients[1].outcome.answer.enhanced.subject, 1);
    assert_outcome(job.recipients[2].outcome, SMTP_CLIENT_REFUSED, SMTP_STAGE_END_OF_DATA, 452);
    job_free(&job);
}
static void with_pipelining_the_envelope_goes_at_once_and_each_recipient_has_an_answer(void **state) {
    task_test_run(pipelining_body);
}

static void nobody_body(struct task *t, struct env *env) {
    struct job job = job_new(env, "x\r\n");
    job.messages = 2;
    /* RFC 2920 3.1: the first server says 354 all the same and gets an empty message. */
    job_run(t, &job,
            GREETED "C: 250-mx.far.test\nC: 250 PIPELINING\n"
                    "S: MAIL FROM:<ann@example.test>\nS: RCPT TO:<a@far.test>\nS: DATA\n"
                    "C: 250 ok\nC: 550 nobody\nC: 354 go\nS: .\nC: 554 no recipients\n"
                    "S: MAIL FROM:<ann@example.test>\nS: RCPT TO:<a@far.test>\nS: DATA\n"
                    "C: 550 5.7.1 not you\nC: 503 mail first\nC: 503 mail first\n" QUIT);
    assert_outcome(job.sent, SMTP_CLIENT_REFUSED, SMTP_STAGE_MAIL, 550);
    assert_outcome(job.recipients[0].outcome, SMTP_CLIENT_REFUSED, SMTP_STAGE_MAIL, 550);
    assert_true(job.is_usable);
    job_free(&job);
}
static void a_transaction_that_nobody_wants_leaves_the_connection_in_order(void **state) {
    task_test_run(nobody_body);
}

static void chunking_body(struct task *t, struct env *env) {
    struct job job = job_new(env, ".\r\nx\r\n");
    job.message.dsn_return = SMTP_RETURN_HEADERS;
    job.message.envelope_id = SLICE("a+2Bb");
    job.message.is_8bit = true;
    job.recipients[0].notify = SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY;
    job.recipients[0].original = SLICE("rfc822;a@far.test");
    job_run(t, &job,
            GREETED
            "C: 250-mx.far.test\nC: 250-PIPELINING\nC: 250-DSN\nC: 250-8BITMIME\nC: 250 CHUNKING\n"
            "S: MAIL FROM:<ann@example.test> BODY=8BITMIME RET=HDRS ENVID=a+2Bb\n"
            "S: RCPT TO:<a@far.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a@far.test\nC: 250 ok\nC: 250 ok\n"
            "S: BDAT 6 LAST\nS: .\nS: x\nC: 250 taken\n" QUIT);
    assert_int_equal(job.sent.result, SMTP_CLIENT_OK);
    job_free(&job);
}
static void a_chunk_goes_as_it_is_and_delivery_is_asked_for(void **state) { task_test_run(chunking_body); }

static void again_body(struct task *t, struct env *env) {
    struct job job = job_new(env, "x\r\n");
    job.messages = 2;
    job_run(t, &job,
            PLAIN_EHLO
            "S: MAIL FROM:<ann@example.test>\nC: 250 ok\nS: RCPT TO:<a@far.test>\nC: 450 later\n"
            "S: RSET\nC: 250 ok\nS: MAIL FROM:<ann@example.test>\nC: 250 ok\nS: RCPT TO:<a@far.test>\n"
            "C: 250 ok\nS: DATA\nC: 354 go\nS: x\nS: .\nC: 250 taken\n" QUIT);
    assert_int_equal(job.sent.result, SMTP_CLIENT_OK);
    job_free(&job);
}
static void an_unfinished_transaction_is_reset_before_the_next(void **state) { task_test_run(again_body); }

/* ---- a question only ---- */

static void question_body(struct task *t, struct env *env) {
    struct job job = job_new(env, "x\r\n");
    job.is_question = true;
    job.message.mail_from = SLICE_EMPTY;
    job.message.recipient_count = 2;
    job_run(
        t, &job,
        GREETED
        "C: 250-mx.far.test\nC: 250-SIZE 1000\nC: 250 PIPELINING\nS: MAIL FROM:<>\n"
        "S: RCPT TO:<a@far.test>\nS: RCPT TO:<b@far.test>\nC: 250 ok\nC: 250 ok\nC: 550 5.1.1 who?\n" QUIT);
    assert_int_equal(job.sent.result, SMTP_CLIENT_OK);
    assert_outcome(job.recipients[0].outcome, SMTP_CLIENT_OK, SMTP_STAGE_RCPT, 250);
    assert_outcome(job.recipients[1].outcome, SMTP_CLIENT_REFUSED, SMTP_STAGE_RCPT, 550);
    assert_int_equal(job.content_at, 0);
    job_free(&job);
}
static void a_question_for_recipients_sends_no_message(void **state) { task_test_run(question_body); }

/* ---- what the server lacks ---- */

/* RFC 8689 5 */
static void null_requires_body(struct task *t, struct env *env) {
    struct job job = job_new(env, "x\r\n");
    job.message.mail_from = SLICE_EMPTY;
    job.message.requires_tls = true;
    job_run(t, &job,
            GREETED "C: 250-mx.far.test\nC: 250 REQUIRETLS\nS: MAIL FROM:<>\nC: 250 ok\n"
                    "S: RCPT TO:<a@far.test>\nC: 250 ok\nS: DATA\nC: 354 go\nS: x\nS: .\nC: 250 ok\n" QUIT);
    assert_int_equal(job.sent.result, SMTP_CLIENT_OK);
    job_free(&job);
}
static void a_report_goes_without_requiretls_rather_than_not_at_all(void **state) {
    task_test_run(null_requires_body);
}

static void lacks_one(struct task *t, struct env *env, enum smtp_extension needed) {
    struct job job = job_new(env, "x\r\n");
    job.message.is_8bit = needed == SMTP_EXTENSION_8BITMIME;
    job.message.is_utf8 = needed == SMTP_EXTENSION_SMTPUTF8;
    job.message.requires_tls = needed == SMTP_EXTENSION_REQUIRETLS;
    if (needed == SMTP_EXTENSION_SIZE) job.message.bytes = 1001;
    job_run(t, &job, GREETED "C: 250-mx.far.test\nC: 250-REQUIRETLS\nC: 250 SIZE 1000\n" QUIT);
    assert_outcome(job.sent, SMTP_CLIENT_LACKS, SMTP_STAGE_MAIL, 0);
    assert_int_equal(job.sent.needs, needed);
    assert_int_equal(job.recipients[0].outcome.needs, needed);
    job_free(&job);
}
static void lacks_body(struct task *t, struct env *env) {
    lacks_one(t, env, SMTP_EXTENSION_8BITMIME);
    lacks_one(t, env, SMTP_EXTENSION_SMTPUTF8);
    lacks_one(t, env, SMTP_EXTENSION_REQUIRETLS);
    lacks_one(t, env, SMTP_EXTENSION_SIZE);
}
static void what_a_server_does_not_offer_is_said_before_anything_is_sent(void **state) {
    task_test_run(lacks_body);
}

static void no_content_body(struct task *t, struct env *env) {
    struct job job = job_new(env, "Subject: x\r\n\r\ntext\r\n");
    job.fails_after = 7;
    /* Neither a final dot nor anything else: what the server has is no message. */
    job_run(t, &job,
            PLAIN_EHLO "S: MAIL FROM:<ann@example.test>\nC: 250 ok\nS: RCPT TO:<a@far.test>\nC: 250 ok\n"
                       "S: DATA\nC: 354 go\nEND\n");
    assert_outcome(job.sent, SMTP_CLIENT_NO_CONTENT, SMTP_STAGE_CONTENT, 0);
    assert_false(job.is_usable);
    job_free(&job);
}
static void a_message_that_cannot_be_read_is_never_ended(void **state) { task_test_run(no_content_body); }

/* ---- passwords ---- */

static void plain_body(struct task *t, struct env *env) {
    struct job job = job_new(env, "x\r\n");
    job.options.logs_in_without_tls = true;
    job.user = "user";
    job.messages = 0;
    job_run(t, &job,
            GREETED "C: 250-mx.far.test\nC: 250 AUTH=LOGIN PLAIN\nS: AUTH PLAIN AHVzZXIAcGVuY2ls\n"
                    "C: 535 5.7.8 wrong\n" QUIT);
    assert_outcome(job.logged_in, SMTP_CLIENT_REFUSED, SMTP_STAGE_AUTH, 535);
    job_free(&job);
    job = job_new(env, "x\r\n");
    job.options.logs_in_without_tls = true;
    job.user = "user";
    job.messages = 0;
    job_run(t, &job,
            GREETED "C: 250-mx.far.test\nC: 250 AUTH LOGIN X-OURS\nS: AUTH LOGIN\nC: 334 VXNlcm5hbWU6\n"
                    "S: dXNlcg==\nC: 334 UGFzc3dvcmQ6\nS: cGVuY2ls\nC: 235 welcome\n" QUIT);
    assert_outcome(job.logged_in, SMTP_CLIENT_OK, SMTP_STAGE_AUTH, 235);
    job_free(&job);
}
static void plain_and_login_are_what_is_left(void **state) { task_test_run(plain_body); }

static void in_the_clear_body(struct task *t, struct env *env) {
    struct job job = job_new(env, "x\r\n");
    job.user = "user";
    job_run(t, &job, GREETED "C: 250-mx.far.test\nC: 250 AUTH PLAIN\n" QUIT);
    assert_outcome(job.logged_in, SMTP_CLIENT_NO_MECHANISM, SMTP_STAGE_AUTH, 0);
    job_free(&job);
}
static void no_password_goes_in_the_clear(void **state) { task_test_run(in_the_clear_body); }

/* The server's half of SCRAM, on lines. */
struct scram_server {
    struct stream *stream;
    struct arena *arena;
    struct buffer in;
    bool knows_the_password;
};

static struct slice server_line(struct task *t, struct scram_server *server) {
    size_t end;
    while ((end = slice_find_crlf(buffer_slice(&server->in))) == SLICE_NOT_FOUND) {
        uint8_t *room = buffer_reserve(&server->in, 1000);
        ssize_t got = stream_read(t, server->stream, room, 1000, DEADLINE_NONE);
        assert_true(got > 0);
        buffer_grew(&server->in, (size_t)got);
    }
    struct slice line = arena_copy(server->arena, slice_sub(buffer_slice(&server->in), 0, end));
    buffer_consume(&server->in, end + 2);
    return line;
}

static void server_say(struct task *t, struct scram_server *server, const char *text) {
    assert_int_equal(stream_write(t, server->stream, slice_from_text(text), DEADLINE_NONE), 0);
}

static void server_challenge(struct task *t, struct scram_server *server, const struct buffer *message) {
    struct buffer line = buffer_new(1000);
    buffer_append_text(&line, "334 ");
    base64_encode(&line, buffer_slice(message));
    buffer_append_text(&line, "\r\n");
    assert_int_equal(stream_write(t, server->stream, buffer_slice(&line), DEADLINE_NONE), 0);
    buffer_free(&line);
}

static void serve_scram(struct task *t, struct scram_server *server) {
    struct scram_keys keys;
    struct scram_client_first first;
    struct scram_client_final final;
    struct buffer text = buffer_new(1000), auth_message = buffer_new(2000);
    struct slice decoded, word;
    uint8_t signature[SCRAM_HASH_BYTES_MAX];
    const char *password = server->knows_the_password ? "pencil" : "guess";
    assert_int_equal(
        scram_secret_derive(SCRAM_HASH_SHA_256, slice_from_text(password), SLICE("salt"), 4096, &keys),
        SCRAM_OK);
    word = server_line(t, server);
    assert_true(slice_take_prefix(&word, SLICE("AUTH SCRAM-SHA-256 ")));
    assert_int_equal(sasl_response_decode(server->arena, word, &decoded), SASL_OK);
    assert_int_equal(scram_client_first_parse(server->arena, decoded, &first), SCRAM_OK);
    scram_server_first_write(&text, first.nonce, SLICE("server"), SLICE("salt"), 4096);
    server_challenge(t, server, &text);
    assert_int_equal(sasl_response_decode(server->arena, server_line(t, server), &decoded), SASL_OK);
    assert_int_equal(scram_client_final_parse(server->arena, decoded, SCRAM_HASH_SHA_256, &final), SCRAM_OK);
    scram_auth_message_write(&auth_message, first.bare, buffer_slice(&text), final.without_proof);
    bool is_right = scram_secret_check(&keys, buffer_slice(&auth_message),
                                       slice_of(final.proof, final.proof_len), signature);
    assert_int_equal(is_right, server->knows_the_password);
    buffer_clear(&text);
    scram_server_final_write(&text, slice_of(signature, sizeof signature));
    server_challenge(t, server, &text);
    buffer_free(&text);
    buffer_free(&auth_message);
}

static void scram_one(struct task *t, struct env *env, bool knows_the_password) {
    struct job job = job_new(env, "x\r\n");
    struct scope scope;
    struct scram_server server = {
        .arena = arena_new(MIB(1)), .in = buffer_new(4000), .knows_the_password = knows_the_password};
    job.options.logs_in_without_tls = true;
    job.user = "user";
    job.messages = 0;
    server.stream = job_start(&job, &scope);
    server_say(t, &server, "220 mx\r\n");
    (void)server_line(t, &server);
    server_say(t, &server, "250-mx\r\n250 AUTH PLAIN SCRAM-SHA-256\r\n");
    serve_scram(t, &server);
    /* A client that was shown a right signature says nothing more; else it gives up. */
    assert_slice(server_line(t, &server), knows_the_password ? "" : "*");
    server_say(t, &server, knows_the_password ? "235 welcome\r\n" : "501 as you like\r\n");
    (void)server_line(t, &server);
    stream_close(&server.stream);
    job_join(t, &job, &scope);
    assert_int_equal(job.logged_in.result, knows_the_password ? SMTP_CLIENT_OK : SMTP_CLIENT_MALFORMED);
    buffer_free(&server.in);
    arena_free(&server.arena);
    job_free(&job);
}
static void scram_body(struct task *t, struct env *env) {
    scram_one(t, env, true);
    scram_one(t, env, false);
}
static void scram_is_preferred_and_the_server_must_know_the_password_too(void **state) {
    task_test_run(scram_body);
}

/* ---- TLS ---- */

static void no_tls_body(struct task *t, struct env *env) {
    static const struct {
        enum smtp_client_tls tls;
        const char *transcript;
        enum smtp_client_result result;
    } rows[] = {
        {SMTP_CLIENT_TLS_REQUIRED, PLAIN_EHLO QUIT, SMTP_CLIENT_TLS_MISSING},
        {SMTP_CLIENT_TLS_REQUIRED, GREETED "C: 250-mx\nC: 250 STARTTLS\nS: STARTTLS\nC: 454 not now\n" QUIT,
         SMTP_CLIENT_TLS_MISSING},
        {SMTP_CLIENT_TLS_OFFERED, PLAIN_EHLO QUIT, SMTP_CLIENT_OK},
        {SMTP_CLIENT_TLS_OFFERED, GREETED "C: 250-mx\nC: 250 STARTTLS\nS: STARTTLS\nC: 454 not now\n" QUIT,
         SMTP_CLIENT_OK},
        /* Behind the answer, in the clear: more answers, for the client to take for those over TLS. */
        {SMTP_CLIENT_TLS_OFFERED,
         GREETED "C: 250-mx\nC: 250 STARTTLS\nS: STARTTLS\nC> 220 go\\r\\n250 injected\\r\\n\nEND\n",
         SMTP_CLIENT_INJECTED},
        {SMTP_CLIENT_TLS_OFFERED,
         GREETED
         "C: 250-mx\nC: 250 STARTTLS\nS: STARTTLS\nC: 220 go\nWAIT 50\nC: this is no handshake\nEND\n",
         SMTP_CLIENT_TLS_FAILED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct job job = job_new(env, "x\r\n");
        job.options.tls = rows[i].tls;
        job.options.tls_context = tls_context_client();
        job.messages = 0;
        struct scope scope;
        struct stream *server = job_start(&job, &scope);
        struct script script;
        struct player player;
        struct player_world world = {0};
        assert_true(script_of_text(&script, "server", slice_from_text(rows[i].transcript)));
        player_init(&player, &world, &script);
        player_adopt(&player, 1, server);
        bool is_played = player_run(t, &player);
        /* What TLS says first is no line that a transcript could have. */
        if (rows[i].result != SMTP_CLIENT_TLS_FAILED && !is_played)
            fail_msg("row %zu: %.*s", i, SLICE_PRINT(buffer_slice(&player.failure)));
        server = player_leave(&player, 1);
        stream_close(&server);
        player_free(&player);
        script_free(&script);
        job_join(t, &job, &scope);
        assert_int_equal(job.begun.result, rows[i].result);
        tls_context_free(&job.options.tls_context);
        job_free(&job);
    }
}
static void without_tls_what_requires_it_stops(void **state) { task_test_run(no_tls_body); }

/* ---- every bad answer at every verb ---- */

enum verb { AT_GREETING, AT_EHLO, AT_MAIL, AT_RCPT, AT_DATA, AT_END, VERBS };

struct bad_server {
    enum verb at;
    const char *bad;
    const char *offer;
    struct scope scope;
    struct env *env;
    struct stream *stream;
    struct buffer in;
    bool is_in_data;
    size_t content_lines;
};

static enum verb verb_of(struct slice line) {
    if (slice_starts(line, SLICE("EHLO")) || slice_starts(line, SLICE("HELO"))) return AT_EHLO;
    if (slice_starts(line, SLICE("MAIL"))) return AT_MAIL;
    if (slice_starts(line, SLICE("RCPT"))) return AT_RCPT;
    return slice_equal(line, SLICE("DATA")) ? AT_DATA : VERBS;
}

/* False: it hangs up now. */
static bool bad_say(struct task *t, struct bad_server *server, enum verb verb) {
    static const char *const good[VERBS + 1] = {"220 mx\r\n", "",           "250 ok\r\n", "250 ok\r\n",
                                                "354 go\r\n", "250 ok\r\n", "221 bye\r\n"};
    char ehlo[200];
    (void)snprintf(ehlo, sizeof ehlo, "250-mx\r\n%s250 HELP\r\n", server->offer);
    const char *text = verb == server->at ? server->bad : verb == AT_EHLO ? ehlo : good[verb];
    bool closes = verb == server->at && (!slice_ends_nocase(slice_from_text(text), SLICE("\n")) ||
                                         slice_starts(slice_from_text(text), SLICE("421")));
    (void)!stream_write(t, server->stream, slice_from_text(text), env_now_ms(server->env) + 1000);
    return !closes;
}

static bool bad_answer(struct task *t, struct bad_server *server, struct slice line) {
    if (server->is_in_data) {
        server->is_in_data = !slice_equal(line, SLICE("."));
        server->content_lines += server->is_in_data;
        return server->is_in_data || bad_say(t, server, AT_END);
    }
    enum verb verb = verb_of(line);
    server->is_in_data = verb == AT_DATA && server->at != AT_DATA;
    return bad_say(t, server, verb);
}

static void bad_main(struct task *t, void *argument) {
    struct bad_server *server = argument;
    bool is_open = bad_say(t, server, AT_GREETING);
    while (is_open) {
        uint8_t *room = buffer_reserve(&server->in, 1000);
        ssize_t got = stream_read(t, server->stream, room, 1000, DEADLINE_NONE);
        if (got <= 0) break;
        buffer_grew(&server->in, (size_t)got);
        for (size_t end; is_open && (end = slice_find_crlf(buffer_slice(&server->in))) != SLICE_NOT_FOUND;
             buffer_consume(&server->in, end + 2))
            is_open = bad_answer(t, server, slice_sub(buffer_slice(&server->in), 0, end));
    }
    stream_close(&server->stream);
    buffer_free(&server->in);
}

struct bad_row {
    const char *bad;
    enum smtp_client_result result;
    unsigned code;
};

static const struct smtp_client_outcome *last_outcome(const struct job *job) {
    return job->begun.result == SMTP_CLIENT_OK ? &job->sent : &job->begun;
}

static void bad_one(struct task *t, struct env *env, enum verb at, const struct bad_row *row,
                    const char *offer) {
    struct job job = job_new(env, "x\r\n");
    struct scope scope;
    struct bad_server server = {
        .at = at, .bad = row->bad, .offer = offer, .env = env, .in = buffer_new(8000)};
    job.options.times.greeting_ms = job.options.times.command_ms = job.options.times.data_ms =
        job.options.times.end_of_data_ms =
            row->result == SMTP_CLIENT_TIMED_OUT ? MATRIX_STEP_MS : TEST_PATIENCE_MS;
    server.stream = job_start(&job, &scope);
    scope_init(&server.scope, env);
    assert_true(scope_spawn(&server.scope, bad_main, &server));
    job_join(t, &job, &scope);
    scope_close(t, &server.scope);
    const struct smtp_client_outcome *outcome = last_outcome(&job);
    bool is_helo = at == AT_EHLO && row->code / 100 == 5;
    if (outcome->result != row->result || outcome->answer.code != row->code)
        fail_msg("%s at %d with \"%s\": result %d, code %u", row->bad, at, offer, outcome->result,
                 outcome->answer.code);
    static const enum smtp_client_stage stages[VERBS] = {SMTP_STAGE_GREETING, SMTP_STAGE_EHLO,
                                                         SMTP_STAGE_MAIL,     SMTP_STAGE_RCPT,
                                                         SMTP_STAGE_DATA,     SMTP_STAGE_END_OF_DATA};
    if (!is_helo) assert_int_equal(outcome->stage, stages[at]);
    if (at > AT_EHLO) assert_int_equal(job.recipients[0].outcome.result, row->result);
    assert_int_equal(server.content_lines, at == AT_END);
    job_free(&job);
}

static void matrix_body(struct task *t, struct env *env) {
    static const struct bad_row rows[] = {
        {"421 4.3.2 going down\r\n", SMTP_CLIENT_REFUSED, 421},
        {"450-4.2.0 try\r\n450 4.2.0 later\r\n", SMTP_CLIENT_REFUSED, 450},
        {"550 5.7.1 no\r\n", SMTP_CLIENT_REFUSED, 550},
        {"hello there\r\n", SMTP_CLIENT_MALFORMED, 0},
        {"250-one\r\n550 two\r\n", SMTP_CLIENT_MALFORMED, 0},
        {"", SMTP_CLIENT_LOST, 0},
        {"25", SMTP_CLIENT_LOST, 0},
        {"250-and then", SMTP_CLIENT_LOST, 0},
    };
    static const struct bad_row unfinished = {"250-and so on\r\n", SMTP_CLIENT_TIMED_OUT, 0};
    static const char *const offers[] = {"", "250-PIPELINING\r\n"};
    for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++)
        for (enum verb at = AT_GREETING; at < VERBS; at++)
            for (size_t j = 0; j < sizeof rows / sizeof rows[0]; j++)
                bad_one(t, env, at, &rows[j], offers[i]);
    for (enum verb at = AT_GREETING; at < VERBS; at++) bad_one(t, env, at, &unfinished, "");
}
static void each_bad_answer_at_each_verb_is_told_apart(void **state) { task_test_run(matrix_body); }

static void endless_body(struct task *t, struct env *env) {
    struct buffer endless = buffer_new(MIB(1));
    for (size_t i = 0; i < 2000; i++) buffer_append_text(&endless, "250-more\r\n");
    buffer_append_byte(&endless, 0);
    struct bad_row row = {(const char *)endless.ptr, SMTP_CLIENT_MALFORMED, 0};
    bad_one(t, env, AT_EHLO, &row, "");
    buffer_clear(&endless);
    for (size_t i = 0; i < 5000; i++) buffer_append_byte(&endless, 'x');
    buffer_append_text(&endless, "\r\n");
    buffer_append_byte(&endless, 0);
    row.bad = (const char *)endless.ptr;
    bad_one(t, env, AT_END, &row, "");
    buffer_free(&endless);
}
static void an_answer_without_end_is_not_heard_to_its_end(void **state) { task_test_run(endless_body); }

static void swallowed_body(struct task *t, struct env *env) {
    struct job job = job_new(env, "x\r\n");
    /* MAIL's answer has no end and takes RCPT's in: what DATA hears would be RCPT's. */
    job_run(t, &job,
            GREETED "C: 250-mx\nC: 250 PIPELINING\nS: MAIL FROM:<ann@example.test>\nS: RCPT TO:<a@far.test>\n"
                    "S: DATA\nC> 250-and so on\\r\\n250 ok\\r\\n354 go\\r\\n\nEND\n");
    assert_outcome(job.sent, SMTP_CLIENT_MALFORMED, SMTP_STAGE_RCPT, 354);
    job_free(&job);
}
static void an_answer_that_swallows_the_next_ends_it(void **state) { task_test_run(swallowed_body); }

static void unasked_body(struct task *t, struct env *env) {
    struct job job = job_new(env, "x\r\n");
    job_run(t, &job,
            PLAIN_EHLO "S: MAIL FROM:<ann@example.test>\nC> 250 ok\\r\\n250 and whatever comes\\r\\n\nEND\n");
    assert_outcome(job.sent, SMTP_CLIENT_MALFORMED, SMTP_STAGE_RCPT, 0);
    job_free(&job);
}
static void an_answer_to_nothing_ends_it(void **state) { task_test_run(unasked_body); }

/* ---- our own server ---- */

static void own_server_body(struct task *t, struct env *env) {
    struct smtp_bench bench;
    bench_open(&bench, env);
    struct buffer content = buffer_new(MIB(4));
    buffer_append_text(&content, "Subject: x\r\n\r\n");
    for (size_t i = 0; i < 20000; i++) buffer_append_text(&content, ".a line that begins with a dot\r\n");
    buffer_append_byte(&content, 0);
    struct job job = job_new(env, (const char *)content.ptr);
    job.options.tls = SMTP_CLIENT_TLS_REQUIRED;
    job.options.tls_context = tls_context_client();
    job.messages = 2;
    job.message.recipient_count = 2;
    job.recipients[0].address = SLICE("alice@example.test");
    job.recipients[1].address = SLICE("nobody@example.test");
    struct scope scope;
    job.stream = bench_connect(&bench, SMTP_PORT_MX);
    job_spawn(&job, &scope);
    job_join(t, &job, &scope);
    assert_outcome(job.sent, SMTP_CLIENT_OK, SMTP_STAGE_END_OF_DATA, 250);
    assert_outcome(job.recipients[1].outcome, SMTP_CLIENT_REFUSED, SMTP_STAGE_RCPT, 550);
    assert_true(job.is_usable);
    assert_int_equal(bench.store.deliveries, 2);
    struct slice stored = buffer_slice(&bench.store.body);
    assert_true(slice_ends_nocase(stored, slice_from_text(job.content)));
    tls_context_free(&job.options.tls_context);
    buffer_free(&content);
    job_free(&job);
    bench_close(t, &bench);
}
static void our_own_server_takes_it_over_tls_byte_for_byte(void **state) { task_test_run(own_server_body); }

/* ---- what EHLO says ---- */

static void offers_are_read_in_any_form(void **state) {
    struct smtp_offer offer =
        smtp_offer_parse(SLICE("mx.far.test greets you\nsize 52428800\nAUTH PLAIN "
                               "XOAUTH2\nAUTH=LOGIN\n8bitmime\nX-WHAT ever\nPIPELINING"));
    assert_int_equal(offer.size_bytes_max, 52428800);
    assert_true(smtp_offer_has(&offer, SMTP_EXTENSION_8BITMIME));
    assert_true(smtp_offer_has(&offer, SMTP_EXTENSION_PIPELINING));
    assert_false(smtp_offer_has(&offer, SMTP_EXTENSION_STARTTLS));
    assert_true(smtp_offer_has_mechanism(&offer, SASL_MECHANISM_PLAIN));
    assert_true(smtp_offer_has_mechanism(&offer, SASL_MECHANISM_LOGIN));
    assert_false(smtp_offer_has_mechanism(&offer, SASL_MECHANISM_SCRAM_SHA_1));
    /* The first line is the server's name, and no word of it counts. */
    assert_int_equal(smtp_offer_parse(SLICE("STARTTLS")).extensions, 0);
    assert_int_equal(smtp_offer_parse(SLICE("mx\nSIZE")).size_bytes_max, 0);
    assert_int_equal(smtp_offer_parse(SLICE("mx\nSIZE 99999999999999999999")).size_bytes_max, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_without_extensions_gets_it_step_by_step),
        cmocka_unit_test(with_pipelining_the_envelope_goes_at_once_and_each_recipient_has_an_answer),
        cmocka_unit_test(a_transaction_that_nobody_wants_leaves_the_connection_in_order),
        cmocka_unit_test(a_chunk_goes_as_it_is_and_delivery_is_asked_for),
        cmocka_unit_test(an_unfinished_transaction_is_reset_before_the_next),
        cmocka_unit_test(a_question_for_recipients_sends_no_message),
        cmocka_unit_test(what_a_server_does_not_offer_is_said_before_anything_is_sent),
        cmocka_unit_test(a_report_goes_without_requiretls_rather_than_not_at_all),
        cmocka_unit_test(a_message_that_cannot_be_read_is_never_ended),
        cmocka_unit_test(plain_and_login_are_what_is_left),
        cmocka_unit_test(no_password_goes_in_the_clear),
        cmocka_unit_test(scram_is_preferred_and_the_server_must_know_the_password_too),
        cmocka_unit_test(without_tls_what_requires_it_stops),
        cmocka_unit_test(each_bad_answer_at_each_verb_is_told_apart),
        cmocka_unit_test(an_answer_without_end_is_not_heard_to_its_end),
        cmocka_unit_test(an_answer_that_swallows_the_next_ends_it),
        cmocka_unit_test(an_answer_to_nothing_ends_it),
        cmocka_unit_test(our_own_server_takes_it_over_tls_byte_for_byte),
        cmocka_unit_test(offers_are_read_in_any_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
