/*
 * Names are quoted, never bare: every client reads a quoted name, and some only that. A quoted
 * string may hold bytes above 0x7f only where the session enabled UTF8=ACCEPT (RFC 6855 3).
 */
#include "wire/imap_reply.h"

#include "wire/imap_string.h"
#include "wire/imap_utf7.h"

static const char *const status_words[] = {"OK", "NO", "BAD"};

static const char *const section_kinds[] = {"BODY",   "BINARY",        "BINARY.SIZE",
                                            "RFC822", "RFC822.HEADER", "RFC822.TEXT"};

static const char *const section_texts[] = {"",     "HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT",
                                            "TEXT", "MIME"};

static void end_line(struct buffer *out) { buffer_append(out, SLICE("\r\n")); }

/* RFC 9051 9: TEXT-CHAR; with the 8-bit bytes of UTF-8 left out. */
static void append_text(struct buffer *out, struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        buffer_append_byte(out, c >= ' ' && c < 0x7f ? c : '?');
    }
}

void imap_reply_tagged(struct buffer *out, struct slice tag, enum imap_reply_status status, struct slice code,
                       struct slice text) {
    ASSERT(text.len);
    append_text(out, tag.len ? tag : SLICE("*"));
    buffer_printf(out, " %s ", status_words[status]);
    if (code.len) {
        buffer_append_byte(out, '[');
        append_text(out, code);
        buffer_append_text(out, "] ");
    }
    append_text(out, text);
    end_line(out);
}

void imap_reply_status(struct buffer *out, enum imap_reply_status status, struct slice code,
                       struct slice text) {
    imap_reply_tagged(out, SLICE_EMPTY, status, code, text);
}

void imap_reply_bye(struct buffer *out, struct slice text) {
    buffer_append_text(out, "* BYE ");
    append_text(out, text);
    end_line(out);
}

void imap_reply_parse_error(struct buffer *out, const struct imap_command *command) {
    struct slice text = slice_from_text(command->error_text);
    enum imap_reply_status status = IMAP_REPLY_BAD;
    struct slice code = SLICE_EMPTY;
    if (command->error == IMAP_PARSE_BAD_CHARSET) {
        status = IMAP_REPLY_NO;
        code = SLICE("BADCHARSET (US-ASCII UTF-8)");
    } else if (command->error == IMAP_PARSE_BAD_MAILBOX) {
        status = IMAP_REPLY_NO;
        code = SLICE("CANNOT");
    }
    imap_reply_tagged(out, command->tag, status, code, text.len ? text : SLICE("Cannot parse this"));
}

void imap_reply_untagged(struct buffer *out, struct slice line) {
    buffer_append_text(out, "* ");
    buffer_append(out, line);
    end_line(out);
}

void imap_reply_number(struct buffer *out, uint64_t number, struct slice word) {
    buffer_append_text(out, "* ");
    buffer_append_number(out, number);
    buffer_append_byte(out, ' ');
    buffer_append(out, word);
    end_line(out);
}

void imap_reply_fetch_begin(struct buffer *out, uint32_t number) {
    buffer_append(out, SLICE("* "));
    buffer_append_number(out, number);
    buffer_append(out, SLICE(" FETCH ("));
}

void imap_reply_continue(struct buffer *out, struct slice text) {
    buffer_append_text(out, "+ ");
    append_text(out, text);
    end_line(out);
}

static void append_range(struct buffer *out, struct number_range range) {
    buffer_append_number(out, range.first);
    if (range.first == range.last) return;
    buffer_append_byte(out, ':');
    buffer_append_number(out, range.last);
}

void imap_reply_ranges(struct buffer *out, const struct number_range *ranges, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (i) buffer_append_byte(out, ',');
        append_range(out, ranges[i]);
    }
}

void imap_reply_uid_set(struct buffer *out, const struct uid_set *set) {
    struct uid_set_cursor cursor = {0};
    struct number_range range;
    for (bool first = true; uid_set_next(set, &cursor, &range); first = false) {
        if (!first) buffer_append_byte(out, ',');
        append_range(out, range);
    }
}

void imap_reply_vanished(struct buffer *out, const struct number_range *uids, size_t count, bool earlier) {
    if (count == 0) return;
    buffer_append_text(out, earlier ? "* VANISHED (EARLIER) " : "* VANISHED ");
    imap_reply_ranges(out, uids, count);
    end_line(out);
}

void imap_reply_copyuid(struct buffer *out, uint32_t uid_validity, const struct number_range *from,
                        size_t from_count, const struct number_range *to, size_t to_count) {
    buffer_printf(out, "COPYUID %u ", uid_validity);
    imap_reply_ranges(out, from, from_count);
    buffer_append_byte(out, ' ');
    imap_reply_ranges(out, to, to_count);
}

void imap_reply_appenduid(struct buffer *out, uint32_t uid_validity, const struct number_range *uids,
                          size_t count) {
    buffer_printf(out, "APPENDUID %u ", uid_validity);
    imap_reply_ranges(out, uids, count);
}

void imap_reply_words(struct buffer *out, const struct imap_word *words, uint32_t bits) {
    for (bool first = true; words->bits; words++) {
        if (!(bits & words->bits)) continue;
        if (!first) buffer_append_byte(out, ' ');
        buffer_append(out, words->name);
        first = false;
    }
}

void imap_reply_flags(struct buffer *out, const struct imap_flags *flags) {
    buffer_append_byte(out, '(');
    imap_reply_words(out, imap_system_flags, flags->system);
    for (size_t i = 0; i < flags->keyword_count; i++) {
        if (i || flags->system) buffer_append_byte(out, ' ');
        buffer_append(out, flags->keywords[i]);
    }
    buffer_append_byte(out, ')');
}

/* RFC 6855 3: after UTF8=ACCEPT a quoted string may hold UTF-8. */
static void append_quoted_utf8(struct buffer *out, struct slice text) {
    buffer_append_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\') buffer_append_byte(out, '\\');
        buffer_append_byte(out, text.ptr[i]);
    }
    buffer_append_byte(out, '"');
}

static bool is_one_line(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == 0 || text.ptr[i] == '\r' || text.ptr[i] == '\n') return false;
    return true;
}

void imap_reply_mailbox(struct buffer *out, struct slice name, bool utf8) {
    /* A code point of two bytes takes at most five digits and the two shift marks. */
    struct buffer encoded = buffer_new(name.len * 4 + 8);
    if (utf8 && is_one_line(name))
        append_quoted_utf8(out, name);
    else if (utf8)
        imap_string_render(out, name);
    else if (imap_utf7_encode(name, &encoded))
        imap_string_render(out, buffer_slice(&encoded));
    else
        imap_string_render(out, SLICE("?"));
    buffer_free(&encoded);
}

static void append_part(struct buffer *out, const struct imap_section *section) {
    for (size_t i = 0; i < section->part_count; i++) {
        if (i) buffer_append_byte(out, '.');
        buffer_append_number(out, section->part[i]);
    }
    if (section->part_count && section->text != IMAP_SECTION_ALL) buffer_append_byte(out, '.');
}

/* RFC 9051 9: header-fld-name is an astring. */
static void append_header_name(struct buffer *out, struct slice name) {
    bool plain = name.len > 0;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        plain = plain && (ascii_is_alnum(c) || c == '-' || c == '_');
    }
    if (plain)
        buffer_append(out, name);
    else
        imap_string_render(out, name);
}

static void append_headers(struct buffer *out, const struct imap_section *section) {
    if (!section->header_count) return;
    buffer_append_text(out, " (");
    for (size_t i = 0; i < section->header_count; i++) {
        if (i) buffer_append_byte(out, ' ');
        append_header_name(out, section->headers[i]);
    }
    buffer_append_byte(out, ')');
}

void imap_reply_section(struct buffer *out, const struct imap_section *section) {
    buffer_append_text(out, section_kinds[section->kind]);
    if (section->kind >= IMAP_SECTION_RFC822) return;
    buffer_append_byte(out, '[');
    append_part(out, section);
    buffer_append_text(out, section_texts[section->text]);
    append_headers(out, section);
    buffer_append_byte(out, ']');
    /* RFC 9051 7.5.2: the answer has only where the partial begins. */
    if (section->has_partial) {
        buffer_append_byte(out, '<');
        buffer_append_number(out, section->partial_offset);
        buffer_append_byte(out, '>');
    }
}

void imap_reply_capabilities(struct buffer *out, const struct imap_capability *rows, size_t count,
                             uint32_t state) {
    buffer_append_text(out, "CAPABILITY");
    for (size_t i = 0; i < count; i++) {
        if ((state & rows[i].needs) != rows[i].needs || (state & rows[i].unless)) continue;
        buffer_append_byte(out, ' ');
        buffer_append(out, rows[i].name);
    }
}
