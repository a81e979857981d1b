/* POP3 commands and answers. */
#include "test.h"

#include "base/limits.h"
#include "wire/pop3_command.h"
#include "wire/pop3_reply.h"

static void every_verb_is_known_in_any_case(void **state) {
    static const struct {
        const char *line;
        enum pop3_verb verb;
    } rows[] = {
        {"user joe", POP3_VERB_USER}, {"PASS x", POP3_VERB_PASS},  {"APOP joe c4c9", POP3_VERB_APOP},
        {"AUTH", POP3_VERB_AUTH},     {"Stat", POP3_VERB_STAT},    {"LIST", POP3_VERB_LIST},
        {"LIST 1", POP3_VERB_LIST},   {"RETR 1", POP3_VERB_RETR},  {"DELE 4294967295", POP3_VERB_DELE},
        {"NOOP", POP3_VERB_NOOP},     {"RSET", POP3_VERB_RSET},    {"TOP 1 0", POP3_VERB_TOP},
        {"UIDL", POP3_VERB_UIDL},     {"UIDL 2", POP3_VERB_UIDL},  {"QUIT", POP3_VERB_QUIT},
        {"CAPA", POP3_VERB_CAPA},     {"STLS", POP3_VERB_STLS},    {"UTF8", POP3_VERB_UTF8},
        {"LANG", POP3_VERB_LANG},     {"LANG en", POP3_VERB_LANG}, {"QUIT  ", POP3_VERB_QUIT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pop3_command command;
        assert_int_equal(pop3_command_parse(slice_from_text(rows[i].line), &command), POP3_COMMAND_OK);
        assert_int_equal(command.verb, rows[i].verb);
    }
}

static void bad_commands_are_refused(void **state) {
    static const struct {
        struct slice line;
        enum pop3_command_error error;
    } rows[] = {
        {SLICE_INIT(""), POP3_COMMAND_UNKNOWN},
        {SLICE_INIT("XTND"), POP3_COMMAND_UNKNOWN},
        {SLICE_INIT("TOP 1 -1"), POP3_COMMAND_NUMBER_INVALID},
        {SLICE_INIT("TOP 1 4294967296"), POP3_COMMAND_NUMBER_INVALID},
        {SLICE_INIT("TOP 1 1 1"), POP3_COMMAND_NUMBER_INVALID},
        {SLICE_INIT("TOP 0 1"), POP3_COMMAND_NUMBER_INVALID},
        {SLICE_INIT("TOP 1"), POP3_COMMAND_ARGUMENT_MISSING},
        {SLICE_INIT("TOP"), POP3_COMMAND_ARGUMENT_MISSING},
        {SLICE_INIT("RETR"), POP3_COMMAND_ARGUMENT_MISSING},
        {SLICE_INIT("RETR 0"), POP3_COMMAND_NUMBER_INVALID},
        {SLICE_INIT("RETR -1"), POP3_COMMAND_NUMBER_INVALID},
        {SLICE_INIT("RETR 1x"), POP3_COMMAND_NUMBER_INVALID},
        {SLICE_INIT("RETR 4294967296"), POP3_COMMAND_NUMBER_INVALID},
        {SLICE_INIT("DELE 99999999999999999999"), POP3_COMMAND_NUMBER_INVALID},
        {SLICE_INIT("LIST a"), POP3_COMMAND_NUMBER_INVALID},
        {SLICE_INIT("STAT 1"), POP3_COMMAND_ARGUMENT_UNWANTED},
        {SLICE_INIT("USER"), POP3_COMMAND_ARGUMENT_MISSING},
        {SLICE_INIT("PASS"), POP3_COMMAND_ARGUMENT_MISSING},
        {SLICE_INIT("APOP joe"), POP3_COMMAND_ARGUMENT_MISSING},
        {SLICE_INIT("USER a\0b"), POP3_COMMAND_FOREIGN_BYTES},
        {SLICE_INIT("PASS a\rb"), POP3_COMMAND_FOREIGN_BYTES},
        {SLICE_INIT("RETR 1\t"), POP3_COMMAND_FOREIGN_BYTES},
        {SLICE_INIT("LANG \xc3\xa4"), POP3_COMMAND_FOREIGN_BYTES},
        {SLICE_INIT("\xff"), POP3_COMMAND_FOREIGN_BYTES},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pop3_command command;
        assert_int_equal(pop3_command_parse(rows[i].line, &command), rows[i].error);
        assert_true(pop3_command_error_text(rows[i].error).len > 0);
    }
}

static void arguments_are_taken_apart(void **state) {
    struct pop3_command command;
    assert_int_equal(pop3_command_parse(SLICE("TOP 12 34"), &command), POP3_COMMAND_OK);
    assert_true(command.message == 12 && command.line_count == 34);
    assert_int_equal(pop3_command_parse(SLICE("LIST"), &command), POP3_COMMAND_OK);
    assert_false(command.has_message);
    assert_int_equal(pop3_command_parse(SLICE("PASS  a b "), &command), POP3_COMMAND_OK);
    assert_slice(command.argument, " a b ");
    assert_int_equal(pop3_command_parse(SLICE("APOP joe doe c4c9"), &command), POP3_COMMAND_OK);
    assert_slice(command.argument, "joe doe");
    assert_slice(command.second, "c4c9");
    assert_int_equal(pop3_command_parse(SLICE("AUTH PLAIN AGEAYg=="), &command), POP3_COMMAND_OK);
    assert_slice(command.argument, "PLAIN");
    assert_true(command.has_second);
    assert_slice(command.second, "AGEAYg==");
    assert_int_equal(pop3_command_parse(SLICE("USER \xc3\xa4"), &command), POP3_COMMAND_OK);
    assert_slice(command.argument, "\xc3\xa4");
}

static void answers_have_their_form(void **state) {
    struct buffer out = buffer_new(KIB(1));
    pop3_reply_ok(&out, SLICE(""));
    pop3_reply_ok(&out, SLICE("2 320"));
    pop3_reply_error(&out, POP3_CODE_AUTH, SLICE("no\r\n+OK"));
    pop3_reply_error(&out, POP3_CODE_NONE, SLICE("no"));
    pop3_reply_challenge(&out, SLICE(""));
    pop3_reply_challenge(&out, SLICE("Username:"));
    pop3_reply_line(&out, SLICE(".1 2"));
    pop3_reply_end(&out);
    assert_slice(buffer_slice(&out), "+OK\r\n+OK 2 320\r\n-ERR [AUTH] no??+OK\r\n-ERR no\r\n+ \r\n"
                                     "+ VXNlcm5hbWU6\r\n..1 2\r\n.\r\n");
    buffer_free(&out);
}

static void top_gives_the_header_the_blank_line_and_so_many_lines(void **state) {
    static const struct {
        const char *message;
        uint32_t lines;
        const char *wire;
    } rows[] = {
        {"a: b\r\n\r\none\r\ntwo\r\n", 0, "a: b\r\n\r\n.\r\n"},
        {"a: b\r\n\r\none\r\ntwo\r\n", 1, "a: b\r\n\r\none\r\n.\r\n"},
        {"a: b\r\n\r\n.one\r\ntwo", 5, "a: b\r\n\r\n..one\r\ntwo\r\n.\r\n"},
        {"a: b\r\n", 3, "a: b\r\n\r\n.\r\n"},
        {"a: b", 0, "a: b\r\n\r\n.\r\n"},
        {"", 1, "\r\n.\r\n"},
        {"a: b\n\n\n\nx\n", 2, "a: b\r\n\r\n\r\n\r\n.\r\n"},
    };
    struct buffer out = buffer_new(KIB(1));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t piece = 1; piece < 24; piece++) {
            struct pop3_top top = pop3_top_new(rows[i].lines);
            struct slice rest = slice_from_text(rows[i].message);
            buffer_clear(&out);
            while (rest.len && !top.is_full)
                pop3_top_write(&top, slice_take(&rest, piece), byte_sink_of_buffer(&out));
            pop3_top_finish(&top, byte_sink_of_buffer(&out));
            assert_slice(buffer_slice(&out), rows[i].wire);
        }
    }
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verb_is_known_in_any_case),
        cmocka_unit_test(bad_commands_are_refused),
        cmocka_unit_test(arguments_are_taken_apart),
        cmocka_unit_test(answers_have_their_form),
        cmocka_unit_test(top_gives_the_header_the_blank_line_and_so_many_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
