/*
 * AUTH as a client (RFC 4954), for smarthosts and outside mailboxes. The password leaves only over TLS, or
 * where the caller said that it need not; the server chooses nothing but which of our ways it offers.
 */
#include "base/encode.h"
#include "base/limits.h"
#include "smtp/smtp_client_talk.h"
#include "wire/scram_client.h"

enum { NONCE_BYTES = 18, WORK_BYTES = 64 * 1024 };

/* One login being tried. */
struct attempt {
    struct smtp_client *client;
    struct arena *arena;
    struct slice user;
    struct slice password;
    /* Lives as long as this. */
    struct buffer text;
};

static struct smtp_client_outcome auth_outcome(enum smtp_client_result result) {
    return smtp_client_outcome_of(result, SMTP_STAGE_AUTH);
}

/* Says `verb` (may be empty) and the base64 of what is in attempt->text; expects a reply of that class. */
static struct smtp_client_outcome say(struct task *t, struct attempt *attempt, const char *verb,
                                      unsigned class) {
    buffer_append_text(&attempt->client->out, verb);
    base64_encode(&attempt->client->out, buffer_slice(&attempt->text));
    buffer_clear(&attempt->text);
    return smtp_client_ask(t, attempt->client, attempt->arena, SMTP_STAGE_AUTH, class);
}

/* RFC 4954 4: "*" ends the exchange; the server answers 501. What was wrong before it counts. */
static struct smtp_client_outcome cancel(struct task *t, struct attempt *attempt) {
    buffer_append_text(&attempt->client->out, "*");
    (void)smtp_client_ask(t, attempt->client, attempt->arena, SMTP_STAGE_AUTH, 5);
    return auth_outcome(SMTP_CLIENT_MALFORMED);
}

/* RFC 4616 */
static struct smtp_client_outcome log_in_plain(struct task *t, struct attempt *attempt) {
    struct sasl_plain plain = {.authcid = attempt->user, .password = attempt->password};
    sasl_plain_write(&attempt->text, &plain);
    return say(t, attempt, "AUTH PLAIN ", 2);
}

/* Two questions, whatever they are called. */
static struct smtp_client_outcome log_in_login(struct task *t, struct attempt *attempt) {
    buffer_append_text(&attempt->client->out, "AUTH LOGIN");
    struct smtp_client_outcome heard =
        smtp_client_ask(t, attempt->client, attempt->arena, SMTP_STAGE_AUTH, 3);
    if (heard.result != SMTP_CLIENT_OK) return heard;
    buffer_append(&attempt->text, attempt->user);
    heard = say(t, attempt, "", 3);
    if (heard.result != SMTP_CLIENT_OK) return heard;
    buffer_append(&attempt->text, attempt->password);
    return say(t, attempt, "", 2);
}

/* The server's message in its 334 answer. */
static bool message_of(struct attempt *attempt, const struct smtp_client_outcome *heard,
                       struct slice *message) {
    return sasl_response_decode(attempt->arena, heard->answer.text, message) == SASL_OK;
}

/* RFC 5802 5; the server's signature, which may come with 334 or with 235, is what ends it well. */
static struct smtp_client_outcome run_scram(struct task *t, struct attempt *attempt,
                                            struct scram_client *scram, const char *verb) {
    struct slice message;
    scram_client_first_write(&attempt->text, scram);
    struct smtp_client_outcome heard = say(t, attempt, verb, 3);
    if (heard.result != SMTP_CLIENT_OK) return heard;
    bool is_good = message_of(attempt, &heard, &message) &&
                   scram_client_final_write(&attempt->text, scram, message) == SCRAM_OK;
    if (!is_good) return cancel(t, attempt);
    heard = say(t, attempt, "", 3);
    if (heard.result != SMTP_CLIENT_OK) return heard;
    if (!message_of(attempt, &heard, &message) || scram_client_finish(scram, message) != SCRAM_OK)
        return cancel(t, attempt);
    return say(t, attempt, "", 2);
}

static struct smtp_client_outcome log_in_scram(struct task *t, struct attempt *attempt, enum scram_hash hash,
                                               const char *verb) {
    uint8_t random[NONCE_BYTES];
    struct buffer nonce = buffer_new(2 * NONCE_BYTES);
    env_random(attempt->client->env, random, sizeof random);
    base64_encode(&nonce, slice_of(random, sizeof random));
    struct scram_client scram = {.hash = hash,
                                 .name = attempt->user,
                                 .password = attempt->password,
                                 .nonce = buffer_slice(&nonce),
                                 .binding_flag = 'n'};
    struct smtp_client_outcome outcome = run_scram(t, attempt, &scram, verb);
    buffer_free(&nonce);
    return outcome;
}

static struct smtp_client_outcome run_best(struct task *t, struct attempt *attempt) {
    const struct smtp_offer *offer = &attempt->client->offer;
    if (smtp_offer_has_mechanism(offer, SASL_MECHANISM_SCRAM_SHA_256))
        return log_in_scram(t, attempt, SCRAM_HASH_SHA_256, "AUTH SCRAM-SHA-256 ");
    if (smtp_offer_has_mechanism(offer, SASL_MECHANISM_SCRAM_SHA_1))
        return log_in_scram(t, attempt, SCRAM_HASH_SHA_1, "AUTH SCRAM-SHA-1 ");
    if (smtp_offer_has_mechanism(offer, SASL_MECHANISM_PLAIN)) return log_in_plain(t, attempt);
    if (smtp_offer_has_mechanism(offer, SASL_MECHANISM_LOGIN)) return log_in_login(t, attempt);
    return auth_outcome(SMTP_CLIENT_NO_MECHANISM);
}

struct smtp_client_outcome smtp_client_log_in(struct task *t, struct smtp_client *client, struct arena *arena,
                                              struct slice user, struct slice password) {
    bool is_safe = client->stream->security.is_tls || client->options.logs_in_without_tls;
    if (!is_safe) return auth_outcome(SMTP_CLIENT_NO_MECHANISM);
    struct attempt attempt = {client, arena, user, password, buffer_new(WORK_BYTES)};
    struct smtp_client_outcome outcome = run_best(t, &attempt);
    if (attempt.text.ptr) explicit_bzero(attempt.text.ptr, attempt.text.capacity);
    buffer_free(&attempt.text);
    return outcome;
}
