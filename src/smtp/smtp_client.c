#include <stdlib.h>

#include "base/limits.h"
#include "smtp/smtp_client_talk.h"

/* RFC 5321 4.5.3.2, with less patience where a living server needs none. */
struct smtp_client_times smtp_client_times_default(void) {
    return (struct smtp_client_times){.greeting_ms = 5 * 60 * 1000,
                                      .command_ms = 5 * 60 * 1000,
                                      .tls_ms = 60 * 1000,
                                      .data_ms = 2 * 60 * 1000,
                                      .block_ms = 3 * 60 * 1000,
                                      .end_of_data_ms = 10 * 60 * 1000};
}

const char *smtp_client_stage_name(enum smtp_client_stage stage) {
    static const char *const names[SMTP_STAGES] = {
        [SMTP_STAGE_GREETING] = "greeting", [SMTP_STAGE_EHLO] = "EHLO",
        [SMTP_STAGE_STARTTLS] = "STARTTLS", [SMTP_STAGE_TLS] = "TLS handshake",
        [SMTP_STAGE_AUTH] = "AUTH",         [SMTP_STAGE_MAIL] = "MAIL FROM",
        [SMTP_STAGE_RCPT] = "RCPT TO",      [SMTP_STAGE_DATA] = "DATA",
        [SMTP_STAGE_CONTENT] = "content",   [SMTP_STAGE_END_OF_DATA] = "end of data",
        [SMTP_STAGE_RSET] = "RSET",         [SMTP_STAGE_QUIT] = "QUIT",
    };
    return names[stage];
}

struct smtp_client *smtp_client_new(struct env *env, struct stream **stream,
                                    const struct smtp_client_options *options) {
    struct smtp_client *client = calloc(1, sizeof *client);
    if (!client) FATAL("out of memory for an SMTP client");
    client->env = env;
    client->stream = *stream;
    *stream = NULL;
    client->options = *options;
    client->parser = smtp_reply_parser_new();
    client->in = buffer_new(SMTP_READ_BYTES);
    client->out = buffer_new(SMTP_CLIENT_OUT_BYTES_MAX);
    return client;
}

bool smtp_client_is_usable(const struct smtp_client *client) { return client->stream && !client->is_broken; }
const struct smtp_offer *smtp_client_offer(const struct smtp_client *client) { return &client->offer; }

const struct stream_security *smtp_client_security(const struct smtp_client *client) {
    static const struct stream_security none = {0};
    return client->stream ? &client->stream->security : &none;
}

/* ---- outcomes ---- */

struct smtp_client_outcome smtp_client_outcome_of(enum smtp_client_result result,
                                                  enum smtp_client_stage stage) {
    return (struct smtp_client_outcome){.result = result, .stage = stage};
}

struct smtp_client_outcome smtp_client_outcome_of_error(struct smtp_client *client,
                                                        enum smtp_client_stage stage, int error) {
    enum smtp_client_result result = error == -ETIMEDOUT   ? SMTP_CLIENT_TIMED_OUT
                                     : error == -ECANCELED ? SMTP_CLIENT_CANCELLED
                                                           : SMTP_CLIENT_LOST;
    client->is_broken = true;
    return (struct smtp_client_outcome){.result = result, .stage = stage, .error = error};
}

/* RFC 5321 4.2.1: anything but yes, not now and no is an answer to something else. */
struct smtp_client_outcome smtp_client_expect(struct smtp_client *client, struct smtp_client_outcome heard,
                                              unsigned class) {
    unsigned found = heard.answer.code / 100;
    if (heard.result != SMTP_CLIENT_OK || found == class) return heard;
    heard.result = found == 4 || found == 5 ? SMTP_CLIENT_REFUSED : SMTP_CLIENT_MALFORMED;
    if (heard.result == SMTP_CLIENT_MALFORMED) client->is_broken = true;
    return heard;
}

/* ---- lines out ---- */

struct smtp_client_outcome smtp_client_flush(struct task *t, struct smtp_client *client,
                                             enum smtp_client_stage stage, int64_t ms) {
    ASSERT(!buffer_overflowed(&client->out));
    /* An answer to nothing would be taken for the answer to this, and so on for all that follow. In
       mid-content it may be why the server will not take the rest. */
    if (client->in.len && stage != SMTP_STAGE_CONTENT) {
        client->is_broken = true;
        return smtp_client_outcome_of(SMTP_CLIENT_MALFORMED, stage);
    }
    int64_t until_ms = env_now_ms(client->env) + ms;
    int written = stream_write(t, client->stream, buffer_slice(&client->out), until_ms);
    buffer_clear(&client->out);
    return written ? smtp_client_outcome_of_error(client, stage, written)
                   : smtp_client_outcome_of(SMTP_CLIENT_OK, stage);
}

/* ---- answers in ---- */

/* Reads more. Above 0, or what the stream says. */
static ssize_t fill(struct task *t, struct smtp_client *client, int64_t until_ms) {
    uint8_t *room = buffer_reserve(&client->in, SMTP_READ_BYTES);
    ssize_t got = stream_read(t, client->stream, room, SMTP_READ_BYTES, until_ms);
    if (got > 0) buffer_grew(&client->in, (size_t)got);
    return got;
}

static struct smtp_client_outcome answer_of(struct smtp_client *client, struct arena *arena,
                                            enum smtp_client_stage stage) {
    const struct smtp_reply_parser *parser = &client->parser;
    struct smtp_client_outcome heard = smtp_client_outcome_of(SMTP_CLIENT_OK, stage);
    heard.answer.code = parser->code;
    heard.answer.enhanced = parser->enhanced;
    struct slice text = slice_sub(buffer_slice(&parser->text), 0, SMTP_ANSWER_TEXT_BYTES_MAX);
    /* EHLO's answer is read to its end; of others nobody needs more, and a thousand of them must fit. */
    if (stage == SMTP_STAGE_EHLO) text = buffer_slice(&parser->text);
    if (!arena_try_copy(arena, text, &heard.answer.text)) heard.answer.text = SLICE_EMPTY;
    /* RFC 5321 3.8: it is about to close. */
    if (parser->code == 421) client->is_broken = true;
    if (client->options.heard) client->options.heard(client->options.context, stage, &heard.answer);
    return heard;
}

struct smtp_client_outcome smtp_client_hear(struct task *t, struct smtp_client *client, struct arena *arena,
                                            enum smtp_client_stage stage, int64_t ms) {
    int64_t until_ms = env_now_ms(client->env) + ms;
    smtp_reply_parser_reset(&client->parser);
    for (;;) {
        size_t used = 0;
        enum smtp_reply_parse_status status =
            smtp_reply_parse(&client->parser, buffer_slice(&client->in), &used);
        buffer_consume(&client->in, used);
        if (status == SMTP_REPLY_PARSE_COMPLETE) return answer_of(client, arena, stage);
        if (status != SMTP_REPLY_PARSE_MORE) {
            client->is_broken = true;
            return smtp_client_outcome_of(SMTP_CLIENT_MALFORMED, stage);
        }
        ssize_t got = fill(t, client, until_ms);
        if (got <= 0) return smtp_client_outcome_of_error(client, stage, (int)got);
    }
}

struct smtp_client_outcome smtp_client_ask(struct task *t, struct smtp_client *client, struct arena *arena,
                                           enum smtp_client_stage stage, unsigned class) {
    buffer_append_text(&client->out, "\r\n");
    struct smtp_client_outcome said = smtp_client_flush(t, client, stage, client->options.times.command_ms);
    if (said.result != SMTP_CLIENT_OK) return said;
    return smtp_client_expect(
        client, smtp_client_hear(t, client, arena, stage, client->options.times.command_ms), class);
}

/* ---- the beginning ---- */

static struct smtp_client_outcome say_hello(struct task *t, struct smtp_client *client, struct arena *arena,
                                            const char *verb) {
    buffer_printf(&client->out, "%s %.*s", verb, SLICE_PRINT(client->options.hello));
    return smtp_client_ask(t, client, arena, SMTP_STAGE_EHLO, 2);
}

/* RFC 5321 3.2: HELO for those who know no EHLO. They know no TLS either. */
static struct smtp_client_outcome hello(struct task *t, struct smtp_client *client, struct arena *arena) {
    client->offer = (struct smtp_offer){0};
    struct smtp_client_outcome heard = say_hello(t, client, arena, "EHLO");
    if (heard.result == SMTP_CLIENT_OK) client->offer = smtp_offer_parse(heard.answer.text);
    bool is_unknown = heard.result == SMTP_CLIENT_REFUSED && heard.answer.code / 100 == 5;
    return is_unknown && !client->is_broken ? say_hello(t, client, arena, "HELO") : heard;
}

static struct smtp_client_outcome shake_hands(struct task *t, struct smtp_client *client) {
    int64_t until_ms = env_now_ms(client->env) + client->options.times.tls_ms;
    struct tls_peer peer = {.name = client->options.tls_name,
                            .dane = client->options.tls_dane,
                            .is_advisory = client->options.is_tls_advisory};
    int result = tls_connect_to(t, &client->stream, client->options.tls_context, &peer, until_ms);
    if (result == 0) return smtp_client_outcome_of(SMTP_CLIENT_OK, SMTP_STAGE_TLS);
    struct smtp_client_outcome outcome = smtp_client_outcome_of_error(client, SMTP_STAGE_TLS, result);
    if (outcome.result == SMTP_CLIENT_LOST) outcome.result = SMTP_CLIENT_TLS_FAILED;
    outcome.tls_fault = peer.fault;
    outcome.tls_fault_kind = peer.fault_kind;
    return outcome;
}

/* RFC 3207 4.2: nothing that came before TLS counts after it. */
static struct smtp_client_outcome start_tls(struct task *t, struct smtp_client *client, struct arena *arena) {
    buffer_append_text(&client->out, "STARTTLS");
    struct smtp_client_outcome heard = smtp_client_ask(t, client, arena, SMTP_STAGE_STARTTLS, 2);
    if (heard.result != SMTP_CLIENT_OK) return heard;
    if (client->in.len) {
        client->is_broken = true;
        return smtp_client_outcome_of(SMTP_CLIENT_INJECTED, SMTP_STAGE_STARTTLS);
    }
    struct smtp_client_outcome shaken = shake_hands(t, client);
    return shaken.result == SMTP_CLIENT_OK ? hello(t, client, arena) : shaken;
}

/* A server that says no to STARTTLS is as one without: RFC 3207 5 leaves it to the client's policy. */
static struct smtp_client_outcome secure(struct task *t, struct smtp_client *client, struct arena *arena,
                                         struct smtp_client_outcome greeted) {
    enum smtp_client_tls tls = client->options.tls;
    if (tls != SMTP_CLIENT_TLS_OFFERED && tls != SMTP_CLIENT_TLS_REQUIRED) return greeted;
    struct smtp_client_outcome outcome = smtp_client_outcome_of(SMTP_CLIENT_TLS_MISSING, SMTP_STAGE_STARTTLS);
    if (smtp_offer_has(&client->offer, SMTP_EXTENSION_STARTTLS)) outcome = start_tls(t, client, arena);
    bool is_refused = outcome.result == SMTP_CLIENT_REFUSED && outcome.stage == SMTP_STAGE_STARTTLS;
    if (tls == SMTP_CLIENT_TLS_REQUIRED && is_refused) outcome.result = SMTP_CLIENT_TLS_MISSING;
    bool does_without =
        tls == SMTP_CLIENT_TLS_OFFERED && (is_refused || outcome.result == SMTP_CLIENT_TLS_MISSING);
    return does_without && !client->is_broken ? greeted : outcome;
}

struct smtp_client_outcome smtp_client_begin(struct task *t, struct smtp_client *client,
                                             struct arena *arena) {
    struct smtp_client_outcome outcome = SMTP_CLIENT_DONE;
    if (client->options.tls == SMTP_CLIENT_TLS_IMPLICIT) outcome = shake_hands(t, client);
    if (outcome.result == SMTP_CLIENT_OK)
        outcome = smtp_client_expect(
            client,
            smtp_client_hear(t, client, arena, SMTP_STAGE_GREETING, client->options.times.greeting_ms), 2);
    if (outcome.result == SMTP_CLIENT_OK) outcome = hello(t, client, arena);
    if (outcome.result == SMTP_CLIENT_OK) outcome = secure(t, client, arena, outcome);
    return outcome;
}

/* ---- the end ---- */

/* RFC 5321 4.1.1.10. Whatever it answers. */
static void say_goodbye(struct task *t, struct smtp_client *client) {
    struct arena *arena = arena_new(SMTP_REPLY_BYTES_MAX);
    client->options.times.command_ms = SMTP_CLIENT_QUIT_MS;
    buffer_clear(&client->out);
    buffer_append_text(&client->out, "QUIT");
    (void)smtp_client_ask(t, client, arena, SMTP_STAGE_QUIT, 2);
    arena_free(&arena);
}

void smtp_client_free(struct task *t, struct smtp_client **client) {
    struct smtp_client *freed = *client;
    *client = NULL;
    if (!freed) return;
    if (smtp_client_is_usable(freed)) say_goodbye(t, freed);
    stream_close(&freed->stream);
    smtp_reply_parser_free(&freed->parser);
    buffer_free(&freed->in);
    if (freed->out.ptr) explicit_bzero(freed->out.ptr, freed->out.capacity);
    buffer_free(&freed->out);
    free(freed);
}
