#include "smtp/smtp_session.h"

#include <stdio.h>
#include <stdlib.h>

#include "smtp/smtp_reception.h"
#include "wire/network_list.h"
#include "wire/wire_text.h"

/* The longest line depends on the port: only where AUTH may come can one be that long (RFC 4954 4.2). */
static size_t line_bytes_max(const struct smtp_session *session) {
    bool may_login = session->kind != SMTP_PORT_MX && !session->is_logged_in;
    return may_login ? SMTP_AUTH_LINE_BYTES_MAX : SMTP_COMMAND_BYTES_MAX;
}

static struct log *log_of(const struct smtp_session *session) { return session->conn.env->log; }

struct slice smtp_session_helo(const struct smtp_session *session) {
    return slice_of(session->helo, session->helo_bytes);
}

void smtp_session_set_helo(struct smtp_session *session, struct slice name, bool is_name) {
    name = slice_sub(name, 0, sizeof session->helo - 1);
    if (name.len) memcpy(session->helo, name.ptr, name.len);
    session->helo_bytes = name.len;
    session->is_helo_name = is_name;
}

struct slice smtp_session_peer(const struct smtp_session *session) {
    return slice_from_text(*session->peer.address ? session->peer.address : "local");
}

bool smtp_session_may_relay(const struct smtp_session *session) {
    if (session->kind != SMTP_PORT_MX) return session->is_logged_in;
    return network_list_has(session->server->settings.relay_networks, session->peer.address);
}

unsigned smtp_session_extensions(const struct smtp_session *session) {
    unsigned always = SMTP_EXTENSION_SIZE | SMTP_EXTENSION_8BITMIME | SMTP_EXTENSION_BINARYMIME |
                      SMTP_EXTENSION_SMTPUTF8 | SMTP_EXTENSION_DSN | SMTP_EXTENSION_REQUIRETLS;
    if (!session->is_extended) return 0;
    return session->kind == SMTP_PORT_MX ? always : always | SMTP_EXTENSION_AUTH;
}

struct slice smtp_address_text(struct arena *arena, const struct smtp_address *address) {
    /* A quoted local part can double. */
    struct buffer text = buffer_new(3 * (size_t)SMTP_ADDRESS_BYTES_MAX);
    smtp_address_write(&text, address, true);
    ASSERT(!buffer_overflowed(&text));
    struct slice copy = arena_copy(arena, buffer_slice(&text));
    buffer_free(&text);
    return copy;
}

/* What an operator would ask: whose fault it was, and of what kind. The first row that fits. */
static const struct refusal_row {
    unsigned code;
    struct slice enhanced;
    enum metric_refusal refusal;
} refusal_rows[] = {
    {550, SLICE_INIT("5.1.1"), METRIC_REFUSAL_UNKNOWN_USER},
    {550, SLICE_INIT("5.7.1"), METRIC_REFUSAL_RELAY},
    {552, SLICE_INIT("5.3.4"), METRIC_REFUSAL_TOO_LARGE},
    {0, SLICE_INIT("5.2.2"), METRIC_REFUSAL_MAILBOX_FULL},
    {0, SLICE_INIT("4.2.2"), METRIC_REFUSAL_MAILBOX_FULL},
    {0, SLICE_INIT("4.3.1"), METRIC_REFUSAL_STORAGE},
    {530, SLICE_INIT("5.7.10"), METRIC_REFUSAL_POLICY},
    {530, SLICE_INIT(""), METRIC_REFUSAL_AUTHENTICATION},
    {535, SLICE_INIT(""), METRIC_REFUSAL_AUTHENTICATION},
    {538, SLICE_INIT(""), METRIC_REFUSAL_AUTHENTICATION},
    {553, SLICE_INIT("5.7.1"), METRIC_REFUSAL_POLICY},
    {500, SLICE_INIT(""), METRIC_REFUSAL_SYNTAX},
    {501, SLICE_INIT(""), METRIC_REFUSAL_SYNTAX},
    {502, SLICE_INIT(""), METRIC_REFUSAL_SYNTAX},
    {504, SLICE_INIT(""), METRIC_REFUSAL_SYNTAX},
    {555, SLICE_INIT(""), METRIC_REFUSAL_SYNTAX},
    {503, SLICE_INIT(""), METRIC_REFUSAL_SEQUENCE},
};

static enum metric_refusal refusal_of(const struct smtp_reply *reply) {
    for (size_t i = 0; i < sizeof refusal_rows / sizeof refusal_rows[0]; i++) {
        const struct refusal_row *row = &refusal_rows[i];
        if (row->code && row->code != reply->code) continue;
        if (row->enhanced.len == 0 || slice_equal(row->enhanced, reply->enhanced)) return row->refusal;
    }
    return reply->code < 500 ? METRIC_REFUSAL_TEMPORARY : METRIC_REFUSAL_OTHER;
}

void smtp_session_log_refused(const struct smtp_session *session, const struct smtp_reply *reply) {
    const struct smtp_transaction *transaction = session->transaction;
    const struct smtp_reception *reception = transaction ? transaction->reception : NULL;
    metrics_add(&session->conn.env->metrics, METRIC_SMTP_REFUSED + refusal_of(reply), 1);
    LOG_INFO(log_of(session), "smtp.refused", LOG_ID("session", session->id),
             LOG_ID("id", reception ? reception->id : 0), LOG_TEXT("peer", smtp_session_peer(session)),
             LOG_NUMBER("code", reply->code), LOG_TEXT("reason", reply->text),
             LOG_TEXT("from", transaction ? transaction->mail_from : SLICE_EMPTY));
}

/* RFC 5321 3.1 and 7.8 leave it to us how much nonsense to hear. */
static struct smtp_reply count_error(struct smtp_session *session, struct smtp_reply reply) {
    smtp_session_log_refused(session, &reply);
    if (reply.code < 500 || ++session->error_count < session->server->settings.errors_max) return reply;
    return smtp_reply_named(SMTP_REPLY_TOO_MANY_ERRORS);
}

void smtp_session_reply(struct smtp_session *session, struct smtp_reply reply) {
    if (reply.code == 0) return;
    if (reply.code >= 400) reply = count_error(session, reply);
    bool is_utf8 = session->transaction && session->transaction->is_utf8;
    smtp_reply_write(&session->conn.out, &reply, is_utf8);
    if (reply.closes) conn_close(&session->conn);
}

void smtp_transaction_end(struct smtp_session *session) {
    struct smtp_transaction *transaction = session->transaction;
    if (!transaction) return;
    smtp_trust_end(session);
    session->transaction = NULL;
    smtp_reception_end(&transaction->reception);
    struct arena *arena = transaction->arena;
    smtp_arena_give(session->server, &arena);
}

/* Slow bytes of a command do not move its deadline. */
static void restart_command_clock(struct smtp_session *session) {
    int64_t command_ms = session->server->settings.command_ms;
    session->command_until_ms = env_now_ms(session->conn.env) + command_ms;
    conn_set_idle_ms(&session->conn, command_ms);
}

static enum frame_state wait_for_more(struct smtp_session *session) {
    int64_t left_ms = session->command_until_ms - env_now_ms(session->conn.env);
    conn_set_idle_ms(&session->conn, left_ms > 1 ? left_ms : 1);
    return FRAME_MORE;
}

static enum frame_state session_frame(void *context, struct slice input, size_t *len) {
    struct smtp_session *session = context;
    struct slice line;
    session->frame.line_bytes_max = line_bytes_max(session);
    session->frame_status = smtp_frame_next(&session->frame, input, &line, len);
    session->frame_faults = session->frame.faults;
    if (session->frame_status != SMTP_FRAME_MORE) return FRAME_COMMAND;
    if (session->frame_faults & SMTP_FRAME_BARE_LF) *len = input.len;
    return *len ? FRAME_COMMAND : wait_for_more(session);
}

/* RFC 5321 2.3.8: what only looks like a line end is none, and whoever sends it may mean to
   have us see other lines than a host before us: it is not heard any further. */
static struct smtp_reply bare_line_feed(void) {
    struct smtp_reply reply = smtp_reply_named(SMTP_REPLY_LINE_END_INVALID);
    reply.closes = true;
    return reply;
}

static struct smtp_reply run_framed(struct task *t, struct smtp_session *session, struct slice command) {
    if (session->frame_status == SMTP_FRAME_FLOOD) return smtp_reply_named(SMTP_REPLY_INPUT_FLOOD);
    if (session->frame_faults & SMTP_FRAME_BARE_LF) return bare_line_feed();
    if (session->frame_status == SMTP_FRAME_TOO_LONG) return smtp_reply_named(SMTP_REPLY_LINE_TOO_LONG);
    if (session->frame_status == SMTP_FRAME_MORE) return SMTP_SILENCE;
    if (session->frame_faults & SMTP_FRAME_NUL) return smtp_reply_named(SMTP_REPLY_NUL_IN_COMMAND);
    if (session->frame_faults) return smtp_reply_named(SMTP_REPLY_LINE_END_INVALID);
    return smtp_commands_run(t, session, slice_sub(command, 0, command.len - 2));
}

static void session_command(struct task *t, void *context, struct slice command) {
    struct smtp_session *session = context;
    session->scratch = smtp_arena_take(session->server);
    smtp_session_reply(session, run_framed(t, session, command));
    if (session->transaction && session->transaction->is_over) smtp_transaction_end(session);
    smtp_arena_give(session->server, &session->scratch);
    /* A line that is dropped piece by piece is still the same command. */
    if (session->frame_status != SMTP_FRAME_MORE) restart_command_clock(session);
}

static void session_expired(struct task *t, void *context) {
    struct smtp_session *session = context;
    smtp_session_reply(session, smtp_reply_named(SMTP_REPLY_TIMED_OUT));
}

static void session_closed(void *context) {
    struct smtp_session *session = context;
    smtp_transaction_end(session);
    if (session->is_counted) smtp_admission_leave(session->server, &session->peer);
    free(session->identity);
    free(session->listed);
    free(session);
}

static const struct session_ops session_ops = {
    .frame = session_frame,
    .command = session_command,
    .expired = session_expired,
    .closed = session_closed,
    .shed = SLICE_INIT("421 4.3.2 Too busy for connections that do nothing; try again later\r\n")};

static struct smtp_session *session_new(struct smtp_server *server, enum smtp_port_kind kind,
                                        struct stream *stream) {
    struct smtp_session *session = calloc(1, sizeof *session);
    if (!session) FATAL("out of memory for an SMTP session");
    conn_init(&session->conn, stream, &session_ops, session, server->login->group, SMTP_AUTH_LINE_BYTES_MAX);
    conn_count(&session->conn, kind == SMTP_PORT_MX ? METRIC_PROTOCOL_SMTP : METRIC_PROTOCOL_SUBMISSION);
    session->server = server;
    session->kind = kind;
    session->peer = stream->peer;
    session->frame = smtp_frame_new(SMTP_COMMAND_BYTES_MAX);
    return session;
}

void smtp_session_note_tls(struct smtp_session *session) {
    const struct stream_security *security = &session->conn.stream->security;
    session->is_tls = security->is_tls;
    (void)snprintf(session->security, sizeof session->security, "%s %s",
                   security->protocol ? security->protocol : "", security->cipher ? security->cipher : "");
    LOG_INFO(log_of(session), "smtp.tls", LOG_ID("session", session->id),
             LOG_TEXT("peer", smtp_session_peer(session)), LOG_CSTR("security", session->security));
}

static struct smtp_reply greet(struct smtp_session *session) {
    if (!session->is_counted) return smtp_reply_named(SMTP_REPLY_TOO_MANY_CONNECTIONS);
    /* RFC 5321 4.3.1: a client that does not wait for the greeting is no mail client. */
    uint8_t byte;
    ssize_t early = session->conn.stream->ops->read(session->conn.stream, &byte, 1);
    if (early > 0) return smtp_reply_named(SMTP_REPLY_INPUT_TOO_EARLY);
    if (early != -EAGAIN) conn_close(&session->conn);
    const char *hostname = session->server->login->hostname;
    return (struct smtp_reply){.code = 220,
                               .text = arena_printf(session->scratch, "%s ESMTP Posthaste", hostname)};
}

static bool begin_tls(struct task *t, struct smtp_session *session) {
    if (session->kind != SMTP_PORT_SUBMISSIONS) return true;
    if (!session->is_counted) {
        conn_close(&session->conn);
        return false;
    }
    conn_set_step_ms(&session->conn, session->server->settings.handshake_ms);
    if (conn_start_tls(t, &session->conn, session->server->login->tls)) return false;
    smtp_session_note_tls(session);
    return true;
}

static void session_first(struct task *t, void *context) {
    struct smtp_session *session = context;
    LOG_FACT(log_of(session), LOG_LEVEL_DEBUG, "smtp.connect", LOG_ID("session", session->id),
             LOG_TEXT("peer", smtp_session_peer(session)), LOG_NUMBER("kind", session->kind));
    if (!begin_tls(t, session)) return;
    session->scratch = smtp_arena_take(session->server);
    smtp_session_reply(session, greet(session));
    smtp_arena_give(session->server, &session->scratch);
    restart_command_clock(session);
}

void smtp_accept(struct smtp_server *server, enum smtp_port_kind kind, struct stream *stream) {
    struct smtp_session *session = session_new(server, kind, stream);
    ASSERT(kind != SMTP_PORT_SUBMISSIONS || server->login->tls);
    session->id = env_random_u64(session->conn.env);
    session->is_counted = smtp_admission_enter(server, &session->peer);
    conn_set_until_ms(&session->conn, env_now_ms(session->conn.env) + server->settings.before_mail_ms);
    conn_start(&session->conn, session_first);
}

/* RFC 4954 4: the edge left saying so to us, for only now can mail be taken. */
static void submission_first(struct task *t, void *context) {
    struct smtp_session *session = context;
    smtp_session_reply(session, smtp_reply_named(SMTP_REPLY_AUTHENTICATED));
    restart_command_clock(session);
}

/* The name as the edge took it from EHLO. */
static void learn_helo(struct smtp_session *session, struct slice name) {
    struct arena *arena = smtp_arena_take(session->server);
    struct slice text;
    struct slice ascii;
    bool is_name = wire_text_kind(name) == WIRE_TEXT_ASCII &&
                   (smtp_literal_parse(arena, name, &text) == SMTP_ADDRESS_OK ||
                    smtp_domain_parse(arena, name, &text, &ascii) == SMTP_ADDRESS_OK);
    smtp_session_set_helo(session, name, is_name);
    smtp_arena_give(session->server, &arena);
}

void smtp_submission_start(struct smtp_server *server, struct stream *stream,
                           const struct handover *handover) {
    stream->peer = handover->peer;
    struct smtp_session *session = session_new(server, SMTP_PORT_SUBMISSION, stream);
    session->id = handover->session;
    session->is_logged_in = true;
    session->is_tls = handover->is_tls;
    (void)snprintf(session->security, sizeof session->security, "%s", handover->security);
    session->identity = malloc(sizeof *session->identity);
    if (!session->identity) FATAL("out of memory for an identity");
    *session->identity = handover->identity;
    session->is_extended = true;
    learn_helo(session, slice_from_text(handover->helo));
    conn_push_input(&session->conn, handover->input);
    conn_start(&session->conn, submission_first);
}
