/* STARTTLS (RFC 3207). What was said before it, by either side, is worth nothing after it (4.2). */
#include "smtp/smtp_session.h"

struct smtp_reply smtp_starttls(struct task *t, struct smtp_session *session,
                                const struct smtp_command *command) {
    const struct smtp_settings *settings = &session->server->settings;
    smtp_session_reply(session, smtp_reply_named(SMTP_REPLY_READY_FOR_TLS));
    conn_set_step_ms(&session->conn, settings->handshake_ms);
    if (conn_start_tls(t, &session->conn, session->server->login->tls)) return SMTP_SILENCE;
    session->helo_bytes = 0;
    session->is_extended = false;
    session->frame = smtp_frame_new(SMTP_COMMAND_BYTES_MAX);
    smtp_session_note_tls(session);
    return SMTP_SILENCE;
}
