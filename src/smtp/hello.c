/* EHLO and HELO (RFC 5321 4.1.1.1). Either begins anew: a transaction under way is forgotten. */
#include "smtp/smtp_session.h"

static struct smtp_reply hello(struct smtp_session *session, const struct smtp_command *command,
                               bool is_extended) {
    const struct smtp_hello *hello = &command->hello;
    smtp_transaction_end(session);
    smtp_session_set_helo(session, hello->name, hello->is_domain || hello->is_literal);
    session->is_extended = is_extended;
    return (struct smtp_reply){.code = 250, .text = slice_from_text(session->server->login->hostname)};
}

/* RFC 3207 4.2: STARTTLS is not offered again under TLS; RFC 4954 3: AUTH not to who is logged in. */
static void offer_security(struct buffer *text, const struct smtp_session *session) {
    const struct login_context *login = session->server->login;
    /* RFC 8689 2: only under TLS. */
    if (session->is_tls) buffer_append(text, SLICE("\nREQUIRETLS"));
    if (session->is_logged_in) return;
    if (!session->is_tls && login->tls) buffer_append(text, SLICE("\nSTARTTLS"));
    if (session->kind == SMTP_PORT_MX) return;
    struct slice mechanisms = login_mechanisms(login, &session->conn);
    if (mechanisms.len == 0) return;
    buffer_append(text, SLICE("\nAUTH "));
    buffer_append(text, mechanisms);
}

/* RFC 9422 4.2: mail for more than that comes in several transactions. There is no limit on these. */
static void offer_limits(struct buffer *text, const struct smtp_session *session) {
    buffer_append(text, SLICE("\nLIMITS RCPTMAX="));
    buffer_append_number(text, session->server->settings.recipients_max);
}

struct smtp_reply smtp_ehlo(struct task *t, struct smtp_session *session,
                            const struct smtp_command *command) {
    struct smtp_reply reply = hello(session, command, true);
    struct buffer text = buffer_new(SMTP_REPLY_BYTES_MAX);
    buffer_append(&text, reply.text);
    /* RFC 2920, 1870, 6152, 6531, 3030, 2034, 3461 */
    buffer_append(&text, SLICE("\nPIPELINING\nSIZE "));
    buffer_append_number(&text, session->server->settings.message_bytes_max);
    offer_security(&text, session);
    buffer_append(&text, SLICE("\n8BITMIME\nSMTPUTF8\nCHUNKING\nBINARYMIME\nENHANCEDSTATUSCODES\nDSN"));
    offer_limits(&text, session);
    buffer_append(&text, SLICE("\nHELP"));
    reply.text = arena_copy(session->scratch, buffer_slice(&text));
    buffer_free(&text);
    return reply;
}

struct smtp_reply smtp_helo(struct task *t, struct smtp_session *session,
                            const struct smtp_command *command) {
    return hello(session, command, false);
}
