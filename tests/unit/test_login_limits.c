/* Nobody holds a session before login for ever, however busy he keeps it. In virtual time. */
#include "test.h"

#include "base/limits.h"
#include "imap/imap_login.h"
#include "io/sim/sim.h"
#include "pop3/pop3_login.h"
#include "smtp/smtp_server.h"

enum { DRIP_MS = 29 * 1000, PATIENCE_MS = 60 * 60 * 1000 };

/* A server in a process of its own, and a client that says `first`, then `drip` every 29 seconds. */
struct bench {
    struct env *env;
    struct conn_group group;
    struct login_context login;
    struct smtp_server smtp;
    void (*serve)(struct bench *bench, struct stream *stream);
    struct slice first;
    struct slice drip;
    /* What the server said, and how long it listened. */
    struct buffer said;
    int64_t held_ms;
    bool is_done;
};

static void serve_imap(struct bench *bench, struct stream *stream) {
    imap_login_start(&bench->login, stream, false);
}
static void serve_pop3(struct bench *bench, struct stream *stream) {
    pop3_login_start(&bench->login, stream, false);
}
static void serve_mx(struct bench *bench, struct stream *stream) {
    smtp_accept(&bench->smtp, SMTP_PORT_MX, stream);
}
static void serve_submission(struct bench *bench, struct stream *stream) {
    smtp_accept(&bench->smtp, SMTP_PORT_SUBMISSION, stream);
}

/* False: the server has hung up. */
static bool listen_for(struct task *t, struct bench *bench, struct stream *stream, int64_t ms) {
    int64_t until_ms = env_now_ms(bench->env) + ms;
    for (;;) {
        char bytes[512];
        ssize_t got = stream_read(t, stream, bytes, sizeof bytes, until_ms);
        if (got == -ETIMEDOUT) return true;
        if (got <= 0) return false;
        buffer_append(&bench->said, slice_of(bytes, (size_t)got));
    }
}

static void drip(struct task *t, struct bench *bench, struct stream *stream) {
    int64_t begun_ms = env_now_ms(bench->env);
    bool is_held = listen_for(t, bench, stream, 1000);
    /* Line by line: EHLO ends a batch. */
    for (struct slice rest = bench->first; is_held && rest.len;) {
        size_t end = slice_find_byte(rest, '\n');
        struct slice line = slice_take(&rest, end == SLICE_NOT_FOUND ? rest.len : end + 1);
        is_held = stream_write(t, stream, line, DEADLINE_NONE) == 0 && listen_for(t, bench, stream, 1000);
    }
    while (is_held && env_now_ms(bench->env) - begun_ms < PATIENCE_MS) {
        is_held = listen_for(t, bench, stream, DRIP_MS);
        if (is_held && stream_write(t, stream, bench->drip, DEADLINE_NONE)) is_held = false;
    }
    bench->held_ms = env_now_ms(bench->env) - begun_ms;
}

static void process_main(struct task *t, void *argument) {
    struct bench *bench = argument;
    struct handle pair[2];
    bench->env = task_env(t);
    conn_group_init(&bench->group, bench->env);
    bench->login =
        (struct login_context){.env = bench->env, .group = &bench->group, .hostname = "mail.example.test"};
    bench->smtp = (struct smtp_server){.login = &bench->login, .settings = smtp_settings_default()};
    smtp_server_init(&bench->smtp);
    assert_int_equal(stream_pair(bench->env, pair), 0);
    struct stream *client = stream_adopt(bench->env, pair[0]);
    struct stream *server = stream_adopt(bench->env, pair[1]);
    server->peer.is_loopback = true;
    bench->serve(bench, server);
    drip(t, bench, client);
    stream_close(&client);
    conn_group_close(t, &bench->group);
    smtp_server_fini(&bench->smtp);
    bench->is_done = true;
}

static bool is_done(void *context) { return ((struct bench *)context)->is_done; }

static struct bench play(void (*serve)(struct bench *bench, struct stream *stream), const char *first,
                         const char *dripped) {
    struct bench bench = {.serve = serve,
                          .first = slice_from_text(first),
                          .drip = slice_from_text(dripped),
                          .said = buffer_new(MIB(1))};
    struct sim_world *world = sim_world_new(1);
    struct sim_machine *machine = sim_machine_new(world, "host", "192.0.2.1");
    (void)sim_process_start(machine, "edge", process_main, &bench);
    assert_true(sim_world_run_until(world, is_done, &bench, 2 * PATIENCE_MS));
    sim_world_free(&world);
    return bench;
}

static void assert_ended(struct bench *bench, int64_t limit_ms, const char *last_words) {
    assert_in_range(bench->held_ms, limit_ms / 2, limit_ms + DRIP_MS);
    if (*last_words)
        assert_true(slice_find(buffer_slice(&bench->said), slice_from_text(last_words)) != SLICE_NOT_FOUND);
    buffer_free(&bench->said);
}

static void a_dripping_imap_client_is_told_goodbye(void **state) {
    struct bench bench = play(serve_imap, "a", "a");
    assert_ended(&bench, LOGIN_TOTAL_MS_MAX, "* BYE No login came in time");
    bench = play(serve_imap, "a NOOP\r\n", "b NOOP\r\n");
    assert_ended(&bench, LOGIN_TOTAL_MS_MAX, "* BYE No login came in time");
}

static void a_dripping_pop3_client_is_told_goodbye(void **state) {
    struct bench bench = play(serve_pop3, "C", "A");
    assert_ended(&bench, LOGIN_TOTAL_MS_MAX, "-ERR No login came in time");
    bench = play(serve_pop3, "CAPA\r\n", "NOOP\r\n");
    assert_ended(&bench, LOGIN_TOTAL_MS_MAX, "-ERR No login came in time");
}

static void an_smtp_client_that_sends_no_mail_is_told_goodbye(void **state) {
    struct bench bench = play(serve_mx, "EHLO x.test\r\n", "NOOP\r\n");
    assert_ended(&bench, SMTP_BEFORE_MAIL_MS_MAX, "421 ");
    bench = play(serve_submission, "EHLO x.test\r\n", "NOOP\r\n");
    assert_ended(&bench, SMTP_BEFORE_MAIL_MS_MAX, "421 ");
}

static void an_smtp_client_with_mail_has_its_time(void **state) {
    struct bench bench = play(serve_mx, "EHLO x.test\r\nMAIL FROM:<a@b.test>\r\n", "NOOP\r\n");
    assert_true(bench.held_ms >= PATIENCE_MS);
    buffer_free(&bench.said);
}

static void a_dripping_login_exchange_ends(void **state) {
    struct bench bench = play(serve_imap, "a AUTHENTICATE PLAIN\r\n", "A");
    assert_ended(&bench, LOGIN_EXCHANGE_MS_MAX, "+ ");
    bench = play(serve_pop3, "AUTH PLAIN\r\n", "A");
    assert_ended(&bench, LOGIN_EXCHANGE_MS_MAX, "+ ");
    bench = play(serve_submission, "EHLO x.test\r\nAUTH LOGIN\r\n", "A");
    assert_ended(&bench, LOGIN_EXCHANGE_MS_MAX, "334 ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dripping_imap_client_is_told_goodbye),
        cmocka_unit_test(a_dripping_pop3_client_is_told_goodbye),
        cmocka_unit_test(an_smtp_client_that_sends_no_mail_is_told_goodbye),
        cmocka_unit_test(an_smtp_client_with_mail_has_its_time),
        cmocka_unit_test(a_dripping_login_exchange_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
