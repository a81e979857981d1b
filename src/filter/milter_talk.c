#include "filter/milter_talk.h"

#include "base/limits.h"
#include "filter/added_fields.h"
#include "wire/header.h"
#include "wire/milter.h"

enum { FLUSH_BYTES = 64 * 1024, VERSION_WITH_DATA = 4, TEXTS_MAX = 8 };

struct milter {
    struct filter_talk *talk;
    /* Commands that were not sent yet. */
    struct buffer out;
    /* Replies; so many bytes at its front were read. */
    struct buffer in;
    size_t taken;
    size_t packets;
    uint32_t version;
    /* Of enum milter_step: what it does without. */
    uint32_t steps;
    /* The header section as it comes, until it is whole. */
    struct buffer header;
    size_t scanned;
    bool has_header;
    bool skips_body;
    struct added_fields fields;
    bool is_quarantined;
};

/* ---- replies ---- */

static bool flush(struct task *t, struct milter *milter) {
    bool is_sent = filter_talk_send(t, milter->talk, buffer_slice(&milter->out));
    buffer_clear(&milter->out);
    return is_sent;
}

static bool read_more(struct task *t, struct milter *milter) {
    uint8_t bytes[4096];
    struct filter_talk *talk = milter->talk;
    ssize_t got = stream_read(t, talk->stream, bytes, sizeof bytes, talk->deadline_ms);
    if (got < 0) return filter_talk_failed(talk, "waiting for", (int)got);
    if (got == 0) return filter_talk_is_down(talk, SLICE("the milter closed the connection"));
    buffer_append(&milter->in, slice_of(bytes, (size_t)got));
    return true;
}

static bool makes_no_sense(struct milter *milter) {
    return filter_talk_is_down(milter->talk, SLICE("the milter's answer makes no sense"));
}

/* It borrows from milter->in until the next one. */
static bool next_reply(struct task *t, struct milter *milter, struct milter_reply *reply) {
    buffer_consume(&milter->in, milter->taken);
    milter->taken = 0;
    if (++milter->packets > MILTER_PACKETS_MAX) return makes_no_sense(milter);
    for (;;) {
        struct slice input = buffer_slice(&milter->in);
        switch (milter_reply_next(&input, reply)) {
        case MILTER_WHOLE:
            milter->taken = milter->in.len - input.len;
            return true;
        case MILTER_BAD:
            return makes_no_sense(milter);
        case MILTER_MORE:
            break;
        }
        if (!read_more(t, milter)) return false;
    }
}

static bool next_but_progress(struct task *t, struct milter *milter, struct milter_reply *reply) {
    if (!flush(t, milter)) return false;
    do
        if (!next_reply(t, milter, reply)) return false;
    while (reply->kind == MILTER_PROGRESS);
    return true;
}

/* ---- the verdict ---- */

/* "5.7.1 words", "-5.7.1 words": the words. */
static struct slice words_of(struct slice text) {
    (void)slice_take_byte(&text, '-');
    struct slice rest = text;
    struct slice first = slice_take_until(&rest, ' ');
    bool is_enhanced = first.len >= 5 && ascii_is_digit(first.ptr[0]) && first.ptr[1] == '.';
    return slice_trim(is_enhanced ? rest : text);
}

static struct slice fields_of(struct milter *milter, struct slice summary) {
    struct added_fields all = added_fields_new();
    (void)added_fields_add(&all, SLICE("X-Posthaste-Filter"), summary);
    if (milter->fields.bytes.len <= all.bytes.max_bytes - all.bytes.len)
        buffer_append(&all.bytes, buffer_slice(&milter->fields.bytes));
    struct slice copy = arena_copy(milter->talk->arena, buffer_slice(&all.bytes));
    added_fields_free(&all);
    return copy;
}

/* Returns false: nothing comes behind it. */
static bool decide(struct milter *milter, enum filter_action action, struct slice text) {
    struct filter_talk *talk = milter->talk;
    struct filter_verdict *verdict = talk->verdict;
    verdict->action = action;
    verdict->text = filter_talk_clean(talk, text);
    verdict->summary = arena_printf(talk->arena, "milter; action=\"%s\"", filter_action_name(action));
    verdict->fields = fields_of(milter, verdict->summary);
    return false;
}

/* False: it is decided, or it is down. */
static bool judge(struct milter *milter, const struct milter_reply *reply) {
    switch (reply->kind) {
    case MILTER_CONTINUE:
        return true;
    case MILTER_ACCEPT:
        return decide(milter, milter->is_quarantined ? FILTER_JUNK : FILTER_ACCEPT, SLICE_EMPTY);
    case MILTER_DISCARD:
        return decide(milter, FILTER_JUNK, SLICE_EMPTY);
    case MILTER_REJECT:
        return decide(milter, FILTER_REJECT, SLICE_EMPTY);
    case MILTER_TEMPFAIL:
        return decide(milter, FILTER_DEFER, SLICE_EMPTY);
    case MILTER_REPLYCODE:
        return decide(milter, reply->code >= 500 ? FILTER_REJECT : FILTER_DEFER, words_of(reply->text));
    case MILTER_FAILED:
        return filter_talk_is_down(milter->talk, SLICE("the milter gave up"));
    case MILTER_CHANGE_MORE:
        return filter_talk_is_down(milter->talk, SLICE("the milter wants a change that was not offered"));
    default:
        return makes_no_sense(milter);
    }
}

/* The answer to a step, unless it gives none. */
static bool await_step(struct task *t, struct milter *milter, uint32_t silent) {
    struct milter_reply reply;
    if (milter->steps & silent) return milter->out.len < FLUSH_BYTES || flush(t, milter);
    return next_but_progress(t, milter, &reply) && judge(milter, &reply);
}

/* ---- the envelope ---- */

static bool negotiate(struct task *t, struct milter *milter) {
    struct milter_reply reply;
    milter_write_options(&milter->out);
    if (!next_but_progress(t, milter, &reply)) return false;
    if (reply.kind != MILTER_OPTIONS) return judge(milter, &reply) && makes_no_sense(milter);
    if (reply.version < 2 || reply.version > MILTER_VERSION || reply.steps & ~(uint32_t)MILTER_STEPS)
        return filter_talk_is_down(milter->talk, SLICE("the milter wants what was not offered"));
    milter->version = reply.version;
    milter->steps = reply.steps;
    return true;
}

static bool say_connect(struct task *t, struct milter *milter) {
    const struct filter_question *question = milter->talk->question;
    if (milter->steps & MILTER_NO_CONNECT) return true;
    struct slice host = question->address.len
                            ? arena_printf(milter->talk->arena, "[%.*s]", SLICE_PRINT(question->address))
                            : SLICE("localhost");
    milter_write_connect(&milter->out, host, question->address);
    return await_step(t, milter, MILTER_SILENT_CONNECT);
}

static bool say_helo(struct task *t, struct milter *milter) {
    if (milter->steps & MILTER_NO_HELO) return true;
    milter_write_texts(&milter->out, 'H', &milter->talk->question->helo, 1);
    return await_step(t, milter, MILTER_SILENT_HELO);
}

static struct slice path_of(struct milter *milter, struct slice address) {
    return arena_printf(milter->talk->arena, "<%.*s>", SLICE_PRINT(address));
}

static bool say_mail(struct task *t, struct milter *milter) {
    const struct filter_question *question = milter->talk->question;
    struct slice id = arena_printf(milter->talk->arena, "%016llx", (unsigned long long)question->id);
    struct slice macros[] = {
        SLICE("i"), id, SLICE("{mail_addr}"), question->mail_from, SLICE("{auth_authen}"), question->user};
    if (milter->steps & MILTER_NO_MAIL) return true;
    milter_write_macros(&milter->out, 'M', macros, question->user.len ? 6 : 4);
    struct slice path = path_of(milter, question->mail_from);
    milter_write_texts(&milter->out, 'M', &path, 1);
    return await_step(t, milter, MILTER_SILENT_MAIL);
}

static bool say_recipients(struct task *t, struct milter *milter) {
    const struct filter_question *question = milter->talk->question;
    if (milter->steps & MILTER_NO_RCPT) return true;
    for (size_t i = 0; i < question->recipient_count; i++) {
        struct slice macros[] = {SLICE("{rcpt_addr}"), question->recipients[i]};
        struct slice path = path_of(milter, question->recipients[i]);
        milter_write_macros(&milter->out, 'R', macros, 2);
        milter_write_texts(&milter->out, 'R', &path, 1);
        if (!await_step(t, milter, MILTER_SILENT_RCPT)) return false;
    }
    return true;
}

static bool say_data(struct task *t, struct milter *milter) {
    if (milter->steps & MILTER_NO_DATA || milter->version < VERSION_WITH_DATA) return true;
    milter_write_bytes(&milter->out, 'T', SLICE_EMPTY);
    return await_step(t, milter, MILTER_SILENT_DATA);
}

/* ---- the message ---- */

/* Folds are line feeds in this protocol. */
static void unfold(struct buffer *out, struct slice value) {
    buffer_clear(out);
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] != '\r') buffer_append_byte(out, value.ptr[i]);
}

/* A signature may cover the blanks in front of a value (RFC 6376 3.4.1). */
static struct slice value_with_blanks(struct slice line) {
    (void)slice_take_until(&line, ':');
    (void)slice_take_byte(&line, ':');
    return slice_sub(line, 0, line.len - (slice_ends_nocase(line, SLICE("\r\n")) ? 2 : 0));
}

static bool say_field(struct task *t, struct milter *milter, struct slice name, struct slice value,
                      struct buffer *text) {
    unfold(text, value);
    struct slice texts[] = {name, buffer_slice(text)};
    milter_write_texts(&milter->out, 'L', texts, 2);
    return await_step(t, milter, MILTER_SILENT_HEADER);
}

static bool say_fields(struct task *t, struct milter *milter, struct slice header) {
    struct header_field field;
    struct slice line;
    struct buffer text = buffer_new(MILTER_HEADER_BYTES_MAX);
    bool has_blanks = milter->steps & MILTER_LEADING_BLANKS;
    bool goes_on = true;
    while (goes_on && header_next_line(&header, &field, &line))
        goes_on = say_field(t, milter, field.name, has_blanks ? value_with_blanks(line) : field.value, &text);
    buffer_free(&text);
    return goes_on;
}

static bool say_header(struct task *t, struct milter *milter, struct slice header) {
    milter->has_header = true;
    if (!(milter->steps & MILTER_NO_HEADER) && !say_fields(t, milter, header)) return false;
    if (milter->steps & MILTER_NO_EOH) return true;
    milter_write_bytes(&milter->out, 'N', SLICE_EMPTY);
    return await_step(t, milter, MILTER_SILENT_EOH);
}

/* A milter that skips has seen enough of the body. */
static bool await_chunk(struct task *t, struct milter *milter) {
    struct milter_reply reply;
    if (milter->steps & MILTER_SILENT_BODY) return flush(t, milter);
    if (!next_but_progress(t, milter, &reply)) return false;
    milter->skips_body = reply.kind == MILTER_SKIP;
    return milter->skips_body || judge(milter, &reply);
}

static bool say_body(struct task *t, struct milter *milter, struct slice body) {
    if (milter->steps & MILTER_NO_BODY) return true;
    while (body.len && !milter->skips_body) {
        milter_write_bytes(&milter->out, 'B', slice_take(&body, MILTER_CHUNK_BYTES));
        if (!await_chunk(t, milter)) return false;
    }
    return true;
}

/* The length of the header section with its empty line, or 0: it goes on. */
static size_t header_end(struct milter *milter) {
    struct slice header = buffer_slice(&milter->header);
    if (slice_starts(header, SLICE("\r\n"))) return 2;
    size_t at = slice_find(slice_skip(header, milter->scanned), SLICE("\r\n\r\n"));
    if (at != SLICE_NOT_FOUND) return milter->scanned + at + 4;
    milter->scanned = header.len > 3 ? header.len - 3 : 0;
    return 0;
}

static bool take_piece(struct task *t, struct filter_talk *talk, void *context, struct slice piece) {
    struct milter *milter = context;
    if (milter->has_header) return say_body(t, milter, piece);
    buffer_append(&milter->header, piece);
    if (buffer_overflowed(&milter->header))
        return filter_talk_is_down(talk, SLICE("the header section is too long for a milter"));
    size_t len = header_end(milter);
    if (len == 0) return true;
    struct slice all = buffer_slice(&milter->header);
    return say_header(t, milter, slice_sub(all, 0, len)) && say_body(t, milter, slice_skip(all, len));
}

static bool say_message(struct task *t, struct milter *milter) {
    if (!filter_talk_each_piece(t, milter->talk, take_piece, milter)) return false;
    return milter->has_header || say_header(t, milter, buffer_slice(&milter->header));
}

/* True: it was no verdict yet. */
static bool take_change(struct milter *milter, const struct milter_reply *reply) {
    if (reply->kind == MILTER_ADD_FIELD) (void)added_fields_add(&milter->fields, reply->name, reply->value);
    if (reply->kind == MILTER_QUARANTINE) milter->is_quarantined = true;
    return reply->kind == MILTER_ADD_FIELD || reply->kind == MILTER_QUARANTINE ||
           reply->kind == MILTER_CHANGE_FIELD;
}

static void say_end(struct task *t, struct milter *milter) {
    struct milter_reply reply;
    milter_write_bytes(&milter->out, 'E', SLICE_EMPTY);
    do
        if (!next_but_progress(t, milter, &reply)) return;
    while (take_change(milter, &reply));
    /* At the end, to go on is to accept. */
    if (reply.kind == MILTER_CONTINUE) reply.kind = MILTER_ACCEPT;
    (void)judge(milter, &reply);
}

static void converse(struct task *t, struct milter *milter) {
    bool goes_on = negotiate(t, milter) && say_connect(t, milter) && say_helo(t, milter) &&
                   say_mail(t, milter) && say_recipients(t, milter) && say_data(t, milter) &&
                   say_message(t, milter);
    if (goes_on) say_end(t, milter);
    if (milter->talk->verdict->action == FILTER_DOWN) return;
    milter_write_bytes(&milter->out, 'Q', SLICE_EMPTY);
    /* The verdict stands, whatever becomes of this. */
    (void)!stream_write(t, milter->talk->stream, buffer_slice(&milter->out), milter->talk->deadline_ms);
}

void milter_ask(struct task *t, struct filter_talk *talk) {
    talk->name = "the milter";
    if (!filter_talk_connect(t, talk)) return;
    struct milter milter = {.talk = talk,
                            .out = buffer_new(MIB(4)),
                            .in = buffer_new(2 * (size_t)MILTER_PACKET_BYTES_MAX),
                            .header = buffer_new(MILTER_HEADER_BYTES_MAX),
                            .fields = added_fields_new()};
    converse(t, &milter);
    buffer_free(&milter.out);
    buffer_free(&milter.in);
    buffer_free(&milter.header);
    added_fields_free(&milter.fields);
    stream_close(&talk->stream);
}
