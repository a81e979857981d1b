#include "trust/preflight_message.h"

#include "base/limits.h"
#include "wire/address.h"
#include "wire/date.h"
#include "wire/header.h"
#include "wire/message_id.h"

enum { LINE_BYTES_MAX = 998 };

static const struct slice field_names[PREFLIGHT_FIELDS] = {
    [PREFLIGHT_FROM] = SLICE_INIT("From"),
    [PREFLIGHT_DATE] = SLICE_INIT("Date"),
    [PREFLIGHT_MESSAGE_ID] = SLICE_INIT("Message-ID"),
    [PREFLIGHT_SUBJECT] = SLICE_INIT("Subject"),
    [PREFLIGHT_TO] = SLICE_INIT("To"),
    [PREFLIGHT_CC] = SLICE_INIT("Cc"),
    [PREFLIGHT_REPLY_TO] = SLICE_INIT("Reply-To"),
    [PREFLIGHT_SENDER] = SLICE_INIT("Sender"),
    [PREFLIGHT_REFERENCES] = SLICE_INIT("References"),
    [PREFLIGHT_IN_REPLY_TO] = SLICE_INIT("In-Reply-To"),
};

const char *preflight_field_name(enum preflight_field field) { return (const char *)field_names[field].ptr; }

/* ---- lines ---- */

static void look_at_line(struct preflight_message *message, struct slice line, bool *has_crlf, bool *has_lf) {
    bool ends_in_cr = line.len && line.ptr[line.len - 1] == '\r';
    *has_crlf |= ends_in_cr;
    *has_lf |= !ends_in_cr;
    if (ends_in_cr) line.len--;
    if (line.len > LINE_BYTES_MAX) message->has_long_lines = true;
    if (slice_find_byte(line, '\r') != SLICE_NOT_FOUND) message->has_bare_ends = true;
}

static void look_at_lines(struct preflight_message *message, struct slice text) {
    bool has_crlf = false;
    bool has_lf = false;
    while (text.len) {
        struct slice line = slice_take_until(&text, '\n');
        bool is_whole = slice_take_byte(&text, '\n');
        if (is_whole)
            look_at_line(message, line, &has_crlf, &has_lf);
        else if (line.len > LINE_BYTES_MAX)
            message->has_long_lines = true;
    }
    if (has_crlf && has_lf) message->has_bare_ends = true;
}

/* The header section, without the empty line. */
static struct slice header_of(struct slice message) {
    struct slice rest = message;
    while (rest.len) {
        struct slice line = slice_take_until(&rest, '\n');
        bool is_empty = line.len == 0 || (line.len == 1 && line.ptr[0] == '\r');
        if (is_empty) return slice_of(message.ptr, (size_t)(line.ptr - message.ptr));
        (void)slice_take_byte(&rest, '\n');
    }
    return message;
}

static bool has_8bit(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] >= 0x80) return true;
    return false;
}

/* ---- fields ---- */

/* "ceo@bank.example" <x@elsewhere.example>: many take it for an attempt to deceive. */
static bool is_false_name(const struct address *address) {
    size_t at = slice_find_byte(address->name, '@');
    if (at == SLICE_NOT_FOUND || address->domain.len == 0) return false;
    struct slice rest = slice_skip(address->name, at + 1);
    return rest.len > 0 && !slice_starts_nocase(rest, address->domain) &&
           slice_find_byte(rest, '.') != SLICE_NOT_FOUND;
}

static void look_at_authors(struct preflight_message *message, struct slice value) {
    struct address_reader reader = address_reader_new(value);
    struct address address;
    while (address_next(&reader, &address)) {
        if (address.kind == ADDRESS_GROUP_START) message->has_author_group = true;
        if (address.kind != ADDRESS_MAILBOX) continue;
        if (address.local.len && address.domain.len) message->author_count++;
        if (is_false_name(&address)) message->has_false_name = true;
    }
    address_reader_free(&reader);
}

static void look_at_unsubscribe(struct preflight_message *message, struct slice value) {
    message->has_unsubscribe = true;
    while (value.len) {
        (void)slice_take_until(&value, '<');
        if (!slice_take_byte(&value, '<')) return;
        if (slice_starts_nocase(slice_trim(value), SLICE("https://"))) message->has_unsubscribe_https = true;
    }
}

static void look_at_value(struct preflight_message *message, enum preflight_field field, struct slice value) {
    struct date date;
    struct slice id;
    if (field == PREFLIGHT_FROM) look_at_authors(message, value);
    if (field == PREFLIGHT_DATE && date_parse(value, &date) != DATE_OK) message->is_date_bad = true;
    if (field != PREFLIGHT_MESSAGE_ID) return;
    id = message_id_first(value);
    bool is_bracketed = value.len && value.ptr[0] == '<';
    if (!is_bracketed || slice_find_byte(id, '@') == SLICE_NOT_FOUND) message->is_message_id_bad = true;
}

static void look_at_field(struct preflight_message *message, const struct header_field *field) {
    for (size_t i = 0; i < PREFLIGHT_FIELDS; i++) {
        if (!slice_equal_nocase(field->name, field_names[i])) continue;
        message->counts[i]++;
        look_at_value(message, (enum preflight_field)i, field->value);
    }
    if (slice_equal_nocase(field->name, SLICE("List-Unsubscribe")))
        look_at_unsubscribe(message, field->value);
    if (slice_equal_nocase(field->name, SLICE("List-Id"))) message->has_list_id = true;
    if (slice_equal_nocase(field->name, SLICE("List-Unsubscribe-Post")) &&
        slice_equal_nocase(slice_trim(field->value), SLICE("List-Unsubscribe=One-Click")))
        message->has_one_click = true;
}

static bool is_reply_subject(struct slice header) {
    struct slice subject;
    if (!header_find(header, SLICE("Subject"), &subject)) return false;
    return slice_starts_nocase(subject, SLICE("Re:")) || slice_starts_nocase(subject, SLICE("Fwd:")) ||
           slice_starts_nocase(subject, SLICE("Fw:"));
}

struct preflight_message preflight_message_read(struct slice text) {
    struct slice header = header_of(text);
    struct slice rest = header;
    struct header_field field;
    struct preflight_message message = {.bytes = text.len, .header_bytes = header.len};
    look_at_lines(&message, text);
    message.has_8bit_header = has_8bit(header);
    while (header_next(&rest, &field)) look_at_field(&message, &field);
    bool is_about_another = message.counts[PREFLIGHT_REFERENCES] || message.counts[PREFLIGHT_IN_REPLY_TO];
    message.has_false_reply = is_reply_subject(header) && !is_about_another;
    return message;
}
