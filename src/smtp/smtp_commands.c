/*
 * The commands: one row each, with all that must hold before one runs. Conditions are looked
 * at in the order of their table; the first that does not hold gives the reply.
 */
#include "smtp/smtp_session.h"

enum need {
    NEED_HELLO = 1 << 0,
    NEED_EHLO = 1 << 1,
    NEED_LOGIN_PORT = 1 << 2,
    NEED_NO_LOGIN = 1 << 3,
    NEED_TLS_OFFERED = 1 << 4,
    NEED_NO_TLS = 1 << 5,
    NEED_PRIVACY = 1 << 6,
    NEED_LOGIN = 1 << 7,
    NEED_NO_TRANSACTION = 1 << 8,
    NEED_TRANSACTION = 1 << 9,
    NEED_NO_CHUNKS = 1 << 10,
    NEED_ADDRESSED = 1 << 11,
    NEED_RECIPIENT = 1 << 12,
    NEED_LINES = 1 << 13,
};

static bool has_hello(const struct smtp_session *s) { return s->helo_bytes > 0; }
static bool has_ehlo(const struct smtp_session *s) { return s->is_extended; }
static bool is_login_port(const struct smtp_session *s) { return s->kind != SMTP_PORT_MX; }
static bool has_no_login(const struct smtp_session *s) { return !s->is_logged_in; }
static bool is_tls_offered(const struct smtp_session *s) { return s->is_tls || s->server->login->tls; }
static bool has_no_tls(const struct smtp_session *s) { return !s->is_tls; }
static bool is_private(const struct smtp_session *s) { return login_is_private(s->server->login, &s->conn); }
static bool may_send(const struct smtp_session *s) { return s->kind == SMTP_PORT_MX || s->is_logged_in; }
/* Who cannot log in yet is told the way (RFC 3207 4). */
static bool may_send_or_log_in(const struct smtp_session *s) { return may_send(s) || is_private(s); }
static bool has_no_transaction(const struct smtp_session *s) { return !s->transaction; }
static bool has_transaction(const struct smtp_session *s) { return s->transaction; }
static bool has_no_chunks(const struct smtp_session *s) { return !s->transaction->reception; }
static bool is_addressed(const struct smtp_session *s) { return s->transaction->is_addressed; }
static bool has_recipient(const struct smtp_session *s) { return s->transaction->recipient_count > 0; }
static bool is_of_lines(const struct smtp_session *s) { return !s->transaction->is_binary; }

struct condition {
    unsigned need;
    bool (*holds)(const struct smtp_session *session);
    enum smtp_reply_name otherwise;
    /* Not empty: other words than the reply's own. */
    struct slice text;
};

static const struct condition conditions[] = {
    {NEED_LOGIN_PORT, is_login_port, SMTP_REPLY_BAD_SEQUENCE,
     SLICE_INIT("No AUTH on this port: to send mail, log in on port 465 (TLS) or 587 (STARTTLS)")},
    {NEED_HELLO, has_hello, SMTP_REPLY_BAD_SEQUENCE, SLICE_INIT("EHLO first")},
    {NEED_EHLO, has_ehlo, SMTP_REPLY_BAD_SEQUENCE, SLICE_INIT("EHLO first")},
    {NEED_NO_LOGIN, has_no_login, SMTP_REPLY_BAD_SEQUENCE, SLICE_INIT("Logged in already")},
    {NEED_TLS_OFFERED, is_tls_offered, SMTP_REPLY_NOT_IMPLEMENTED, SLICE_INIT("")},
    {NEED_NO_TLS, has_no_tls, SMTP_REPLY_BAD_SEQUENCE, SLICE_INIT("TLS is active already")},
    {NEED_PRIVACY, is_private, SMTP_REPLY_AUTH_NEEDS_TLS, SLICE_INIT("")},
    {NEED_LOGIN, may_send_or_log_in, SMTP_REPLY_TLS_REQUIRED, SLICE_INIT("")},
    {NEED_LOGIN, may_send, SMTP_REPLY_AUTH_REQUIRED, SLICE_INIT("")},
    {NEED_NO_TRANSACTION, has_no_transaction, SMTP_REPLY_BAD_SEQUENCE,
     SLICE_INIT("A mail transaction is under way")},
    {NEED_TRANSACTION, has_transaction, SMTP_REPLY_NEED_MAIL, SLICE_INIT("")},
    {NEED_NO_CHUNKS, has_no_chunks, SMTP_REPLY_BAD_SEQUENCE, SLICE_INIT("BDAT is under way")},
    /* RFC 3030 3 */
    {NEED_LINES, is_of_lines, SMTP_REPLY_BAD_SEQUENCE, SLICE_INIT("BODY=BINARYMIME comes by BDAT")},
    {NEED_ADDRESSED, is_addressed, SMTP_REPLY_NEED_RCPT, SLICE_INIT("")},
    {NEED_RECIPIENT, has_recipient, SMTP_REPLY_NO_VALID_RECIPIENTS, SLICE_INIT("")},
};

enum {
    NEEDS_CONTENT = NEED_HELLO | NEED_LOGIN | NEED_TRANSACTION | NEED_ADDRESSED | NEED_RECIPIENT,
    NEEDS_STARTTLS =
        NEED_HELLO | NEED_EHLO | NEED_TLS_OFFERED | NEED_NO_TLS | NEED_NO_LOGIN | NEED_NO_TRANSACTION,
    NEEDS_AUTH =
        NEED_LOGIN_PORT | NEED_HELLO | NEED_EHLO | NEED_NO_LOGIN | NEED_PRIVACY | NEED_NO_TRANSACTION,
};

struct row {
    enum smtp_verb verb;
    unsigned needs;
    /* RFC 2920 3.1: the client has to wait for the reply, so nothing may be there behind it. */
    bool is_last_of_group;
    smtp_handler *run;
    /* What a refusal still has to do; or NULL. */
    struct smtp_reply (*refuse)(struct task *t, struct smtp_session *session,
                                const struct smtp_command *command, struct smtp_reply refusal);
};

/* RFC 5321 4.1.1 and 4.1.4, RFC 3207 4, RFC 4954 4, RFC 3030 2 */
static const struct row rows[] = {
    {SMTP_VERB_EHLO, 0, true, smtp_ehlo, NULL},
    {SMTP_VERB_HELO, 0, true, smtp_helo, NULL},
    {SMTP_VERB_MAIL, NEED_HELLO | NEED_LOGIN | NEED_NO_TRANSACTION, false, smtp_mail, NULL},
    {SMTP_VERB_RCPT, NEED_HELLO | NEED_LOGIN | NEED_TRANSACTION | NEED_NO_CHUNKS, false, smtp_rcpt, NULL},
    {SMTP_VERB_DATA, NEEDS_CONTENT | NEED_NO_CHUNKS | NEED_LINES, true, smtp_data, NULL},
    {SMTP_VERB_BDAT, NEEDS_CONTENT | NEED_EHLO, false, smtp_bdat, smtp_bdat_refuse},
    {SMTP_VERB_RSET, 0, false, smtp_rset, NULL},
    {SMTP_VERB_NOOP, 0, false, smtp_noop, NULL},
    {SMTP_VERB_QUIT, 0, false, smtp_quit, NULL},
    {SMTP_VERB_VRFY, 0, false, smtp_vrfy, NULL},
    {SMTP_VERB_HELP, 0, false, smtp_help, NULL},
    {SMTP_VERB_STARTTLS, NEEDS_STARTTLS, true, smtp_starttls, NULL},
    {SMTP_VERB_AUTH, NEEDS_AUTH, true, smtp_auth, NULL},
    {SMTP_VERB_EXPN, 0, false, smtp_not_implemented, NULL},
    {SMTP_VERB_ETRN, 0, false, smtp_not_implemented, NULL},
    {SMTP_VERB_TURN, 0, false, smtp_not_implemented, NULL},
};

static const struct row *row_find(enum smtp_verb verb) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].verb == verb) return &rows[i];
    return NULL;
}

static struct smtp_reply refusal_of(const struct condition *condition) {
    if (condition->text.len) return smtp_reply_with_text(condition->otherwise, condition->text);
    return smtp_reply_named(condition->otherwise);
}

/* Silence: all that the row needs holds. */
static struct smtp_reply check(const struct row *row, const struct smtp_session *session) {
    for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++)
        if ((row->needs & conditions[i].need) && !conditions[i].holds(session))
            return refusal_of(&conditions[i]);
    return SMTP_SILENCE;
}

static struct smtp_reply run_row(struct task *t, const struct row *row, struct smtp_session *session,
                                 const struct smtp_command *command) {
    struct smtp_reply refusal = check(row, session);
    if (refusal.code == 0) return row->run(t, session, command);
    return row->refuse ? row->refuse(t, session, command, refusal) : refusal;
}

struct smtp_reply smtp_commands_run(struct task *t, struct smtp_session *session, struct slice line) {
    struct smtp_command_options options = {.lenient = session->kind != SMTP_PORT_MX,
                                           .transaction_utf8 =
                                               session->transaction && session->transaction->is_utf8,
                                           .extensions = smtp_session_extensions(session)};
    struct smtp_command command;
    enum smtp_command_error error = smtp_command_parse(session->scratch, line, &options, &command);
    if (line.len > SMTP_COMMAND_BYTES_MAX && command.verb != SMTP_VERB_AUTH)
        return smtp_reply_named(SMTP_REPLY_LINE_TOO_LONG);
    const struct row *row = row_find(command.verb);
    if (row && row->is_last_of_group && conn_input(&session->conn).len)
        return smtp_reply_named(SMTP_REPLY_INPUT_TOO_EARLY);
    if (error) return smtp_reply_named(smtp_command_error_reply(error, command.verb));
    if (!row) return smtp_reply_named(SMTP_REPLY_COMMAND_UNKNOWN);
    return run_row(t, row, session, &command);
}
