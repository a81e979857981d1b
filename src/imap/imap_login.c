#include "imap/imap_login.h"

#include <stdlib.h>

#include "base/limits.h"
#include "imap/imap_capability.h"
#include "imap/imap_input.h"
#include "wire/imap_reply.h"

/* A session before login. */
struct entry_session {
    struct conn conn;
    struct login_context *context;
    struct imap_input input;
    bool implicit_tls;
    unsigned errors;
};

typedef void entry_handler(struct task *t, struct entry_session *session, const struct imap_command *command);

static struct imap_input fresh_input(void) {
    return imap_input_new((struct imap_frame_limits){
        IMAP_LOGIN_COMMAND_BYTES_MAX, IMAP_LOGIN_LITERAL_BYTES_MAX, IMAP_LOGIN_LITERAL_BYTES_MAX});
}

static void reply(struct entry_session *session, const struct imap_command *command,
                  enum imap_reply_status status, const char *code, const char *text) {
    imap_reply_tagged(&session->conn.out, command->tag, status, slice_from_text(code), slice_from_text(text));
}

/* After too many errors the connection is not worth keeping. */
static void count_error(struct entry_session *session) {
    if (++session->errors < IMAP_LOGIN_ERRORS_MAX) return;
    imap_reply_bye(&session->conn.out, SLICE("Too many errors"));
    conn_close(&session->conn);
}

static void reply_error(struct entry_session *session, const struct imap_command *command,
                        enum imap_reply_status status, const char *code, const char *text) {
    reply(session, command, status, code, text);
    count_error(session);
}

static void write_capabilities(struct entry_session *session, struct buffer *out) {
    struct slice mechanisms = login_mechanisms(session->context, &session->conn);
    bool is_tls = session->conn.stream->security.is_tls;
    unsigned state = session->context->tls && !is_tls ? IMAP_STATE_CAN_TLS : 0;
    if (login_is_private(session->context, &session->conn)) state |= IMAP_STATE_PRIVATE;
    imap_capability_write(out, state, mechanisms);
}

static void on_capability(struct task *t, struct entry_session *session, const struct imap_command *command) {
    (void)t;
    buffer_append_text(&session->conn.out, "* ");
    write_capabilities(session, &session->conn.out);
    buffer_append_text(&session->conn.out, "\r\n");
    reply(session, command, IMAP_REPLY_OK, "", "That is what there is before login");
}

static void on_noop(struct task *t, struct entry_session *session, const struct imap_command *command) {
    (void)t;
    reply(session, command, IMAP_REPLY_OK, "", "Done");
}

static void on_logout(struct task *t, struct entry_session *session, const struct imap_command *command) {
    (void)t;
    imap_reply_bye(&session->conn.out, SLICE("Until next time"));
    reply(session, command, IMAP_REPLY_OK, "", "Logged out");
    conn_close(&session->conn);
}

/* RFC 2971 3.3: no version for strangers. */
static void on_id(struct task *t, struct entry_session *session, const struct imap_command *command) {
    (void)t;
    imap_reply_untagged(&session->conn.out, SLICE("ID (\"name\" \"Posthaste\")"));
    reply(session, command, IMAP_REPLY_OK, "", "Pleased to meet you");
}

/* RFC 9051 6.2.1: all that was said before TLS is forgotten, read or unread. */
static void on_starttls(struct task *t, struct entry_session *session, const struct imap_command *command) {
    if (!session->context->tls || session->conn.stream->security.is_tls) {
        reply_error(session, command, IMAP_REPLY_BAD, "", "TLS is not available, or active already");
        return;
    }
    reply(session, command, IMAP_REPLY_OK, "", "Begin TLS negotiation");
    session->input = fresh_input();
    (void)!conn_start_tls(t, &session->conn, session->context->tls);
}

static void hand_over(struct task *t, struct entry_session *session, const struct imap_command *command,
                      const struct login_identity *identity, struct slice mechanism) {
    struct handover handover = {.protocol = LOGIN_IMAP, .identity = *identity};
    handover.session = env_random_u64(session->context->env);
    if (command->tag.len < sizeof handover.tag) memcpy(handover.tag, command->tag.ptr, command->tag.len);
    if (mechanism.len < sizeof handover.mechanism) memcpy(handover.mechanism, mechanism.ptr, mechanism.len);
    login_hand_over(t, session->context, &session->conn, &handover);
}

/* RFC 5530 3; RFC 9051 6.2.2: a cancelled exchange is BAD. */
struct refusal {
    enum imap_reply_status status;
    const char *code;
    const char *text;
};
static const struct refusal refusals[] = {
    [LOGIN_DENIED] = {IMAP_REPLY_NO, "AUTHENTICATIONFAILED", "Authentication failed"},
    [LOGIN_BUSY] = {IMAP_REPLY_NO, "UNAVAILABLE", "Cannot check logins now, try again later"},
    [LOGIN_MALFORMED] = {IMAP_REPLY_BAD, "", "Malformed authentication exchange"},
    [LOGIN_ABORTED] = {IMAP_REPLY_BAD, "", "Authentication cancelled"},
    [LOGIN_UNKNOWN_MECHANISM] = {IMAP_REPLY_NO, "CANNOT", "Unknown authentication mechanism"},
    [LOGIN_NEEDS_TLS] = {IMAP_REPLY_NO, "PRIVACYREQUIRED", "Passwords are taken only after STARTTLS"},
};

static void end_login(struct task *t, struct entry_session *session, const struct imap_command *command,
                      enum login_result result, const struct login_identity *identity,
                      struct slice mechanism) {
    if (result == LOGIN_OK && identity->is_imap_off)
        reply_error(session, command, IMAP_REPLY_NO, "AUTHORIZATIONFAILED",
                    "IMAP is disabled for this account");
    else if (result == LOGIN_OK)
        hand_over(t, session, command, identity, mechanism);
    else if (result == LOGIN_GONE)
        conn_close(&session->conn);
    else
        reply_error(session, command, refusals[result].status, refusals[result].code, refusals[result].text);
}

static void on_login(struct task *t, struct entry_session *session, const struct imap_command *command) {
    struct login_identity identity;
    enum login_result result = login_password(t, session->context, &session->conn, command->login.user,
                                              command->login.password, &identity);
    end_login(t, session, command, result, &identity, SLICE("LOGIN"));
}

static void on_authenticate(struct task *t, struct entry_session *session,
                            const struct imap_command *command) {
    const struct imap_authenticate *asked = &command->authenticate;
    struct login_identity identity;
    struct slice initial = asked->has_initial_response ? asked->initial_response : SLICE_EMPTY;
    enum login_result result =
        login_sasl(t, session->context, &session->conn, SLICE("+ "), asked->mechanism, initial, &identity);
    end_login(t, session, command, result, &identity, asked->mechanism);
}

struct entry_row {
    enum imap_command_kind kind;
    entry_handler *handle;
};
static const struct entry_row rows[] = {
    {IMAP_COMMAND_CAPABILITY, on_capability},
    {IMAP_COMMAND_NOOP, on_noop},
    {IMAP_COMMAND_LOGOUT, on_logout},
    {IMAP_COMMAND_ID, on_id},
    {IMAP_COMMAND_STARTTLS, on_starttls},
    {IMAP_COMMAND_LOGIN, on_login},
    {IMAP_COMMAND_AUTHENTICATE, on_authenticate},
};

static entry_handler *handler_of(enum imap_command_kind kind) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].kind == kind) return rows[i].handle;
    return NULL;
}

static void run(struct task *t, struct entry_session *session, struct slice bytes) {
    struct arena *arena = arena_new(IMAP_COMMAND_ARENA_BYTES_MAX);
    struct imap_command command;
    enum imap_parse_error error = imap_command_parse(bytes, arena, false, &command);
    entry_handler *handle = handler_of(command.kind);
    if (error) {
        imap_reply_parse_error(&session->conn.out, &command);
        count_error(session);
    } else if (command.tag.len >= LOGIN_TAG_BYTES) {
        reply_error(session, &command, IMAP_REPLY_BAD, "", "The tag is too long");
    } else if (!handle || session->input.result.event == IMAP_FRAME_LITERAL) {
        reply_error(session, &command, IMAP_REPLY_BAD, "",
                    handle ? "The literal is too large" : "Log in first");
    } else {
        handle(t, session, &command);
    }
    arena_free(&arena);
}

static void refuse(struct entry_session *session, struct slice bytes) {
    struct imap_command command = {.tag = imap_input_tag(bytes)};
    reply_error(session, &command, IMAP_REPLY_BAD, "TOOBIG", "The command is too long");
}

static void entry_command(struct task *t, void *context, struct slice bytes) {
    struct entry_session *session = context;
    switch (session->input.result.event) {
    case IMAP_FRAME_CONTINUE:
        imap_reply_continue(&session->conn.out, SLICE("OK"));
        return;
    case IMAP_FRAME_LITERAL_REFUSED:
    case IMAP_FRAME_TOO_LONG:
        refuse(session, bytes);
        return;
    case IMAP_FRAME_COMMAND:
    case IMAP_FRAME_LITERAL:
        run(t, session, bytes);
        return;
    default:
        return;
    }
}

static enum frame_state entry_frame(void *context, struct slice input, size_t *len) {
    struct entry_session *session = context;
    return imap_input_look(&session->input, input, len);
}

static void entry_greet(struct task *t, void *context) {
    struct entry_session *session = context;
    if (session->implicit_tls && conn_start_tls(t, &session->conn, session->context->tls)) return;
    struct buffer code = buffer_new(KIB(4));
    struct buffer text = buffer_new(LOGIN_NAME_BYTES + 32);
    write_capabilities(session, &code);
    buffer_printf(&text, "%s IMAP ready", session->context->hostname);
    imap_reply_status(&session->conn.out, IMAP_REPLY_OK, buffer_slice(&code), buffer_slice(&text));
    buffer_free(&text);
    buffer_free(&code);
}

static void entry_expired(struct task *t, void *context) {
    (void)t;
    struct entry_session *session = context;
    imap_reply_bye(&session->conn.out, SLICE("No login came in time"));
}

static void entry_closed(void *context) { free(context); }

static const struct session_ops ops = {
    .frame = entry_frame,
    .command = entry_command,
    .expired = entry_expired,
    .closed = entry_closed,
    .shed = SLICE_INIT("* BYE [UNAVAILABLE] Too busy for connections that do nothing; try again later\r\n")};

void imap_login_start(struct login_context *context, struct stream *stream, bool implicit_tls) {
    struct entry_session *session = calloc(1, sizeof *session);
    if (!session) FATAL("out of memory for a connection");
    session->context = context;
    session->implicit_tls = implicit_tls;
    session->input = fresh_input();
    conn_init(&session->conn, stream, &ops, session, context->group, IMAP_LOGIN_COMMAND_BYTES_MAX);
    conn_count(&session->conn, METRIC_PROTOCOL_IMAP);
    conn_set_idle_ms(&session->conn, IMAP_LOGIN_IDLE_MS);
    conn_set_until_ms(&session->conn, env_now_ms(context->env) + LOGIN_TOTAL_MS_MAX);
    conn_start(&session->conn, entry_greet);
}
