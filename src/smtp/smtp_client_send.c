/*
 * One message in one transaction (RFC 5321 3.3). With PIPELINING (RFC 2920) MAIL, the recipients and DATA
 * go out together, as many at once as the server's answers surely fit on their way back; with CHUNKING
 * (RFC 3030) the content goes as it is, in one chunk.
 */
#include "base/limits.h"
#include "smtp/smtp_client_talk.h"
#include "wire/smtp_data.h"

/* A transaction under way. */
struct sending {
    struct smtp_client *client;
    struct arena *arena;
    const struct smtp_client_message *message;
    struct smtp_client_outcome mail;
    bool is_mail_heard;
    /* Of the recipients: how many were said, answered, accepted. */
    size_t said;
    size_t heard;
    size_t accepted;
    /* DATA was said ahead of the recipients' answers. */
    bool is_data_said;
    /* There is no content. */
    bool is_question;
};

static bool has(const struct sending *sending, enum smtp_extension extension) {
    return smtp_offer_has(&sending->client->offer, extension);
}

static struct smtp_client_outcome lacks(enum smtp_extension extension) {
    struct smtp_client_outcome outcome = smtp_client_outcome_of(SMTP_CLIENT_LACKS, SMTP_STAGE_MAIL);
    outcome.needs = extension;
    return outcome;
}

static bool can_require_tls(const struct sending *sending) {
    return sending->client->stream->security.is_tls && has(sending, SMTP_EXTENSION_REQUIRETLS);
}

/* RFC 8689 5: what comes back to a sender goes without it rather than not at all. */
static bool must_require_tls(const struct smtp_client_message *message) {
    return message->requires_tls && message->mail_from.len;
}

/* What the message needs and the server does not offer (RFC 6152 3, RFC 6531 3.2, RFC 8689 2, RFC 1870 6.1).
 */
static struct smtp_client_outcome check_needs(const struct sending *sending) {
    const struct smtp_client_message *message = sending->message;
    const struct smtp_offer *offer = &sending->client->offer;
    if (must_require_tls(message) && !can_require_tls(sending)) return lacks(SMTP_EXTENSION_REQUIRETLS);
    if (message->is_utf8 && !has(sending, SMTP_EXTENSION_SMTPUTF8)) return lacks(SMTP_EXTENSION_SMTPUTF8);
    if (message->is_8bit && !has(sending, SMTP_EXTENSION_8BITMIME)) return lacks(SMTP_EXTENSION_8BITMIME);
    if (offer->size_bytes_max && message->bytes > offer->size_bytes_max) return lacks(SMTP_EXTENSION_SIZE);
    return SMTP_CLIENT_DONE;
}

/* ---- the envelope ---- */

static void append_parameter(struct buffer *out, const char *name, struct slice value) {
    if (value.len) buffer_printf(out, " %s=%.*s", name, SLICE_PRINT(value));
}

static void write_mail(struct sending *sending) {
    const struct smtp_client_message *message = sending->message;
    struct buffer *out = &sending->client->out;
    buffer_printf(out, "MAIL FROM:<%.*s>", SLICE_PRINT(message->mail_from));
    if (has(sending, SMTP_EXTENSION_SIZE) && !sending->is_question)
        buffer_printf(out, " SIZE=%llu", (unsigned long long)message->bytes);
    if (message->is_8bit) buffer_append_text(out, " BODY=8BITMIME");
    if (message->is_utf8) buffer_append_text(out, " SMTPUTF8");
    if (message->requires_tls && can_require_tls(sending)) buffer_append_text(out, " REQUIRETLS");
    if (has(sending, SMTP_EXTENSION_DSN)) {
        if (message->dsn_return != SMTP_RETURN_UNSAID)
            append_parameter(out, "RET",
                             message->dsn_return == SMTP_RETURN_FULL ? SLICE("FULL") : SLICE("HDRS"));
        append_parameter(out, "ENVID", message->envelope_id);
    }
    buffer_append_text(out, "\r\n");
}

/* RFC 3461 4.1 */
static void append_notify(struct buffer *out, unsigned notify) {
    static const struct {
        unsigned bit;
        const char *word;
    } words[] = {{SMTP_NOTIFY_NEVER, "NEVER"},
                 {SMTP_NOTIFY_SUCCESS, "SUCCESS"},
                 {SMTP_NOTIFY_FAILURE, "FAILURE"},
                 {SMTP_NOTIFY_DELAY, "DELAY"}};
    const char *between = " NOTIFY=";
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!(notify & words[i].bit)) continue;
        buffer_append_text(out, between);
        buffer_append_text(out, words[i].word);
        between = ",";
    }
}

static void write_recipient(struct sending *sending) {
    const struct smtp_client_recipient *recipient = &sending->message->recipients[sending->said++];
    struct buffer *out = &sending->client->out;
    buffer_printf(out, "RCPT TO:<%.*s>", SLICE_PRINT(recipient->address));
    if (has(sending, SMTP_EXTENSION_DSN)) {
        append_notify(out, recipient->notify);
        append_parameter(out, "ORCPT", recipient->original);
    }
    buffer_append_text(out, "\r\n");
}

static struct smtp_client_outcome hear(struct task *t, struct sending *sending, enum smtp_client_stage stage,
                                       unsigned class) {
    const struct smtp_client_times *times = &sending->client->options.times;
    int64_t ms = stage == SMTP_STAGE_DATA ? times->data_ms : times->command_ms;
    return smtp_client_expect(sending->client,
                              smtp_client_hear(t, sending->client, sending->arena, stage, ms), class);
}

/* The answer came, whatever it was; else the connection is of no more use. */
static bool is_answer(const struct smtp_client_outcome *outcome) {
    return outcome->result == SMTP_CLIENT_OK || outcome->result == SMTP_CLIENT_REFUSED;
}

/* Hears the answers to all that was said so far. OK, or how the connection ended. */
static struct smtp_client_outcome hear_envelope(struct task *t, struct sending *sending) {
    struct smtp_client *client = sending->client;
    struct smtp_client_outcome flushed = smtp_client_flush(
        t, client, sending->said ? SMTP_STAGE_RCPT : SMTP_STAGE_MAIL, client->options.times.command_ms);
    if (flushed.result != SMTP_CLIENT_OK) return flushed;
    if (!sending->is_mail_heard) {
        sending->mail = hear(t, sending, SMTP_STAGE_MAIL, 2);
        sending->is_mail_heard = true;
        if (!is_answer(&sending->mail)) return sending->mail;
    }
    while (sending->heard < sending->said) {
        struct smtp_client_outcome outcome = hear(t, sending, SMTP_STAGE_RCPT, 2);
        if (!is_answer(&outcome)) return outcome;
        sending->message->recipients[sending->heard++].outcome = outcome;
        sending->accepted += outcome.result == SMTP_CLIENT_OK;
    }
    return SMTP_CLIENT_DONE;
}

/* What may be under way at once: one command, or so many that their answers fit into any window. */
static size_t window(const struct sending *sending) {
    return has(sending, SMTP_EXTENSION_PIPELINING) ? SMTP_CLIENT_PIPELINED_MAX : 1;
}

/* MAIL and RCPT. OK: all were answered, and MAIL well. */
static struct smtp_client_outcome send_envelope(struct task *t, struct sending *sending) {
    const struct smtp_client_message *message = sending->message;
    bool pipelines = has(sending, SMTP_EXTENSION_PIPELINING);
    sending->client->is_in_transaction = true;
    write_mail(sending);
    struct smtp_client_outcome outcome = pipelines ? SMTP_CLIENT_DONE : hear_envelope(t, sending);
    while (outcome.result == SMTP_CLIENT_OK && sending->said < message->recipient_count) {
        if (sending->is_mail_heard && sending->mail.result != SMTP_CLIENT_OK) break;
        while (sending->said < message->recipient_count && sending->said - sending->heard < window(sending))
            write_recipient(sending);
        sending->is_data_said = pipelines && sending->said == message->recipient_count &&
                                !has(sending, SMTP_EXTENSION_CHUNKING) && !sending->is_question;
        if (sending->is_data_said) buffer_append_text(&sending->client->out, "DATA\r\n");
        outcome = hear_envelope(t, sending);
    }
    if (!sending->is_mail_heard || sending->mail.result == SMTP_CLIENT_OK) return outcome;
    /* What was said to the recipients then says nothing. */
    sending->heard = 0;
    return sending->mail;
}

/* ---- the content ---- */

/* A server that says no in mid-content has often said why before it hung up. */
static struct smtp_client_outcome last_words(struct task *t, struct sending *sending,
                                             struct smtp_client_outcome broken) {
    if (broken.result != SMTP_CLIENT_LOST) return broken;
    struct smtp_client_outcome heard = smtp_client_expect(
        sending->client,
        smtp_client_hear(t, sending->client, sending->arena, SMTP_STAGE_CONTENT, SMTP_CLIENT_LAST_WORDS_MS),
        2);
    sending->client->is_broken = true;
    return heard.result == SMTP_CLIENT_REFUSED ? heard : broken;
}

static struct smtp_client_outcome flush_content(struct task *t, struct sending *sending) {
    struct smtp_client *client = sending->client;
    struct smtp_client_outcome flushed =
        smtp_client_flush(t, client, SMTP_STAGE_CONTENT, client->options.times.block_ms);
    return flushed.result == SMTP_CLIENT_OK ? flushed : last_words(t, sending, flushed);
}

/* Without its end the server has no message: there is no way to take back what it has got of it. */
static struct smtp_client_outcome no_content(struct sending *sending) {
    sending->client->is_broken = true;
    return smtp_client_outcome_of(SMTP_CLIENT_NO_CONTENT, SMTP_STAGE_CONTENT);
}

/* `writer` NULL: as it is, and exactly as long as was said. */
static struct smtp_client_outcome send_content(struct task *t, struct sending *sending,
                                               struct smtp_data_writer *writer) {
    struct buffer *out = &sending->client->out;
    struct byte_sink sink = byte_sink_of_buffer(out);
    uint8_t piece[SMTP_CLIENT_PIECE_BYTES];
    uint64_t left = sending->message->bytes;
    for (;;) {
        ssize_t got = sending->message->read(t, sending->message->context, piece, sizeof piece);
        if (got < 0 || (uint64_t)got > left) return no_content(sending);
        if (got == 0) break;
        left -= (uint64_t)got;
        if (writer)
            smtp_data_write(writer, slice_of(piece, (size_t)got), sink);
        else
            buffer_append(out, slice_of(piece, (size_t)got));
        if (out->len < SMTP_CLIENT_FLUSH_BYTES) continue;
        struct smtp_client_outcome flushed = flush_content(t, sending);
        if (flushed.result != SMTP_CLIENT_OK) return flushed;
    }
    if (left) return no_content(sending);
    if (writer) smtp_data_finish(writer, sink);
    return flush_content(t, sending);
}

/* From here on the message may have been taken, whatever we hear of it. */
static struct smtp_client_outcome hear_end(struct task *t, struct sending *sending) {
    struct smtp_client *client = sending->client;
    struct smtp_client_outcome heard = smtp_client_hear(t, client, sending->arena, SMTP_STAGE_END_OF_DATA,
                                                        client->options.times.end_of_data_ms);
    if (is_answer(&heard)) client->is_in_transaction = false;
    return smtp_client_expect(client, heard, 2);
}

static struct smtp_client_outcome send_chunk(struct task *t, struct sending *sending) {
    unsigned long long bytes = sending->message->bytes;
    buffer_printf(&sending->client->out, "BDAT %llu LAST\r\n", bytes);
    struct smtp_client_outcome sent = send_content(t, sending, NULL);
    return sent.result == SMTP_CLIENT_OK ? hear_end(t, sending) : sent;
}

/* RFC 2920 3.1: where DATA went ahead and was taken although nobody is left to get the message, an empty
   one ends it; the server's answer to that is nobody's outcome. */
static void end_empty(struct task *t, struct sending *sending) {
    buffer_append_text(&sending->client->out, ".\r\n");
    if (flush_content(t, sending).result == SMTP_CLIENT_OK) (void)hear_end(t, sending);
}

static struct smtp_client_outcome send_data(struct task *t, struct sending *sending) {
    struct smtp_client *client = sending->client;
    if (!sending->is_data_said) {
        buffer_append_text(&client->out, "DATA\r\n");
        struct smtp_client_outcome said =
            smtp_client_flush(t, client, SMTP_STAGE_DATA, client->options.times.data_ms);
        if (said.result != SMTP_CLIENT_OK) return said;
    }
    struct smtp_client_outcome heard = hear(t, sending, SMTP_STAGE_DATA, 3);
    if (heard.result != SMTP_CLIENT_OK) return heard;
    if (sending->accepted == 0) {
        end_empty(t, sending);
        return SMTP_CLIENT_DONE;
    }
    struct smtp_data_writer writer = smtp_data_writer_new();
    struct smtp_client_outcome sent = send_content(t, sending, &writer);
    return sent.result == SMTP_CLIENT_OK ? hear_end(t, sending) : sent;
}

/* ---- who got what ---- */

/* Whom the transaction had not refused before shares its end. */
static void settle(struct sending *sending, const struct smtp_client_outcome *end) {
    for (size_t i = 0; i < sending->message->recipient_count; i++) {
        struct smtp_client_recipient *recipient = &sending->message->recipients[i];
        if (i >= sending->heard || recipient->outcome.result == SMTP_CLIENT_OK) recipient->outcome = *end;
    }
}

/* MAIL or all recipients were refused. A DATA that went ahead is answered all the same. */
static struct smtp_client_outcome refused(struct task *t, struct sending *sending,
                                          struct smtp_client_outcome outcome) {
    if (sending->is_data_said && !sending->client->is_broken) {
        sending->accepted = 0;
        struct smtp_client_outcome data = send_data(t, sending);
        if (!is_answer(&data)) sending->client->is_broken = true;
    }
    return outcome;
}

static struct smtp_client_outcome run(struct task *t, struct sending *sending) {
    struct smtp_client_outcome outcome = check_needs(sending);
    if (outcome.result != SMTP_CLIENT_OK) return outcome;
    outcome = send_envelope(t, sending);
    if (outcome.result == SMTP_CLIENT_REFUSED) return refused(t, sending, outcome);
    if (outcome.result != SMTP_CLIENT_OK) return outcome;
    if (sending->accepted == 0) return refused(t, sending, sending->message->recipients[0].outcome);
    if (sending->is_question) return outcome;
    return has(sending, SMTP_EXTENSION_CHUNKING) ? send_chunk(t, sending) : send_data(t, sending);
}

/* RFC 5321 4.1.1.5 */
static struct smtp_client_outcome reset(struct task *t, struct smtp_client *client, struct arena *arena) {
    buffer_append_text(&client->out, "RSET");
    struct smtp_client_outcome outcome = smtp_client_ask(t, client, arena, SMTP_STAGE_RSET, 2);
    client->is_in_transaction = outcome.result != SMTP_CLIENT_OK;
    return outcome;
}

static struct smtp_client_outcome run_anew(struct task *t, struct sending *sending) {
    struct smtp_client *client = sending->client;
    const struct smtp_client_message *message = sending->message;
    ASSERT(smtp_client_is_usable(client));
    ASSERT(message->recipient_count > 0 && message->recipient_count <= SMTP_RECIPIENTS_MAX);
    struct smtp_client_outcome outcome =
        client->is_in_transaction ? reset(t, client, sending->arena) : SMTP_CLIENT_DONE;
    if (outcome.result == SMTP_CLIENT_OK) outcome = run(t, sending);
    bool is_answered = sending->is_question && outcome.result == SMTP_CLIENT_OK;
    if (!is_answered) settle(sending, &outcome);
    return outcome;
}

struct smtp_client_outcome smtp_client_send(struct task *t, struct smtp_client *client, struct arena *arena,
                                            const struct smtp_client_message *message) {
    struct sending sending = {.client = client, .arena = arena, .message = message};
    return run_anew(t, &sending);
}

struct smtp_client_outcome smtp_client_verify(struct task *t, struct smtp_client *client, struct arena *arena,
                                              const struct smtp_client_message *message) {
    struct sending sending = {.client = client, .arena = arena, .message = message, .is_question = true};
    return run_anew(t, &sending);
}
