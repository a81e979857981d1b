/*
 * The IMAP client: what it says, and what it makes of what servers answer. The servers are transcripts (C: is
 * the server's line, S: what the client must say).
 */
#include "test.h"

#include "base/limits_sender.h"
#include "imap_client/imap_client.h"
#include "task_test.h"
#include "transcript.h"

#define LOGOUT(tag) "S: " tag " LOGOUT\nC: * BYE bye\nC: " tag " OK done\n"
#define GREETED "C: * OK [CAPABILITY IMAP4rev1 "
#define PLAIN_IR GREETED "SASL-IR AUTH=PLAIN IDLE UIDPLUS] hi\nS: p1 AUTHENTICATE PLAIN AGFubgBwZW5jaWw=\n"
#define LOGGED_IN PLAIN_IR "C: p1 OK [CAPABILITY IMAP4rev1 IDLE UIDPLUS] in\n"

/* What the client is asked to do once it has logged in, and what came of it. */
struct job {
    struct env *env;
    struct stream *stream;
    struct imap_client_options options;
    struct imap_client_login login;
    void (*work)(struct task *t, struct job *job, struct imap_client *client);
    struct arena *arena;
    struct imap_client_outcome begun, logged_in, worked;
    struct imap_client_status status;
    struct imap_client_folder *folders;
    size_t folder_count;
    uint32_t *uids;
    size_t uid_count;
    char taken[256];
    bool is_news;
    bool is_usable;
    bool is_over;
    struct gate over;
};

static struct job job_new(struct env *env) {
    struct job job = {.env = env, .arena = arena_new(8 << 20)};
    job.options = (struct imap_client_options){.logs_in_without_tls = true, .tls_name = "imap.far.test"};
    job.login = (struct imap_client_login){.user = SLICE("ann"), .secret = SLICE("pencil")};
    return job;
}

static void job_main(struct task *t, void *argument) {
    struct job *job = argument;
    struct imap_client *client = imap_client_new(job->env, &job->stream, &job->options);
    job->begun = imap_client_begin(t, client, job->arena);
    bool good = job->begun.result == IMAP_CLIENT_OK;
    if (good) job->logged_in = imap_client_log_in(t, client, job->arena, &job->login);
    if (good && job->logged_in.result == IMAP_CLIENT_OK && job->work) job->work(t, job, client);
    job->is_usable = imap_client_is_usable(client);
    imap_client_free(t, &client);
    job->is_over = true;
    gate_open(&job->over);
}

/* Against a server that says and hears just this, and then hangs up. */
static void job_run(struct task *t, struct job *job, const char *transcript) {
    struct scope scope;
    struct handle pair[2];
    assert_int_equal(stream_pair(job->env, pair), 0);
    job->stream = stream_adopt(job->env, pair[0]);
    struct stream *server = stream_adopt(job->env, pair[1]);
    gate_init(&job->over);
    scope_init(&scope, job->env);
    assert_true(scope_spawn(&scope, job_main, job));
    transcript_play(t, &server, "server", slice_from_text(transcript));
    stream_close(&server);
    while (!job->is_over) assert_int_equal(gate_wait(t, &job->over, DEADLINE_NONE), WAIT_OK);
    scope_close(t, &scope);
}

/* ---- logging in ---- */

static void plain_body(struct task *t, struct env *env) {
    struct job job = job_new(env);
    job_run(t, &job, LOGGED_IN LOGOUT("p2"));
    assert_int_equal(job.logged_in.result, IMAP_CLIENT_OK);
    assert_true(job.is_usable);
    arena_free(&job.arena);
    /* Without an initial response the server asks first; without the code it is asked what it offers now. */
    job = job_new(env);
    job_run(t, &job,
            "C: * OK hi\nS: p1 CAPABILITY\nC: * CAPABILITY IMAP4rev1 AUTH=PLAIN\nC: p1 OK done\n"
            "S: p2 AUTHENTICATE PLAIN\nC: + go\nS: AGFubgBwZW5jaWw=\nC: p2 OK in\nS: p3 CAPABILITY\n"
            "C: * CAPABILITY IMAP4rev1\nC: p3 OK done\n" LOGOUT("p4"));
    assert_int_equal(job.logged_in.result, IMAP_CLIENT_OK);
    arena_free(&job.arena);
}
static void a_password_goes_as_the_server_wants_it(void **state) { task_test_run(plain_body); }

static void command_body(struct task *t, struct env *env) {
    struct job job = job_new(env);
    job.login.secret = SLICE("a\"b\\c");
    job_run(t, &job,
            GREETED
            "X] hi\nS: p1 LOGIN \"ann\" \"a\\\"b\\\\c\"\nC: p1 NO [AUTHENTICATIONFAILED] no\n" LOGOUT("p2"));
    assert_int_equal(job.logged_in.result, IMAP_CLIENT_REFUSED);
    assert_int_equal(job.logged_in.code, IMAP_CODE_AUTHENTICATIONFAILED);
    assert_slice(job.logged_in.text, "no");
    arena_free(&job.arena);
}
static void the_command_login_is_what_is_left(void **state) { task_test_run(command_body); }

static void token_body(struct task *t, struct env *env) {
    struct job job = job_new(env);
    job.login = (struct imap_client_login){SLICE("ann"), SLICE("tok"), true};
    job_run(t, &job,
            GREETED "SASL-IR AUTH=XOAUTH2] hi\n"
                    "S: p1 AUTHENTICATE XOAUTH2 dXNlcj1hbm4BYXV0aD1CZWFyZXIgdG9rAQE=\n"
                    "C: + eyJzdGF0dXMiOiI0MDAifQ==\nS: \nC: p1 NO Token expired\n" LOGOUT("p2"));
    assert_int_equal(job.logged_in.result, IMAP_CLIENT_REFUSED);
    assert_slice(job.logged_in.text, "Token expired");
    arena_free(&job.arena);
}
static void a_token_that_is_refused_is_answered_before_it_is_over(void **state) { task_test_run(token_body); }

static void clear_body(struct task *t, struct env *env) {
    struct job job = job_new(env);
    job.options.logs_in_without_tls = false;
    job_run(t, &job, GREETED "AUTH=PLAIN] hi\n" LOGOUT("p1"));
    assert_int_equal(job.logged_in.result, IMAP_CLIENT_NO_MECHANISM);
    arena_free(&job.arena);
}
static void no_password_goes_in_the_clear(void **state) { task_test_run(clear_body); }

/* ---- TLS ---- */

static void tls_body(struct task *t, struct env *env) {
    static const struct {
        const char *transcript;
        enum imap_client_result result;
    } cases[] = {
        /* RFC 9051 11.1: a server that takes us for somebody keeps us from asking for TLS. */
        {"C: * PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] come in\nEND\n", IMAP_CLIENT_TLS_MISSING},
        {GREETED "AUTH=PLAIN] hi\nEND\n", IMAP_CLIENT_TLS_MISSING},
        {GREETED "STARTTLS] hi\nS: p1 STARTTLS\nC: p1 NO not now\nEND\n", IMAP_CLIENT_TLS_MISSING},
        {GREETED "STARTTLS] hi\nS: p1 STARTTLS\nC> p1 OK go\\r\\n* PREAUTH injected\\r\\n\nEND\n",
         IMAP_CLIENT_INJECTED},
        {"C: * BYE too many\nEND\n", IMAP_CLIENT_LOST},
        {"C: 220 smtp.far.test ESMTP\nEND\n", IMAP_CLIENT_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct job job = job_new(env);
        struct tls_context *context = tls_context_client();
        job.options.tls = IMAP_CLIENT_TLS_REQUIRED;
        job.options.tls_context = context;
        job.options.logs_in_without_tls = false;
        job_run(t, &job, cases[i].transcript);
        if (cases[i].result == IMAP_CLIENT_LOST)
            assert_int_not_equal(job.begun.result, IMAP_CLIENT_OK);
        else
            assert_int_equal(job.begun.result, cases[i].result);
        assert_int_equal(job.logged_in.stage, 0);
        tls_context_free(&context);
        arena_free(&job.arena);
    }
}
static void where_tls_is_required_nothing_is_said_without_it(void **state) { task_test_run(tls_body); }

/* ---- folders and messages ---- */

static bool take(struct task *t, void *context, const struct imap_client_message *message) {
    (void)t;
    struct job *job = context;
    size_t len = strlen(job->taken);
    (void)snprintf(job->taken + len, sizeof job->taken - len, "%u:%.*s;", message->uid,
                   SLICE_PRINT(message->content));
    return message->uid != 12;
}

static void read_folder(struct task *t, struct job *job, struct imap_client *client) {
    struct imap_client_fetch fetch = {.first = 9, .content_bytes = 100, .take = take, .context = job};
    job->worked = imap_client_list(t, client, job->arena, &job->folders, &job->folder_count);
    assert_int_equal(job->worked.result, IMAP_CLIENT_OK);
    job->worked = imap_client_select(t, client, job->arena, SLICE("Se\"nt"), false, &job->status);
    assert_int_equal(job->worked.result, IMAP_CLIENT_OK);
    job->worked = imap_client_fetch(t, client, job->arena, &fetch);
}

static void folder_body(struct task *t, struct env *env) {
    struct job job = job_new(env);
    job.work = read_folder;
    job_run(t, &job,
            LOGGED_IN
            "S: p2 LIST \"\" \"*\"\nC: * LIST (\\Sent) \"/\" \"Se\\\"nt\"\nC: * LIST () \"/\" INBOX\nC: p2 "
            "OK done\n"
            "S: p3 EXAMINE \"Se\\\"nt\"\nC: * 3 EXISTS\nC: * OK [UIDVALIDITY 77] x\nC: * OK [UIDNEXT 14] x\n"
            "C: * OK [HIGHESTMODSEQ 5] x\nC: p3 OK [READ-ONLY] done\n"
            /* RFC 9051 6.4.9: with N past the end the last message comes all the same. */
            "S: p4 UID FETCH 9:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[]<0.100>)\n"
            "C: * 1 FETCH (UID 8 RFC822.SIZE 3 BODY[]<0> \"old\")\nC: * 1 FETCH (FLAGS (\\Seen))\n"
            "C: * 2 FETCH (UID 10 RFC822.SIZE 3 BODY[]<0> {3}\nC> abc)\\r\\n\n"
            "C: * 3 FETCH (UID 12 RFC822.SIZE 1 BODY[]<0> \"d\")\nC: * 4 FETCH (UID 13 RFC822.SIZE 1 "
            "BODY[]<0> \"e\")\n"
            "C: p4 OK done\n" LOGOUT("p5"));
    assert_int_equal(job.folder_count, 2);
    assert_slice(job.folders[0].name, "Se\"nt");
    assert_int_equal(job.folders[0].use, IMAP_FOLDER_SENT);
    assert_int_equal(job.status.uidvalidity, 77);
    assert_int_equal(job.status.uidnext, 14);
    assert_int_equal(job.status.modseq, 5);
    assert_string_equal(job.taken, "10:abc;12:d;");
    assert_int_equal(job.worked.result, IMAP_CLIENT_OK);
    arena_free(&job.arena);
}
static void folders_are_examined_and_messages_peeked_at(void **state) { task_test_run(folder_body); }

static void write_folder(struct task *t, struct job *job, struct imap_client *client) {
    job->worked = imap_client_search(t, client, job->arena, SLICE("Message-ID"), SLICE("<a@b>"), &job->uids,
                                     &job->uid_count);
    assert_int_equal(job->worked.result, IMAP_CLIENT_OK);
    job->worked = imap_client_append(t, client, job->arena, SLICE("Sent"), SLICE("x: y\r\n\r\nz\r\n"));
    assert_int_equal(job->worked.result, IMAP_CLIENT_OK);
    job->worked = imap_client_remove(t, client, job->arena, 7);
    assert_int_equal(job->worked.result, IMAP_CLIENT_OK);
    job->worked = imap_client_append(t, client, job->arena, SLICE("Sent"), SLICE("too large"));
}

static void write_body(struct task *t, struct env *env) {
    struct job job = job_new(env);
    job.work = write_folder;
    job_run(t, &job,
            LOGGED_IN
            "S: p2 UID SEARCH HEADER \"Message-ID\" \"<a@b>\"\nC: * SEARCH 7 9\nC: p2 OK done\n"
            "S: p3 APPEND \"Sent\" (\\Seen) {11}\nC: + go\nS: x: y\nS: \nS: z\nS: \nC: p3 OK [APPENDUID 1 8] "
            "done\n"
            "S: p4 UID STORE 7 +FLAGS.SILENT (\\Deleted)\nC: p4 OK done\nS: p5 UID EXPUNGE 7\nC: p5 OK done\n"
            "S: p6 APPEND \"Sent\" (\\Seen) {9}\nC: p6 NO [OVERQUOTA] full\n" LOGOUT("p7"));
    assert_int_equal(job.uid_count, 2);
    assert_int_equal(job.uids[1], 9);
    assert_int_equal(job.worked.result, IMAP_CLIENT_REFUSED);
    assert_int_equal(job.worked.code, IMAP_CODE_OVERQUOTA);
    arena_free(&job.arena);
}
static void searching_appending_and_removing(void **state) { task_test_run(write_body); }

/* ---- waiting ---- */

static void idle(struct task *t, struct job *job, struct imap_client *client) {
    const bool is_called = false;
    job->worked =
        imap_client_idle(t, client, job->arena, env_now_ms(job->env) + 60 * 1000, &is_called, &job->is_news);
    assert_int_equal(job->worked.result, IMAP_CLIENT_OK);
    assert_true(job->is_news);
    bool is_news;
    const bool is_called_now = true;
    job->worked = imap_client_idle(t, client, job->arena, DEADLINE_NONE, &is_called_now, &is_news);
    assert_false(is_news);
}

static void idle_body(struct task *t, struct env *env) {
    struct job job = job_new(env);
    job.work = idle;
    job_run(t, &job,
            LOGGED_IN "S: p2 IDLE\nC: + idling\nC: * OK still here\nC: * 4 EXISTS\nS: DONE\nC: p2 OK done\n"
                      "S: p3 IDLE\nC: + idling\nS: DONE\nC: p3 OK done\n" LOGOUT("p4"));
    assert_int_equal(job.worked.result, IMAP_CLIENT_OK);
    arena_free(&job.arena);
    /* The server hangs up meanwhile, and says why. */
    job = job_new(env);
    job.work = NULL;
    job_run(t, &job, PLAIN_IR "C: * BYE IMAP is disabled\nEND\n");
    assert_int_equal(job.logged_in.result, IMAP_CLIENT_LOST);
    assert_slice(job.logged_in.text, "IMAP is disabled");
    arena_free(&job.arena);
}
static void idle_ends_with_news_or_a_call(void **state) { task_test_run(idle_body); }

static void hostile_body(struct task *t, struct env *env) {
    static const char *const endings[] = {
        "C: x1 OK another tag\nEND\n",
        "C> * 1 FETCH (BODY[] {4000000000}\\r\\n\nEND\n",
        "C> * LIST (\\r\\n\nEND\n",
        "",
    };
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        struct job job = job_new(env);
        char transcript[1024];
        (void)snprintf(transcript, sizeof transcript, "%s%s", PLAIN_IR, endings[i]);
        job_run(t, &job, transcript);
        assert_true(job.logged_in.result == IMAP_CLIENT_MALFORMED ||
                    job.logged_in.result == IMAP_CLIENT_LOST);
        assert_false(job.is_usable);
        arena_free(&job.arena);
    }
}
static void what_is_no_imap_ends_the_connection(void **state) { task_test_run(hostile_body); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_goes_as_the_server_wants_it),
        cmocka_unit_test(the_command_login_is_what_is_left),
        cmocka_unit_test(a_token_that_is_refused_is_answered_before_it_is_over),
        cmocka_unit_test(no_password_goes_in_the_clear),
        cmocka_unit_test(where_tls_is_required_nothing_is_said_without_it),
        cmocka_unit_test(folders_are_examined_and_messages_peeked_at),
        cmocka_unit_test(searching_appending_and_removing),
        cmocka_unit_test(idle_ends_with_news_or_a_call),
        cmocka_unit_test(what_is_no_imap_ends_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
