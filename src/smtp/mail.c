/* MAIL FROM (RFC 5321 4.1.1.2): begins a transaction. */
#include "smtp/smtp_session.h"

/* RFC 6409 6.1: a user sends as themselves. A null sender is what receipts have (RFC 8098 2.1). */
static struct smtp_reply check_sender(struct task *t, struct smtp_session *session, struct slice sender) {
    if (!session->is_logged_in || sender.len == 0) return SMTP_SILENCE;
    switch (store_sender_check(t, session->server->store, session->identity->account, sender)) {
    case STORE_OK:
        return SMTP_SILENCE;
    case STORE_BUSY:
    case STORE_FAILED:
    case STORE_GONE:
        return smtp_reply_named(SMTP_REPLY_LOCAL_ERROR);
    default:
        return smtp_reply_named(SMTP_REPLY_SENDER_NOT_YOURS);
    }
}

static void transaction_begin(struct smtp_session *session, const struct smtp_mail *mail,
                              struct slice sender) {
    struct arena *arena = smtp_arena_take(session->server);
    struct smtp_transaction *transaction = ARENA_NEW(arena, struct smtp_transaction);
    transaction->arena = arena;
    transaction->mail_from = arena_copy(arena, sender);
    transaction->envelope_id = arena_copy(arena, mail->parameters.envid);
    transaction->dsn_return = (uint32_t)mail->parameters.ret;
    transaction->is_utf8 = mail->parameters.smtputf8;
    transaction->requires_tls = mail->parameters.requiretls;
    transaction->is_binary = mail->parameters.body == SMTP_BODY_BINARYMIME;
    transaction->tenant = session->identity ? session->identity->tenant : 0;
    session->transaction = transaction;
}

struct smtp_reply smtp_mail(struct task *t, struct smtp_session *session,
                            const struct smtp_command *command) {
    const struct smtp_mail *mail = &command->mail;
    /* RFC 1870 6.1 */
    if (mail->parameters.has_size &&
        mail->parameters.size_bytes > session->server->settings.message_bytes_max)
        return smtp_reply_named(SMTP_REPLY_MESSAGE_TOO_LARGE);
    /* RFC 8689 2: what requires TLS must come by it. */
    if (mail->parameters.requiretls && !session->is_tls)
        return smtp_reply_named(SMTP_REPLY_REQUIRETLS_NEEDS_TLS);
    struct slice sender =
        mail->sender.is_null ? SLICE_EMPTY : smtp_address_text(session->scratch, &mail->sender);
    struct smtp_reply refusal = check_sender(t, session, sender);
    if (refusal.code) return refusal;
    transaction_begin(session, mail, sender);
    conn_set_until_ms(&session->conn, DEADLINE_NONE);
    return smtp_reply_named(SMTP_REPLY_SENDER_OK);
}
