/*
 * Reports of what strangers said. The first byte chooses outcome and form, the rest is cut at NUL bytes into
 * address, reply, host, status, envelope id and what was sent. Whatever they are: canonical lines, none too
 * long, three parts, each field of the recipient once, and our analysis knows it for a bounce.
 */
#include "analyse/analysis.h"
#include "base/limits.h"
#include "transit/report.h"
#include "wire/canonical_lines.h"
#include "wire/header.h"
#include "wire/smtp_parameter.h"
#include "wire/wire_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice take(struct slice *rest) {
    struct slice taken = slice_take_until(rest, 0);
    (void)slice_take_byte(rest, 0);
    return taken;
}

static void check_lines(const struct report_source *source, struct slice report) {
    struct canonical_lines lines = canonical_lines_new();
    struct buffer same = buffer_new(REPORT_BYTES_MAX);
    canonical_lines_write(&lines, report, byte_sink_of_buffer(&same));
    canonical_lines_finish(&lines, byte_sink_of_buffer(&same));
    ASSERT(lines.replaced_count == 0 && slice_equal(buffer_slice(&same), report));
    buffer_free(&same);
    ASSERT(report_is_utf8(source) || wire_text_is_7bit(report));
    while (report.len) {
        struct slice line = slice_take_until(&report, '\n');
        ASSERT(line.len <= 999);
        (void)slice_take_byte(&report, '\n');
    }
}

static size_t count_fields(struct slice block, struct slice name) {
    size_t count = 0;
    struct header_field field;
    while (header_next(&block, &field)) count += slice_equal_nocase(field.name, name);
    return count;
}

static void check_status(struct slice body) {
    size_t end = slice_find(body, SLICE("\r\n\r\n"));
    ASSERT(end != SLICE_NOT_FOUND);
    ASSERT(count_fields(slice_sub(body, 0, end + 2), SLICE("Reporting-MTA")) == 1);
    struct slice recipient = slice_skip(body, end + 4);
    ASSERT(count_fields(recipient, SLICE("Final-Recipient")) == 1);
    ASSERT(count_fields(recipient, SLICE("Action")) == 1);
    ASSERT(count_fields(recipient, SLICE("Status")) == 1);
    /* One block, and nothing behind it. */
    ASSERT(slice_find(recipient, SLICE("\r\n\r\n")) == SLICE_NOT_FOUND);
}

static void check_parts(struct slice report) {
    struct arena *arena = arena_new(MIB(64));
    struct analyser *analyser = analysis_new(arena);
    analysis_feed(analyser, report);
    const struct analysis *analysis = analysis_finish(analyser);
    ASSERT(analysis->kind == KIND_BOUNCE);
    const struct mime_part *words = analysis->root->first_child;
    const struct mime_part *status = words->next;
    ASSERT(mime_part_is(words, "text", "plain") && mime_part_is_type(status, "message"));
    ASSERT(status->next && !status->next->next);
    check_status(slice_sub(report, status->body_offset, status->body_len));
    analysis_free(&analyser);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    struct slice rest = slice_of(data + 1, size - 1);
    struct outgoing_recipient recipient = {
        .outcome = QUEUE_DELIVERED + data[0] % 4,
        .notify = SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY,
    };
    struct outgoing outgoing = {.mail_from = SLICE("ann@example.org"),
                                .recipients = &recipient,
                                .recipient_count = 1,
                                .dsn_return = SMTP_RETURN_FULL,
                                .properties = data[0] & 4 ? OUTGOING_UTF8 : 0};
    recipient.address = take(&rest);
    recipient.original = data[0] & 8 ? recipient.address : SLICE_EMPTY;
    recipient.reply = take(&rest);
    recipient.host = take(&rest);
    recipient.status = take(&rest);
    outgoing.envelope_id = take(&rest);
    struct report_source source = {
        .outgoing = &outgoing,
        .kind = recipient.outcome == QUEUE_DEFERRED ? REPORT_DELAY : REPORT_OUTCOME,
        .hostname = SLICE("mx.example.org"),
        .random = {0xf7, 0x1c, 0x33},
        .original = rest,
        .is_original_whole = data[0] & 16,
    };
    struct buffer out = buffer_new(REPORT_BYTES_MAX);
    size_t covered;
    enum report_result result = report_write(&source, &out, &covered);
    ASSERT(result != REPORT_TOO_LONG && covered == 1);
    if (result == REPORT_WRITTEN) {
        check_lines(&source, buffer_slice(&out));
        check_parts(buffer_slice(&out));
    }
    buffer_free(&out);
    return 0;
}
