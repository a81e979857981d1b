/* What the server writes: whole lines, whatever is in them. */
#include "test.h"

#include "wire/imap_reply.h"

static struct buffer out;

static int setup(void **state) {
    out = buffer_new(KIB(64));
    return 0;
}

static int teardown(void **state) {
    buffer_free(&out);
    return 0;
}

static void a_code_is_followed_by_text(void **state) {
    imap_reply_tagged(&out, SLICE("a1"), IMAP_REPLY_OK, SLICE("READ-WRITE"), SLICE("Selected"));
    imap_reply_tagged(&out, SLICE("a2"), IMAP_REPLY_NO, SLICE_EMPTY, SLICE("No such mailbox"));
    imap_reply_status(&out, IMAP_REPLY_OK, SLICE("UIDNEXT 5"), SLICE("Predicted"));
    assert_slice(buffer_slice(&out), "a1 OK [READ-WRITE] Selected\r\na2 NO No such mailbox\r\n"
                                     "* OK [UIDNEXT 5] Predicted\r\n");
}

static void no_text_breaks_a_line(void **state) {
    imap_reply_tagged(&out, SLICE("a"), IMAP_REPLY_BAD, SLICE_EMPTY, SLICE("x\r\n* OK y\0\xc3"));
    imap_reply_bye(&out, SLICE("a\nb"));
    assert_slice(buffer_slice(&out), "a BAD x??* OK y??\r\n* BYE a?b\r\n");
}

static void a_continuation_has_its_space(void **state) {
    imap_reply_continue(&out, SLICE_EMPTY);
    imap_reply_continue(&out, SLICE("idling"));
    assert_slice(buffer_slice(&out), "+ \r\n+ idling\r\n");
}

static void untagged_lines_are_whole(void **state) {
    imap_reply_untagged(&out, SLICE("SEARCH"));
    imap_reply_number(&out, 23, SLICE("EXISTS"));
    assert_slice(buffer_slice(&out), "* SEARCH\r\n* 23 EXISTS\r\n");
}

static void vanished_is_not_said_of_nothing(void **state) {
    const struct number_range uids[] = {{1, 3}, {5, 5}};
    imap_reply_vanished(&out, uids, 0, false);
    imap_reply_vanished(&out, uids, 2, false);
    imap_reply_vanished(&out, uids, 1, true);
    assert_slice(buffer_slice(&out), "* VANISHED 1:3,5\r\n* VANISHED (EARLIER) 1:3\r\n");
}

static void copyuid_and_appenduid_list_uids(void **state) {
    const struct number_range from[] = {{304, 304}, {319, 320}};
    const struct number_range to[] = {{3956, 3958}};
    imap_reply_copyuid(&out, 38505, from, 2, to, 1);
    buffer_append_byte(&out, '|');
    imap_reply_appenduid(&out, 38505, to, 1);
    assert_slice(buffer_slice(&out), "COPYUID 38505 304,319:320 3956:3958|APPENDUID 38505 3956:3958");
}

static void a_set_is_written_as_ranges(void **state) {
    struct uid_set set = UID_SET_EMPTY;
    uid_set_append(&set, (struct number_range){2, 4});
    uid_set_append(&set, (struct number_range){9, 9});
    imap_reply_uid_set(&out, &set);
    assert_slice(buffer_slice(&out), "2:4,9");
    uid_set_free(&set);
}

static void flags_come_in_parentheses(void **state) {
    struct slice keywords[] = {SLICE("$Junk"), SLICE("Work")};
    imap_reply_flags(&out, &(struct imap_flags){IMAP_FLAG_SEEN | IMAP_FLAG_RECENT, keywords, 2});
    imap_reply_flags(&out, &(struct imap_flags){0, keywords, 1});
    imap_reply_flags(&out, &(struct imap_flags){0});
    assert_slice(buffer_slice(&out), "(\\Seen \\Recent $Junk Work)($Junk)()");
}

static void mailbox_names_are_quoted_in_the_sessions_form(void **state) {
    imap_reply_mailbox(&out, SLICE("INBOX"), false);
    imap_reply_mailbox(&out, SLICE("a\"b\\\xc3\xa9&"), false);
    imap_reply_mailbox(&out, SLICE("\xc3\xa9&"), true);
    assert_slice(buffer_slice(&out), "\"INBOX\"\"a\\\"b\\\\&AOk-&-\"\"\xc3\xa9&\"");
}

static void a_name_that_cannot_be_quoted_is_a_literal(void **state) {
    imap_reply_mailbox(&out, SLICE("a\r\n* BYE"), true);
    assert_slice(buffer_slice(&out), "{8}\r\na\r\n* BYE");
}

static void names_that_grow_most_still_fit(void **state) {
    struct buffer name = buffer_new(3000);
    for (int i = 0; i < 300; i++) buffer_append(&name, SLICE("\xc3\xa9&"));
    imap_reply_mailbox(&out, buffer_slice(&name), false);
    assert_int_equal(out.len, 2 + 300 * 7);
    buffer_free(&name);
}

static void dates_have_two_places_for_the_day(void **state) {
    imap_date_time_render(&out, (struct imap_date_time){INT64_C(836732665999), -420});
    imap_date_time_render(&out, (struct imap_date_time){-1, 330});
    assert_slice(buffer_slice(&out), "\" 7-Jul-1996 02:44:25 -0700\"\" 1-Jan-1970 05:29:59 +0530\"");
}

static void sections_are_named_as_they_were_asked(void **state) {
    uint32_t part[] = {1, 2};
    struct slice headers[] = {SLICE("From"), SLICE("X y"), SLICE("b\xc3\xa9")};
    imap_reply_section(&out, &(struct imap_section){.text = IMAP_SECTION_HEADER_FIELDS,
                                                    .peek = true,
                                                    .part = part,
                                                    .part_count = 2,
                                                    .headers = headers,
                                                    .header_count = 3});
    imap_reply_section(&out,
                       &(struct imap_section){.has_partial = true, .partial_offset = 5, .partial_bytes = 9});
    imap_reply_section(
        &out, &(struct imap_section){.kind = IMAP_SECTION_BINARY_SIZE, .part = part, .part_count = 1});
    imap_reply_section(&out, &(struct imap_section){.kind = IMAP_SECTION_RFC822_HEADER});
    assert_slice(buffer_slice(&out), "BODY[1.2.HEADER.FIELDS (From \"X y\" {3}\r\nb\xc3\xa9)]BODY[]<5>"
                                     "BINARY.SIZE[1]RFC822.HEADER");
}

static void capabilities_follow_the_state(void **state) {
    enum { TLS = 1, USER = 2 };
    static const struct imap_capability rows[] = {{SLICE_INIT("IMAP4rev1"), 0, 0},
                                                  {SLICE_INIT("STARTTLS"), 0, TLS},
                                                  {SLICE_INIT("AUTH=PLAIN"), TLS, USER},
                                                  {SLICE_INIT("IDLE"), USER, 0}};
    imap_reply_capabilities(&out, rows, 4, 0);
    buffer_append_byte(&out, '|');
    imap_reply_capabilities(&out, rows, 4, TLS);
    buffer_append_byte(&out, '|');
    imap_reply_capabilities(&out, rows, 4, TLS | USER);
    assert_slice(buffer_slice(&out), "CAPABILITY IMAP4rev1 STARTTLS|CAPABILITY IMAP4rev1 AUTH=PLAIN|"
                                     "CAPABILITY IMAP4rev1 IDLE");
}

static void answers_to(const char *command, const char *answer) {
    struct arena *arena = arena_new(MIB(1));
    struct imap_command parsed;
    assert_int_not_equal(imap_command_parse(slice_from_text(command), arena, false, &parsed), IMAP_PARSE_OK);
    buffer_clear(&out);
    imap_reply_parse_error(&out, &parsed);
    assert_slice(buffer_slice(&out), answer);
    arena_free(&arena);
}

static void parse_errors_are_answered_in_kind(void **state) {
    answers_to("a FETCH 1 (UID FOO)\r\n", "a BAD FETCH: unknown item FOO\r\n");
    answers_to("a SEARCH CHARSET KOI8-R TEXT x\r\n",
               "a NO [BADCHARSET (US-ASCII UTF-8)] SEARCH: unknown charset KOI8-R\r\n");
    answers_to("a SELECT &Jjo\r\n", "a NO [CANNOT] SELECT: bad mailbox name &Jjo\r\n");
    answers_to("a FROB\r\n", "a BAD unknown command FROB\r\n");
    answers_to("+ NOOP\r\n", "* BAD a command begins with a tag\r\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_code_is_followed_by_text),
        TEST(no_text_breaks_a_line),
        TEST(a_continuation_has_its_space),
        TEST(untagged_lines_are_whole),
        TEST(vanished_is_not_said_of_nothing),
        TEST(copyuid_and_appenduid_list_uids),
        TEST(a_set_is_written_as_ranges),
        TEST(flags_come_in_parentheses),
        TEST(mailbox_names_are_quoted_in_the_sessions_form),
        TEST(a_name_that_cannot_be_quoted_is_a_literal),
        TEST(names_that_grow_most_still_fit),
        TEST(dates_have_two_places_for_the_day),
        TEST(sections_are_named_as_they_were_asked),
        TEST(capabilities_follow_the_state),
        TEST(parse_errors_are_answered_in_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
