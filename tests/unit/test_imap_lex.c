/* The primitives: strings, numbers, dates, flags, and mailbox names in their two forms. */
#include "test.h"

#include "wire/imap_lex.h"
#include "wire/imap_utf7.h"

static struct arena *arena;

static int setup(void **state) {
    arena = arena_new(MIB(1));
    return 0;
}

static int teardown(void **state) {
    arena_free(&arena);
    return 0;
}

static struct imap_lex lex_over(const char *text) {
    return imap_lex_new(slice_from_text(text), arena, false);
}

static void strings_are_unescaped(void **state) {
    struct imap_lex lex = lex_over("\"a \\\"b\\\\\" \"\" {3}\r\nx\ry {0+}\r\n");
    assert_slice(imap_lex_string(&lex), "a \"b\\");
    imap_lex_space(&lex);
    assert_slice(imap_lex_string(&lex), "");
    imap_lex_space(&lex);
    assert_slice(imap_lex_string(&lex), "x\ry");
    imap_lex_space(&lex);
    assert_slice(imap_lex_astring(&lex), "");
    assert_false(imap_lex_failed(&lex));
}

static void refuses_string(const char *text) {
    struct imap_lex lex = lex_over(text);
    (void)imap_lex_astring(&lex);
    assert_int_equal(lex.error, IMAP_PARSE_SYNTAX);
}

static void broken_strings_are_refused(void **state) {
    refuses_string("\"no end");
    refuses_string("\"bad \\escape\"");
    refuses_string("\"ends in \\");
    refuses_string("\"line\r\n\"");
    refuses_string("{-1}\r\nx");
    refuses_string("{}\r\n");
    refuses_string("{5}\r\nabcd");
    refuses_string("{99999999999999999999}\r\nabcd");
    refuses_string("{1}x");
    refuses_string("(");
    refuses_string("");
}

static void an_astring_may_hold_a_bracket_and_an_atom_not(void **state) {
    struct imap_lex lex = lex_over("a]b a]b");
    assert_slice(imap_lex_astring(&lex), "a]b");
    imap_lex_space(&lex);
    assert_slice(imap_lex_atom(&lex), "a");
}

static void nil_is_no_string(void **state) {
    bool is_nil = false;
    struct imap_lex lex = lex_over("nil \"NIL\"");
    assert_slice(imap_lex_nstring(&lex, &is_nil), "");
    assert_true(is_nil);
    imap_lex_space(&lex);
    assert_slice(imap_lex_nstring(&lex, &is_nil), "NIL");
    assert_false(is_nil);
}

static void the_first_error_stays_and_nothing_more_is_taken(void **state) {
    struct imap_lex lex = lex_over("0 x");
    lex.name = SLICE("TEST");
    assert_int_equal(imap_lex_number_nonzero(&lex), 0);
    assert_slice(imap_lex_astring(&lex), "");
    imap_lex_fail(&lex, IMAP_PARSE_TOO_BIG, "later", SLICE_EMPTY);
    assert_int_equal(lex.error, IMAP_PARSE_SYNTAX);
    assert_string_equal(lex.error_text, "TEST: expected a number, or it is out of range");
}

static void error_texts_are_short_and_printable(void **state) {
    struct imap_lex lex = lex_over("");
    imap_lex_fail(&lex, IMAP_PARSE_UNKNOWN_ITEM, "unknown item",
                  SLICE("a\r\nb\x80"
                        "012345678901234567890123456789012345678901234567890123456789"));
    assert_string_equal(lex.error_text, "unknown item a??b?01234567890123456789012345678901234");
}

static void numbers_keep_to_their_ranges(void **state) {
    struct imap_lex lex = lex_over("4294967295 9223372036854775807");
    assert_int_equal(imap_lex_number(&lex), UINT32_MAX);
    imap_lex_space(&lex);
    assert_int_equal(imap_lex_number64(&lex), INT64_MAX);
    assert_false(imap_lex_failed(&lex));
    lex = lex_over("4294967296");
    (void)imap_lex_number(&lex);
    assert_true(imap_lex_failed(&lex));
    lex = lex_over("9223372036854775808");
    (void)imap_lex_number64(&lex);
    assert_true(imap_lex_failed(&lex));
}

static int64_t time_of(const char *text) {
    struct imap_lex lex = lex_over(text);
    int64_t utc_ms = imap_lex_date_time(&lex).utc_ms;
    assert_false(imap_lex_failed(&lex));
    return utc_ms;
}

static void a_days_three_spellings_are_one_day(void **state) {
    assert_int_equal(time_of("\" 7-Jul-1996 02:44:25 -0700\""), INT64_C(836732665000));
    assert_int_equal(time_of("\"7-Jul-1996 02:44:25 -0700\""), INT64_C(836732665000));
    assert_int_equal(time_of("\"07-JUL-1996 09:44:25 +0000\""), INT64_C(836732665000));
}

static void days_are_counted_from_1970(void **state) {
    struct imap_lex lex = lex_over("1-Jan-1970 \"29-Feb-2000\" 31-Dec-1969 1-jan-0001 31-Dec-9999");
    static const int32_t days[] = {0, 11016, -1, -719162, 2932896};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(imap_lex_date(&lex), days[i]);
        (void)imap_lex_try(&lex, ' ');
    }
    assert_false(imap_lex_failed(&lex));
}

static void every_day_is_written_as_it_is_read(void **state) {
    struct buffer text = buffer_new(100);
    for (int32_t days = -200000; days < 200000; days += 13) {
        buffer_clear(&text);
        imap_date_render(&text, days);
        struct slice rest = buffer_slice(&text);
        int32_t read;
        assert_true(imap_date_take(&rest, &read));
        assert_int_equal(read, days);
    }
    buffer_free(&text);
}

static void refuses_date_time(const char *text) {
    struct imap_lex lex = lex_over(text);
    (void)imap_lex_date_time(&lex);
    assert_int_equal(lex.error, IMAP_PARSE_SYNTAX);
}

static void dates_that_are_none_are_refused(void **state) {
    refuses_date_time("\"31-Feb-2020 00:00:00 +0000\"");
    refuses_date_time("\"29-Feb-1900 00:00:00 +0000\"");
    refuses_date_time("\"0-Jan-2020 00:00:00 +0000\"");
    refuses_date_time("\"1-Jan-20 00:00:00 +0000\"");
    refuses_date_time("\"1-Jan-0000 00:00:00 +0000\"");
    refuses_date_time("\"1-Foo-2020 00:00:00 +0000\"");
    refuses_date_time("\"1-Jan-2020 24:00:00 +0000\"");
    refuses_date_time("\"1-Jan-2020 00:00:00\"");
    refuses_date_time("\"1-Jan-2020 00:00:00 0000\"");
    refuses_date_time("\"1-Jan-2020 00:00:00 +0000 \"");
    refuses_date_time("1-Jan-2020");
}

static void flags_are_bits_and_keywords_in_any_case(void **state) {
    struct imap_lex lex = lex_over("(\\seen \\DELETED $Junk Work $junk \\Recent)");
    struct imap_flags flags = imap_lex_flag_list(&lex);
    assert_false(imap_lex_failed(&lex));
    assert_int_equal(flags.system, IMAP_FLAG_SEEN | IMAP_FLAG_DELETED);
    assert_int_equal(flags.keyword_count, 2);
    assert_slice(flags.keywords[1], "Work");
}

static void an_unknown_system_flag_is_refused_by_name(void **state) {
    struct imap_lex lex = lex_over("(\\Seen \\Foo)");
    (void)imap_lex_flag_list(&lex);
    assert_int_equal(lex.error, IMAP_PARSE_UNKNOWN_ITEM);
    assert_string_equal(lex.error_text, "unknown flag \\Foo");
}

static void mailbox_is(const char *text, bool utf8, const char *expected) {
    struct imap_lex lex = lex_over(text);
    lex.utf8 = utf8;
    assert_slice(imap_lex_mailbox(&lex), expected);
    assert_false(imap_lex_failed(&lex));
}

static void mailbox_names_become_utf8(void **state) {
    mailbox_is("&U,BTFw-/x", false, "\xe5\x8f\xb0\xe5\x8c\x97/x");
    mailbox_is("\"Tom &- Co\"", false, "Tom & Co");
    mailbox_is("&2D3eCQ-", false, "\xf0\x9f\x98\x89");
    mailbox_is("\"\xe5\x8f\xb0 & Co\"", true, "\xe5\x8f\xb0 & Co");
}

static void inbox_is_inbox_in_any_case(void **state) {
    mailbox_is("iNbOx", false, "INBOX");
    mailbox_is("inbox/Work", false, "INBOX/Work");
    mailbox_is("Inboxes", false, "Inboxes");
    mailbox_is("{5}\r\ninbox", false, "INBOX");
}

static void a_slash_at_the_end_is_dropped(void **state) {
    mailbox_is("Work/", false, "Work");
    mailbox_is("inbox/", false, "INBOX");
    mailbox_is("inbox/x//", false, "INBOX/x//");
}

static void refuses_mailbox(struct slice text, bool utf8) {
    struct imap_lex lex = imap_lex_new(text, arena, utf8);
    (void)imap_lex_mailbox(&lex);
    assert_int_equal(lex.error, IMAP_PARSE_BAD_MAILBOX);
}

static void names_no_mailbox_can_have_are_refused(void **state) {
    refuses_mailbox(SLICE("\"\""), false);
    refuses_mailbox(SLICE("{3}\r\na\0b"), false);
    refuses_mailbox(SLICE("{3}\r\na\nb"), true);
    refuses_mailbox(SLICE("&AAo-"), false);
    refuses_mailbox(SLICE("\"a\xc2\x85\""), true);
    refuses_mailbox(SLICE("\"\xe2\x80\xa8\""), true);
    refuses_mailbox(SLICE("\"\xc3\xa9\""), false);
    refuses_mailbox(SLICE("\"\xc3\""), true);
    refuses_mailbox(SLICE("\"\xc0\xaf\""), true);
    refuses_mailbox(SLICE("\"\xed\xa0\x80\""), true);
}

static void a_name_of_ten_kilobytes_is_refused(void **state) {
    uint8_t name[10240];
    memset(name, 'a', sizeof name);
    refuses_mailbox(slice_of(name, sizeof name), false);
    refuses_mailbox(slice_of(name, sizeof name), true);
}

static void utf7_that_is_not_the_one_spelling_is_refused(void **state) {
    static const char *const bad[] = {"&",      "&Jjo",   "&AGE-",        "&U,BTFw-&ZeVnLIqe-", "&Jjo!-",
                                      "&2AA-",  "&3gk-",  "&2D0AYQ-",     "&U/BTFw-",           "&AOl-",
                                      "&AOk=-", "&AOkA-", "&-&AOkA6Q-&A", "\xc3\xa9",           "a\x7f"};
    struct buffer out = buffer_new(1000);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (imap_utf7_decode(slice_from_text(bad[i]), &out)) fail_msg("%s was accepted", bad[i]);
        assert_int_equal(out.len, 0);
    }
    buffer_free(&out);
}

static void utf7_round_trips(void **state) {
    static const char *const names[] = {"INBOX",
                                        "a&b",
                                        "&",
                                        "Entw\xc3\xbcrfe",
                                        "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
                                        "x\xf0\x9f\x98\x89y",
                                        "\xc3\xa9&\xc3\xa9 ~"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct buffer wire = buffer_new(1000), name = buffer_new(1000);
        assert_true(imap_utf7_encode(slice_from_text(names[i]), &wire));
        assert_true(imap_utf7_decode(buffer_slice(&wire), &name));
        assert_slice(buffer_slice(&name), names[i]);
        buffer_free(&wire);
        buffer_free(&name);
    }
}

static void a_pattern_keeps_its_wildcards_and_may_be_empty(void **state) {
    struct imap_lex lex = lex_over("\"\" %/inb&AOk-* \"*\"");
    assert_slice(imap_lex_pattern(&lex), "");
    imap_lex_space(&lex);
    assert_slice(imap_lex_pattern(&lex), "%/inb\xc3\xa9*");
    imap_lex_space(&lex);
    assert_slice(imap_lex_pattern(&lex), "*");
}

static void a_tag_has_no_plus_and_some_length(void **state) {
    struct imap_lex lex = lex_over("A1.x[] x");
    assert_slice(imap_lex_tag(&lex), "A1.x[]");
    lex = lex_over("a+b x");
    assert_slice(imap_lex_tag(&lex), "");
    assert_int_equal(lex.error, IMAP_PARSE_SYNTAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(strings_are_unescaped),
        TEST(broken_strings_are_refused),
        TEST(an_astring_may_hold_a_bracket_and_an_atom_not),
        TEST(nil_is_no_string),
        TEST(the_first_error_stays_and_nothing_more_is_taken),
        TEST(error_texts_are_short_and_printable),
        TEST(numbers_keep_to_their_ranges),
        TEST(a_days_three_spellings_are_one_day),
        TEST(days_are_counted_from_1970),
        TEST(every_day_is_written_as_it_is_read),
        TEST(dates_that_are_none_are_refused),
        TEST(flags_are_bits_and_keywords_in_any_case),
        TEST(an_unknown_system_flag_is_refused_by_name),
        TEST(mailbox_names_become_utf8),
        TEST(inbox_is_inbox_in_any_case),
        TEST(a_slash_at_the_end_is_dropped),
        TEST(names_no_mailbox_can_have_are_refused),
        TEST(a_name_of_ten_kilobytes_is_refused),
        TEST(utf7_that_is_not_the_one_spelling_is_refused),
        TEST(utf7_round_trips),
        TEST(a_pattern_keeps_its_wildcards_and_may_be_empty),
        TEST(a_tag_has_no_plus_and_some_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
