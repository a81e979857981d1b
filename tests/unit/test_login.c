/* Logging in: mechanisms, privacy, delays, and the hand-over of plain and TLS connections. */
#include "test.h"

#include "base/encode.h"
#include "login/admission.h"
#include "role_bench.h"
#include "task_test.h"
#include "transcript.h"
#include "wire/scram_client.h"

/* A protocol of two commands: "AUTH mechanism [initial]", and "LIST" for what is offered. */
struct auth_session {
    struct conn conn;
    struct login_context *context;
};

static enum frame_state auth_frame(void *session, struct slice input, size_t *len) {
    size_t end = slice_find_byte(input, '\n');
    if (end == SLICE_NOT_FOUND) return FRAME_MORE;
    *len = end + 1;
    return FRAME_COMMAND;
}

static void auth_command(struct task *t, void *context, struct slice command) {
    static const char *const words[] = {"OK\r\n",      "DENIED\r\n",  "BUSY\r\n", "MALFORMED\r\n",
                                        "ABORTED\r\n", "UNKNOWN\r\n", "TLS\r\n",  "GONE\r\n"};
    struct auth_session *session = context;
    struct slice text = slice_trim(command);
    if (slice_take_prefix(&text, SLICE("LIST"))) {
        conn_write(&session->conn, login_mechanisms(session->context, &session->conn));
        conn_write(&session->conn, SLICE("\r\n"));
        return;
    }
    (void)slice_take_prefix(&text, SLICE("AUTH "));
    struct slice mechanism = slice_take_until(&text, ' ');
    struct slice initial = slice_take_byte(&text, ' ') ? text : SLICE_EMPTY;
    struct handover handover = {.protocol = LOGIN_IMAP, .tag = "a1"};
    enum login_result result =
        login_sasl(t, session->context, &session->conn, SLICE("+ "), mechanism, initial, &handover.identity);
    conn_write(&session->conn, slice_from_text(words[result]));
    if (result == LOGIN_OK) login_hand_over(t, session->context, &session->conn, &handover);
}

static void auth_first(struct task *t, void *context) {
    struct auth_session *session = context;
    (void)!conn_start_tls(t, &session->conn, session->context->tls);
}

static void auth_closed(void *session) { free(session); }

static const struct session_ops auth_ops = {
    .frame = auth_frame, .command = auth_command, .closed = auth_closed};

static struct stream *auth_connect(struct role_bench *role, bool tls) {
    struct stream *server = NULL;
    struct stream *client = role_connect(role, &server);
    struct auth_session *session = calloc(1, sizeof *session);
    assert_non_null(session);
    conn_init(&session->conn, server, &auth_ops, session, &role->edge_group, 16384);
    session->context = &role->login;
    conn_start(&session->conn, tls ? auth_first : NULL);
    return client;
}

/* After the hand-over: an echo, up to the client's end. */
static enum frame_state echo_frame(void *session, struct slice input, size_t *len) {
    *len = input.len;
    return FRAME_COMMAND;
}
static void echo_command(struct task *t, void *session, struct slice command) {
    conn_write(session, command);
    (void)!conn_relieve(t, session);
}
static const struct session_ops echo_ops = {
    .frame = echo_frame, .command = echo_command, .closed = auth_closed};

static void serve_echo(struct role_bench *role, struct stream *stream, const struct handover *handover) {
    struct conn *conn = calloc(1, sizeof *conn);
    assert_non_null(conn);
    conn_init(conn, stream, &echo_ops, conn, &role->mail_group, 65536);
    conn_push_input(conn, handover->input);
    conn_start(conn, NULL);
}

static void login_open(struct task *t, struct role_bench *role, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    role_open(role, bench);
    role->serve = serve_echo;
}

static void play(struct task *t, struct stream **client, const char *text) {
    transcript_play(t, client, "login", slice_from_text(text));
}

static void sasl_body(struct task *t, struct store_bench *bench) {
    struct role_bench role;
    login_open(t, &role, bench);
    struct stream *client = auth_connect(&role, false);
    /* Two NULs are right, and a name to act as is nobody's right: x NUL ann NUL secret. */
    play(t, &client,
         "C: LIST\nS: SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN\n"
         "C: AUTH PLAIN YW5uc2VjcmV0\nS: MALFORMED\nC: AUTH PLAIN YW5uAHNlY3JldA==\nS: MALFORMED\n"
         "C: AUTH PLAIN AGFubkBleGFtcGxlLm9yZwBzZWNyZXQAeA==\nS: MALFORMED\nC: AUTH PLAIN =\nS: MALFORMED\n"
         "C: AUTH CRAM-MD5\nS: UNKNOWN\nC: AUTH SCRAM-SHA-256-PLUS\nS: UNKNOWN\n"
         "C: AUTH PLAIN\nS: + \nC: *\nS: ABORTED\n"
         "C: AUTH PLAIN eABhbm5AZXhhbXBsZS5vcmcAc2VjcmV0\nS: DENIED\n"
         "C: AUTH LOGIN YW5uQGV4YW1wbGUub3Jn\nS: + UGFzc3dvcmQ6\nC: c2VjcmV0\nS: OK\nC: echo\nS: echo\n");
    assert_true(role.last_handover.identity.account == bench->account);
    assert_string_equal(role.last_handover.identity.address, "ann@example.org");
    assert_string_equal(role.last_handover.tag, "a1");
    stream_close(&client);
    role_close(t, &role);
}

static void sasl_takes_what_is_right_and_refuses_the_rest(void **state) { bench_run(sasl_body, NULL); }

/* Reads one line "+ base64" and decodes it. */
static void read_challenge(struct task *t, struct stream *client, struct buffer *decoded) {
    struct buffer line = buffer_new(KIB(16));
    while (line.len == 0 || line.ptr[line.len - 1] != '\n') {
        uint8_t *room = buffer_reserve(&line, 1);
        assert_int_equal(stream_read(t, client, room, 1, env_now_ms(task_env(t)) + TEST_PATIENCE_MS), 1);
        buffer_grew(&line, 1);
    }
    struct slice text = slice_trim(buffer_slice(&line));
    assert_true(slice_take_prefix(&text, SLICE("+ ")));
    assert_true(base64_decode(decoded, text));
    buffer_free(&line);
}

static void send_response(struct task *t, struct stream *client, const char *before, struct buffer *message) {
    struct buffer line = buffer_new(KIB(16));
    buffer_append_text(&line, before);
    base64_encode(&line, buffer_slice(message));
    buffer_append_text(&line, "\r\n");
    assert_int_equal(stream_write(t, client, buffer_slice(&line), DEADLINE_NONE), 0);
    buffer_free(&line);
    buffer_clear(message);
}

static void scram_exchange(struct task *t, struct role_bench *role, enum scram_hash hash, const char *command,
                           struct slice user, struct slice password, bool is_right) {
    struct stream *client = auth_connect(role, false);
    struct buffer message = buffer_new(KIB(8));
    struct buffer challenge = buffer_new(KIB(8));
    struct scram_client scram = {.hash = hash,
                                 .name = user,
                                 .password = password,
                                 .nonce = SLICE("rOprNGfwEbeRWgbNEkqO"),
                                 .binding_flag = 'n'};
    scram_client_first_write(&message, &scram);
    send_response(t, client, command, &message);
    read_challenge(t, client, &challenge);
    assert_int_equal(scram_client_final_write(&message, &scram, buffer_slice(&challenge)), SCRAM_OK);
    send_response(t, client, "", &message);
    if (is_right) {
        buffer_clear(&challenge);
        read_challenge(t, client, &challenge);
        assert_int_equal(scram_client_finish(&scram, buffer_slice(&challenge)), SCRAM_OK);
        play(t, &client, "C: \nS: OK\n");
    } else {
        play(t, &client, "S: DENIED\n");
    }
    stream_close(&client);
    buffer_free(&message);
    buffer_free(&challenge);
}

static void scram_body(struct task *t, struct store_bench *bench) {
    struct role_bench role;
    login_open(t, &role, bench);
    struct slice ann = SLICE("ann@example.org");
    scram_exchange(t, &role, SCRAM_HASH_SHA_256, "AUTH SCRAM-SHA-256 ", ann, SLICE("secret"), true);
    scram_exchange(t, &role, SCRAM_HASH_SHA_1, "AUTH SCRAM-SHA-1 ", ann, SLICE("secret"), true);
    scram_exchange(t, &role, SCRAM_HASH_SHA_256, "AUTH SCRAM-SHA-256 ", ann, SLICE("wrong"), false);
    /* An unknown user's exchange looks the same. */
    scram_exchange(t, &role, SCRAM_HASH_SHA_256, "AUTH SCRAM-SHA-256 ", SLICE("no@example.org"),
                   SLICE("secret"), false);
    assert_int_equal(role.handover_count, 2);
    role_close(t, &role);
}

static void scram_proves_both_sides(void **state) { bench_run(scram_body, NULL); }

/* ---- SCRAM bound to its TLS connection (RFC 5802 6) ---- */
struct bound_case {
    const char *command;
    char flag;
    struct slice type;
    enum stream_binding kind;
    /* As if somebody stood between: another TLS connection's data. */
    bool is_foreign;
    const char *answer;
};

/* What the client sends first is refused, or its proof, or all is well. */
static void bound_exchange(struct task *t, struct role_bench *role, const struct bound_case *row) {
    struct stream *client = auth_connect(role, true);
    assert_int_equal(tls_connect(t, &client, role->client_tls, env_now_ms(role->env) + TEST_PATIENCE_MS), 0);
    uint8_t bytes[STREAM_BINDING_BYTES_MAX];
    size_t len = stream_binding(client, row->kind, bytes);
    assert_int_equal(len, 32);
    if (row->is_foreign) bytes[0] ^= 1;
    struct buffer message = buffer_new(KIB(8));
    struct buffer challenge = buffer_new(KIB(8));
    struct scram_client scram = {.hash = SCRAM_HASH_SHA_256,
                                 .name = SLICE("ann@example.org"),
                                 .password = SLICE("secret"),
                                 .nonce = SLICE("rOprNGfwEbeRWgbNEkqO"),
                                 .binding_flag = row->flag,
                                 .binding = {row->type, slice_of(bytes, len)}};
    scram_client_first_write(&message, &scram);
    send_response(t, client, row->command, &message);
    if (!*row->answer) {
        read_challenge(t, client, &challenge);
        assert_int_equal(scram_client_final_write(&message, &scram, buffer_slice(&challenge)), SCRAM_OK);
        send_response(t, client, "", &message);
        if (row->is_foreign) {
            play(t, &client, "S: MALFORMED\n");
        } else {
            buffer_clear(&challenge);
            read_challenge(t, client, &challenge);
            assert_int_equal(scram_client_finish(&scram, buffer_slice(&challenge)), SCRAM_OK);
            play(t, &client, "C: \nS: OK\n");
        }
    } else {
        play(t, &client, row->answer);
    }
    stream_close(&client);
    buffer_free(&message);
    buffer_free(&challenge);
}

static void bound_body(struct task *t, struct store_bench *bench) {
    const struct bound_case rows[] = {
        {"AUTH SCRAM-SHA-256-PLUS ", 'p', SLICE("tls-server-end-point"), STREAM_BINDING_END_POINT, false, ""},
        {"AUTH SCRAM-SHA-256-PLUS ", 'p', SLICE("tls-exporter"), STREAM_BINDING_EXPORTER, false, ""},
        {"AUTH SCRAM-SHA-256 ", 'n', SLICE_EMPTY, STREAM_BINDING_EXPORTER, false, ""},
        {"AUTH SCRAM-SHA-256-PLUS ", 'p', SLICE("tls-server-end-point"), STREAM_BINDING_END_POINT, true, ""},
        {"AUTH SCRAM-SHA-256-PLUS ", 'p', SLICE("tls-exporter"), STREAM_BINDING_EXPORTER, true, ""},
        {"AUTH SCRAM-SHA-256-PLUS ", 'p', SLICE("tls-unique"), STREAM_BINDING_EXPORTER, false,
         "S: MALFORMED\n"},
        /* The client could, and was made to believe that we could not. */
        {"AUTH SCRAM-SHA-256 ", 'y', SLICE_EMPTY, STREAM_BINDING_EXPORTER, false, "S: MALFORMED\n"},
        {"AUTH SCRAM-SHA-256-PLUS ", 'n', SLICE_EMPTY, STREAM_BINDING_EXPORTER, false, "S: MALFORMED\n"},
        {"AUTH SCRAM-SHA-256 ", 'p', SLICE("tls-exporter"), STREAM_BINDING_EXPORTER, false, "S: MALFORMED\n"},
    };
    struct role_bench role;
    login_open(t, &role, bench);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) bound_exchange(t, &role, &rows[i]);
    assert_int_equal(role.handover_count, 3);
    role_close(t, &role);
}
static void scram_is_bound_to_its_tls_connection(void **state) { bench_run(bound_body, NULL); }

static void private_body(struct task *t, struct store_bench *bench) {
    struct role_bench role;
    login_open(t, &role, bench);
    role.login.plaintext = PLAINTEXT_NEVER;
    struct stream *client = auth_connect(&role, false);
    play(t, &client,
         "C: LIST\nS: \nC: AUTH PLAIN AGFubkBleGFtcGxlLm9yZwBzZWNyZXQ=\nS: TLS\nC: AUTH LOGIN\nS: TLS\n");
    assert_int_equal(role.handover_count, 0);
    stream_close(&client);
    role_close(t, &role);
}

static void nothing_is_offered_in_the_clear(void **state) { bench_run(private_body, NULL); }

struct sender {
    struct stream *stream;
    struct slice bytes;
};

static void send_all(struct task *t, void *argument) {
    struct sender *sender = argument;
    if (stream_write(t, sender->stream, sender->bytes, env_now_ms(task_env(t)) + TEST_PATIENCE_MS) == 0)
        sender->stream->ops->shutdown(sender->stream);
}

static void pump_body(struct task *t, struct store_bench *bench) {
    enum { BYTES = 3 * 1024 * 1024 };
    struct role_bench role;
    struct scope scope;
    login_open(t, &role, bench);
    scope_init(&scope, bench->env);
    struct stream *client = auth_connect(&role, true);
    assert_int_equal(tls_connect(t, &client, role.client_tls, env_now_ms(bench->env) + TEST_PATIENCE_MS), 0);
    play(t, &client, "C: AUTH PLAIN AGFubkBleGFtcGxlLm9yZwBzZWNyZXQ=\nC: early\nS: OK\nS: early\n");
    assert_true(role.last_handover.is_tls);
    assert_true(slice_starts(slice_from_text(role.last_handover.security), SLICE("TLSv1.3 ")));
    assert_int_equal(role.pumps.count, 1);

    uint8_t *bytes = arena_alloc(bench->arena, BYTES);
    for (size_t i = 0; i < BYTES; i++) bytes[i] = (uint8_t)(i * 2654435761u >> 24);
    struct sender sender = {client, slice_of(bytes, BYTES)};
    assert_true(scope_spawn(&scope, send_all, &sender));
    /* All comes back, and then the end: half-close and close_notify pass through. */
    uint8_t *got = arena_alloc(bench->arena, BYTES);
    size_t len = 0;
    ssize_t more = 1;
    while (more > 0) {
        uint8_t spare;
        more = stream_read(t, client, len < BYTES ? got + len : &spare, len < BYTES ? BYTES - len : 1,
                           env_now_ms(bench->env) + TEST_PATIENCE_MS);
        if (more > 0) len += (size_t)more;
    }
    assert_int_equal(more, 0);
    assert_int_equal(len, BYTES);
    assert_memory_equal(got, bytes, BYTES);
    scope_close(t, &scope);
    stream_close(&client);
    for (int i = 0; i < TEST_PATIENCE_MS / 5 && role.pumps.count; i++)
        assert_int_equal(task_sleep(t, 5), WAIT_OK);
    assert_int_equal(role.pumps.count, 0);
    role_close(t, &role);
}

static void a_tls_session_is_pumped_whole_and_ends_politely(void **state) { bench_run(pump_body, NULL); }

static void idle_body(struct task *t, struct store_bench *bench) {
    struct role_bench role;
    login_open(t, &role, bench);
    struct stream *client = auth_connect(&role, true);
    assert_int_equal(tls_connect(t, &client, role.client_tls, env_now_ms(bench->env) + TEST_PATIENCE_MS), 0);
    play(t, &client, "C: AUTH PLAIN AGFubkBleGFtcGxlLm9yZwBzZWNyZXQ=\nS: OK\n");
    /* A role that ends does not wait for its clients. */
    assert_int_equal(role.pumps.count, 1);
    pump_group_close(&role.pumps);
    assert_int_equal(role.pumps.count, 0);
    char byte;
    assert_true(stream_read(t, client, &byte, 1, env_now_ms(bench->env) + TEST_PATIENCE_MS) <= 0);
    stream_close(&client);
    role_close(t, &role);
}

static void pumps_can_be_cut_off_together(void **state) { bench_run(idle_body, NULL); }

static void delays_grow_and_end(void **state) {
    struct env *env = real_env_new(NULL);
    struct login_delays *delays = login_delays_new(env);
    struct login_attempt attempt = {SLICE("192.0.2.1"), SLICE("ann@example.org")};
    assert_int_equal(login_delay_ms(delays, &attempt), 0);
    int64_t last_ms = 0;
    for (int i = 0; i < 10000; i++) {
        int64_t ms = login_delay_note_failure(delays, &attempt);
        assert_true(ms >= last_ms);
        last_ms = ms;
    }
    assert_int_equal(last_ms, LOGIN_DELAY_ADDRESS_MS_MAX);
    assert_true(login_delay_ms(delays, &attempt) <= LOGIN_DELAY_ADDRESS_MS_MAX);
    /* From elsewhere the user waits less, and another user not at all. */
    struct login_attempt elsewhere = {SLICE("198.51.100.7"), SLICE("ANN@example.org")};
    assert_true(login_delay_ms(delays, &elsewhere) > 0);
    assert_true(login_delay_ms(delays, &elsewhere) <= LOGIN_DELAY_USER_MS_MAX);
    struct login_attempt other = {SLICE("198.51.100.7"), SLICE("bob@example.org")};
    assert_int_equal(login_delay_ms(delays, &other), 0);
    /* The right password clears the name, not the address. */
    login_delay_succeeded(delays, &elsewhere);
    assert_int_equal(login_delay_ms(delays, &elsewhere), 0);
    assert_true(login_delay_ms(delays, &attempt) > 0);
    login_delays_free(&delays);
    real_env_free(&env);
}

static void an_ipv6_network_counts_as_one_address(void **state) {
    struct env *env = real_env_new(NULL);
    struct login_delays *delays = login_delays_new(env);
    struct login_attempt first = {SLICE("2001:db8:1:2:3::4"), SLICE("a")};
    struct login_attempt neighbour = {SLICE("2001:db8:1:2::99"), SLICE("b")};
    struct login_attempt stranger = {SLICE("2001:db8:1:3::4"), SLICE("c")};
    (void)login_delay_note_failure(delays, &first);
    assert_true(login_delay_ms(delays, &neighbour) > 0);
    assert_int_equal(login_delay_ms(delays, &stranger), 0);
    login_delays_free(&delays);
    real_env_free(&env);
}

static void a_flood_of_names_keeps_memory_bounded(void **state) {
    struct env *env = real_env_new(NULL);
    struct login_delays *delays = login_delays_new(env);
    for (uint32_t i = 0; i < 2 * LOGIN_MARKS_MAX; i++) {
        char user[32];
        (void)snprintf(user, sizeof user, "user%u", i);
        (void)login_delay_note_failure(delays,
                                       &(struct login_attempt){SLICE("192.0.2.1"), slice_from_text(user)});
    }
    /* The oldest names are forgotten, the address and the newest are not. */
    struct login_attempt oldest = {SLICE("192.0.2.2"), SLICE("user0")};
    struct login_attempt newest = {SLICE("192.0.2.2"), SLICE("user39999")};
    assert_int_equal(login_delay_ms(delays, &oldest), 0);
    assert_true(login_delay_ms(delays, &newest) > 0);
    login_delays_free(&delays);
    real_env_free(&env);
}

static void a_handover_comes_back_and_cut_ones_are_damaged(void **state) {
    struct handover sent = {.protocol = LOGIN_SUBMISSION,
                            .identity = {.account = 7, .tenant = 8, .address = "ann@example.org"},
                            .peer = {"2001:db8::1", 4711, false},
                            .is_tls = true,
                            .security = "TLSv1.3 X",
                            .session = UINT64_MAX,
                            .tag = "t",
                            .helo = "client.example",
                            .mechanism = "PLAIN",
                            .input = SLICE("NOOP\r\n")};
    struct handover got;
    struct buffer bytes = buffer_new(KIB(4));
    handover_pack(&bytes, &sent);
    assert_int_equal(handover_unpack(buffer_slice(&bytes), &got), HANDOVER_OK);
    assert_int_equal(got.protocol, LOGIN_SUBMISSION);
    assert_int_equal(got.identity.account, 7);
    assert_string_equal(got.identity.address, "ann@example.org");
    assert_string_equal(got.peer.address, "2001:db8::1");
    assert_int_equal(got.peer.port, 4711);
    assert_string_equal(got.helo, "client.example");
    assert_true(got.session == UINT64_MAX);
    assert_slice(got.input, "NOOP\r\n");
    for (size_t cut = 0; cut < bytes.len; cut++)
        assert_int_equal(handover_unpack(slice_sub(buffer_slice(&bytes), 0, cut), &got), HANDOVER_DAMAGED);
    buffer_free(&bytes);
}

static struct stream *stranger(struct env *env, const char *address, bool is_loopback) {
    struct handle pair[2];
    assert_int_equal(stream_pair(env, pair), 0);
    handle_close(env, pair[1]);
    struct stream *stream = stream_adopt(env, pair[0]);
    (void)snprintf(stream->peer.address, sizeof stream->peer.address, "%s", address);
    stream->peer.is_loopback = is_loopback;
    return stream;
}

static void admission_body(struct task *t, struct env *env) {
    (void)t;
    struct admission *admission = admission_new(env, &(struct admission_limits){5, 2, 3});
    static const struct {
        const char *address;
        bool is_loopback;
        enum admission_result result;
    } rows[] = {
        {"192.0.2.1", false, ADMISSION_OK},      {"192.0.2.1", false, ADMISSION_OK},
        {"192.0.2.1", false, ADMISSION_CROWD},   {"2001:db8::1", false, ADMISSION_OK},
        {"2001:db8::2:3", false, ADMISSION_OK},  {"2001:db8:0:0:9::", false, ADMISSION_CROWD},
        {"2001:db8:0:1::", false, ADMISSION_OK}, {"127.0.0.1", true, ADMISSION_FULL},
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct stream *streams[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        streams[i] = stranger(env, rows[i].address, rows[i].is_loopback);
        assert_int_equal(admission_enter(admission, streams[i]), rows[i].result);
    }
    assert_int_equal(admission_count(admission), 5);
    for (size_t i = 0; i < ROWS - 1; i++) stream_close(&streams[i]);
    assert_int_equal(admission_count(admission), 0);
    assert_int_equal(admission_enter(admission, streams[ROWS - 1]), ADMISSION_OK);
    /* Given to another role, it is that one's. */
    handle_close(env, stream_detach(&streams[ROWS - 1]));
    assert_int_equal(admission_count(admission), 0);
    admission_free(&admission);
}

static void admission_counts_what_is_open_by_address(void **state) { task_test_run(admission_body); }

static void loopback_body(struct task *t, struct env *env) {
    (void)t;
    struct admission *admission = admission_new(env, &(struct admission_limits){9, 1, 3});
    struct stream *streams[4];
    for (size_t i = 0; i < 4; i++) {
        streams[i] = stranger(env, "127.0.0.1", true);
        assert_int_equal(admission_enter(admission, streams[i]), i < 3 ? ADMISSION_OK : ADMISSION_CROWD);
    }
    for (size_t i = 0; i < 4; i++) stream_close(&streams[i]);
    admission_free(&admission);
}

static void more_may_come_from_this_machine(void **state) { task_test_run(loopback_body); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(admission_counts_what_is_open_by_address),
        cmocka_unit_test(more_may_come_from_this_machine),
        cmocka_unit_test(sasl_takes_what_is_right_and_refuses_the_rest),
        cmocka_unit_test(scram_proves_both_sides),
        cmocka_unit_test(scram_is_bound_to_its_tls_connection),
        cmocka_unit_test(nothing_is_offered_in_the_clear),
        cmocka_unit_test(a_tls_session_is_pumped_whole_and_ends_politely),
        cmocka_unit_test(pumps_can_be_cut_off_together),
        cmocka_unit_test(delays_grow_and_end),
        cmocka_unit_test(an_ipv6_network_counts_as_one_address),
        cmocka_unit_test(a_flood_of_names_keeps_memory_bounded),
        cmocka_unit_test(a_handover_comes_back_and_cut_ones_are_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
