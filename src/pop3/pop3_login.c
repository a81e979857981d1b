#include "pop3/pop3_login.h"

#include <stdlib.h>

#include "base/limits.h"
#include "pop3/pop3_line.h"
#include "pop3/pop3_say.h"
#include "wire/pop3_command.h"
#include "wire/sasl.h"

enum { INPUT_BYTES_MAX = POP3_LOGIN_LINE_BYTES_MAX };

struct pop3_login {
    struct conn conn;
    struct login_context *context;
    struct pop3_line line;
    bool implicit_tls;
    unsigned errors;
    /* Of USER, until PASS; empty: none. */
    char user[SASL_NAME_BYTES_MAX];
    size_t user_len;
};

typedef void login_handler(struct task *t, struct pop3_login *login, const struct pop3_command *command);

/* After too many errors the connection is not worth keeping. */
static void say_error(struct pop3_login *login, enum pop3_response_code code, struct slice text) {
    pop3_say_error(&login->conn, code, text);
    if (++login->errors >= POP3_ERRORS_MAX) conn_close(&login->conn);
}

/* RFC 2449 5 to 6: what there is now, before and after STLS not the same. */
static void on_capa(struct task *t, struct pop3_login *login, const struct pop3_command *command) {
    struct conn *conn = &login->conn;
    struct slice mechanisms = login_mechanisms(login->context, conn);
    pop3_say_ok(conn, SLICE("Capability list follows"));
    pop3_say_line(conn, SLICE("TOP"));
    pop3_say_line(conn, SLICE("UIDL"));
    pop3_say_line(conn, SLICE("RESP-CODES"));
    pop3_say_line(conn, SLICE("AUTH-RESP-CODE"));
    pop3_say_line(conn, SLICE("PIPELINING"));
    pop3_say_line(conn, SLICE("EXPIRE NEVER"));
    if (login->context->tls && !conn->stream->security.is_tls) pop3_say_line(conn, SLICE("STLS"));
    if (mechanisms.len) {
        pop3_say_line(conn, SLICE("USER"));
        conn_write(conn, SLICE("SASL "));
        pop3_say_line(conn, mechanisms);
    }
    pop3_say_end(conn);
}

/* RFC 2595 4: all that was said before TLS is forgotten, read or unread. */
static void on_stls(struct task *t, struct pop3_login *login, const struct pop3_command *command) {
    if (!login->context->tls || login->conn.stream->security.is_tls) {
        say_error(login, POP3_CODE_NONE, SLICE("TLS is not available, or active already"));
        return;
    }
    pop3_say_ok(&login->conn, SLICE("Begin TLS negotiation"));
    login->user_len = 0;
    login->line = pop3_line_new(POP3_LOGIN_LINE_BYTES_MAX);
    (void)!conn_start_tls(t, &login->conn, login->context->tls);
}

static void hand_over(struct task *t, struct pop3_login *login, const struct login_identity *identity,
                      struct slice mechanism) {
    struct handover handover = {.protocol = LOGIN_POP3, .identity = *identity};
    handover.session = env_random_u64(login->context->env);
    size_t len = mechanism.len < sizeof handover.mechanism ? mechanism.len : 0;
    memcpy(handover.mechanism, mechanism.ptr, len);
    login_hand_over(t, login->context, &login->conn, &handover);
}

/* RFC 3206: [AUTH] says that the credentials are the matter, [SYS/TEMP] that they are not. */
static const struct refusal {
    enum pop3_response_code code;
    struct slice text;
} refusals[] = {
    [LOGIN_DENIED] = {POP3_CODE_AUTH, SLICE_INIT("Authentication failed")},
    [LOGIN_BUSY] = {POP3_CODE_SYSTEM_TEMPORARY, SLICE_INIT("Cannot check logins now, try again later")},
    [LOGIN_MALFORMED] = {POP3_CODE_NONE, SLICE_INIT("Malformed authentication exchange")},
    [LOGIN_ABORTED] = {POP3_CODE_NONE, SLICE_INIT("Authentication cancelled")},
    [LOGIN_UNKNOWN_MECHANISM] = {POP3_CODE_NONE, SLICE_INIT("Unknown authentication mechanism")},
    [LOGIN_NEEDS_TLS] = {POP3_CODE_NONE, SLICE_INIT("Passwords are taken only after STLS")},
};

static void end_login(struct task *t, struct pop3_login *login, enum login_result result,
                      const struct login_identity *identity, struct slice mechanism) {
    if (result == LOGIN_OK && identity->is_pop3_off)
        say_error(login, POP3_CODE_AUTH, SLICE("POP3 is disabled for this account"));
    else if (result == LOGIN_OK)
        hand_over(t, login, identity, mechanism);
    else if (result == LOGIN_GONE)
        conn_close(&login->conn);
    else
        say_error(login, refusals[result].code, refusals[result].text);
}

/* RFC 1939 7: every name is accepted, so that nobody learns which ones there are. */
static void on_user(struct task *t, struct pop3_login *login, const struct pop3_command *command) {
    login->user_len = 0;
    if (!login_is_private(login->context, &login->conn)) {
        say_error(login, refusals[LOGIN_NEEDS_TLS].code, refusals[LOGIN_NEEDS_TLS].text);
        return;
    }
    if (command->argument.len > sizeof login->user) {
        say_error(login, POP3_CODE_NONE, SLICE("Name too long"));
        return;
    }
    memcpy(login->user, command->argument.ptr, command->argument.len);
    login->user_len = command->argument.len;
    pop3_say_ok(&login->conn, SLICE("Send your password"));
}

static void on_pass(struct task *t, struct pop3_login *login, const struct pop3_command *command) {
    if (login->user_len == 0) {
        say_error(login, POP3_CODE_NONE, SLICE("Send USER first"));
        return;
    }
    struct login_identity identity;
    struct slice user = slice_of(login->user, login->user_len);
    enum login_result result =
        login_password(t, login->context, &login->conn, user, command->argument, &identity);
    login->user_len = 0;
    end_login(t, login, result, &identity, SLICE("USER"));
}

/* AUTH without an argument asks for the list (the form before RFC 5034, which clients still use). */
static void say_mechanisms(struct pop3_login *login) {
    struct slice rest = login_mechanisms(login->context, &login->conn);
    pop3_say_ok(&login->conn, SLICE("Mechanisms follow"));
    while (rest.len) {
        pop3_say_line(&login->conn, slice_take_until(&rest, ' '));
        (void)slice_take_byte(&rest, ' ');
    }
    pop3_say_end(&login->conn);
}

/* RFC 5034 4. */
static void on_auth(struct task *t, struct pop3_login *login, const struct pop3_command *command) {
    if (command->argument.len == 0) {
        say_mechanisms(login);
        return;
    }
    struct login_identity identity;
    struct slice initial = command->has_second ? command->second : SLICE_EMPTY;
    enum login_result result =
        login_sasl(t, login->context, &login->conn, SLICE("+ "), command->argument, initial, &identity);
    login->user_len = 0;
    end_login(t, login, result, &identity, command->argument);
}

static void on_noop(struct task *t, struct pop3_login *login, const struct pop3_command *command) {
    pop3_say_ok(&login->conn, SLICE_EMPTY);
}

static void on_quit(struct task *t, struct pop3_login *login, const struct pop3_command *command) {
    pop3_say_ok(&login->conn, SLICE("Goodbye"));
    conn_close(&login->conn);
}

static const struct login_row {
    enum pop3_verb verb;
    login_handler *handle;
} login_rows[] = {
    {POP3_VERB_CAPA, on_capa}, {POP3_VERB_STLS, on_stls}, {POP3_VERB_USER, on_user},
    {POP3_VERB_PASS, on_pass}, {POP3_VERB_AUTH, on_auth}, {POP3_VERB_NOOP, on_noop},
    {POP3_VERB_QUIT, on_quit},
};

static login_handler *handler_of(enum pop3_verb verb) {
    for (size_t i = 0; i < sizeof login_rows / sizeof login_rows[0]; i++)
        if (login_rows[i].verb == verb) return login_rows[i].handle;
    return NULL;
}

static enum frame_state login_frame(void *session, struct slice input, size_t *len) {
    struct pop3_login *login = session;
    return pop3_line_find(&login->line, input, len);
}

static void login_command(struct task *t, void *session, struct slice bytes) {
    struct pop3_login *login = session;
    if (pop3_line_refuse(&login->line, &login->conn)) return;
    struct pop3_command command;
    enum pop3_command_error error = pop3_command_parse(pop3_line_text(bytes), &command);
    login_handler *handle = handler_of(command.verb);
    if (error)
        say_error(login, POP3_CODE_NONE, pop3_command_error_text(error));
    else if (!handle)
        say_error(login, POP3_CODE_NONE, pop3_refusal_text(command.verb, SLICE("Log in first")));
    else
        handle(t, login, &command);
}

static void login_greet(struct task *t, void *session) {
    struct pop3_login *login = session;
    if (login->implicit_tls && conn_start_tls(t, &login->conn, login->context->tls)) return;
    struct buffer text = buffer_new(LOGIN_NAME_BYTES + 32);
    buffer_printf(&text, "%s POP3 ready", login->context->hostname);
    pop3_say_ok(&login->conn, buffer_slice(&text));
    buffer_free(&text);
}

static void login_expired(struct task *t, void *session) {
    struct pop3_login *login = session;
    pop3_say_error(&login->conn, POP3_CODE_NONE, SLICE("No login came in time"));
}

static void login_closed(void *session) { free(session); }

static const struct session_ops login_ops = {
    .frame = login_frame,
    .command = login_command,
    .expired = login_expired,
    .closed = login_closed,
    .shed = SLICE_INIT("-ERR [SYS/TEMP] Too busy for connections that do nothing; try again later\r\n")};

void pop3_login_start(struct login_context *context, struct stream *stream, bool implicit_tls) {
    struct pop3_login *login = calloc(1, sizeof *login);
    if (!login) FATAL("out of memory for a connection");
    conn_init(&login->conn, stream, &login_ops, login, context->group, INPUT_BYTES_MAX);
    conn_count(&login->conn, METRIC_PROTOCOL_POP3);
    login->context = context;
    login->implicit_tls = implicit_tls;
    login->line = pop3_line_new(POP3_LOGIN_LINE_BYTES_MAX);
    conn_set_idle_ms(&login->conn, POP3_LOGIN_IDLE_MS);
    conn_set_until_ms(&login->conn, env_now_ms(context->env) + LOGIN_TOTAL_MS_MAX);
    conn_start(&login->conn, login_greet);
}
