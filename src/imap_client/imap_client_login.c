/*
 * Logging in (RFC 9051 6.2.2, 6.2.3). A secret leaves only over TLS, or where the caller said that it need
 * not; the server chooses nothing but which of our ways it offers.
 */
#include "base/encode.h"
#include "imap_client/imap_client_talk.h"
#include "wire/sasl.h"
#include "wire/sasl_oauth.h"
#include "wire/scram_client.h"

enum { NONCE_BYTES = 18, WORK_BYTES = 32 * 1024, MESSAGE_ROUNDS_MAX = 6 };

/* One login being tried. */
struct attempt {
    struct imap_client_talk talk;
    const struct imap_client_login *login;
    /* Our next message. */
    struct buffer text;
};

static struct imap_client_outcome login_outcome(enum imap_client_result result) {
    return imap_client_outcome_of(result, IMAP_STAGE_LOGIN);
}

/* Sends the base64 of our message as a line of its own. */
static struct imap_client_outcome send_message(struct task *t, struct attempt *attempt) {
    base64_encode(&attempt->talk.client->out, buffer_slice(&attempt->text));
    if (attempt->text.ptr) explicit_bzero(attempt->text.ptr, attempt->text.len);
    buffer_clear(&attempt->text);
    return imap_client_say(t, &attempt->talk);
}

/* Begins AUTHENTICATE with the first message: in the same line where that is known (RFC 4959). */
static struct imap_client_outcome authenticate(struct task *t, struct attempt *attempt,
                                               const char *mechanism) {
    struct imap_client *client = attempt->talk.client;
    struct slice words;
    buffer_printf(&client->out, "AUTHENTICATE %s", mechanism);
    if (client->capabilities & IMAP_CAN_SASL_IR) {
        buffer_append_byte(&client->out, ' ');
        return send_message(t, attempt);
    }
    struct imap_client_outcome outcome = imap_client_say(t, &attempt->talk);
    if (outcome.result == IMAP_CLIENT_OK) outcome = imap_client_await_more(t, &attempt->talk, &words);
    return outcome.result == IMAP_CLIENT_OK ? send_message(t, attempt) : outcome;
}

/* ---- passwords ---- */

/* RFC 4616 */
static struct imap_client_outcome log_in_plain(struct task *t, struct attempt *attempt) {
    struct sasl_plain plain = {.authcid = attempt->login->user, .password = attempt->login->secret};
    sasl_plain_write(&attempt->text, &plain);
    struct imap_client_outcome outcome = authenticate(t, attempt, "PLAIN");
    return outcome.result == IMAP_CLIENT_OK ? imap_client_finish(t, &attempt->talk) : outcome;
}

/* RFC 9051 6.2.3 */
static struct imap_client_outcome log_in_command(struct task *t, struct attempt *attempt) {
    struct imap_client_talk *talk = &attempt->talk;
    buffer_append_text(&talk->client->out, "LOGIN ");
    struct imap_client_outcome outcome = imap_client_put_string(t, talk, attempt->login->user);
    if (outcome.result != IMAP_CLIENT_OK) return outcome;
    buffer_append_byte(&talk->client->out, ' ');
    outcome = imap_client_put_string(t, talk, attempt->login->secret);
    return outcome.result == IMAP_CLIENT_OK ? imap_client_ask(t, talk) : outcome;
}

/* Two questions, whatever they are called. */
static struct imap_client_outcome log_in_questions(struct task *t, struct attempt *attempt) {
    struct slice words;
    buffer_append_text(&attempt->talk.client->out, "AUTHENTICATE LOGIN");
    struct imap_client_outcome outcome = imap_client_say(t, &attempt->talk);
    const struct slice answers[] = {attempt->login->user, attempt->login->secret};
    for (size_t i = 0; i < 2 && outcome.result == IMAP_CLIENT_OK; i++) {
        outcome = imap_client_await_more(t, &attempt->talk, &words);
        buffer_append(&attempt->text, answers[i]);
        if (outcome.result == IMAP_CLIENT_OK) outcome = send_message(t, attempt);
    }
    return outcome.result == IMAP_CLIENT_OK ? imap_client_finish(t, &attempt->talk) : outcome;
}

/* ---- SCRAM ---- */

/* "*" ends the exchange (RFC 9051 6.2.2); what was wrong before it counts. */
static struct imap_client_outcome cancel(struct task *t, struct attempt *attempt) {
    buffer_append_byte(&attempt->talk.client->out, '*');
    (void)imap_client_ask(t, &attempt->talk);
    return login_outcome(IMAP_CLIENT_MALFORMED);
}

/* The server's next message. */
static struct imap_client_outcome hear_message(struct task *t, struct attempt *attempt,
                                               struct slice *message) {
    struct slice words;
    struct imap_client_outcome outcome = imap_client_await_more(t, &attempt->talk, &words);
    if (outcome.result != IMAP_CLIENT_OK) return outcome;
    bool is_good = sasl_response_decode(attempt->talk.arena, words, message) == SASL_OK;
    return is_good ? outcome : cancel(t, attempt);
}

/* RFC 5802 5: only the server's signature ends it well. */
static struct imap_client_outcome run_scram(struct task *t, struct attempt *attempt,
                                            struct scram_client *scram) {
    struct slice message;
    scram_client_first_write(&attempt->text, scram);
    struct imap_client_outcome outcome = authenticate(t, attempt, "SCRAM-SHA-256");
    if (outcome.result == IMAP_CLIENT_OK) outcome = hear_message(t, attempt, &message);
    if (outcome.result != IMAP_CLIENT_OK) return outcome;
    if (scram_client_final_write(&attempt->text, scram, message) != SCRAM_OK) return cancel(t, attempt);
    outcome = send_message(t, attempt);
    if (outcome.result == IMAP_CLIENT_OK) outcome = hear_message(t, attempt, &message);
    if (outcome.result != IMAP_CLIENT_OK) return outcome;
    if (scram_client_finish(scram, message) != SCRAM_OK) return cancel(t, attempt);
    outcome = send_message(t, attempt);
    return outcome.result == IMAP_CLIENT_OK ? imap_client_finish(t, &attempt->talk) : outcome;
}

static struct imap_client_outcome log_in_scram(struct task *t, struct attempt *attempt) {
    uint8_t random[NONCE_BYTES];
    struct buffer nonce = buffer_new(2 * NONCE_BYTES);
    env_random(attempt->talk.client->env, random, sizeof random);
    base64_encode(&nonce, slice_of(random, sizeof random));
    struct scram_client scram = {.hash = SCRAM_HASH_SHA_256,
                                 .name = attempt->login->user,
                                 .password = attempt->login->secret,
                                 .nonce = buffer_slice(&nonce),
                                 .binding_flag = 'n'};
    struct imap_client_outcome outcome = run_scram(t, attempt, &scram);
    buffer_free(&nonce);
    return outcome;
}

/* ---- tokens ---- */

/* RFC 7628 3.2.2: a refusal comes as a message, and is answered before the server says no. */
static struct imap_client_outcome finish_token(struct task *t, struct attempt *attempt, bool is_bearer) {
    for (unsigned round = 0; round < MESSAGE_ROUNDS_MAX; round++) {
        struct imap_answer answer;
        struct imap_client_outcome outcome = imap_client_hear(t, &attempt->talk, &answer);
        if (outcome.result != IMAP_CLIENT_OK) return outcome;
        if (answer.kind == IMAP_ANSWER_TAGGED) return imap_client_end_of(&attempt->talk, &answer);
        if (answer.kind != IMAP_ANSWER_CONTINUE) continue;
        if (is_bearer) buffer_append_byte(&attempt->text, 1);
        outcome = send_message(t, attempt);
        if (outcome.result != IMAP_CLIENT_OK) return outcome;
    }
    return login_outcome(IMAP_CLIENT_MALFORMED);
}

static struct imap_client_outcome log_in_token(struct task *t, struct attempt *attempt, bool is_bearer) {
    const struct imap_client_login *login = attempt->login;
    struct imap_client *client = attempt->talk.client;
    if (!sasl_oauth_is_fit(login->user, login->secret)) return login_outcome(IMAP_CLIENT_NO_MECHANISM);
    if (is_bearer)
        sasl_oauthbearer_write(&attempt->text, login->user, slice_from_text(client->options.tls_name),
                               client->stream->peer.port, login->secret);
    else
        sasl_xoauth2_write(&attempt->text, login->user, login->secret);
    struct imap_client_outcome outcome = authenticate(t, attempt, is_bearer ? "OAUTHBEARER" : "XOAUTH2");
    return outcome.result == IMAP_CLIENT_OK ? finish_token(t, attempt, is_bearer) : outcome;
}

/* ---- the best way ---- */

static struct imap_client_outcome run_best(struct task *t, struct attempt *attempt) {
    unsigned can = attempt->talk.client->capabilities;
    if (attempt->login->is_oauth) {
        if (can & IMAP_CAN_XOAUTH2) return log_in_token(t, attempt, false);
        if (can & IMAP_CAN_OAUTHBEARER) return log_in_token(t, attempt, true);
        return login_outcome(IMAP_CLIENT_NO_MECHANISM);
    }
    if (can & IMAP_CAN_SCRAM_SHA_256) return log_in_scram(t, attempt);
    if (can & IMAP_CAN_PLAIN) return log_in_plain(t, attempt);
    if (can & IMAP_CAN_LOGIN) return log_in_questions(t, attempt);
    if (can & IMAP_CAN_LOGINDISABLED) return login_outcome(IMAP_CLIENT_NO_MECHANISM);
    return log_in_command(t, attempt);
}

/* RFC 5161, RFC 7162 3.2.3: without it, folders are as good, only changes take more to be found. */
static void enable(struct task *t, struct imap_client *client, struct arena *arena) {
    unsigned needed = IMAP_CAN_ENABLE | IMAP_CAN_QRESYNC;
    if ((client->capabilities & needed) != needed) return;
    struct imap_client_talk talk = imap_client_talk_of(client, arena, IMAP_STAGE_ENABLE);
    buffer_append_text(&client->out, "ENABLE QRESYNC");
    client->is_enabled = imap_client_ask(t, &talk).result == IMAP_CLIENT_OK;
}

struct imap_client_outcome imap_client_log_in(struct task *t, struct imap_client *client, struct arena *arena,
                                              const struct imap_client_login *login) {
    if (client->is_logged_in) return IMAP_CLIENT_DONE;
    bool is_safe = client->stream->security.is_tls || client->options.logs_in_without_tls;
    if (!is_safe) return login_outcome(IMAP_CLIENT_NO_MECHANISM);
    struct attempt attempt = {.talk = imap_client_talk_of(client, arena, IMAP_STAGE_LOGIN),
                              .login = login,
                              .text = buffer_new(WORK_BYTES)};
    unsigned before = client->capabilities;
    struct imap_client_outcome outcome = run_best(t, &attempt);
    if (attempt.text.ptr) explicit_bzero(attempt.text.ptr, attempt.text.capacity);
    buffer_free(&attempt.text);
    if (outcome.result != IMAP_CLIENT_OK) return outcome;
    client->is_logged_in = true;
    /* What it offers may be more now; who did not say is asked. */
    if (outcome.code != IMAP_CODE_CAPABILITY && client->capabilities == before) {
        struct imap_client_outcome asked = imap_client_ask_capabilities(t, client, arena);
        if (asked.result != IMAP_CLIENT_OK) return asked;
    }
    enable(t, client, arena);
    return client->is_broken ? login_outcome(IMAP_CLIENT_LOST) : outcome;
}
