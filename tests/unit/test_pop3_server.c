/* POP3 from greeting to QUIT over a real store: edge and mail role in one process. */
#include "test.h"

#include "pop3/pop3_login.h"
#include "pop3/pop3_session.h"
#include "role_bench.h"
#include "transcript.h"

static const char first_message[] = "From: bob@example.net\r\nSubject: one\r\n\r\n"
                                    "Hello\r\n.\r\n..dots\r\nlast line\r\n";

struct pop3_bench {
    struct role_bench role;
    struct pop3_server server;
};

static void serve(struct role_bench *role, struct stream *stream, const struct handover *handover) {
    pop3_session_start(role->server, stream, handover);
}

static void pop3_open(struct task *t, struct pop3_bench *pop3, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    role_open(&pop3->role, bench);
    pop3_server_init(&pop3->server, bench->env, pop3->role.mail_store, bench->reader, &pop3->role.mail_group);
    pop3->role.serve = serve;
    pop3->role.server = &pop3->server;
}

static void pop3_close(struct task *t, struct pop3_bench *pop3) {
    role_close(t, &pop3->role);
    pop3_server_fini(&pop3->server);
}

static struct stream *pop3_connect(struct pop3_bench *pop3, bool implicit_tls) {
    struct stream *server = NULL;
    struct stream *client = role_connect(&pop3->role, &server);
    pop3_login_start(&pop3->role.login, server, implicit_tls);
    return client;
}

static void play_text(struct task *t, struct pop3_bench *pop3, const char *text) {
    struct stream *client = pop3_connect(pop3, false);
    transcript_play(t, &client, "text", slice_from_text(text));
    stream_close(&client);
}

static const char login_lines[] = "S: +OK <any>\nC: USER ann@example.org\nS: +OK <any>\nC: PASS secret\n";

static void login(struct task *t, struct stream **client, const char *rest) {
    char text[2048];
    (void)snprintf(text, sizeof text, "%s%s", login_lines, rest);
    transcript_play(t, client, "login", slice_from_text(text));
}

static void quit_body(struct task *t, struct store_bench *bench) {
    struct pop3_bench pop3;
    struct entry *entries = NULL;
    pop3_open(t, &pop3, bench);
    for (int i = 0; i < 3; i++) bench_deliver(t, bench, slice_from_text(first_message));
    struct stream *client = pop3_connect(&pop3, false);
    login(t, &client, "S: +OK 3 <any>\nC: DELE 1\nS: +OK <any>\nC: DELE 3\nS: +OK <any>\n");
    /* RFC 1939 6: without QUIT nothing is removed. */
    stream_close(&client);
    assert_int_equal(task_sleep(t, 20), WAIT_OK);
    assert_int_equal(bench_entries(bench, bench->inbox, &entries), 3);

    client = pop3_connect(&pop3, false);
    login(t, &client,
          "S: +OK 3 <any>\nC: DELE 1\nC: DELE 3\nC: QUIT\nS: +OK <any>\nS: +OK <any>\nS: +OK <any>\nEND\n");
    stream_close(&client);
    assert_int_equal(bench_entries(bench, bench->inbox, &entries), 1);
    assert_int_equal(entries[0].uid, 2);
    pop3_close(t, &pop3);
}

static void only_quit_removes_what_was_marked(void **state) { bench_run(quit_body, NULL); }

static void lock_body(struct task *t, struct store_bench *bench) {
    struct pop3_bench pop3;
    pop3_open(t, &pop3, bench);
    struct stream *first = pop3_connect(&pop3, false);
    login(t, &first, "S: +OK 0 messages<any>\n");
    play_text(
        t, &pop3,
        "S: +OK <any>\nC: USER ann@example.org\nS: +OK <any>\nC: PASS secret\nS: -ERR [IN-USE] <any>\nEND\n");
    transcript_play(t, &first, "first", SLICE("C: QUIT\nS: +OK <any>\nEND\n"));
    stream_close(&first);
    play_text(t, &pop3,
              "S: +OK <any>\nC: USER ann@example.org\nS: +OK <any>\nC: PASS secret\nS: +OK 0 <any>\n");
    pop3_close(t, &pop3);
}

static void one_session_has_the_mailbox_at_a_time(void **state) { bench_run(lock_body, NULL); }

static void plain_body(struct task *t, struct store_bench *bench) {
    struct pop3_bench pop3;
    pop3_open(t, &pop3, bench);
    pop3.role.login.plaintext = PLAINTEXT_NEVER;
    struct stream *client = pop3_connect(&pop3, false);
    /* What is sent in the clear behind STLS is never run, and USER from before is forgotten. */
    transcript_play(t, &client, "stls",
                    SLICE("S: +OK <any>\nC: USER ann@example.org\nS: -ERR <any>STLS\nC: AUTH PLAIN\n"
                          "S: -ERR <any>STLS\nC: STLS\nC: NOOP\nS: +OK <any>\n"));
    assert_int_equal(tls_connect(t, &client, pop3.role.client_tls, env_now_ms(bench->env) + TEST_PATIENCE_MS),
                     0);
    transcript_play(t, &client, "tls",
                    SLICE("C: PASS secret\nS: -ERR <any>\nC: STLS\nS: -ERR <any>\nC: USER ann@example.org\n"
                          "S: +OK <any>\nC: PASS secret\nC: STAT\nS: +OK 0 <any>\nS: +OK 0 0\nC: QUIT\n"
                          "S: +OK <any>\nEND\n"));
    assert_true(pop3.role.last_handover.is_tls);
    assert_int_equal(pop3.role.last_handover.identity.account, bench->account);
    stream_close(&client);
    pop3_close(t, &pop3);
}

static void passwords_need_tls_and_stls_forgets_all(void **state) { bench_run(plain_body, NULL); }

/* A message of about `bytes`, its lines beginning with dots now and then. */
static struct slice big_message(struct arena *arena, size_t bytes) {
    static const char line[] = ".line with a dot in front and some text behind it that goes on a while\r\n";
    size_t line_len = sizeof line - 1;
    size_t count = bytes / line_len;
    uint8_t *text = arena_alloc(arena, count * line_len + 64);
    size_t len = 0;
    memcpy(text, "Subject: big\r\n\r\n", 16);
    len = 16;
    for (size_t i = 0; i < count; i++, len += line_len) memcpy(text + len, line, line_len);
    return slice_of(text, len);
}

/* Reads one multi-line answer and undoes its dots. */
static void read_message(struct task *t, struct stream *client, struct buffer *content) {
    struct buffer raw = buffer_new(MIB(64));
    while (raw.len < 5 || memcmp(raw.ptr + raw.len - 5, "\r\n.\r\n", 5) != 0) {
        uint8_t *room = buffer_reserve(&raw, 65536);
        ssize_t got = stream_read(t, client, room, 65536, env_now_ms(task_env(t)) + TEST_PATIENCE_MS);
        assert_true(got > 0);
        buffer_grew(&raw, (size_t)got);
    }
    struct slice rest = slice_skip(buffer_slice(&raw), slice_find_crlf(buffer_slice(&raw)) + 2);
    rest.len -= 3;
    while (rest.len) {
        (void)slice_take_byte(&rest, '.');
        size_t end = slice_find_byte(rest, '\n');
        buffer_append(content, slice_take(&rest, end + 1));
    }
    buffer_free(&raw);
}

static void big_body(struct task *t, struct store_bench *bench) {
    struct pop3_bench pop3;
    struct buffer content = buffer_new(MIB(64));
    pop3_open(t, &pop3, bench);
    struct slice message = big_message(bench->arena, MIB(12));
    bench_deliver(t, bench, message);
    struct stream *client = pop3_connect(&pop3, false);
    login(t, &client, "S: +OK 1 <any>\n");
    assert_int_equal(stream_write(t, client, SLICE("RETR 1\r\n"), DEADLINE_NONE), 0);
    read_message(t, client, &content);
    assert_int_equal(content.len, message.len);
    assert_memory_equal(content.ptr, message.ptr, message.len);
    /* STAT counts what RETR sends. */
    char stat[64];
    (void)snprintf(stat, sizeof stat, "C: STAT\nS: +OK 1 %zu\n", content.len);
    transcript_play(t, &client, "stat", slice_from_text(stat));
    stream_close(&client);
    buffer_free(&content);
    pop3_close(t, &pop3);
}

static void a_large_message_comes_back_whole(void **state) { bench_run(big_body, NULL); }

static void stalled_body(struct task *t, struct store_bench *bench) {
    struct pop3_bench pop3;
    pop3_open(t, &pop3, bench);
    bench_deliver(t, bench, big_message(bench->arena, MIB(12)));
    struct stream *client = pop3_connect(&pop3, false);
    login(t, &client, "S: +OK 1 <any>\n");
    assert_int_equal(stream_write(t, client, SLICE("RETR 1\r\n"), DEADLINE_NONE), 0);
    assert_int_equal(task_sleep(t, 100), WAIT_OK);
    struct conn *conn = LIST_FIRST(&pop3.role.mail_group.conns, struct conn, in_group);
    assert_true(conn->out.len > 0);
    assert_true(conn->out.capacity < MIB(1));
    stream_close(&client);
    pop3_close(t, &pop3);
}

static void a_client_that_does_not_read_costs_little(void **state) { bench_run(stalled_body, NULL); }

static void many_body(struct task *t, struct store_bench *bench) {
    enum { COUNT = 1200 };
    struct pop3_bench pop3;
    struct buffer content = buffer_new(MIB(1));
    pop3_open(t, &pop3, bench);
    for (int i = 0; i < COUNT; i++) bench_deliver(t, bench, slice_from_text(first_message));
    struct stream *client = pop3_connect(&pop3, false);
    login(t, &client, "S: +OK 1200 <any>\n");
    assert_int_equal(stream_write(t, client, SLICE("UIDL\r\n"), DEADLINE_NONE), 0);
    read_message(t, client, &content);
    struct slice rest = buffer_slice(&content);
    struct map *seen = map_new(1);
    for (uint64_t i = 1; i <= COUNT; i++) {
        struct slice line = slice_trim(slice_take_until(&rest, '\n'));
        (void)slice_take_byte(&rest, '\n');
        uint64_t number = 0;
        assert_true(slice_take_number(&line, COUNT, &number));
        assert_int_equal(number, i);
        assert_null(map_put(seen, line, seen));
    }
    assert_int_equal(rest.len, 0);
    map_free(&seen);
    stream_close(&client);
    buffer_free(&content);
    pop3_close(t, &pop3);
}

static void many_messages_are_listed_with_unique_ids(void **state) { bench_run(many_body, NULL); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_quit_removes_what_was_marked),
        cmocka_unit_test(one_session_has_the_mailbox_at_a_time),
        cmocka_unit_test(passwords_need_tls_and_stls_forgets_all),
        cmocka_unit_test(a_large_message_comes_back_whole),
        cmocka_unit_test(a_client_that_does_not_read_costs_little),
        cmocka_unit_test(many_messages_are_listed_with_unique_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
