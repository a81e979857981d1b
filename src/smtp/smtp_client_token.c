/* AUTH as a client with an OAuth 2 access token: XOAUTH2, or OAUTHBEARER (RFC 7628). */
#include "base/encode.h"
#include "base/limits.h"
#include "smtp/smtp_client_talk.h"
#include "wire/sasl_oauth.h"

enum { WORK_BYTES = 32 * 1024 };

static struct smtp_client_outcome auth_outcome(enum smtp_client_result result) {
    return smtp_client_outcome_of(result, SMTP_STAGE_AUTH);
}

static bool offers(const struct smtp_client *client, enum sasl_mechanism mechanism) {
    return smtp_offer_has_mechanism(&client->offer, mechanism);
}

/* RFC 7628 3.2.2: why not comes as a question, and is answered with nothing before the server says no. */
static struct smtp_client_outcome run(struct task *t, struct smtp_client *client, struct arena *arena,
                                      const char *verb, struct slice message) {
    buffer_append_text(&client->out, verb);
    base64_encode(&client->out, message);
    buffer_append_text(&client->out, "\r\n");
    struct smtp_client_outcome heard =
        smtp_client_flush(t, client, SMTP_STAGE_AUTH, client->options.times.command_ms);
    if (heard.result == SMTP_CLIENT_OK)
        heard = smtp_client_hear(t, client, arena, SMTP_STAGE_AUTH, client->options.times.command_ms);
    if (heard.result != SMTP_CLIENT_OK || heard.answer.code != 334)
        return smtp_client_expect(client, heard, 2);
    return smtp_client_ask(t, client, arena, SMTP_STAGE_AUTH, 2);
}

struct smtp_client_outcome smtp_client_log_in_token(struct task *t, struct smtp_client *client,
                                                    struct arena *arena, struct slice user,
                                                    struct slice token) {
    bool is_safe = client->stream->security.is_tls || client->options.logs_in_without_tls;
    bool is_bearer = !offers(client, SASL_MECHANISM_XOAUTH2);
    if (!is_safe || (is_bearer && !offers(client, SASL_MECHANISM_OAUTHBEARER)) ||
        !sasl_oauth_is_fit(user, token))
        return auth_outcome(SMTP_CLIENT_NO_MECHANISM);
    struct buffer message = buffer_new(WORK_BYTES);
    if (is_bearer)
        sasl_oauthbearer_write(&message, user, slice_from_text(client->options.tls_name),
                               client->stream->peer.port, token);
    else
        sasl_xoauth2_write(&message, user, token);
    struct smtp_client_outcome outcome =
        run(t, client, arena, is_bearer ? "AUTH OAUTHBEARER " : "AUTH XOAUTH2 ", buffer_slice(&message));
    if (message.ptr) explicit_bzero(message.ptr, message.capacity);
    buffer_free(&message);
    return outcome;
}
