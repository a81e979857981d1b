/*
 * AUTH (RFC 4954), at the edge. The exchange is login's; success takes the session away to the
 * mail role of its account, where it is answered.
 */
#include <stdio.h>

#include "smtp/smtp_session.h"

/* A code: the reply. LOGIN_OK and LOGIN_GONE have none here. */
static struct smtp_reply reply_of(enum login_result result) {
    switch (result) {
    case LOGIN_DENIED:
        return smtp_reply_named(SMTP_REPLY_AUTH_FAILED);
    case LOGIN_BUSY:
        return smtp_reply_named(SMTP_REPLY_AUTH_TEMPORARY);
    case LOGIN_MALFORMED:
        return smtp_reply_named(SMTP_REPLY_AUTH_RESPONSE_INVALID);
    case LOGIN_ABORTED:
        return smtp_reply_named(SMTP_REPLY_AUTH_CANCELLED);
    case LOGIN_UNKNOWN_MECHANISM:
        return smtp_reply_named(SMTP_REPLY_AUTH_MECHANISM_UNKNOWN);
    case LOGIN_NEEDS_TLS:
        return smtp_reply_named(SMTP_REPLY_AUTH_NEEDS_TLS);
    case LOGIN_OK:
    case LOGIN_GONE:
        break;
    }
    return SMTP_SILENCE;
}

static void hand_over(struct task *t, struct smtp_session *session, struct slice mechanism,
                      const struct login_identity *identity) {
    struct handover handover = {.protocol = LOGIN_SUBMISSION,
                                .identity = *identity,
                                .is_tls = session->is_tls,
                                .session = session->id};
    memcpy(handover.security, session->security, sizeof handover.security);
    memcpy(handover.helo, session->helo, session->helo_bytes);
    (void)snprintf(handover.mechanism, sizeof handover.mechanism, "AUTH %.*s", SLICE_PRINT(mechanism));
    login_hand_over(t, session->server->login, &session->conn, &handover);
}

struct smtp_reply smtp_auth(struct task *t, struct smtp_session *session,
                            const struct smtp_command *command) {
    const struct smtp_auth *auth = &command->auth;
    struct login_identity identity = {.account = 0};
    struct slice initial = auth->has_initial ? auth->initial : SLICE_EMPTY;
    conn_set_step_ms(&session->conn, session->server->settings.handshake_ms);
    enum login_result result = login_sasl(t, session->server->login, &session->conn, SLICE("334 "),
                                          auth->mechanism, initial, &identity);
    if (result == LOGIN_OK) hand_over(t, session, auth->mechanism, &identity);
    if (result == LOGIN_GONE) conn_close(&session->conn);
    return reply_of(result);
}
