/* What strangers write, judged: whatever it is, it takes no more memory than there is for it, and what is
   found can be told to the store. A message that could not be would hold up its mailbox, for it comes again.
 */
#include "test.h"

#include "base/limits.h"
#include "base/limits_campaign.h"
#include "intake/judge.h"

#define HEAD "From: <a@x.test>\r\nTo: <b@y.test>\r\nSubject: hi\r\nMessage-ID: <m@x.test>\r\n"
#define REPORT                                                                                            \
    "From: <MAILER-DAEMON@x.test>\r\nReturn-Path: <>\r\nSubject: Undelivered Mail Returned to Sender\r\n" \
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"              \
    "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"

/* `unit` again and again behind `head`, as much of a message as is looked at; "#" in it is another number
   each time. */
static struct slice endless(struct buffer *out, const char *head, const char *unit) {
    unsigned number = 0;
    buffer_clear(out);
    buffer_append_text(out, head);
    while (out->len + 4096 < out->max_bytes) {
        for (const char *at = unit; *at; at++) {
            if (*at == '#')
                buffer_append_number(out, number++);
            else
                buffer_append_byte(out, (uint8_t)*at);
        }
    }
    return buffer_slice(out);
}

static void assert_told(struct slice message, struct slice token) {
    struct arena *arena = arena_new(JUDGE_ARENA_BYTES);
    struct arena *other = arena_new(MIB(1));
    struct buffer packed = buffer_new(ANSWER_FACTS_BYTES_MAX);
    struct answer_facts facts;
    struct answer_facts again;
    judge_message(arena, message, token, &facts);
    answer_facts_pack(&packed, &facts);
    assert_false(buffer_overflowed(&packed));
    assert_true(answer_facts_unpack(buffer_slice(&packed), other, &again));
    assert_int_equal(again.kind, facts.kind);
    assert_int_equal(again.id_count, facts.id_count);
    buffer_free(&packed);
    arena_free(&other);
    arena_free(&arena);
}

static void whatever_is_written_can_be_told_to_the_store(void **state) {
    static const struct {
        const char *head;
        const char *unit;
    } cases[] = {
        {HEAD "References:", " <a#@b>\r\n"},
        {HEAD "In-Reply-To:",
         " <a#.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b>"},
        {"References: <", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa#@"},
        {"Message-ID: <", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa#@"},
        {"From: <", "aaaaaaaaaaaaaaaaaaaaaaaaa#"},
        {"From: a@", "b#."},
        {"From: <a@x.test>\r\nSubject: ", "Re: "},
        {"Subject: ", "=?utf-8?q?=FF=00#?= "},
        {HEAD "\r\n", "<aaaaaaaaaaaaaaaaaaaa#@b.test>\n"},
        {HEAD "Content-Type: multipart/mixed; boundary=b\r\n\r\n",
         "--b\r\nContent-Type: text/plain; name=\"n#\"\r\nContent-ID: <a#@b>\r\n\r\nx\r\n"},
        {HEAD, "Content-Type: multipart/mixed; boundary=b#\r\n\r\n--b#\r\n"},
        {HEAD, "Content-Type: message/rfc822\r\n\r\n"},
        {HEAD "Content-Type: text/plain", "; n#=b"},
        {HEAD "\r\n", "\xff\xfe\x80#"},
        {REPORT, "Final-Recipient: rfc822; a#@b.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"},
        {REPORT,
         "Final-Recipient: rfc822; a#@b.test\r\nAction: failed\r\nDiagnostic-Code: smtp; 550 5.1.1 user "
         "unknown user unknown user unknown user unknown user unknown user unknown\r\n\r\n"},
        {REPORT "Final-Recipient: rfc822; ", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa#@"},
        {"From: <MAILER-DAEMON@x.test>\r\nSubject: failure notice\r\n\r\n",
         "<u#@b.test>: 550 user unknown\r\n"},
        {"Auto-Submitted: auto-replied\r\n\r\n", "I am out of office until 31.12.#. "},
        {HEAD "\r\n", "stop writing to me, unsubscribe me. "},
    };
    struct buffer message = buffer_new(JUDGE_BYTES_MAX);
    struct buffer token = buffer_new(10000);
    endless(&token, "", "o");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_told(endless(&message, cases[i].head, cases[i].unit), buffer_slice(&token));
    buffer_free(&token);
    buffer_free(&message);
}

static void whom_a_message_names_is_known_in_that_order(void **state) {
    (void)state;
    struct arena *arena = arena_new(JUDGE_ARENA_BYTES);
    struct answer_facts facts;
    judge_message(
        arena,
        SLICE("From: <Boss@acme.test>\r\nTo: Ann <ann@example.org>\r\nCc: Dora@Acme.test\r\n"
              "Subject: Re: hi\r\n\r\nPlease ask me.\r\n\r\n"
              "Am Montag schrieb Ann <ann@example.org> an \"Emil\" <emil@acme.test>:\r\n> Hello.\r\n"),
        SLICE_EMPTY, &facts);
    assert_int_equal(facts.kind, ANSWER_REPLY);
    assert_int_equal(facts.named_count, 4);
    assert_slice(facts.named[1], "dora@acme.test");
    assert_slice(facts.named[3], "emil@acme.test");
    arena_free(&arena);
}

#define FAILED_AT_HOME                                                                                    \
    REPORT "Original-Recipient: rfc822;Dora@Acme.test\r\nFinal-Recipient: rfc822;dora@mail.acme.test\r\n" \
           "Action: failed\r\nStatus: 5.1.1\r\n\r\n"
#define FAILED_ELSEWHERE                                                                              \
    REPORT "Final-Recipient: rfc822;dora@home.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\n" \
           "Content-Type: text/rfc822-headers\r\n\r\nTo: dora@acme.test\r\nSubject: hi\r\n\r\n--b--\r\n"

static bool names(const struct answer_facts *facts, struct slice address) {
    for (size_t i = 0; i < facts->recipient_count; i++)
        if (slice_equal(facts->recipients[i].address, address)) return true;
    return false;
}

/* Whom the letter was for stands in the message that is given back, and is no recipient that failed. */
static void a_report_is_about_the_recipients_that_it_names(void **state) {
    (void)state;
    static const struct {
        const char *message;
        bool names_dora;
    } cases[] = {{FAILED_AT_HOME, true}, {FAILED_ELSEWHERE, false}};
    struct arena *arena = arena_new(JUDGE_ARENA_BYTES);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct answer_facts facts;
        judge_message(arena, slice_from_text(cases[i].message), SLICE_EMPTY, &facts);
        assert_int_equal(facts.kind, ANSWER_BOUNCE);
        assert_int_equal(names(&facts, SLICE("dora@acme.test")), cases[i].names_dora);
        assert_true(facts.is_hard);
    }
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_written_can_be_told_to_the_store),
        cmocka_unit_test(whom_a_message_names_is_known_in_that_order),
        cmocka_unit_test(a_report_is_about_the_recipients_that_it_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
