/* The part of a report that machines read (RFC 3464 2; RFC 6533 3 for UTF-8). */
#include "transit/report_parts.h"
#include "wire/charset.h"
#include "wire/wire_text.h"

static bool is_number(struct slice *text) {
    uint64_t number;
    struct slice before = *text;
    if (!slice_take_number(text, 999, &number)) return false;
    /* RFC 3463 2: no leading zeros. */
    return before.ptr[0] != '0' || before.len - text->len == 1;
}

/* RFC 3463 2, of the class that fits what is said of the recipient. */
static bool is_status(struct slice status, uint8_t class) {
    return slice_take_byte(&status, class) && slice_take_byte(&status, '.') && is_number(&status) &&
           slice_take_byte(&status, '.') && is_number(&status) && status.len == 0;
}

static struct slice status_of(const struct outgoing_recipient *recipient) {
    switch (recipient->outcome) {
    case QUEUE_DELIVERED:
        return is_status(recipient->status, '2') ? recipient->status : SLICE("2.0.0");
    case QUEUE_DEFERRED:
        return is_status(recipient->status, '4') ? recipient->status : SLICE("4.0.0");
    case QUEUE_EXPIRED:
        return SLICE("4.4.7");
    case QUEUE_FAILED:
        break;
    }
    bool is_fit = is_status(recipient->status, '5') || is_status(recipient->status, '4');
    return is_fit ? recipient->status : SLICE("5.0.0");
}

/* RFC 3464 2.3.3 */
static struct slice action_of(const struct report *report, const struct outgoing_recipient *recipient) {
    static const struct slice successes[] = {[REPORT_RELAYED] = SLICE_INIT("relayed"),
                                             [REPORT_DELIVERED] = SLICE_INIT("delivered"),
                                             [REPORT_EXPANDED] = SLICE_INIT("expanded")};
    enum report_group group = report_group_of(report, recipient);
    if (group == REPORT_GROUP_SUCCESS) return successes[report->source->success];
    return group == REPORT_GROUP_DELAYED ? SLICE("delayed") : SLICE("failed");
}

/* "rfc822" before the first semicolon, where what stands there can be an address type (RFC 3461 4.2). */
static bool has_type(struct slice address) {
    struct slice type = slice_take_until(&address, ';');
    for (size_t i = 0; i < type.len; i++)
        if (!ascii_is_alnum(type.ptr[i]) && type.ptr[i] != '-') return false;
    return type.len && address.len;
}

/* A generic address (RFC 3464 2.1.2) is text: no blank is lost, none begins a line. */
static void write_address(const struct report *report, struct buffer *out, const char *name,
                          struct slice address) {
    address = utf8_cut(address, SMTP_ORCPT_BYTES_MAX);
    buffer_printf(out, "%s: ", name);
    if (!has_type(address))
        buffer_append_text(out, wire_text_kind(address) == WIRE_TEXT_ASCII ? "rfc822;" : "utf-8;");
    wire_text_clean(out, address, !report->is_utf8);
    buffer_append(out, SLICE("\r\n"));
}

static void write_prefixed(const struct report *report, struct buffer *out, const char *name,
                           const char *type, struct slice value) {
    struct buffer text = buffer_new(REPORT_REPLY_BYTES_MAX + 100);
    buffer_append_text(&text, type);
    buffer_append(&text, utf8_cut(value, REPORT_REPLY_BYTES_MAX));
    report_write_field(report, out, name, buffer_slice(&text));
    buffer_free(&text);
}

/* RFC 3464 2.3 */
static void write_recipient(const struct report *report, struct buffer *out,
                            const struct outgoing_recipient *recipient) {
    const struct report_source *source = report->source;
    buffer_append(out, SLICE("\r\n"));
    if (recipient->original.len) write_address(report, out, "Original-Recipient", recipient->original);
    write_address(report, out, "Final-Recipient", recipient->address);
    report_write_field(report, out, "Action", action_of(report, recipient));
    report_write_field(report, out, "Status", status_of(recipient));
    if (recipient->host.len) write_prefixed(report, out, "Remote-MTA", "dns; ", recipient->host);
    /* RFC 3464 2.3.6: only what another host said. */
    if (recipient->host.len && recipient->reply.len)
        write_prefixed(report, out, "Diagnostic-Code", "smtp; ", recipient->reply);
    if (source->last_attempt_ms)
        report_write_date_field(report, out, "Last-Attempt-Date", source->last_attempt_ms);
    if (recipient->outcome == QUEUE_DEFERRED && source->kind != REPORT_HELD)
        report_write_date_field(report, out, "Will-Retry-Until", source->expires_ms);
}

void report_write_status(const struct report *report, struct buffer *out) {
    const struct report_source *source = report->source;
    struct slice envelope_id = slice_sub(source->outgoing->envelope_id, 0, SMTP_ENVID_BYTES_MAX);
    write_prefixed(report, out, "Reporting-MTA", "dns; ", source->hostname);
    /* RFC 3464 2.2.1: decoded, as it is kept. */
    if (envelope_id.len) {
        buffer_append_text(out, "Original-Envelope-Id: ");
        wire_text_clean(out, envelope_id, true);
        buffer_append(out, SLICE("\r\n"));
    }
    report_write_date_field(report, out, "Arrival-Date", source->outgoing->received_ms);
    for (enum report_group group = 0; group < REPORT_GROUPS; group++)
        for (size_t i = 0; i < report->count; i++)
            if (report_group_of(report, report->recipients[i]) == group)
                write_recipient(report, out, report->recipients[i]);
}
