/* What receivers conclude: a code for each thing that a message or its sender lacks. */
#include "test.h"

#include "base/buffer.h"
#include "base/limits.h"
#include "trust/preflight.h"

static const char good_message[] =
    "From: Alice <alice@example.org>\r\nTo: bob@gmail.com\r\nSubject: Hello\r\n"
    "Date: Sun, 29 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\nHello\r\n";

/* All is as it should be. */
static struct preflight_facts facts_of(const struct preflight_message *message) {
    return (struct preflight_facts){.message = message,
                                    .spf = TRUST_PASS,
                                    .dkim = TRUST_PASS,
                                    .iprev = TRUST_PASS,
                                    .is_spf_aligned = true,
                                    .is_dkim_aligned = true,
                                    .policy = PREFLIGHT_NONE,
                                    .is_unsubscribe_signed = true,
                                    .is_tls = true};
}

static struct preflight_message read_text(const char *text) {
    return preflight_message_read(slice_from_text(text));
}

/* "550 5.7.25/451 4.7.23, 552 5.3.4", those that refuse, in their order. */
static void expect_codes(const struct preflight_facts *facts, enum preflight_receiver receiver,
                         const char *codes) {
    struct arena *arena = arena_new(MIB(1));
    struct buffer out = buffer_new(1000);
    struct preflight_findings findings = preflight_judge(arena, facts, receiver);
    for (size_t i = 0; i < findings.count; i++) {
        const struct preflight_finding *finding = &findings.items[i];
        assert_true(finding->text.len > 0 && finding->advice.len > 0);
        if (finding->weight != PREFLIGHT_REFUSED) continue;
        buffer_printf(&out, "%s%.*s%s%.*s", out.len ? ", " : "", SLICE_PRINT(finding->code),
                      finding->put_off.len ? "/" : "", SLICE_PRINT(finding->put_off));
    }
    assert_slice(buffer_slice(&out), codes);
    buffer_free(&out);
    arena_free(&arena);
}

static void expect_count(const struct preflight_facts *facts, enum preflight_receiver receiver,
                         size_t count) {
    struct arena *arena = arena_new(MIB(1));
    struct preflight_findings findings = preflight_judge(arena, facts, receiver);
    if (findings.count != count)
        fail_msg("%s: %zu findings, the first: %.*s", preflight_receiver_word(receiver), findings.count,
                 SLICE_PRINT(findings.count ? findings.items[0].text : SLICE("")));
    arena_free(&arena);
}

static void nothing_is_wrong_with_a_good_message(void **state) {
    struct preflight_message message = read_text(good_message);
    struct preflight_facts facts = facts_of(&message);
    for (size_t i = 0; i < PREFLIGHT_RECEIVERS; i++) expect_count(&facts, (enum preflight_receiver)i, 0);
}

/* Each line of what Gmail demands (2024), with its codes. */
static void gmail_has_a_code_for_each(void **state) {
    struct preflight_message message = read_text(good_message);
    struct preflight_facts facts = facts_of(&message);
    facts.iprev = TRUST_FAIL;
    expect_codes(&facts, PREFLIGHT_GMAIL, "550 5.7.25/451 4.7.23");
    facts = facts_of(&message);
    facts.spf = facts.dkim = TRUST_NONE;
    expect_codes(&facts, PREFLIGHT_GMAIL, "550 5.7.26/421 4.7.26");
    facts = facts_of(&message);
    facts.is_tls = false;
    expect_codes(&facts, PREFLIGHT_GMAIL, "550 5.7.29/421 4.7.29");
    facts = facts_of(&message);
    facts.policy = PREFLIGHT_REJECT;
    facts.is_spf_aligned = facts.is_dkim_aligned = false;
    expect_codes(&facts, PREFLIGHT_GMAIL, "550 5.7.26");
}

static void gmail_asks_more_of_who_sends_much(void **state) {
    struct preflight_message message = read_text(good_message);
    struct preflight_facts facts = facts_of(&message);
    facts.spf = TRUST_SOFTFAIL;
    expect_codes(&facts, PREFLIGHT_GMAIL, "");
    facts.is_marketing = true;
    expect_codes(&facts, PREFLIGHT_GMAIL, "550 5.7.27/421 4.7.27");
    facts.spf = TRUST_PASS;
    facts.dkim = TRUST_FAIL;
    expect_codes(&facts, PREFLIGHT_GMAIL, "550 5.7.30/421 4.7.30");
    facts.dkim = TRUST_PASS;
    facts.policy = PREFLIGHT_NO_RECORD;
    expect_codes(&facts, PREFLIGHT_GMAIL, "/421 4.7.31");
    facts.policy = PREFLIGHT_NONE;
    facts.is_spf_aligned = facts.is_dkim_aligned = false;
    expect_codes(&facts, PREFLIGHT_GMAIL, "/421 4.7.32");
}

static void volume_makes_a_bulk_sender(void **state) {
    struct preflight_message message = read_text(good_message);
    struct preflight_facts facts = facts_of(&message);
    facts.policy = PREFLIGHT_NO_RECORD;
    facts.volume = facts.usual = PREFLIGHT_BULK_MESSAGES - 1;
    expect_codes(&facts, PREFLIGHT_GMAIL, "");
    facts.volume = facts.usual = PREFLIGHT_BULK_MESSAGES;
    expect_codes(&facts, PREFLIGHT_GMAIL, "/421 4.7.31");
    facts = facts_of(&message);
    facts.volume = 3000;
    facts.usual = 1500;
    expect_codes(&facts, PREFLIGHT_GMAIL, "/421 4.7.28");
    facts.usual = 1600;
    expect_codes(&facts, PREFLIGHT_GMAIL, "");
}

static void microsoft_has_one_code_for_its_level(void **state) {
    struct preflight_message message = read_text(good_message);
    struct preflight_facts facts = facts_of(&message);
    facts.spf = TRUST_FAIL;
    expect_codes(&facts, PREFLIGHT_MICROSOFT, "");
    facts.is_marketing = true;
    expect_codes(&facts, PREFLIGHT_MICROSOFT, "550 5.7.515");
    facts = facts_of(&message);
    facts.is_marketing = true;
    facts.dkim = TRUST_NONE;
    expect_codes(&facts, PREFLIGHT_MICROSOFT, "550 5.7.515");
    facts.dkim = TRUST_PASS;
    facts.policy = PREFLIGHT_NO_RECORD;
    expect_codes(&facts, PREFLIGHT_MICROSOFT, "550 5.7.515");
    facts = facts_of(&message);
    facts.policy = PREFLIGHT_REJECT;
    facts.is_spf_aligned = facts.is_dkim_aligned = false;
    expect_codes(&facts, PREFLIGHT_MICROSOFT, "550 5.7.509");
    facts = facts_of(&message);
    facts.is_ipv6 = true;
    facts.iprev = TRUST_PERMERROR;
    expect_codes(&facts, PREFLIGHT_MICROSOFT, "550 5.7.25/450 4.7.25");
    expect_codes(&facts, PREFLIGHT_GMAIL, "550 5.7.25/451 4.7.23");
    expect_codes(&facts, PREFLIGHT_OTHERS, "550 5.7.25");
    facts = facts_of(&message);
    facts.is_ipv6 = true;
    facts.spf = facts.dkim = TRUST_NONE;
    expect_codes(&facts, PREFLIGHT_MICROSOFT, "/450 4.7.26");
}

/* What each of them announces, or says that it takes. */
static void the_largest_that_is_taken_is_each_one_s_own(void **state) {
    static const struct {
        enum preflight_receiver receiver;
        uint64_t bytes;
    } rows[] = {{PREFLIGHT_GMAIL, 52428800}, {PREFLIGHT_YAHOO, 41943040}, {PREFLIGHT_MICROSOFT, 49283072}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct preflight_message message = read_text(good_message);
        struct preflight_facts facts = facts_of(&message);
        message.bytes = rows[i].bytes;
        expect_codes(&facts, rows[i].receiver, "");
        message.bytes++;
        expect_codes(&facts, rows[i].receiver, "552 5.3.4");
    }
}

static void yahoo_and_others_have_theirs(void **state) {
    struct preflight_message message = read_text(good_message);
    struct preflight_facts facts = facts_of(&message);
    facts.spf = facts.dkim = TRUST_NONE;
    expect_codes(&facts, PREFLIGHT_YAHOO, "550 5.7.9");
    facts = facts_of(&message);
    facts.dkim = TRUST_NONE;
    expect_codes(&facts, PREFLIGHT_YAHOO, "");
    facts.is_marketing = true;
    expect_codes(&facts, PREFLIGHT_YAHOO, "550 5.7.9");
    facts = facts_of(&message);
    facts.policy = PREFLIGHT_REJECT;
    facts.is_spf_aligned = facts.is_dkim_aligned = false;
    expect_codes(&facts, PREFLIGHT_YAHOO, "554 5.7.9");
    expect_codes(&facts, PREFLIGHT_OTHERS, "550 5.7.26");
    facts = facts_of(&message);
    facts.spf = TRUST_FAIL;
    expect_codes(&facts, PREFLIGHT_OTHERS, "550 5.7.23");
}

/* ---- the message itself ---- */

#define HEAD "To: b@c.example\r\nSubject: x\r\nDate: Sun, 29 Nov 2026 12:00:00 +0000\r\n"
#define ID "Message-ID: <1@example.org>\r\n"
#define FROM "From: a@example.org\r\n"

static void expect_gmail(const char *text, const char *codes) {
    struct preflight_message message = read_text(text);
    struct preflight_facts facts = facts_of(&message);
    expect_codes(&facts, PREFLIGHT_GMAIL, codes);
}

static void the_header_has_its_form(void **state) {
    expect_gmail(HEAD ID "\r\n", "550 5.7.1");
    expect_gmail(FROM FROM HEAD ID "\r\n", "550 5.7.1");
    expect_gmail("From: a@example.org, b@example.org\r\n" HEAD ID "\r\n", "550 5.7.1");
    expect_gmail("From: friends: a@example.org;\r\n" HEAD ID "\r\n", "550 5.7.1");
    expect_gmail("From: nobody\r\n" HEAD ID "\r\n", "550 5.7.1");
    expect_gmail(FROM HEAD "\r\n", "550 5.7.1");
    expect_gmail(FROM HEAD "Message-ID: 1@example.org\r\n\r\n", "550 5.7.1");
    expect_gmail(FROM HEAD "Message-ID: <nothing>\r\n\r\n", "550 5.7.1");
    expect_gmail(FROM HEAD ID "Subject: again\r\n\r\n", "550 5.7.1");
    expect_gmail(FROM HEAD ID "\r\nFrom: a line of the body\r\n", "");
    struct preflight_message message = read_text(HEAD ID "\r\n");
    struct preflight_facts facts = facts_of(&message);
    expect_codes(&facts, PREFLIGHT_MICROSOFT, "550 5.7.512");
}

static void what_is_only_disliked_is_told(void **state) {
    static const char *const texts[] = {
        FROM ID "To: b@c.example\r\n\r\n",  FROM ID "Date: yesterday\r\n\r\n",
        FROM HEAD ID "X: \xc3\xbc\r\n\r\n", FROM HEAD ID "\r\nnot\nall\r\nalike\r\n",
        FROM HEAD ID "\r\na\rb\r\n",        "From: \"ceo@bank.example\" <a@example.org>\r\n" HEAD ID "\r\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct preflight_message message = read_text(texts[i]);
        struct preflight_facts facts = facts_of(&message);
        for (size_t j = 0; j < PREFLIGHT_RECEIVERS; j++) expect_count(&facts, (enum preflight_receiver)j, 1);
    }
}

static void a_reply_is_about_something(void **state) {
    struct preflight_message message = read_text(FROM ID "Subject: Re: you\r\n\r\n");
    assert_true(message.has_false_reply);
    message = read_text(FROM ID "Subject: Re: you\r\nIn-Reply-To: <2@c.example>\r\n\r\n");
    assert_false(message.has_false_reply);
    /* One's own address is no false name. */
    message = read_text("From: \"a@example.org\" <a@example.org>\r\n\r\n");
    assert_false(message.has_false_name);
}

static void long_lines_are_seen(void **state) {
    char text[2000];
    char line[1200];
    memset(line, 'x', sizeof line);
    (void)snprintf(text, sizeof text, FROM HEAD ID "\r\n%.998s\r\n", line);
    assert_false(read_text(text).has_long_lines);
    (void)snprintf(text, sizeof text, FROM HEAD ID "\r\n%.999s\r\n", line);
    assert_true(read_text(text).has_long_lines);
    (void)snprintf(text, sizeof text, FROM HEAD ID "\r\n%.999s", line);
    assert_true(read_text(text).has_long_lines);
}

static void size_has_a_limit(void **state) {
    struct preflight_message message = read_text(good_message);
    struct preflight_facts facts = facts_of(&message);
    message.bytes = PREFLIGHT_GMAIL_BYTES;
    expect_codes(&facts, PREFLIGHT_GMAIL, "");
    expect_codes(&facts, PREFLIGHT_MICROSOFT, "552 5.3.4");
    message.bytes++;
    expect_codes(&facts, PREFLIGHT_GMAIL, "552 5.3.4");
    expect_codes(&facts, PREFLIGHT_YAHOO, "552 5.3.4");
}

/* RFC 8058 */
static void bulk_mail_is_left_with_one_click(void **state) {
    static const char link[] =
        FROM HEAD ID "List-Unsubscribe: <mailto:x@example.org>,\r\n <https://example.org/u/1>\r\n"
                     "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n";
    struct preflight_message message = read_text(good_message);
    struct preflight_facts facts = facts_of(&message);
    facts.is_marketing = true;
    expect_count(&facts, PREFLIGHT_GMAIL, 1);
    expect_count(&facts, PREFLIGHT_YAHOO, 1);
    message = read_text(link);
    expect_count(&facts, PREFLIGHT_GMAIL, 0);
    facts.is_unsubscribe_signed = false;
    expect_count(&facts, PREFLIGHT_GMAIL, 1);
    message = read_text(FROM HEAD ID "List-Unsubscribe: <http://example.org/u>\r\n"
                                     "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n");
    facts = facts_of(&message);
    expect_count(&facts, PREFLIGHT_GMAIL, 1);
}

static void receivers_are_known_by_domain_and_exchange(void **state) {
    assert_int_equal(preflight_receiver_of(SLICE("Gmail.com"), SLICE_EMPTY), PREFLIGHT_GMAIL);
    assert_int_equal(preflight_receiver_of(SLICE("yahoo.co.uk"), SLICE_EMPTY), PREFLIGHT_YAHOO);
    assert_int_equal(preflight_receiver_of(SLICE("hotmail.fr"), SLICE_EMPTY), PREFLIGHT_MICROSOFT);
    assert_int_equal(preflight_receiver_of(SLICE("a.example"), SLICE("aspmx.l.google.com")), PREFLIGHT_GMAIL);
    assert_int_equal(preflight_receiver_of(SLICE("a.example"), SLICE("a.mail.protection.outlook.com")),
                     PREFLIGHT_MICROSOFT);
    assert_int_equal(preflight_receiver_of(SLICE("a.example"), SLICE("mx.notgoogle.com")), PREFLIGHT_OTHERS);
    assert_int_equal(preflight_receiver_of(SLICE("notgmail.com"), SLICE_EMPTY), PREFLIGHT_OTHERS);
    assert_int_equal(preflight_receiver_of(SLICE_EMPTY, SLICE_EMPTY), PREFLIGHT_OTHERS);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_wrong_with_a_good_message),
        cmocka_unit_test(gmail_has_a_code_for_each),
        cmocka_unit_test(gmail_asks_more_of_who_sends_much),
        cmocka_unit_test(volume_makes_a_bulk_sender),
        cmocka_unit_test(microsoft_has_one_code_for_its_level),
        cmocka_unit_test(the_largest_that_is_taken_is_each_one_s_own),
        cmocka_unit_test(yahoo_and_others_have_theirs),
        cmocka_unit_test(the_header_has_its_form),
        cmocka_unit_test(what_is_only_disliked_is_told),
        cmocka_unit_test(a_reply_is_about_something),
        cmocka_unit_test(long_lines_are_seen),
        cmocka_unit_test(size_has_a_limit),
        cmocka_unit_test(bulk_mail_is_left_with_one_click),
        cmocka_unit_test(receivers_are_known_by_domain_and_exchange),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
