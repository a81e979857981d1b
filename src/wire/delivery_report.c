#include "wire/delivery_report.h"

#include "base/limits_classify.h"
#include "wire/charset.h"
#include "wire/header.h"
#include "wire/message_id.h"

enum { CODE_PART_MAX = 999 };

/* ---- enhanced status codes ---- */

bool delivery_code_take(struct slice *text, struct delivery_code *code) {
    struct slice rest = *text;
    uint64_t parts[3];
    for (size_t i = 0; i < 3; i++) {
        if (i && !slice_take_byte(&rest, '.')) return false;
        if (!slice_take_number(&rest, CODE_PART_MAX, &parts[i])) return false;
    }
    bool goes_on = rest.len && (ascii_is_alnum(rest.ptr[0]) ||
                                (rest.ptr[0] == '.' && rest.len > 1 && ascii_is_digit(rest.ptr[1])));
    if (goes_on || (parts[0] != 2 && parts[0] != 4 && parts[0] != 5)) return false;
    *code = (struct delivery_code){(uint32_t)parts[0], (uint32_t)parts[1], (uint32_t)parts[2]};
    *text = rest;
    return true;
}

/* What may not stand before a number that is one of its own: it would be a part of an address or a word. */
static bool joins(uint8_t c) { return ascii_is_alnum(c) || c == '.' || c == '-' || c == '_' || c == '@'; }

bool delivery_code_find(struct slice text, struct delivery_code *code) {
    for (size_t at = 0; at < text.len; at++) {
        if (!ascii_is_digit(text.ptr[at])) continue;
        bool is_joined = at && joins(text.ptr[at - 1]);
        /* "550-5.1.1": a line of a reply that goes on. */
        bool is_reply_line = at >= 4 && text.ptr[at - 1] == '-' && ascii_is_digit(text.ptr[at - 2]) &&
                             ascii_is_digit(text.ptr[at - 3]) && ascii_is_digit(text.ptr[at - 4]);
        struct slice rest = slice_sub(text, at, sizeof "5.999.999");
        if ((!is_joined || is_reply_line) && delivery_code_take(&rest, code)) return true;
        while (at + 1 < text.len && (ascii_is_digit(text.ptr[at + 1]) || text.ptr[at + 1] == '.')) at++;
    }
    return false;
}

bool delivery_code_is(struct delivery_code code, uint32_t class, uint32_t subject, uint32_t detail) {
    return code.class == class && code.subject == subject && code.detail == detail;
}

void delivery_code_write(struct buffer *out, struct delivery_code code) {
    if (code.class) buffer_printf(out, "%u.%u.%u", code.class, code.subject, code.detail);
}

/* ---- values ---- */

/* One line, single blanks, no control bytes. */
static struct slice keep_text(struct arena *arena, struct slice value) {
    struct buffer flat = buffer_new(DELIVERY_REPORT_TEXT_BYTES_MAX + 8);
    for (size_t i = 0; i < value.len && flat.len < flat.max_bytes; i++) {
        uint8_t c = value.ptr[i];
        bool is_blank = c <= ' ' || c == 0x7f;
        if (is_blank && (flat.len == 0 || flat.ptr[flat.len - 1] == ' ')) continue;
        buffer_append_byte(&flat, is_blank ? ' ' : c);
    }
    struct slice kept;
    struct slice text = slice_trim(utf8_cut(buffer_slice(&flat), DELIVERY_REPORT_TEXT_BYTES_MAX));
    if (!arena_try_copy(arena, text, &kept)) kept = SLICE_EMPTY;
    buffer_free(&flat);
    return kept;
}

/* RFC 3464 2.1.2: "type; value". Some reporters leave the type out. */
static struct slice split_type(struct slice *value) {
    struct slice rest = slice_trim(*value);
    struct slice type = header_take_token(&rest);
    rest = slice_trim(rest);
    if (type.len == 0 || !slice_take_byte(&rest, ';')) return SLICE_EMPTY;
    *value = slice_trim(rest);
    return type;
}

/* RFC 6533 3: "\x{1F408}" of utf-8-addr-xtext. */
static bool take_escape(struct slice *text, struct buffer *out) {
    struct slice rest = *text;
    uint32_t code = 0;
    if (!slice_take_prefix(&rest, SLICE("\\x{"))) return false;
    size_t digits = 0;
    for (; digits < 6 && rest.len && rest.ptr[0] != '}'; digits++) {
        uint8_t c = ascii_lower(rest.ptr[0]);
        bool is_hex = ascii_is_digit(c) || (c >= 'a' && c <= 'f');
        if (!is_hex) return false;
        code = code * 16 + (uint32_t)(ascii_is_digit(c) ? c - '0' : c - 'a' + 10);
        rest = slice_skip(rest, 1);
    }
    bool is_good = digits && slice_take_byte(&rest, '}') && code > ' ' && code <= 0x10ffff &&
                   (code & 0xfffff800) != 0xd800;
    if (!is_good) return false;
    uint8_t bytes[4];
    buffer_append(out, slice_of(bytes, utf8_encode(code, bytes)));
    *text = rest;
    return true;
}

static struct slice keep_address(struct arena *arena, struct slice value) {
    (void)split_type(&value);
    if (slice_take_byte(&value, '<')) value = slice_take_until(&value, '>');
    value = slice_trim(value);
    struct buffer address = buffer_new(DELIVERY_REPORT_TEXT_BYTES_MAX);
    while (value.len && !buffer_overflowed(&address))
        if (!take_escape(&value, &address)) buffer_append(&address, slice_take(&value, 1));
    struct slice kept = keep_text(arena, buffer_slice(&address));
    buffer_free(&address);
    return kept;
}

static struct slice keep_id(struct arena *arena, struct slice value) {
    return keep_text(arena, message_id_first(value));
}

/* ---- message/delivery-status ---- */

struct status_reader {
    struct arena *arena;
    struct delivery_report *report;
    size_t capacity;
    /* The recipient whose fields are read, or NULL. */
    struct delivery_recipient *recipient;
    /* Fields of a recipient are passed over: there is no room for it. */
    bool is_full;
};

static void recipient_begin(struct status_reader *reader) {
    struct delivery_report *report = reader->report;
    reader->recipient = NULL;
    if (!reader->is_full && report->count < DELIVERY_REPORT_RECIPIENTS_MAX) {
        struct delivery_recipient *grown = arena_try_grow(reader->arena, report->recipients, report->count,
                                                          &reader->capacity, sizeof *grown);
        if (grown) {
            report->recipients = grown;
            reader->recipient = &grown[report->count++];
            *reader->recipient = (struct delivery_recipient){0};
            return;
        }
    }
    reader->is_full = true;
    report->left_out++;
}

static enum delivery_action action_of(struct slice value) {
    static const struct {
        struct slice name;
        enum delivery_action action;
    } actions[] = {
        {SLICE_INIT("failed"), DELIVERY_FAILED},         {SLICE_INIT("failure"), DELIVERY_FAILED},
        {SLICE_INIT("expired"), DELIVERY_FAILED},        {SLICE_INIT("delayed"), DELIVERY_DELAYED},
        {SLICE_INIT("deferred"), DELIVERY_DELAYED},      {SLICE_INIT("delivered"), DELIVERY_DELIVERED},
        {SLICE_INIT("deliverable"), DELIVERY_DELIVERED}, {SLICE_INIT("relayed"), DELIVERY_RELAYED},
        {SLICE_INIT("expanded"), DELIVERY_EXPANDED},
    };
    struct slice word = header_take_token(&value);
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (slice_equal_nocase(word, actions[i].name)) return actions[i].action;
    return DELIVERY_UNSAID;
}

const char *delivery_action_name(enum delivery_action action) {
    static const char *const names[] = {"unsaid", "failed", "delayed", "delivered", "relayed", "expanded"};
    return names[action];
}

static void read_status(struct status_reader *reader, struct slice value) {
    if (!delivery_code_take(&value, &reader->recipient->status)) return;
    value = slice_trim(value);
    if (slice_take_byte(&value, '('))
        reader->recipient->comment = keep_text(reader->arena, slice_take_until(&value, ')'));
}

static void read_diagnostic(struct status_reader *reader, struct slice value) {
    struct slice type = split_type(&value);
    reader->recipient->is_smtp =
        slice_equal_nocase(type, SLICE("smtp")) || slice_equal_nocase(type, SLICE("lmtp"));
    reader->recipient->diagnostic = keep_text(reader->arena, value);
}

static void read_host(struct status_reader *reader, struct slice value) {
    (void)split_type(&value);
    reader->recipient->remote_mta = keep_text(reader->arena, value);
}

static void read_final(struct status_reader *reader, struct slice value) {
    reader->recipient->address = keep_address(reader->arena, value);
}
static void read_original(struct status_reader *reader, struct slice value) {
    reader->recipient->original = keep_address(reader->arena, value);
}
static void read_action(struct status_reader *reader, struct slice value) {
    reader->recipient->action = action_of(value);
}

/* RFC 3464 2.3: the fields of a recipient. */
static const struct recipient_field {
    struct slice name;
    void (*read)(struct status_reader *reader, struct slice value);
} recipient_fields[] = {
    {SLICE_INIT("Final-Recipient"), read_final},
    {SLICE_INIT("Original-Recipient"), read_original},
    {SLICE_INIT("Action"), read_action},
    {SLICE_INIT("Status"), read_status},
    {SLICE_INIT("Diagnostic-Code"), read_diagnostic},
    {SLICE_INIT("Remote-MTA"), read_host},
};
enum { RECIPIENT_FIELDS = sizeof recipient_fields / sizeof recipient_fields[0] };

/* RFC 3464 2.2: the fields of the message. */
static void read_message_field(struct status_reader *reader, const struct header_field *field) {
    struct delivery_report *report = reader->report;
    struct slice value = field->value;
    if (slice_equal_nocase(field->name, SLICE("Reporting-MTA"))) {
        (void)split_type(&value);
        report->reporting_mta = keep_text(reader->arena, value);
    } else if (slice_equal_nocase(field->name, SLICE("Original-Envelope-Id"))) {
        report->envelope_id = keep_text(reader->arena, value);
    } else if (slice_equal_nocase(field->name, SLICE("X-Original-Message-ID"))) {
        report->message_id = keep_id(reader->arena, value);
    }
}

/* `seen`: a bit for each recipient field of the group so far. One that comes again begins the next recipient,
   where the empty line between them was forgotten. */
static void read_status_field(struct status_reader *reader, const struct header_field *field,
                              unsigned *seen) {
    for (size_t i = 0; i < RECIPIENT_FIELDS; i++) {
        if (!slice_equal_nocase(field->name, recipient_fields[i].name)) continue;
        bool is_again = (*seen & (1u << i)) && i == 0;
        if (*seen == 0 || is_again) {
            recipient_begin(reader);
            *seen = 0;
        }
        *seen |= 1u << i;
        if (reader->recipient) recipient_fields[i].read(reader, field->value);
        return;
    }
    read_message_field(reader, field);
}

/* Past the empty lines between two groups. False: it was the end. */
static bool skip_empty_lines(struct slice *rest) {
    while (rest->len && (rest->ptr[0] == '\n' || rest->ptr[0] == '\r')) *rest = slice_skip(*rest, 1);
    return rest->len > 0;
}

void delivery_report_read(struct arena *arena, struct slice body, struct delivery_report *report) {
    *report = (struct delivery_report){0};
    struct status_reader reader = {.arena = arena, .report = report};
    while (skip_empty_lines(&body)) {
        size_t before = body.len;
        unsigned seen = 0;
        struct header_field field;
        while (header_next(&body, &field)) read_status_field(&reader, &field, &seen);
        /* A line that begins with a blank and nothing before it is no field's. */
        if (body.len == before) (void)slice_take(&body, 1);
    }
}

/* ---- message/disposition-notification ---- */

/* RFC 8098 3.2.6: "manual-action/MDN-sent-manually; displayed" */
static void read_disposition(struct arena *arena, struct slice value, struct disposition_report *report) {
    struct slice mode = slice_take_until(&value, ';');
    report->is_automatic = slice_starts_nocase(slice_trim(mode), SLICE("automatic-action"));
    (void)slice_take_byte(&value, ';');
    value = slice_trim(value);
    report->type = keep_text(arena, header_take_token(&value));
}

void disposition_report_read(struct arena *arena, struct slice body, struct disposition_report *report) {
    *report = (struct disposition_report){0};
    struct header_field field;
    (void)skip_empty_lines(&body);
    while (header_next(&body, &field)) {
        if (slice_equal_nocase(field.name, SLICE("Final-Recipient")))
            report->recipient = keep_address(arena, field.value);
        else if (slice_equal_nocase(field.name, SLICE("Original-Recipient")))
            report->original = keep_address(arena, field.value);
        else if (slice_equal_nocase(field.name, SLICE("Original-Message-ID")))
            report->message_id = keep_id(arena, field.value);
        else if (slice_equal_nocase(field.name, SLICE("Disposition")))
            read_disposition(arena, field.value, report);
    }
}

/* ---- message/feedback-report ---- */

void complaint_report_read(struct arena *arena, struct slice body, struct complaint_report *report) {
    *report = (struct complaint_report){0};
    struct header_field field;
    (void)skip_empty_lines(&body);
    while (header_next(&body, &field)) {
        if (slice_equal_nocase(field.name, SLICE("Feedback-Type")))
            report->type = keep_text(arena, field.value);
        else if (slice_equal_nocase(field.name, SLICE("Original-Mail-From")))
            report->mail_from = keep_address(arena, field.value);
        else if (slice_equal_nocase(field.name, SLICE("Original-Rcpt-To")) && report->recipient.len == 0)
            report->recipient = keep_address(arena, field.value);
        else if (slice_equal_nocase(field.name, SLICE("Source-IP")))
            report->source = keep_text(arena, field.value);
        else if (slice_equal_nocase(field.name, SLICE("Reported-Domain")))
            report->domain = keep_text(arena, field.value);
    }
}
