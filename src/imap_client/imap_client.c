#include "imap_client/imap_client.h"

#include <stdio.h>
#include <stdlib.h>

#include "imap_client/imap_client_talk.h"
#include "wire/wire_text.h"

enum { SCRATCH_BYTES = 4 << 20, READ_BYTES = 16 * 1024 };

const char *imap_client_stage_name(enum imap_client_stage stage) {
    static const char *const names[IMAP_STAGES] = {
        [IMAP_STAGE_GREETING] = "greeting", [IMAP_STAGE_CAPABILITY] = "CAPABILITY",
        [IMAP_STAGE_STARTTLS] = "STARTTLS", [IMAP_STAGE_TLS] = "TLS handshake",
        [IMAP_STAGE_LOGIN] = "login",       [IMAP_STAGE_ENABLE] = "ENABLE",
        [IMAP_STAGE_LIST] = "LIST",         [IMAP_STAGE_SELECT] = "SELECT",
        [IMAP_STAGE_STATUS] = "STATUS",     [IMAP_STAGE_FETCH] = "FETCH",
        [IMAP_STAGE_SEARCH] = "SEARCH",     [IMAP_STAGE_APPEND] = "APPEND",
        [IMAP_STAGE_IDLE] = "IDLE",         [IMAP_STAGE_NOOP] = "NOOP",
        [IMAP_STAGE_EXPUNGE] = "EXPUNGE",   [IMAP_STAGE_LOGOUT] = "LOGOUT",
    };
    return names[stage];
}

struct imap_client *imap_client_new(struct env *env, struct stream **stream,
                                    const struct imap_client_options *options) {
    struct imap_client *client = calloc(1, sizeof *client);
    if (!client) FATAL("out of memory for an IMAP client");
    client->env = env;
    client->stream = *stream;
    *stream = NULL;
    client->options = *options;
    if (client->options.command_ms == 0) client->options.command_ms = IMAP_CLIENT_COMMAND_MS;
    client->in = buffer_new(IMAP_CLIENT_ANSWER_BYTES_MAX + 2 * READ_BYTES);
    client->out = buffer_new(IMAP_CLIENT_OUT_BYTES_MAX);
    client->goodbye = buffer_new(IMAP_CLIENT_TEXT_BYTES_MAX);
    client->scratch = arena_new(SCRATCH_BYTES);
    return client;
}

bool imap_client_is_usable(const struct imap_client *client) { return client->stream && !client->is_broken; }
unsigned imap_client_capabilities(const struct imap_client *client) { return client->capabilities; }

const struct stream_security *imap_client_security(const struct imap_client *client) {
    static const struct stream_security none = {0};
    return client->stream ? &client->stream->security : &none;
}

/* ---- outcomes ---- */

struct imap_client_outcome imap_client_outcome_of(enum imap_client_result result,
                                                  enum imap_client_stage stage) {
    return (struct imap_client_outcome){.result = result, .stage = stage};
}

static struct slice clean_copy(struct arena *arena, struct slice text) {
    struct slice copy = SLICE_EMPTY;
    struct buffer clean = buffer_new(4 * IMAP_CLIENT_TEXT_BYTES_MAX);
    wire_text_clean(&clean, slice_sub(text, 0, IMAP_CLIENT_TEXT_BYTES_MAX), false);
    if (!arena_try_copy(arena, buffer_slice(&clean), &copy)) copy = SLICE_EMPTY;
    buffer_free(&clean);
    return copy;
}

struct imap_client_outcome imap_client_outcome_of_error(struct imap_client *client, struct arena *arena,
                                                        enum imap_client_stage stage, int error) {
    enum imap_client_result result = error == -ETIMEDOUT   ? IMAP_CLIENT_TIMED_OUT
                                     : error == -ECANCELED ? IMAP_CLIENT_CANCELLED
                                                           : IMAP_CLIENT_LOST;
    client->is_broken = true;
    struct imap_client_outcome outcome = {.result = result, .stage = stage, .error = error};
    if (client->goodbye.len) outcome.text = clean_copy(arena, buffer_slice(&client->goodbye));
    return outcome;
}

static struct imap_client_outcome malformed(const struct imap_client_talk *talk) {
    talk->client->is_broken = true;
    return imap_client_outcome_of(IMAP_CLIENT_MALFORMED, talk->stage);
}

/* ---- answers in ---- */

static void compact(struct imap_client *client) {
    buffer_consume(&client->in, client->taken);
    client->taken = 0;
}

ssize_t imap_client_fill_now(struct imap_client *client) {
    compact(client);
    uint8_t *room = buffer_reserve(&client->in, READ_BYTES);
    if (!room) return -EMSGSIZE;
    ssize_t got = client->stream->ops->read(client->stream, room, READ_BYTES);
    if (got > 0) buffer_grew(&client->in, (size_t)got);
    return got == 0 ? -ECONNRESET : got;
}

static ssize_t fill(struct task *t, struct imap_client *client, int64_t until_ms) {
    compact(client);
    uint8_t *room = buffer_reserve(&client->in, READ_BYTES);
    if (!room) return -EMSGSIZE;
    ssize_t got = stream_read(t, client->stream, room, READ_BYTES, until_ms);
    if (got > 0) buffer_grew(&client->in, (size_t)got);
    return got == 0 ? -ECONNRESET : got;
}

/* What holds however it is said: it is about to hang up; what it offers. */
static void note(struct imap_client *client, const struct imap_answer *answer) {
    bool is_status = answer->kind == IMAP_ANSWER_STATUS_LINE || answer->kind == IMAP_ANSWER_TAGGED;
    if (answer->kind == IMAP_ANSWER_CAPABILITY || (is_status && answer->code == IMAP_CODE_CAPABILITY))
        client->capabilities = answer->capabilities;
    if (answer->kind != IMAP_ANSWER_STATUS_LINE || answer->status != IMAP_STATUS_BYE) return;
    client->is_broken = true;
    buffer_clear(&client->goodbye);
    buffer_append(&client->goodbye, slice_sub(answer->text, 0, IMAP_CLIENT_TEXT_BYTES_MAX));
}

bool imap_client_take(struct imap_client *client, struct imap_answer *answer, bool *is_bad) {
    size_t len = 0;
    struct slice input = slice_skip(buffer_slice(&client->in), client->taken);
    enum imap_answer_frame_state state =
        imap_answer_frame(&client->frame, input, IMAP_CLIENT_ANSWER_BYTES_MAX, &len);
    *is_bad = state == IMAP_ANSWER_FRAME_TOO_LONG;
    if (state != IMAP_ANSWER_FRAME_WHOLE) return false;
    client->frame = (struct imap_answer_frame){0};
    client->taken += len;
    arena_reset(client->scratch);
    *is_bad = !imap_answer_parse(slice_sub(input, 0, len), client->scratch, answer);
    if (!*is_bad) note(client, answer);
    return !*is_bad;
}

struct imap_client_outcome imap_client_hear(struct task *t, struct imap_client_talk *talk,
                                            struct imap_answer *answer) {
    struct imap_client *client = talk->client;
    int64_t until_ms = env_now_ms(client->env) + client->options.command_ms;
    if (until_ms > talk->until_ms) until_ms = talk->until_ms;
    for (;;) {
        bool is_bad = false;
        if (imap_client_take(client, answer, &is_bad)) return IMAP_CLIENT_DONE;
        if (is_bad) return malformed(talk);
        ssize_t got = fill(t, client, until_ms);
        if (got < 0) return imap_client_outcome_of_error(client, talk->arena, talk->stage, (int)got);
    }
}

struct imap_client_outcome imap_client_end_of(struct imap_client_talk *talk,
                                              const struct imap_answer *answer) {
    struct imap_client_outcome outcome = {.result = answer->status == IMAP_STATUS_OK ? IMAP_CLIENT_OK
                                                                                     : IMAP_CLIENT_REFUSED,
                                          .stage = talk->stage,
                                          .code = answer->code,
                                          .text = clean_copy(talk->arena, answer->text)};
    /* An answer to what was never asked. */
    if (!slice_equal(answer->tag, slice_from_text(talk->client->tag))) return malformed(talk);
    return outcome;
}

/* RFC 9051 7.1.5: it hangs up; behind this comes at most the end of LOGOUT. */
static bool is_goodbye(const struct imap_client_talk *talk, const struct imap_answer *answer) {
    return answer->kind == IMAP_ANSWER_STATUS_LINE && answer->status == IMAP_STATUS_BYE &&
           talk->stage != IMAP_STAGE_LOGOUT;
}

struct imap_client_outcome imap_client_finish(struct task *t, struct imap_client_talk *talk) {
    for (;;) {
        struct imap_answer answer;
        struct imap_client_outcome outcome = imap_client_hear(t, talk, &answer);
        if (outcome.result != IMAP_CLIENT_OK) return outcome;
        if (answer.kind == IMAP_ANSWER_TAGGED) return imap_client_end_of(talk, &answer);
        if (answer.kind == IMAP_ANSWER_CONTINUE) return malformed(talk);
        if (is_goodbye(talk, &answer))
            return imap_client_outcome_of_error(talk->client, talk->arena, talk->stage, 0);
        if (talk->heard) talk->heard(t, talk->context, &answer);
    }
}

struct imap_client_outcome imap_client_await_more(struct task *t, struct imap_client_talk *talk,
                                                  struct slice *text) {
    for (;;) {
        struct imap_answer answer;
        struct imap_client_outcome outcome = imap_client_hear(t, talk, &answer);
        if (outcome.result != IMAP_CLIENT_OK) return outcome;
        *text = answer.text;
        if (answer.kind == IMAP_ANSWER_CONTINUE) return IMAP_CLIENT_DONE;
        if (answer.kind == IMAP_ANSWER_TAGGED) {
            outcome = imap_client_end_of(talk, &answer);
            return outcome.result == IMAP_CLIENT_OK ? malformed(talk) : outcome;
        }
        if (is_goodbye(talk, &answer))
            return imap_client_outcome_of_error(talk->client, talk->arena, talk->stage, 0);
        if (talk->heard) talk->heard(t, talk->context, &answer);
    }
}

/* ---- commands out ---- */

/* Times one answer: many of them may come. */
enum { ANSWERS_TIMES = 10 };

struct imap_client_talk imap_client_talk_of(struct imap_client *client, struct arena *arena,
                                            enum imap_client_stage stage) {
    int len = snprintf(client->tag, sizeof client->tag, "p%u", ++client->commands);
    buffer_clear(&client->out);
    buffer_append(&client->out, slice_of(client->tag, (size_t)len));
    buffer_append_byte(&client->out, ' ');
    return (struct imap_client_talk){.client = client,
                                     .arena = arena,
                                     .stage = stage,
                                     .until_ms = env_now_ms(client->env) +
                                                 ANSWERS_TIMES * client->options.command_ms};
}

struct imap_client_outcome imap_client_say(struct task *t, struct imap_client_talk *talk) {
    struct imap_client *client = talk->client;
    buffer_append_text(&client->out, "\r\n");
    ASSERT(!buffer_overflowed(&client->out));
    int64_t until_ms = env_now_ms(client->env) + client->options.command_ms;
    int written = stream_write(t, client->stream, buffer_slice(&client->out), until_ms);
    if (client->out.ptr) explicit_bzero(client->out.ptr, client->out.len);
    buffer_clear(&client->out);
    return written ? imap_client_outcome_of_error(client, talk->arena, talk->stage, written)
                   : IMAP_CLIENT_DONE;
}

struct imap_client_outcome imap_client_ask(struct task *t, struct imap_client_talk *talk) {
    struct imap_client_outcome said = imap_client_say(t, talk);
    return said.result == IMAP_CLIENT_OK ? imap_client_finish(t, talk) : said;
}

/* RFC 9051 4.3: TEXT-CHAR, with these two behind a backslash. */
static bool can_be_quoted(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7e) return false;
    return text.len < IMAP_CLIENT_OUT_BYTES_MAX / 8;
}

static void put_quoted(struct buffer *out, struct slice text) {
    buffer_append_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\') buffer_append_byte(out, '\\');
        buffer_append_byte(out, text.ptr[i]);
    }
    buffer_append_byte(out, '"');
}

struct imap_client_outcome imap_client_put_string(struct task *t, struct imap_client_talk *talk,
                                                  struct slice text) {
    struct buffer *out = &talk->client->out;
    struct slice words;
    if (can_be_quoted(text)) {
        put_quoted(out, text);
        return IMAP_CLIENT_DONE;
    }
    buffer_printf(out, "{%zu}", text.len);
    struct imap_client_outcome said = imap_client_say(t, talk);
    if (said.result == IMAP_CLIENT_OK) said = imap_client_await_more(t, talk, &words);
    if (said.result == IMAP_CLIENT_OK) buffer_append(out, text);
    return said;
}

/* ---- the beginning ---- */

struct imap_client_outcome imap_client_ask_capabilities(struct task *t, struct imap_client *client,
                                                        struct arena *arena) {
    struct imap_client_talk talk = imap_client_talk_of(client, arena, IMAP_STAGE_CAPABILITY);
    client->capabilities = 0;
    buffer_append_text(&client->out, "CAPABILITY");
    return imap_client_ask(t, &talk);
}

static struct imap_client_outcome hear_greeting(struct task *t, struct imap_client *client,
                                                struct arena *arena) {
    struct imap_answer answer;
    struct imap_client_talk talk = {.client = client,
                                    .arena = arena,
                                    .stage = IMAP_STAGE_GREETING,
                                    .until_ms = env_now_ms(client->env) + IMAP_CLIENT_GREETING_MS};
    struct imap_client_outcome outcome = imap_client_hear(t, &talk, &answer);
    if (outcome.result != IMAP_CLIENT_OK) return outcome;
    if (answer.kind != IMAP_ANSWER_STATUS_LINE) return malformed(&talk);
    outcome = (struct imap_client_outcome){.result = IMAP_CLIENT_OK,
                                           .stage = IMAP_STAGE_GREETING,
                                           .code = answer.code,
                                           .text = clean_copy(arena, answer.text)};
    client->is_logged_in = answer.status == IMAP_STATUS_PREAUTH;
    if (answer.status == IMAP_STATUS_BYE) outcome.result = IMAP_CLIENT_REFUSED;
    bool is_greeting = answer.status == IMAP_STATUS_OK || client->is_logged_in;
    return is_greeting || outcome.result == IMAP_CLIENT_REFUSED ? outcome : malformed(&talk);
}

static struct imap_client_outcome shake_hands(struct task *t, struct imap_client *client,
                                              struct arena *arena) {
    int64_t until_ms = env_now_ms(client->env) + IMAP_CLIENT_TLS_MS;
    struct tls_peer peer = {.name = client->options.tls_name};
    int result = tls_connect_to(t, &client->stream, client->options.tls_context, &peer, until_ms);
    if (result == 0) return IMAP_CLIENT_DONE;
    struct imap_client_outcome outcome = imap_client_outcome_of_error(client, arena, IMAP_STAGE_TLS, result);
    if (outcome.result == IMAP_CLIENT_LOST) outcome.result = IMAP_CLIENT_TLS_FAILED;
    outcome.tls_fault = peer.fault;
    outcome.tls_fault_kind = peer.fault_kind;
    return outcome;
}

static struct imap_client_outcome no_tls(struct imap_client *client, struct imap_client_outcome outcome) {
    client->is_broken = true;
    outcome.result = IMAP_CLIENT_TLS_MISSING;
    outcome.stage = IMAP_STAGE_STARTTLS;
    return outcome;
}

/* RFC 9051 6.2.1, 11.1: nothing that came before TLS counts after it, and a server that takes us for somebody
   who has logged in keeps us from asking for it. */
static struct imap_client_outcome start_tls(struct task *t, struct imap_client *client, struct arena *arena) {
    if (client->is_logged_in) return no_tls(client, IMAP_CLIENT_DONE);
    struct imap_client_outcome outcome = IMAP_CLIENT_DONE;
    if (client->capabilities == 0) outcome = imap_client_ask_capabilities(t, client, arena);
    if (outcome.result != IMAP_CLIENT_OK) return outcome;
    if (!(client->capabilities & IMAP_CAN_STARTTLS)) return no_tls(client, IMAP_CLIENT_DONE);
    struct imap_client_talk talk = imap_client_talk_of(client, arena, IMAP_STAGE_STARTTLS);
    buffer_append_text(&client->out, "STARTTLS");
    outcome = imap_client_ask(t, &talk);
    if (outcome.result == IMAP_CLIENT_REFUSED) return no_tls(client, outcome);
    if (outcome.result != IMAP_CLIENT_OK) return outcome;
    if (client->in.len > client->taken) {
        client->is_broken = true;
        return imap_client_outcome_of(IMAP_CLIENT_INJECTED, IMAP_STAGE_STARTTLS);
    }
    client->capabilities = 0;
    return shake_hands(t, client, arena);
}

struct imap_client_outcome imap_client_begin(struct task *t, struct imap_client *client,
                                             struct arena *arena) {
    struct imap_client_outcome outcome = IMAP_CLIENT_DONE;
    if (client->options.tls == IMAP_CLIENT_TLS_IMPLICIT) outcome = shake_hands(t, client, arena);
    if (outcome.result == IMAP_CLIENT_OK) outcome = hear_greeting(t, client, arena);
    if (outcome.result != IMAP_CLIENT_OK) return outcome;
    if (client->options.tls == IMAP_CLIENT_TLS_REQUIRED) outcome = start_tls(t, client, arena);
    if (outcome.result == IMAP_CLIENT_OK && client->capabilities == 0)
        outcome = imap_client_ask_capabilities(t, client, arena);
    return outcome;
}

/* ---- the end ---- */

static void say_goodbye(struct task *t, struct imap_client *client) {
    struct arena *arena = arena_new(SCRATCH_BYTES);
    client->options.command_ms = IMAP_CLIENT_LOGOUT_MS;
    struct imap_client_talk talk = imap_client_talk_of(client, arena, IMAP_STAGE_LOGOUT);
    talk.until_ms = env_now_ms(client->env) + IMAP_CLIENT_LOGOUT_MS;
    buffer_append_text(&client->out, "LOGOUT");
    (void)imap_client_ask(t, &talk);
    arena_free(&arena);
}

void imap_client_free(struct task *t, struct imap_client **client) {
    struct imap_client *freed = *client;
    *client = NULL;
    if (!freed) return;
    if (imap_client_is_usable(freed)) say_goodbye(t, freed);
    stream_close(&freed->stream);
    if (freed->out.ptr) explicit_bzero(freed->out.ptr, freed->out.capacity);
    buffer_free(&freed->in);
    buffer_free(&freed->out);
    buffer_free(&freed->goodbye);
    arena_free(&freed->scratch);
    free(freed);
}
