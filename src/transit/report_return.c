/* The part of a report that gives the message back: all of it, or its header (RFC 6522 3, 4). */
#include "transit/report_parts.h"
#include "wire/canonical_lines.h"
#include "wire/charset.h"
#include "wire/quoted_printable.h"
#include "wire/seven_bit.h"
#include "wire/smtp_parameter.h"
#include "wire/wire_text.h"

/* RFC 5322 2.1.1 */
static bool has_good_lines(struct slice text) {
    size_t line = 0;
    for (size_t i = 0; i < text.len; i++) {
        line = text.ptr[i] == '\n' ? 0 : line + 1;
        /* The CR counts, too. */
        if (line > 999) return false;
    }
    return slice_find_byte(text, 0) == SLICE_NOT_FOUND;
}

static bool is_plain(struct slice text) { return wire_text_is_7bit(text) && has_good_lines(text); }

/* It can stand as it is in a report that has UTF-8. */
static bool is_plain_utf8(struct slice text) { return utf8_valid(text) && has_good_lines(text); }

static void write_canonical(struct buffer *out, struct slice text) {
    struct canonical_lines lines = canonical_lines_new();
    canonical_lines_write(&lines, text, byte_sink_of_buffer(out));
    canonical_lines_finish(&lines, byte_sink_of_buffer(out));
}

/* RFC 3461 4.3: all of it only where something failed. RFC 8689 5: what required TLS never, for the way back
   may have none. */
static bool is_all_wanted(const struct report *report) {
    const struct report_source *source = report->source;
    if (source->outgoing->properties & OUTGOING_REQUIRES_TLS) return false;
    return source->is_original_whole && source->outgoing->dsn_return == SMTP_RETURN_FULL &&
           source->original.len <= REPORT_ORIGINAL_BYTES_MAX &&
           report_group_count(report, REPORT_GROUP_FAILED) > 0;
}

/* 7-bit, where it is not and can be. False: it cannot. */
static bool make_seven_bit(struct slice message, struct buffer *out) {
    struct seven_bit *converter = seven_bit_new();
    seven_bit_scan(converter, message);
    enum seven_bit_result result = seven_bit_scan_finish(converter);
    bool is_possible = result == SEVEN_BIT_ALREADY || result == SEVEN_BIT_POSSIBLE;
    if (is_possible) {
        seven_bit_write(converter, message, byte_sink_of_buffer(out));
        seven_bit_finish(converter, byte_sink_of_buffer(out));
    }
    seven_bit_free(&converter);
    return is_possible && !buffer_overflowed(out) && is_plain(buffer_slice(out));
}

/* False: it cannot be given back whole. */
static bool write_all(const struct report *report, struct buffer *out) {
    struct buffer canonical = buffer_new(2 * (size_t)REPORT_ORIGINAL_BYTES_MAX + 2);
    struct buffer message = buffer_new(8 * (size_t)REPORT_ORIGINAL_BYTES_MAX);
    write_canonical(&canonical, report->source->original);
    bool is_plain_message = make_seven_bit(buffer_slice(&canonical), &message);
    bool is_global = !is_plain_message && report->is_utf8 && utf8_valid(report->header) &&
                     has_good_lines(buffer_slice(&canonical));
    if (is_plain_message) buffer_append(out, SLICE("Content-Type: message/rfc822\r\n\r\n"));
    if (is_global)
        buffer_append(out, SLICE("Content-Type: message/global\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"));
    if (is_plain_message || is_global) buffer_append(out, buffer_slice(is_global ? &canonical : &message));
    buffer_free(&canonical);
    buffer_free(&message);
    return is_plain_message || is_global;
}

/* Whole fields only. */
static struct slice cut_header(struct slice header) {
    size_t end = header.len;
    if (end > REPORT_HEADER_BYTES_MAX) end = REPORT_HEADER_BYTES_MAX;
    bool is_cut = end < header.len;
    while (is_cut && end &&
           (header.ptr[end - 1] != '\n' || header.ptr[end] == ' ' || header.ptr[end] == '\t'))
        end--;
    return slice_sub(header, 0, end);
}

static void write_header(const struct report *report, struct buffer *out) {
    struct buffer header = buffer_new(2 * (size_t)REPORT_HEADER_BYTES_MAX + 2);
    write_canonical(&header, cut_header(report->header));
    struct slice text = buffer_slice(&header);
    if (is_plain(text)) {
        buffer_append(out, SLICE("Content-Type: text/rfc822-headers\r\n\r\n"));
        buffer_append(out, text);
    } else if (report->is_utf8 && is_plain_utf8(text)) {
        buffer_append(
            out, SLICE("Content-Type: message/global-headers\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"));
        buffer_append(out, text);
    } else {
        buffer_append(out, SLICE("Content-Type: text/rfc822-headers\r\n"
                                 "Content-Transfer-Encoding: quoted-printable\r\n\r\n"));
        quoted_printable_text(out, text);
    }
    buffer_free(&header);
}

void report_write_return(const struct report *report, struct buffer *out) {
    if (!is_all_wanted(report) || !write_all(report, out)) write_header(report, out);
}
