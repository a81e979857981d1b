#include "transit/report.h"

#include "transit/report_parts.h"
#include "wire/charset.h"
#include "wire/header.h"
#include "wire/message_id.h"
#include "wire/quoted_printable.h"
#include "wire/smtp_parameter.h"
#include "wire/wire_text.h"

enum report_group report_group_of(const struct report *report, const struct outgoing_recipient *recipient) {
    if (recipient->outcome == QUEUE_DELIVERED) return REPORT_GROUP_SUCCESS;
    return recipient->outcome == QUEUE_DEFERRED ? REPORT_GROUP_DELAYED : REPORT_GROUP_FAILED;
}

size_t report_group_count(const struct report *report, enum report_group group) {
    size_t count = 0;
    for (size_t i = 0; i < report->count; i++)
        count += report_group_of(report, report->recipients[i]) == group;
    return count;
}

/* What stands before the empty line. */
static struct slice header_of(struct slice message) {
    if (slice_starts(message, SLICE("\r\n"))) return SLICE_EMPTY;
    size_t end = slice_find(message, SLICE("\r\n\r\n"));
    return end == SLICE_NOT_FOUND ? message : slice_sub(message, 0, end + 2);
}

bool report_is_utf8(const struct report_source *source) {
    const struct outgoing *outgoing = source->outgoing;
    if (!wire_text_is_7bit(outgoing->mail_from)) return true;
    for (size_t i = 0; i < outgoing->recipient_count; i++) {
        const struct outgoing_recipient *each = &outgoing->recipients[i];
        if (!wire_text_is_7bit(each->address) || !wire_text_is_7bit(each->original)) return true;
    }
    return outgoing->properties & OUTGOING_UTF8 && utf8_valid(header_of(source->original)) &&
           !wire_text_is_7bit(header_of(source->original));
}

/* Those who owe a report, as many as fit into one. */
static size_t collect(struct report *report) {
    const struct outgoing *outgoing = report->source->outgoing;
    size_t i = 0;
    for (; i < outgoing->recipient_count; i++) {
        if (!report_is_owed(report->source->kind, &outgoing->recipients[i])) continue;
        if (report->count == REPORT_RECIPIENTS_MAX) break;
        report->recipients[report->count++] = &outgoing->recipients[i];
    }
    return i;
}

/* The first of the gravest outcome there is. */
static const struct outgoing_recipient *foremost(const struct report *report) {
    const struct outgoing_recipient *best = report->recipients[0];
    for (size_t i = 1; i < report->count; i++)
        if (report_group_of(report, report->recipients[i]) < report_group_of(report, best))
            best = report->recipients[i];
    return best;
}

static void write_subject(const struct report *report, struct buffer *out) {
    static const char *const words[REPORT_GROUPS] = {"Not delivered: ", "Not delivered yet: ", "Delivered: "};
    const struct outgoing_recipient *first = foremost(report);
    enum report_group group = report_group_of(report, first);
    bool is_relayed = group == REPORT_GROUP_SUCCESS && report->source->success == REPORT_RELAYED;
    struct buffer text = buffer_new(SMTP_ADDRESS_BYTES_MAX + 100);
    buffer_append_text(&text, report->source->kind == REPORT_HELD ? "Held, and not sent yet: "
                              : is_relayed                        ? "Handed on: "
                                                                  : words[group]);
    buffer_append(&text, utf8_cut(first->address, REPORT_SUBJECT_BYTES_MAX));
    size_t others = report->count - 1;
    if (others) buffer_printf(&text, " and %zu other%s", others, others == 1 ? "" : "s");
    report_write_field(report, out, "Subject", buffer_slice(&text));
    buffer_free(&text);
}

/* RFC 5322 3.6.4: so that it is shown with the message it is about. An identifier that is none is left out.
 */
static void write_thread(const struct report *report, struct buffer *out) {
    struct slice value;
    if (!header_find(report->header, SLICE("Message-ID"), &value)) return;
    struct slice id = message_id_first(value);
    bool is_good = id.len && id.len <= REPORT_MESSAGE_ID_BYTES_MAX &&
                   slice_find_byte(id, ' ') == SLICE_NOT_FOUND && wire_text_kind(id) == WIRE_TEXT_ASCII;
    if (!is_good) return;
    buffer_printf(out, "In-Reply-To: <%.*s>\r\n", SLICE_PRINT(id));
    buffer_printf(out, "References: <%.*s>\r\n", SLICE_PRINT(id));
}

static void write_random(const struct report *report, struct buffer *out) {
    for (size_t i = 0; i < REPORT_RANDOM_BYTES; i++) buffer_printf(out, "%02x", report->source->random[i]);
}

static void write_hostname(const struct report *report, struct buffer *out) {
    wire_text_clean(out, slice_sub(report->source->hostname, 0, SMTP_DOMAIN_BYTES_MAX), true);
}

static void write_head(const struct report *report, struct buffer *out) {
    report_write_date_field(report, out, "Date", report->source->now_ms);
    buffer_append_text(out, "From: Mail Delivery System <MAILER-DAEMON@");
    write_hostname(report, out);
    buffer_append_text(out, ">\r\nTo: <");
    wire_text_clean(out, slice_sub(report->source->outgoing->mail_from, 0, SMTP_ADDRESS_BYTES_MAX), false);
    buffer_append_text(out, ">\r\n");
    write_subject(report, out);
    buffer_append_text(out, "Message-ID: <");
    write_random(report, out);
    buffer_append_byte(out, '@');
    write_hostname(report, out);
    buffer_append_text(out, ">\r\n");
    write_thread(report, out);
    /* RFC 3834 5 */
    buffer_append_text(out,
                       "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
                       "Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"=_");
    write_random(report, out);
    buffer_append_text(out, "\"\r\n\r\n");
}

static void write_boundary(const struct report *report, struct buffer *out, const char *end) {
    buffer_append_text(out, "--=_");
    write_random(report, out);
    buffer_append_text(out, end);
}

static void write_words(const struct report *report, struct buffer *out) {
    struct buffer text = buffer_new(REPORT_BYTES_MAX);
    report_write_words(report, &text);
    bool is_plain = wire_text_is_7bit(buffer_slice(&text));
    write_boundary(report, out, "\r\n");
    buffer_append_text(out, is_plain ? "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
                                     : "Content-Type: text/plain; charset=utf-8\r\n"
                                       "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    struct slice rest = buffer_slice(&text);
    if (!is_plain) quoted_printable_text(out, rest);
    while (is_plain && rest.len) {
        buffer_append(out, slice_take_until(&rest, '\n'));
        (void)slice_take_byte(&rest, '\n');
        buffer_append_text(out, "\r\n");
    }
    buffer_free(&text);
}

static void write_parts(const struct report *report, struct buffer *out) {
    write_words(report, out);
    buffer_append_text(out, "\r\n");
    write_boundary(report, out, "\r\n");
    buffer_append_text(out, report->is_utf8 ? "Content-Type: message/global-delivery-status\r\n"
                                              "Content-Transfer-Encoding: 8bit\r\n\r\n"
                                            : "Content-Type: message/delivery-status\r\n\r\n");
    report_write_status(report, out);
    buffer_append_text(out, "\r\n");
    write_boundary(report, out, "\r\n");
    report_write_return(report, out);
    buffer_append_text(out, "\r\n");
    write_boundary(report, out, "--\r\n");
}

enum report_result report_write(const struct report_source *source, struct buffer *out, size_t *covered) {
    struct report report = {.source = source};
    *covered = collect(&report);
    report.header = header_of(source->original);
    if (!report.count || !source->outgoing->mail_from.len || report_is_answer(report.header))
        return REPORT_NOT_OWED;
    report.is_utf8 = report_is_utf8(source);
    write_head(&report, out);
    write_parts(&report, out);
    return buffer_overflowed(out) ? REPORT_TOO_LONG : REPORT_WRITTEN;
}
