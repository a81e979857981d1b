/* SEARCH: every key, the order of the program, and nesting that meets its limit. */
#include "test.h"

#include "imap_render.h"
#include "wire/imap_command.h"

static struct arena *arena;
static struct imap_command command;

static int setup(void **state) {
    arena = arena_new(IMAP_COMMAND_ARENA_BYTES_MAX);
    return 0;
}

static int teardown(void **state) {
    arena_free(&arena);
    return 0;
}

static enum imap_parse_error parse(const char *arguments) {
    struct buffer line = buffer_new(MIB(1));
    buffer_printf(&line, "a SEARCH %s\r\n", arguments);
    arena_reset(arena);
    enum imap_parse_error error = imap_command_parse(buffer_slice(&line), arena, false, &command);
    buffer_free(&line);
    return error;
}

static void means(const char *arguments, const char *expected) {
    const char *forms[] = {arguments, expected};
    struct buffer want = buffer_new(MIB(1)), got = buffer_new(MIB(1));
    buffer_printf(&want, "a SEARCH %s\r\n", expected);
    for (size_t i = 0; i < 2; i++) {
        if (parse(forms[i])) fail_msg("%s: %s", forms[i], command.error_text);
        buffer_clear(&got);
        imap_render(&got, &command, false);
        if (!slice_equal(buffer_slice(&got), buffer_slice(&want)))
            fail_msg("got %.*s", SLICE_PRINT(buffer_slice(&got)));
    }
    buffer_free(&want);
    buffer_free(&got);
}

static void same(const char *arguments) { means(arguments, arguments); }

static void bad(const char *arguments) {
    if (parse(arguments) != IMAP_PARSE_SYNTAX) fail_msg("%s gave %d", arguments, command.error);
}

static void every_key_is_known(void **state) {
    same("(ALL ANSWERED DELETED DRAFT FLAGGED SEEN UNANSWERED UNDELETED UNDRAFT UNFLAGGED UNSEEN NEW OLD "
         "RECENT)");
    same("(BCC \"a\" BODY \"a\" CC \"a\" FROM \"a\" SUBJECT \"a\" TEXT \"a\" TO \"a\" HEADER \"X\" \"\")");
    same("(BEFORE 1-Feb-1994 ON 1-Feb-1994 SINCE 1-Feb-1994 SENTBEFORE 1-Feb-1994 SENTON 1-Feb-1994 "
         "SENTSINCE 1-Feb-1994 SAVEDBEFORE 1-Feb-1994 SAVEDON 1-Feb-1994 SAVEDSINCE 1-Feb-1994 "
         "SAVEDATESUPPORTED)");
    same("(KEYWORD $Junk UNKEYWORD x LARGER 4294967296 SMALLER 0 OLDER 60 YOUNGER 1)");
    same("(MODSEQ 620162338 EMAILID M1-a THREADID T_2 UID 1:* 1,3:5 $)");
}

static void keys_side_by_side_are_one_and(void **state) {
    means("UNSEEN FROM x", "(UNSEEN FROM \"x\")");
    assert_int_equal(command.search.key_count, 3);
    assert_int_equal(command.search.keys[2].type, IMAP_SEARCH_AND);
    assert_int_equal(command.search.keys[2].count, 2);
    means("((UNSEEN))", "UNSEEN");
    assert_int_equal(command.search.key_count, 1);
}

static void clients_lines_are_understood(void **state) {
    means("1:100 NOT DELETED", "(1:100 NOT DELETED)");
    means("since \"1-Feb-1994\" not from \"Smith\"", "(SINCE 1-Feb-1994 NOT FROM \"Smith\")");
    means("OR (FROM a TO b) NOT (SEEN DELETED)", "OR (FROM \"a\" TO \"b\") NOT (SEEN DELETED)");
    means("CHARSET utf-8 TEXT {2+}\r\n\xc3\xa9", "CHARSET UTF-8 TEXT \"\xc3\xa9\"");
    means("MODSEQ \"/flags/\\\\draft\" all 7", "MODSEQ 7");
    assert_true(command.search.has_modseq);
}

static void operators_come_behind_their_operands(void **state) {
    assert_int_equal(parse("OR SEEN NOT (DRAFT FLAGGED)"), IMAP_PARSE_OK);
    static const enum imap_search_type order[] = {IMAP_SEARCH_FLAG, IMAP_SEARCH_FLAG, IMAP_SEARCH_FLAG,
                                                  IMAP_SEARCH_AND,  IMAP_SEARCH_NOT,  IMAP_SEARCH_OR};
    assert_int_equal(command.search.key_count, 6);
    for (size_t i = 0; i < 6; i++) assert_int_equal(command.search.keys[i].type, order[i]);
}

static void return_options_make_it_extended(void **state) {
    means("RETURN (min COUNT) ALL", "RETURN (MIN COUNT) ALL");
    means("RETURN () 1", "RETURN (ALL) 1");
    same("RETURN (MAX ALL SAVE) CHARSET UTF-8 SEEN");
    bad("RETURN (MIN)");
    assert_int_equal(parse("RETURN (FOO) ALL"), IMAP_PARSE_UNKNOWN_ITEM);
    assert_string_equal(command.error_text, "SEARCH: unknown return option FOO");
}

static void an_unknown_charset_is_its_own_error(void **state) {
    assert_int_equal(parse("CHARSET KOI8-R TEXT x"), IMAP_PARSE_BAD_CHARSET);
    assert_int_equal(parse("CHARSET US-ASCII TEXT x"), IMAP_PARSE_OK);
}

static void what_is_no_search_is_refused(void **state) {
    bad("");
    bad("()");
    bad("(SEEN");
    bad("SEEN)");
    bad("NOT");
    bad("OR SEEN");
    bad("OR (SEEN) ");
    bad("FROM");
    bad("HEADER X");
    bad("ON 31-Feb-2020");
    bad("OLDER 0");
    bad("MODSEQ \"/flags/x\" foo 7");
    bad("SEEN  SEEN");
    assert_int_equal(parse("FUZZY x"), IMAP_PARSE_UNKNOWN_ITEM);
    assert_string_equal(command.error_text, "SEARCH: unknown key FUZZY");
}

static enum imap_parse_error parse_repeated(const char *again, size_t count, const char *tail,
                                            const char *close) {
    struct buffer text = buffer_new(MIB(1));
    for (size_t i = 0; i < count; i++) buffer_append_text(&text, again);
    buffer_append_text(&text, tail);
    for (size_t i = 0; i < count; i++) buffer_append_text(&text, close);
    buffer_append_byte(&text, 0);
    enum imap_parse_error error = parse((const char *)text.ptr);
    buffer_free(&text);
    return error;
}

static void nesting_meets_its_limit(void **state) {
    assert_int_equal(parse_repeated("(", IMAP_NESTING_MAX, "ALL", ")"), IMAP_PARSE_OK);
    assert_int_equal(parse_repeated("(", IMAP_NESTING_MAX + 1, "ALL", ")"), IMAP_PARSE_TOO_BIG);
    assert_int_equal(parse_repeated("NOT ", IMAP_NESTING_MAX, "ALL", ""), IMAP_PARSE_OK);
    assert_int_equal(parse_repeated("NOT ", 10000, "ALL", ""), IMAP_PARSE_TOO_BIG);
    assert_int_equal(parse_repeated("OR ", 10000, "ALL", " ALL"), IMAP_PARSE_TOO_BIG);
    assert_int_equal(parse_repeated("(", 60000, "", ""), IMAP_PARSE_TOO_BIG);
    assert_string_equal(command.error_text, "SEARCH: nested too deeply");
}

static void a_chain_of_ors_is_wide_and_not_deep(void **state) {
    assert_int_equal(parse_repeated("OR FROM a ", 1000, "TO b", ""), IMAP_PARSE_OK);
    assert_int_equal(command.search.key_count, 1002);
    assert_int_equal(command.search.keys[1001].type, IMAP_SEARCH_OR);
    assert_int_equal(command.search.keys[1001].count, 1001);
    same("OR SEEN OR DRAFT FLAGGED");
    means("OR OR SEEN DRAFT FLAGGED", "OR OR SEEN DRAFT FLAGGED");
}

static void more_keys_than_allowed_are_refused(void **state) {
    assert_int_equal(parse_repeated("1 ", IMAP_SEARCH_KEYS_MAX - 2, "ALL", ""), IMAP_PARSE_OK);
    assert_int_equal(parse_repeated("1 ", IMAP_SEARCH_KEYS_MAX, "ALL", ""), IMAP_PARSE_TOO_BIG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_key_is_known),
        TEST(keys_side_by_side_are_one_and),
        TEST(clients_lines_are_understood),
        TEST(operators_come_behind_their_operands),
        TEST(return_options_make_it_extended),
        TEST(an_unknown_charset_is_its_own_error),
        TEST(what_is_no_search_is_refused),
        TEST(nesting_meets_its_limit),
        TEST(a_chain_of_ors_is_wide_and_not_deep),
        TEST(more_keys_than_allowed_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
