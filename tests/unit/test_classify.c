/* What a mail that comes in is taken for: reports, the days that people name, texts without quotes. */
#include "test.h"

#include "analyse/classify.h"
#include "analyse/classify_report.h"
#include "analyse/new_text.h"
#include "analyse/phrase.h"
#include "analyse/return_date.h"
#include "base/limits_classify.h"
#include "wire/date.h"

enum { ARENA_BYTES = 8 << 20 };

struct fixture {
    struct arena *arena;
    const struct classification *c;
};

static struct fixture classified(const char *mail) {
    struct fixture f = {.arena = arena_new(ARENA_BYTES)};
    f.c = classify_message(f.arena, slice_from_text(mail));
    return f;
}

static void fixture_free(struct fixture *f) { arena_free(&f->arena); }

/* ---- reports ---- */

#define REPORT                                                                                      \
    "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: ben@ours.example\r\n"                 \
    "Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\nContent-Type: multipart/" \
    "report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nNotice.\r\n--b\r\n"          \
    "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
#define ORIGINAL                                                                            \
    "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: ben@ours.example\r\nTo: ann@gone" \
    ".example\r\nMessage-ID: <step1.4711@ours.example>\r\nSubject: Your time\r\n\r\nHi\r\n--b--\r\n"

static void a_report_names_recipient_reason_and_message(void **state) {
    struct fixture f =
        classified(REPORT "Final-Recipient: rfc822; ann@gone.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
                          "Diagnostic-Code: smtp; 550 5.1.1 <ann@gone.example>: User unknown\r\n" ORIGINAL);
    assert_int_equal(f.c->kind, CLASS_BOUNCE);
    assert_true(f.c->is_hard);
    assert_int_equal(f.c->recipient_count, 1);
    assert_slice(f.c->recipients[0].address, "ann@gone.example");
    assert_int_equal(f.c->recipients[0].reply_code, 550);
    assert_int_equal(f.c->recipients[0].reason, BOUNCE_USER_UNKNOWN);
    assert_slice(f.c->original_recipient, "ann@gone.example");
    assert_int_equal(f.c->id_count, 1);
    assert_slice(f.c->ids[0], "step1.4711@ours.example");
    fixture_free(&f);
}

static void what_is_delayed_has_not_failed(void **state) {
    struct fixture f = classified(REPORT "Final-Recipient: rfc822; ann@slow.example\r\nAction: delayed\r\n"
                                         "Status: 4.4.1\r\n" ORIGINAL);
    assert_int_equal(f.c->kind, CLASS_DELAY);
    assert_false(f.c->is_hard);
    fixture_free(&f);
}

static void one_recipient_of_several_may_have_failed(void **state) {
    struct fixture f = classified(
        REPORT "Final-Recipient: rfc822; a@slow.example\r\nAction: delayed\r\nStatus: 4.4.1\r\n\r\n"
               "Final-Recipient: rfc822; b@full.example\r\nAction: failed\r\nStatus: 5.2.2\r\n"
               "Diagnostic-Code: smtp; 552 5.2.2 mailbox full\r\n\r\n"
               "Final-Recipient: rfc822; c@there.example\r\nAction: relayed\r\nStatus: 2.0.0\r\n" ORIGINAL);
    assert_int_equal(f.c->kind, CLASS_BOUNCE);
    assert_false(f.c->is_hard);
    assert_int_equal(f.c->recipient_count, 3);
    assert_int_equal(f.c->recipients[0].action, DELIVERY_DELAYED);
    assert_int_equal(f.c->recipients[1].reason, BOUNCE_MAILBOX_FULL);
    assert_int_equal(f.c->recipients[2].action, DELIVERY_RELAYED);
    fixture_free(&f);
}

static void a_refusal_for_policy_kills_no_address(void **state) {
    static const char *const refusals[] = {
        "550 5.7.1 Message rejected due to local policy",
        "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.example",
        "550 5.1.1 sorry, mailbox is over quota",
        "550 5.1.1 IP address blacklisted by recipient",
        "554 5.7.1 <ann@gone.example>: Relay access denied",
        "550 5.2.1 The account is disabled",
        "451 4.1.1 user unknown, try later",
        "550 5.7.26 unauthenticated mail is prohibited, DMARC",
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        char mail[4000];
        (void)snprintf(mail, sizeof mail,
                       REPORT "Final-Recipient: rfc822; ann@gone.example\r\nAction: failed\r\n"
                              "Status: 5.0.0\r\nDiagnostic-Code: smtp; %s\r\n" ORIGINAL,
                       refusals[i]);
        struct fixture f = classified(mail);
        assert_int_equal(f.c->kind, CLASS_BOUNCE);
        if (f.c->is_hard) fail_msg("hard: %s", refusals[i]);
        fixture_free(&f);
    }
}

static void a_receipt_of_a_reader_is_no_answer(void **state) {
    struct fixture f = classified(
        "From: ann@customer.example\r\nTo: ben@ours.example\r\nSubject: Read: Your time\r\nMIME-Version: "
        "1.0\r\n"
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n--b\r\n\r\n"
        "Your message was read.\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\n"
        "Final-Recipient: rfc822; ann@customer.example\r\nOriginal-Message-ID: <step1@ours.example>\r\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\r\n--b--\r\n");
    assert_int_equal(f.c->kind, CLASS_RECEIPT);
    assert_slice(f.c->type, "displayed");
    assert_slice(f.c->ids[0], "step1@ours.example");
    fixture_free(&f);
}

static void a_complaint_is_one(void **state) {
    struct fixture f = classified(
        "From: fbl@provider.example\r\nTo: ben@ours.example\r\nSubject: FBL\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=feedback-report; "
        "boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n"
        "Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n"
        "Original-Rcpt-To: <ann@provider.example>\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        "Message-ID: <step1@ours.example>\r\n\r\nHi\r\n--b--\r\n");
    assert_int_equal(f.c->kind, CLASS_COMPLAINT);
    assert_slice(f.c->type, "abuse");
    assert_slice(f.c->original_recipient, "ann@provider.example");
    assert_slice(f.c->ids[0], "step1@ours.example");
    fixture_free(&f);
}

static void a_forwarded_report_is_its_forwarders(void **state) {
    struct fixture f = classified(
        "From: Ann <ann@customer.example>\r\nTo: ben@ours.example\r\nSubject: Fwd: Undelivered Mail\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nWhat is "
        "this?\r\n--m\r\n"
        "Content-Type: message/rfc822\r\n\r\n" REPORT
        "Final-Recipient: rfc822; x@y.example\r\nAction: failed\r\n"
        "Status: 5.1.1\r\n--b--\r\n--m--\r\n");
    assert_int_equal(f.c->kind, CLASS_REPLY);
    assert_int_equal(f.c->recipient_count, 0);
    fixture_free(&f);
}

/* ---- what an answer belongs to ---- */

static void ids_stand_with_the_surest_first(void **state) {
    struct fixture f =
        classified("From: ann@customer.example\r\nTo: ben@ours.example\r\nSubject: Re: Your time\r\n"
                   "In-Reply-To: <c@ours.example>\r\n"
                   "References: <a@ours.example> <b@ours.example> <c@ours.example>\r\n\r\nFine.\r\n");
    assert_int_equal(f.c->id_count, 3);
    assert_slice(f.c->ids[0], "c@ours.example");
    assert_slice(f.c->ids[1], "b@ours.example");
    assert_slice(f.c->ids[2], "a@ours.example");
    assert_slice(f.c->from, "ann@customer.example");
    fixture_free(&f);
}

static void an_id_in_the_text_is_found(void **state) {
    struct fixture f = classified("Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: "
                                  "ben@ours.example\r\nSubject: failure notice\r\n\r\n"
                                  "I was not able to deliver your message.\r\n\r\n<ann@gone.example>:\r\n"
                                  "Sorry, no mailbox here by that name. (#5.1.1)\r\n\r\n--- Below this line "
                                  "is a copy of the message.\r\n\r\n"
                                  "Return-Path: <ben@ours.example>\r\nMessage-ID: "
                                  "<step2.20260310@ours.example>\r\nTo: ann@gone.example\r\n"
                                  "\r\nHi\r\n");
    assert_int_equal(f.c->kind, CLASS_BOUNCE);
    assert_true(f.c->is_hard);
    assert_slice(f.c->recipients[0].address, "ann@gone.example");
    assert_slice(f.c->ids[0], "step2.20260310@ours.example");
    fixture_free(&f);
}

/* ---- the day of return ---- */

static void assert_return(const char *text, const char *expected) {
    struct buffer folded = buffer_new(4096);
    char got[16] = "-";
    int64_t day;
    phrase_fold(&folded, slice_from_text(text));
    if (return_date_find(buffer_slice(&folded), date_days(2026, 3, 10), false, &day)) {
        struct date_fields date = date_split(day * 24 * 3600 * 1000);
        (void)snprintf(got, sizeof got, "%04d-%02d-%02d", date.year, date.month, date.day);
    }
    if (strcmp(got, expected) != 0) fail_msg("'%s': %s, not %s", text, got, expected);
    buffer_free(&folded);
}

static void the_day_of_return_is_the_first_day_back(void **state) {
    assert_return("until Monday", "2026-03-16");
    assert_return("until Monday, 23 March", "2026-03-23");
    assert_return("back on 3 April", "2026-04-03");
    assert_return("until April 3rd, 2026", "2026-04-03");
    assert_return("from 12 March to 20 March", "2026-03-21");
    assert_return("between March 12 and March 20", "2026-03-21");
    assert_return("bis einschließlich 14.12.", "2026-12-15");
    assert_return("bis zum 14. Dezember 2026", "2026-12-15");
    assert_return("ab 1.4. wieder erreichbar", "2026-04-01");
    assert_return("jusqu'au 14/04/2026 inclus", "2026-04-15");
    assert_return("hasta el 14 de abril", "2026-04-15");
    assert_return("do 14 kwietnia włącznie", "2026-04-15");
    assert_return("wracam 2026-04-14", "2026-04-14");
    assert_return("sono in ferie fino al 14 aprile", "2026-04-15");
    assert_return("ik ben terug op 14 april", "2026-04-14");
}

static void no_day_is_past_or_far(void **state) {
    assert_return("I was away until 1 March 2026", "-");
    assert_return("until 3 May 2031", "-");
    assert_return("until 31.02.", "-");
    assert_return("since 3 March I work from home", "-");
    assert_return("call +49 30 12.3.45 until then", "-");
    assert_return("our offer 12/2026 ends", "-");
}

/* ---- texts ---- */

static void assert_new(const char *text, const char *expected) {
    struct buffer out = buffer_new(4096);
    new_text_append(&out, slice_from_text(text));
    assert_slice(buffer_slice(&out), expected);
    buffer_free(&out);
}

static void quotes_and_signatures_are_left_out(void **state) {
    assert_new("Yes\n\nOn 9 March, Ben wrote:\n> No?\n", "Yes");
    assert_new("> Question one?\nOne.\n> Question two?\nTwo.\n", "One.\nTwo.");
    assert_new("Yes\n\n-- \nAnn, Customer Ltd", "Yes");
    assert_new("Ja\n\nAm 9. März 2026 um 09:00 schrieb Ben\n<ben@ours.example>:\n\nAlt", "Ja");
    assert_new("On the other hand, he wrote it down: twice.", "On the other hand, he wrote it down: twice.");
    assert_new("Oui\r\n\r\nDe : Ben\r\nEnvoyé : lundi\r\nÀ : Ann\r\nObjet : x\r\n\r\nvieux", "Oui");
    assert_new("", "");
}

/* ---- however it comes ---- */

static const char quoted_mail[] =
    "From: ann@customer.example\r\nSubject: Re: x\r\nIn-Reply-To: <a@b.example>\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; "
    "charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\nJe suis int=C3=A9ress=C3=A9e.\r\n--b\r\n"
    "Content-Type: text/html\r\n\r\n<p>x</p>\r\n--b--\r\n";

static void on_header(void *context, const struct mime_part *part, struct slice header) {
    classifier_header(context, part, header);
}
static void on_body(void *context, const struct mime_part *part, struct slice bytes) {
    classifier_body(context, part, bytes);
}

static void pieces_of_any_size_come_to_the_same(void **state) {
    for (size_t step = 1; step < 40; step += 6) {
        struct arena *arena = arena_new(ARENA_BYTES);
        struct arena *tree = arena_new(ARENA_BYTES);
        struct classifier *classifier = classifier_new(arena);
        struct mime_parser *parser =
            mime_parser_new(tree, (struct mime_events){classifier, on_header, on_body});
        struct slice rest = slice_from_text(quoted_mail);
        while (rest.len) {
            struct slice chunk = slice_take(&rest, step);
            classifier_feed(classifier, chunk);
            mime_parser_feed(parser, chunk);
        }
        (void)mime_parser_finish(parser);
        const struct classification *c = classifier_finish(classifier);
        assert_int_equal(c->kind, CLASS_REPLY);
        assert_int_equal(c->interest, INTEREST_POSITIVE);
        mime_parser_free(&parser);
        classifier_free(&classifier);
        arena_free(&tree);
        arena_free(&arena);
    }
}

static void a_small_arena_is_enough_for_a_verdict(void **state) {
    struct arena *arena = arena_new(1500);
    const struct classification *c = classify_message(arena, slice_from_text(quoted_mail));
    assert_int_equal(c->kind, CLASS_REPLY);
    arena_free(&arena);
}

/* ---- categories ---- */

static void the_same_text_by_hand_and_as_a_mailing(void **state) {
    struct fixture hand =
        classified("From: Ann <ann@customer.example>\r\nTo: ben@ours.example\r\nSubject: Our spring offer\r\n"
                   "\r\nHi Ben, we have a special offer for you this week.\r\n");
    struct fixture bulk = classified(
        "From: Customer <news@customer.example>\r\nTo: ben@ours.example\r\nSubject: Our spring offer\r\n"
        "List-Unsubscribe: <https://customer.example/u>\r\nPrecedence: bulk\r\nContent-Type: "
        "text/html\r\n\r\n"
        "<table><tr><td><img src=a><img src=b><img src=c></td></tr></table><p>Hi Ben, we have a special "
        "offer for "
        "you this week.</p><a href=1>Shop now</a><a href=2>Unsubscribe</a>\r\n");
    assert_int_equal(hand.c->category, CATEGORY_PRIMARY);
    assert_int_equal(bulk.c->category, CATEGORY_PROMOTIONS);
    assert_int_equal(bulk.c->kind, CLASS_OTHER);
    fixture_free(&hand);
    fixture_free(&bulk);
}

static void a_notice_of_a_machine_is_an_update(void **state) {
    struct fixture f = classified(
        "From: Shop <no-reply@shop.example>\r\nTo: ben@ours.example\r\nSubject: Your order 4711\r\n"
        "Auto-Submitted: auto-generated\r\n\r\nThank you for your order.\r\n");
    assert_int_equal(f.c->category, CATEGORY_UPDATES);
    assert_int_equal(f.c->kind, CLASS_OTHER);
    fixture_free(&f);
}

static void the_report_is_valid_whatever_the_bytes(void **state) {
    struct fixture f =
        classified("From: \xff\xfe <a@b>\r\nSubject: \x1b[31mred\r\n\r\n\xc3\x28 \x1b]0;x\x07 text\r\n");
    struct buffer out = buffer_new(1 << 20);
    assert_int_equal(classify_report(f.c, SLICE("x"), CLASSIFY_JSON_LINE, &out), CLASSIFY_REPORT_OK);
    assert_int_equal(slice_find_byte(buffer_slice(&out), 0x1b), SLICE_NOT_FOUND);
    buffer_clear(&out);
    assert_int_equal(classify_report(f.c, SLICE_EMPTY, CLASSIFY_WORDS, &out), CLASSIFY_REPORT_OK);
    assert_int_equal(slice_find_byte(buffer_slice(&out), 0x1b), SLICE_NOT_FOUND);
    buffer_free(&out);
    fixture_free(&f);
}

/* "~" may stand for nothing. */
static void a_phrase_is_found_in_the_shortest_text_that_has_it(void **state) {
    static const struct slice words[] = {SLICE_INIT("on "), SLICE_INIT("am ")};
    assert_int_equal(phrase_find(SLICE("ab"), SLICE("a~b")), 0);
    assert_int_equal(phrase_find(SLICE("xabc"), SLICE("a~b~c")), 1);
    assert_int_equal(phrase_find(SLICE("ac"), SLICE("a~b~c")), SLICE_NOT_FOUND);
    assert_int_equal(phrase_find(SLICE("a"), SLICE("a~b")), SLICE_NOT_FOUND);
    assert_int_equal(phrase_find(SLICE_EMPTY, SLICE("a")), SLICE_NOT_FOUND);
    assert_ptr_equal(phrase_start(SLICE("am 3."), PHRASES(words)), &words[1]);
    assert_null(phrase_start(SLICE("a"), PHRASES(words)));
    assert_null(phrase_start(SLICE_EMPTY, PHRASES(words)));
}

/* Texts of few letters, short and long: what a list finds is what its phrases find one by one. */
static void a_list_finds_what_its_phrases_find(void **state) {
    static const struct slice items[] = {
        SLICE_INIT("abcab~ba"),  SLICE_INIT("bbb~"),   SLICE_INIT("c~"),
        SLICE_INIT("b~aa a"),    SLICE_INIT("cc*"),    SLICE_INIT("aaaabaa*"),
        SLICE_INIT("a b a b a"), SLICE_INIT("cbacba"), SLICE_INIT("ab"),
    };
    struct phrase_list list = PHRASES(items);
    uint8_t text[400];
    uint64_t random = 1;
    size_t found = 0;
    for (size_t round = 0; round < 4000; round++) {
        size_t len = round % sizeof text;
        for (size_t i = 0; i < len; i++) {
            random = random * 6364136223846793005U + 1442695040888963407U;
            text[i] = (uint8_t) "aaabbc d"[random >> 61];
        }
        struct phrase_list some = {items + round % 5, list.count - round % 5};
        struct slice folded = slice_of(text, len);
        const struct slice *any = NULL;
        const struct slice *words = NULL;
        for (size_t i = some.count; i-- > 0;) {
            if (phrase_find(folded, some.items[i]) != SLICE_NOT_FOUND) any = &some.items[i];
            if (phrase_find_words(folded, some.items[i]) != SLICE_NOT_FOUND) words = &some.items[i];
        }
        assert_ptr_equal(phrase_any(folded, some), any);
        assert_ptr_equal(phrase_any_words(folded, some), words);
        found += any && words;
    }
    assert_in_range(found, 1000, 3999);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_names_recipient_reason_and_message),
        cmocka_unit_test(what_is_delayed_has_not_failed),
        cmocka_unit_test(one_recipient_of_several_may_have_failed),
        cmocka_unit_test(a_refusal_for_policy_kills_no_address),
        cmocka_unit_test(a_receipt_of_a_reader_is_no_answer),
        cmocka_unit_test(a_complaint_is_one),
        cmocka_unit_test(a_forwarded_report_is_its_forwarders),
        cmocka_unit_test(ids_stand_with_the_surest_first),
        cmocka_unit_test(an_id_in_the_text_is_found),
        cmocka_unit_test(the_day_of_return_is_the_first_day_back),
        cmocka_unit_test(no_day_is_past_or_far),
        cmocka_unit_test(quotes_and_signatures_are_left_out),
        cmocka_unit_test(pieces_of_any_size_come_to_the_same),
        cmocka_unit_test(a_small_arena_is_enough_for_a_verdict),
        cmocka_unit_test(the_same_text_by_hand_and_as_a_mailing),
        cmocka_unit_test(a_notice_of_a_machine_is_an_update),
        cmocka_unit_test(the_report_is_valid_whatever_the_bytes),
        cmocka_unit_test(a_phrase_is_found_in_the_shortest_text_that_has_it),
        cmocka_unit_test(a_list_finds_what_its_phrases_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
