/* Reports to senders: word for word, and as our own analysis reads them back. What other parsers make of them
   is in tests/e2e/test_report.py. */
#include "test.h"

#include "analyse/analysis.h"
#include "base/limits.h"
#include "transit/report.h"
#include "wire/smtp_parameter.h"

#define HEADER                                                                         \
    "From: ann@example.org\r\nSubject: Lunch\r\nMessage-ID: <lunch.1@example.org>\r\n" \
    "References: <menu@example.org>\r\n\r\n"

static struct outgoing_recipient unknown(void) {
    return (struct outgoing_recipient){
        .outcome = QUEUE_FAILED,
        .address = SLICE("bob@example.net"),
        .original = SLICE("rfc822;robert@example.com"),
        .status = SLICE("5.1.1"),
        .reply = SLICE("550 5.1.1 User unknown\nGo away"),
        .host = SLICE("mx.example.net"),
    };
}

static struct outgoing outgoing_to(struct outgoing_recipient *recipients, size_t count) {
    return (struct outgoing){.mail_from = SLICE("ann@example.org"),
                             .envelope_id = SLICE("QQ314159"),
                             .received_ms = 1751360000000,
                             .recipients = recipients,
                             .recipient_count = count};
}

static struct report_source source_of(const struct outgoing *outgoing) {
    return (struct report_source){.outgoing = outgoing,
                                  .hostname = SLICE("mx.example.org"),
                                  .now_ms = 1751360001000,
                                  .last_attempt_ms = 1751360001000,
                                  .expires_ms = 1751792000000,
                                  .random = {0xab, 0xcd},
                                  .original = SLICE(HEADER)};
}

static void a_failure_word_for_word(void **state) {
    struct outgoing_recipient bob = unknown();
    struct outgoing outgoing = outgoing_to(&bob, 1);
    struct report_source source = source_of(&outgoing);
    struct buffer out = buffer_new(REPORT_BYTES_MAX);
    size_t covered;
    assert_int_equal(report_write(&source, &out, &covered), REPORT_WRITTEN);
    assert_int_equal(covered, 1);
#define RANDOM "abcd0000000000000000000000000000"
#define BOUNDARY "--=_" RANDOM
    assert_slice(buffer_slice(&out),
                 "Date: Tue, 1 Jul 2025 08:53:21 +0000\r\n"
                 "From: Mail Delivery System <MAILER-DAEMON@mx.example.org>\r\n"
                 "To: <ann@example.org>\r\n"
                 "Subject: Not delivered: bob@example.net\r\n"
                 "Message-ID: <" RANDOM "@mx.example.org>\r\n"
                 "In-Reply-To: <lunch.1@example.org>\r\n"
                 "References: <lunch.1@example.org>\r\n"
                 "Auto-Submitted: auto-replied\r\n"
                 "MIME-Version: 1.0\r\n"
                 "Content-Type: multipart/report; report-type=delivery-status;\r\n"
                 "\tboundary=\"=_" RANDOM "\"\r\n"
                 "\r\n" BOUNDARY "\r\n"
                 "Content-Type: text/plain; charset=us-ascii\r\n"
                 "\r\n"
                 "This is the mail system at mx.example.org. It writes to you because of a\r\n"
                 "message that you sent:\r\n"
                 "\r\n"
                 "    Subject: Lunch\r\n"
                 "    Taken here: Tue, 1 Jul 2025 08:53:20 +0000\r\n"
                 "\r\n"
                 "It could not be delivered to:\r\n"
                 "\r\n"
                 "    bob@example.net\r\n"
                 "\r\n"
                 "There is no such address at the recipient's domain.\r\n"
                 "No more attempts follow.\r\n"
                 "\r\n"
                 "What the mail server mx.example.net said:\r\n"
                 "\r\n"
                 "    550 5.1.1 User unknown\r\n"
                 "    Go away\r\n"
                 "\r\n"
                 "What you can do: Check the spelling of the address, or ask the recipient\r\n"
                 "by another way which address they use now.\r\n"
                 "\r\n" BOUNDARY "\r\n"
                 "Content-Type: message/delivery-status\r\n"
                 "\r\n"
                 "Reporting-MTA: dns; mx.example.org\r\n"
                 "Original-Envelope-Id: QQ314159\r\n"
                 "Arrival-Date: Tue, 1 Jul 2025 08:53:20 +0000\r\n"
                 "\r\n"
                 "Original-Recipient: rfc822;robert@example.com\r\n"
                 "Final-Recipient: rfc822;bob@example.net\r\n"
                 "Action: failed\r\n"
                 "Status: 5.1.1\r\n"
                 "Remote-MTA: dns; mx.example.net\r\n"
                 "Diagnostic-Code: smtp; 550 5.1.1 User unknown Go away\r\n"
                 "Last-Attempt-Date: Tue, 1 Jul 2025 08:53:21 +0000\r\n"
                 "\r\n" BOUNDARY "\r\n"
                 "Content-Type: text/rfc822-headers\r\n"
                 "\r\n"
                 "From: ann@example.org\r\n"
                 "Subject: Lunch\r\n"
                 "Message-ID: <lunch.1@example.org>\r\n"
                 "References: <menu@example.org>\r\n"
                 "\r\n" BOUNDARY "--\r\n");
    buffer_free(&out);
}

/* In whatever form it is, we know a bounce of ours, and what it answers. */
static void our_analysis_reads_it_back(void **state) {
    static const enum queue_outcome outcomes[] = {QUEUE_DELIVERED, QUEUE_DEFERRED, QUEUE_FAILED,
                                                  QUEUE_EXPIRED};
    for (size_t i = 0; i < 8; i++) {
        struct outgoing_recipient bob = unknown();
        bob.outcome = outcomes[i / 2];
        bob.notify = SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY;
        if (i % 2)
            bob.address = SLICE("b\xc3\xbc"
                                "b@example.net");
        struct outgoing outgoing = outgoing_to(&bob, 1);
        struct report_source source = source_of(&outgoing);
        source.kind = bob.outcome == QUEUE_DEFERRED ? REPORT_DELAY : REPORT_OUTCOME;
        struct buffer out = buffer_new(REPORT_BYTES_MAX);
        size_t covered;
        assert_int_equal(report_write(&source, &out, &covered), REPORT_WRITTEN);
        struct arena *arena = arena_new(MIB(4));
        struct analyser *analyser = analysis_new(arena);
        analysis_feed(analyser, buffer_slice(&out));
        const struct analysis *analysis = analysis_finish(analyser);
        assert_int_equal(analysis->kind, KIND_BOUNCE);
        assert_slice(analysis->in_reply_to, "lunch.1@example.org");
        const struct mime_part *status = analysis->root->first_child->next;
        struct slice fields = slice_sub(buffer_slice(&out), status->body_offset, status->body_len);
        assert_int_not_equal(slice_find(fields, bob.address), SLICE_NOT_FOUND);
        analysis_free(&analyser);
        arena_free(&arena);
        buffer_free(&out);
    }
}

/* Nothing is lost where there are more than one report holds, and none is told of twice. */
static void the_rest_goes_into_another(void **state) {
    struct outgoing_recipient many[REPORT_RECIPIENTS_MAX + 5];
    size_t count = sizeof many / sizeof many[0];
    for (size_t i = 0; i < count; i++) {
        many[i] = unknown();
        if (i % 2) many[i].notify = SMTP_NOTIFY_NEVER;
    }
    many[count - 1].notify = SMTP_NOTIFY_NEVER;
    struct outgoing outgoing = outgoing_to(many, count);
    struct report_source source = source_of(&outgoing);
    struct buffer out = buffer_new(REPORT_BYTES_MAX);
    size_t covered;
    assert_int_equal(report_write(&source, &out, &covered), REPORT_WRITTEN);
    assert_int_equal(covered, count);
    for (size_t i = 0; i < count; i++) many[i].notify = SMTP_NOTIFY_FAILURE;
    buffer_clear(&out);
    assert_int_equal(report_write(&source, &out, &covered), REPORT_WRITTEN);
    assert_int_equal(covered, REPORT_RECIPIENTS_MAX);
    outgoing = outgoing_to(many + covered, count - covered);
    buffer_clear(&out);
    assert_int_equal(report_write(&source, &out, &covered), REPORT_WRITTEN);
    assert_int_equal(covered, 5);
    buffer_free(&out);
}

/* The longest there can be has room, so that a full buffer is the caller's choice. */
static void the_longest_fits(void **state) {
    static struct outgoing_recipient many[REPORT_RECIPIENTS_MAX];
    struct buffer reply = buffer_new(KIB(64));
    struct buffer original = buffer_new(KIB(256));
    while (reply.len < KIB(16)) buffer_append_text(&reply, "\xc3\xbc\xc3\xbc ");
    buffer_append_text(&original, "X: \xfc\r\n");
    while (original.len < KIB(200)) buffer_append_text(&original, "Y: \xfc\xfc\xfc\xfc\r\n");
    for (size_t i = 0; i < REPORT_RECIPIENTS_MAX; i++) {
        many[i] = unknown();
        many[i].original = many[i].address = slice_sub(buffer_slice(&reply), 0, 2000);
        many[i].host = buffer_slice(&reply);
        many[i].reply = slice_skip(buffer_slice(&reply), i);
    }
    struct outgoing outgoing = outgoing_to(many, REPORT_RECIPIENTS_MAX);
    struct report_source source = source_of(&outgoing);
    source.original = buffer_slice(&original);
    struct buffer out = buffer_new(REPORT_BYTES_MAX);
    struct buffer small = buffer_new(1000);
    size_t covered;
    assert_int_equal(report_write(&source, &out, &covered), REPORT_WRITTEN);
    assert_int_equal(report_write(&source, &small, &covered), REPORT_TOO_LONG);
    buffer_free(&out);
    buffer_free(&small);
    buffer_free(&reply);
    buffer_free(&original);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_word_for_word),
        cmocka_unit_test(our_analysis_reads_it_back),
        cmocka_unit_test(the_rest_goes_into_another),
        cmocka_unit_test(the_longest_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
