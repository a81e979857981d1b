/* One message of a sequence: its bytes, its thread, and what a contact's fields cannot do to it. */
#include "outreach_bench.h"
#include "outreach_time.h"

#include "outreach/compose.h"
#include "wire/encoded_word.h"
#include "wire/header.h"

static const char document[] = "name: Spring\n" SENDER_LINES "steps:\n"
                               "  - subject: A question, {{first_name|you}}\n"
                               "    body: |\n"
                               "      Hello {{first_name|there}},\n"
                               "\n"
                               "      how is {{company}}?\n"
                               "  - delay: 1 day\n"
                               "    body: Did you see it?\n"
                               "    html: \"<p>Did <b>{{first_name|you}}</b> see it?</p>\"\n";

static struct compose_request request_of(const struct sequence *sequence, size_t step,
                                         struct snippet_fields fields) {
    return (struct compose_request){.sequence = sequence,
                                    .step = step,
                                    .fields = fields,
                                    .from_address = SLICE("ann@example.test"),
                                    .to_address = SLICE("ben@Prospect.test"),
                                    .message_id = SLICE("abc-1@example.test"),
                                    .date_ms = utc_ms("2026-07-01 08:00"),
                                    .zone_minutes = 120};
}

static const struct snippet_field ben_fields[] = {{SLICE_INIT("first_name"), SLICE_INIT("Jörg")},
                                                  {SLICE_INIT("company"), SLICE_INIT("B & C")}};
static const struct snippet_fields ben = {ben_fields, 2};

static void an_opener_is_a_plain_letter(void **state) {
    struct outreach_bench bench = outreach_bench_good(document);
    struct compose_request request = request_of(bench.sequence, 0, ben);
    struct composed composed;
    assert_int_equal(compose_message(bench.arena, &request, &composed), COMPOSE_OK);
    assert_slice(composed.message, "Date: Wed, 1 Jul 2026 10:00:00 +0200\r\n"
                                   "From: Ann Example <ann@example.test>\r\n"
                                   "To: =?UTF-8?Q?J=C3=B6rg?= <ben@prospect.test>\r\n"
                                   "Subject: =?UTF-8?Q?A_question=2C_J=C3=B6rg?=\r\n"
                                   "Message-ID: <abc-1@example.test>\r\n"
                                   "MIME-Version: 1.0\r\n"
                                   "Content-Type: text/plain; charset=utf-8\r\n"
                                   "Content-Transfer-Encoding: quoted-printable\r\n"
                                   "\r\n"
                                   "Hello J=C3=B6rg,\r\n"
                                   "\r\n"
                                   "how is B & C?\r\n"
                                   "\r\n"
                                   "Ann Example\r\n"
                                   "Example GmbH, Street 1, 10115 Berlin\r\n"
                                   "If you would rather not hear from me, just reply no thanks.\r\n");
    assert_slice(composed.subject, "A question, Jörg");
    outreach_bench_free(&bench);
    (void)state;
}

static bool has(struct slice text, const char *part) {
    return slice_find(text, slice_from_text(part)) != SLICE_NOT_FOUND;
}

static void a_follow_up_stays_in_its_thread(void **state) {
    struct outreach_bench bench = outreach_bench_good(document);
    const struct slice references[] = {SLICE("abc-0@example.test"), SLICE("abc-1@example.test")};
    struct compose_request request = request_of(bench.sequence, 1, ben);
    struct composed composed;
    request.message_id = SLICE("abc-2@example.test");
    request.references = references;
    request.reference_count = 2;
    request.thread_subject = SLICE("A question, Jörg");
    assert_int_equal(compose_message(bench.arena, &request, &composed), COMPOSE_OK);
    assert_slice(composed.subject, "Re: A question, Jörg");
    assert_true(has(composed.message, "In-Reply-To: <abc-1@example.test>\r\n"
                                      "References: <abc-0@example.test>\r\n <abc-1@example.test>\r\n"));
    assert_true(has(composed.message, "Content-Type: multipart/alternative; boundary=\"=_"));
    assert_true(has(composed.message, "Content-Type: text/html; charset=utf-8\r\n"));
    assert_true(has(composed.html, "<p>Did <b>Jörg</b> see it?</p>"));
    assert_true(has(composed.html, "just reply no thanks."));
    assert_true(has(composed.body, "just reply no thanks."));
    /* It was a reply before: one Re: is enough. */
    request.thread_subject = SLICE("RE: x");
    assert_int_equal(compose_message(bench.arena, &request, &composed), COMPOSE_OK);
    assert_slice(composed.subject, "RE: x");
    request.reference_count = 0;
    assert_int_equal(compose_message(bench.arena, &request, &composed), COMPOSE_REFUSED);
    outreach_bench_free(&bench);
    (void)state;
}

static void no_field_of_lists_and_no_tracking(void **state) {
    struct outreach_bench bench = outreach_bench_good(document);
    struct compose_request request = request_of(bench.sequence, 1, ben);
    const struct slice reference = SLICE("abc-1@example.test");
    struct composed composed;
    request.references = &reference;
    request.reference_count = 1;
    request.thread_subject = SLICE("s");
    assert_int_equal(compose_message(bench.arena, &request, &composed), COMPOSE_OK);
    assert_false(has(composed.message, "List-"));
    assert_false(has(composed.message, "Precedence"));
    assert_false(has(composed.message, "<img"));
    outreach_bench_free(&bench);
    (void)state;
}

static void the_same_request_gives_the_same_bytes(void **state) {
    struct outreach_bench bench = outreach_bench_good(document);
    struct compose_request request = request_of(bench.sequence, 0, ben);
    struct composed first;
    struct composed second;
    assert_int_equal(compose_message(bench.arena, &request, &first), COMPOSE_OK);
    assert_int_equal(compose_message(bench.arena, &request, &second), COMPOSE_OK);
    assert_true(slice_equal(first.message, second.message));
    outreach_bench_free(&bench);
    (void)state;
}

static void who_lacks_a_value_is_blocked_by_name(void **state) {
    struct outreach_bench bench = outreach_bench_good(document);
    struct compose_request request = request_of(bench.sequence, 0, (struct snippet_fields){NULL, 0});
    struct composed composed;
    assert_int_equal(compose_message(bench.arena, &request, &composed), COMPOSE_BLOCKED);
    assert_int_equal(composed.missing.count, 1);
    assert_slice(composed.missing.names[0], "company");
    assert_slice(composed.words, "no usable value and no fallback: {{company}}");
    outreach_bench_free(&bench);
    (void)state;
}

/* Each line of the header is a field of ours or a fold, all of it ASCII and short. */
static void check_shape(struct slice message) {
    static const char *const names[] = {
        "Date",        "From",       "To",           "Subject",      "Message-ID",
        "In-Reply-To", "References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"};
    struct slice rest = message;
    struct header_field field;
    while (header_next(&rest, &field)) {
        size_t i = 0;
        while (i < 10 && !slice_equal(field.name, slice_from_text(names[i]))) i++;
        if (i == 10) fail_msg("a field '%.*s'", SLICE_PRINT(field.name));
    }
    size_t column = 0;
    for (size_t i = 0; i < message.len; i++) {
        assert_true(message.ptr[i] < 0x80 && message.ptr[i] != 0);
        assert_true(message.ptr[i] != '\n' || (i > 0 && message.ptr[i - 1] == '\r'));
        column = message.ptr[i] == '\n' ? 0 : column + 1;
        assert_true(column <= 998);
    }
}

static void fields_cannot_break_out_of_their_place(void **state) {
    static const struct slice values[] = {SLICE_INIT("x\r\nBcc: evil@example.test"),
                                          SLICE_INIT("x\nBcc: y"),
                                          SLICE_INIT("a\0b"),
                                          SLICE_INIT("=?utf-8?q?=0D=0ABcc:_x?="),
                                          SLICE_INIT("\"<x@y>, \\"),
                                          SLICE_INIT("\xff\xfe"),
                                          SLICE_INIT("<x@y>, <z@w>"),
                                          SLICE_INIT("\xe2\x80\xa8"
                                                     "Bcc: x")};
    struct outreach_bench bench = outreach_bench_good(document);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const struct snippet_field fields[] = {
            {SLICE("first_name"), values[i]}, {SLICE("company"), values[i]}, {SLICE("last_name"), values[i]}};
        struct compose_request request = request_of(bench.sequence, 0, (struct snippet_fields){fields, 3});
        struct composed composed;
        enum compose_result result = compose_message(bench.arena, &request, &composed);
        assert_true(result == COMPOSE_OK || result == COMPOSE_BLOCKED);
        assert_true(result == COMPOSE_BLOCKED || i >= 3);
        if (result == COMPOSE_OK) check_shape(composed.message);
    }
    outreach_bench_free(&bench);
    (void)state;
}

static void addresses_and_ids_are_checked(void **state) {
    struct outreach_bench bench = outreach_bench_good(document);
    static const char *const bad[] = {"ben", "ben@", "a@b.test\r\nBcc: x", "<ben@b.test>", "jörg@b.test", ""};
    struct composed composed;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct compose_request request = request_of(bench.sequence, 0, ben);
        request.to_address = slice_from_text(bad[i]);
        assert_int_equal(compose_message(bench.arena, &request, &composed), COMPOSE_REFUSED);
    }
    struct compose_request request = request_of(bench.sequence, 0, ben);
    request.message_id = SLICE("a>\r\nX: <b@c");
    assert_int_equal(compose_message(bench.arena, &request, &composed), COMPOSE_REFUSED);
    /* Domains of other scripts have an ASCII form. */
    request = request_of(bench.sequence, 0, ben);
    request.to_address = SLICE("ben@köln.test");
    assert_int_equal(compose_message(bench.arena, &request, &composed), COMPOSE_OK);
    assert_true(has(composed.message, "<ben@xn--kln-sna.test>"));
    outreach_bench_free(&bench);
    (void)state;
}

static void long_threads_and_lines_stay_within_limits(void **state) {
    struct buffer text = buffer_new(1 << 20);
    struct slice references[100];
    buffer_append_text(&text,
                       "name: n\n" SENDER_LINES "steps:\n- {subject: s, body: x}\n- {delay: 1 day, body: \"");
    for (int i = 0; i < 3000; i++) buffer_append_text(&text, "word ");
    buffer_append_text(&text, "\"}\n");
    buffer_append_byte(&text, 0);
    struct outreach_bench bench = outreach_bench_good((const char *)text.ptr);
    for (size_t i = 0; i < 100; i++) references[i] = arena_printf(bench.arena, "id-%zu@example.test", i);
    struct compose_request request = request_of(bench.sequence, 1, ben);
    struct composed composed;
    request.thread_subject = SLICE("s");
    request.references = references;
    request.reference_count = 100;
    assert_int_equal(compose_message(bench.arena, &request, &composed), COMPOSE_OK);
    check_shape(composed.message);
    assert_true(has(composed.message, "<id-0@example.test>"));
    assert_true(has(composed.message, "<id-99@example.test>"));
    assert_false(has(composed.message, "<id-50@example.test>"));
    buffer_free(&text);
    outreach_bench_free(&bench);
    (void)state;
}

static void a_footer_says_only_what_is_not_said(void **state) {
    struct outreach_bench bench = outreach_bench_good(
        "name: n\n" SENDER_LINES
        "steps:\n- subject: s\n  body: |\n    Hi.\n    {{opt_out}}\n    {{sender_name}}\n");
    struct compose_request request = request_of(bench.sequence, 0, ben);
    struct composed composed;
    assert_int_equal(compose_message(bench.arena, &request, &composed), COMPOSE_OK);
    assert_slice(composed.body,
                 "Hi.\nIf you would rather not hear from me, just reply no thanks.\nAnn Example\n\n"
                 "Example GmbH, Street 1, 10115 Berlin\n");
    assert_true(has(composed.message, "Content-Transfer-Encoding: 7bit\r\n"));
    outreach_bench_free(&bench);
    (void)state;
}

static void a_link_is_one_in_the_twin_and_a_name_is_a_whole_word(void **state) {
    struct outreach_bench bench = outreach_bench_good(
        "name: n\nsender: {name: Ann, company: E, address: Street 1}\nopt_out: {sentence: Say no., link: "
        "\"https://example.test/no?a=1&b=2\"}\nsteps: [{subject: s, body: Annual, html: <p>Annual</p>}]\n");
    struct compose_request request = request_of(bench.sequence, 0, ben);
    struct composed composed;
    assert_int_equal(compose_message(bench.arena, &request, &composed), COMPOSE_OK);
    assert_slice(composed.body, "Annual\n\nAnn\nE, Street 1\nSay no.\nhttps://example.test/no?a=1&b=2\n");
    assert_slice(
        composed.html,
        "<p>Annual</p>\n<p>Ann<br>\nE, Street 1<br>\nSay no.<br>\n<a "
        "href=\"https://example.test/no?a=1&amp;b=2\">https://example.test/no?a=1&amp;b=2</a></p>\n");
    outreach_bench_free(&bench);
    (void)state;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_opener_is_a_plain_letter),
        cmocka_unit_test(a_follow_up_stays_in_its_thread),
        cmocka_unit_test(no_field_of_lists_and_no_tracking),
        cmocka_unit_test(the_same_request_gives_the_same_bytes),
        cmocka_unit_test(who_lacks_a_value_is_blocked_by_name),
        cmocka_unit_test(fields_cannot_break_out_of_their_place),
        cmocka_unit_test(addresses_and_ids_are_checked),
        cmocka_unit_test(long_threads_and_lines_stay_within_limits),
        cmocka_unit_test(a_footer_says_only_what_is_not_said),
        cmocka_unit_test(a_link_is_one_in_the_twin_and_a_name_is_a_whole_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
