/* Reports about a message, read whatever their writers forgot. */
#include "test.h"

#include "base/limits_classify.h"
#include "wire/delivery_report.h"

enum { ARENA_BYTES = 4 << 20 };

static struct arena *read_report(const char *body, struct delivery_report *report) {
    struct arena *arena = arena_new(ARENA_BYTES);
    delivery_report_read(arena, slice_from_text(body), report);
    return arena;
}

/* RFC 3464 2. */
static void each_recipient_has_its_fields(void **state) {
    struct delivery_report report;
    struct arena *arena =
        read_report("Reporting-MTA: dns; mx.example\r\nOriginal-Envelope-Id: QQ1\r\n\r\n"
                    "Original-Recipient: rfc822;ann@example\r\nFinal-Recipient: rfc822; <a@host.example>\r\n"
                    "Action: failed\r\nStatus: 5.1.1 (bad mailbox)\r\nRemote-MTA: dns; host.example\r\n"
                    "Diagnostic-Code: smtp; 550 5.1.1\r\n  no\tsuch user\r\n\r\n"
                    "Final-Recipient: rfc822;b@host.example\r\nAction: delayed\r\nStatus: 4.4.7\r\n",
                    &report);
    assert_slice(report.reporting_mta, "mx.example");
    assert_slice(report.envelope_id, "QQ1");
    assert_int_equal(report.count, 2);
    assert_slice(report.recipients[0].address, "a@host.example");
    assert_slice(report.recipients[0].original, "ann@example");
    assert_int_equal(report.recipients[0].action, DELIVERY_FAILED);
    assert_true(delivery_code_is(report.recipients[0].status, 5, 1, 1));
    assert_slice(report.recipients[0].comment, "bad mailbox");
    assert_slice(report.recipients[0].diagnostic, "550 5.1.1 no such user");
    assert_true(report.recipients[0].is_smtp);
    assert_slice(report.recipients[0].remote_mta, "host.example");
    assert_int_equal(report.recipients[1].action, DELIVERY_DELAYED);
    assert_true(delivery_code_is(report.recipients[1].status, 4, 4, 7));
    arena_free(&arena);
}

static void forgotten_things_are_made_up_for(void **state) {
    struct delivery_report report;
    struct arena *arena = read_report("Final-Recipient: a@b.example\nAction: expired\nStatus: \n"
                                      "Final-Recipient: <c@d.example>\nAction: deliverable\nStatus: 2.1.5\n",
                                      &report);
    assert_int_equal(report.count, 2);
    assert_slice(report.recipients[0].address, "a@b.example");
    assert_int_equal(report.recipients[0].action, DELIVERY_FAILED);
    assert_int_equal(report.recipients[0].status.class, 0);
    assert_slice(report.recipients[1].address, "c@d.example");
    assert_int_equal(report.recipients[1].action, DELIVERY_DELIVERED);
    arena_free(&arena);
}

/* RFC 6533 3. */
static void addresses_beyond_ascii_are_decoded(void **state) {
    struct delivery_report report;
    struct arena *arena =
        read_report("\n\nFinal-Recipient: utf-8; j\\x{F6}rg@b.example\nAction: failed\n", &report);
    assert_int_equal(report.count, 1);
    assert_slice(report.recipients[0].address, "j\xc3\xb6rg@b.example");
    arena_free(&arena);
}

static void too_many_recipients_are_counted_and_left_out(void **state) {
    struct buffer body = buffer_new(1 << 20);
    for (unsigned i = 0; i < DELIVERY_REPORT_RECIPIENTS_MAX + 7; i++)
        buffer_printf(&body, "Final-Recipient: rfc822; u%u@b.example\nAction: failed\n\n", i);
    struct arena *arena = arena_new(ARENA_BYTES);
    struct delivery_report report;
    delivery_report_read(arena, buffer_slice(&body), &report);
    assert_int_equal(report.count, DELIVERY_REPORT_RECIPIENTS_MAX);
    assert_int_equal(report.left_out, 7);
    arena_free(&arena);
    buffer_free(&body);
}

static void long_texts_are_cut_and_clean(void **state) {
    struct buffer body = buffer_new(1 << 20);
    buffer_append_text(&body,
                       "Final-Recipient: rfc822; a@b.example\nDiagnostic-Code: smtp; 550 \x01\x1b[31m");
    for (int i = 0; i < 5000; i++) buffer_append_byte(&body, 'x');
    struct arena *arena = arena_new(ARENA_BYTES);
    struct delivery_report report;
    delivery_report_read(arena, buffer_slice(&body), &report);
    assert_int_equal(report.recipients[0].diagnostic.len, DELIVERY_REPORT_TEXT_BYTES_MAX);
    assert_int_equal(slice_find_byte(report.recipients[0].diagnostic, 0x1b), SLICE_NOT_FOUND);
    arena_free(&arena);
    buffer_free(&body);
}

/* RFC 3463 2. */
static void assert_code(const char *text, const char *expected) {
    struct delivery_code code = {0};
    struct buffer out = buffer_new(64);
    if (delivery_code_find(slice_from_text(text), &code)) delivery_code_write(&out, code);
    assert_slice(buffer_slice(&out), expected);
    buffer_free(&out);
}

static void codes_stand_by_themselves(void **state) {
    assert_code("550 5.1.1 no", "5.1.1");
    assert_code("550-5.7.26 no", "5.7.26");
    assert_code("sorry (#5.1.1)", "5.1.1");
    assert_code("from 192.5.1.1 today", "");
    assert_code("version 5.1.1.4", "");
    assert_code("x5.1.1 a5.2.2@b", "");
    assert_code("9.1.1 then 4.2.2", "4.2.2");
    assert_code("5.1", "");
    assert_code("", "");
}

/* RFC 8098 3, RFC 5965 3. */
static void receipts_and_complaints_are_read(void **state) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct disposition_report disposition;
    struct complaint_report complaint;
    disposition_report_read(
        arena,
        SLICE("Final-Recipient: rfc822; a@b.example\r\nOriginal-Message-ID: <1@c.example>\r\n"
              "Disposition: automatic-action/MDN-sent-automatically; deleted\r\n"),
        &disposition);
    assert_slice(disposition.recipient, "a@b.example");
    assert_slice(disposition.message_id, "1@c.example");
    assert_slice(disposition.type, "deleted");
    assert_true(disposition.is_automatic);
    complaint_report_read(
        arena,
        SLICE("Feedback-Type: abuse\nOriginal-Mail-From: <s@c.example>\nOriginal-Rcpt-To: a@b.example\n"
              "Original-Rcpt-To: c@d.example\nSource-IP: 192.0.2.1\nReported-Domain: c.example\n"),
        &complaint);
    assert_slice(complaint.type, "abuse");
    assert_slice(complaint.mail_from, "s@c.example");
    assert_slice(complaint.recipient, "a@b.example");
    assert_slice(complaint.source, "192.0.2.1");
    arena_free(&arena);
}

static void a_small_arena_leaves_things_out(void **state) {
    struct arena *arena = arena_new(400);
    struct delivery_report report;
    delivery_report_read(
        arena, SLICE("Final-Recipient: a@b.example\nAction: failed\n\nFinal-Recipient: c@d.example\n"),
        &report);
    assert_true(report.count + report.left_out == 2);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_recipient_has_its_fields),
        cmocka_unit_test(forgotten_things_are_made_up_for),
        cmocka_unit_test(addresses_beyond_ascii_are_decoded),
        cmocka_unit_test(too_many_recipients_are_counted_and_left_out),
        cmocka_unit_test(long_texts_are_cut_and_clean),
        cmocka_unit_test(codes_stand_by_themselves),
        cmocka_unit_test(receipts_and_complaints_are_read),
        cmocka_unit_test(a_small_arena_leaves_things_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
