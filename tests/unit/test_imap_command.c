/*
 * Commands, parsed and rendered again: the rendering shows what was understood, and parses to
 * itself. Lines of real clients (CLIENTS.md) and of hostile ones (CASES.md).
 */
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

static enum imap_parse_error parse(const char *line) {
    arena_reset(arena);
    return imap_command_parse(slice_from_text(line), arena, false, &command);
}

static void renders_as(const char *expected, bool utf8) {
    struct buffer out = buffer_new(KIB(64));
    imap_render(&out, &command, utf8);
    assert_slice(buffer_slice(&out), expected);
    buffer_free(&out);
}

/* `line` is understood as `expected` is, which is how it is rendered. Both without CRLF. */
static void means(const char *line, const char *expected) {
    struct buffer text = buffer_new(KIB(64));
    const char *lines[] = {line, expected};
    for (size_t i = 0; i < 2; i++) {
        buffer_clear(&text);
        buffer_printf(&text, "a %s\r\n", lines[i]);
        arena_reset(arena);
        if (imap_command_parse(buffer_slice(&text), arena, false, &command))
            fail_msg("%s: %s", lines[i], command.error_text);
        buffer_clear(&text);
        buffer_printf(&text, "a %s\r\n", expected);
        buffer_append_byte(&text, 0);
        renders_as((const char *)text.ptr, false);
    }
    buffer_free(&text);
}

static void same(const char *line) { means(line, line); }

static void refuses(const char *line, enum imap_parse_error error, const char *text) {
    assert_int_equal(parse(line), error);
    assert_string_equal(command.error_text, text);
}

static void bad(const char *line) {
    if (parse(line) != IMAP_PARSE_SYNTAX) fail_msg("%s gave %d", line, command.error);
}

static void commands_of_one_word_take_nothing_more(void **state) {
    same("CAPABILITY");
    same("NOOP");
    same("LOGOUT");
    same("STARTTLS");
    same("NAMESPACE");
    same("IDLE");
    same("CHECK");
    same("CLOSE");
    same("UNSELECT");
    same("EXPUNGE");
    means("noop ", "NOOP");
    refuses("a NOOP x\r\n", IMAP_PARSE_SYNTAX, "NOOP: unexpected x");
}

static void an_unknown_command_is_named(void **state) {
    refuses("a FROB x\r\n", IMAP_PARSE_UNKNOWN_COMMAND, "unknown command FROB");
    refuses("a UID NOOP\r\n", IMAP_PARSE_UNKNOWN_COMMAND, "unknown command NOOP");
    refuses("a UID\r\n", IMAP_PARSE_SYNTAX, "an argument is missing");
    assert_slice(command.tag, "a");
}

static void without_a_tag_there_is_none_to_answer(void **state) {
    refuses("(\r\n", IMAP_PARSE_SYNTAX, "a command begins with a tag");
    assert_int_equal(command.tag.len, 0);
    bad("a\r\n");
    bad("");
}

static void the_command_outlives_its_bytes(void **state) {
    char line[] = "a LOGIN user \"pass word\"\r\n";
    assert_int_equal(parse(line), IMAP_PARSE_OK);
    memset(line, 'x', sizeof line - 1);
    assert_slice(command.tag, "a");
    assert_slice(command.login.user, "user");
    assert_slice(command.login.password, "pass word");
}

static void login_takes_literals_and_quotes(void **state) {
    means("login {4+}\r\nuser {2}\r\np\"", "LOGIN \"user\" \"p\\\"\"");
    means("LOGIN user {3+}\r\na\r\n", "LOGIN \"user\" {3+}\r\na\r\n");
    bad("a LOGIN user\r\n");
    bad("a LOGIN user pass more\r\n");
    bad("a LOGIN user {4294967295}\r\n1234\r\n");
    bad("a LOGIN user {-1}\r\n");
}

static void authenticate_may_bring_its_response(void **state) {
    same("AUTHENTICATE PLAIN");
    same("AUTHENTICATE PLAIN AGEAYg==");
    same("AUTHENTICATE EXTERNAL =");
    bad("a AUTHENTICATE\r\n");
}

static void enabling_qresync_enables_condstore(void **state) {
    assert_int_equal(parse("a ENABLE QRESYNC X-FOO utf8=accept\r\n"), IMAP_PARSE_OK);
    assert_int_equal(command.enable, IMAP_ENABLE_CONDSTORE | IMAP_ENABLE_QRESYNC | IMAP_ENABLE_UTF8_ACCEPT);
    bad("a ENABLE\r\n");
}

static void id_takes_nil_and_an_empty_list(void **state) {
    means("ID NIL", "ID ()");
    same("ID ()");
    same("ID (\"name\" \"x\" \"version\" NIL)");
    bad("a ID (\"name\")\r\n");
    bad("a ID\r\n");
}

static void more_id_fields_than_allowed_are_refused(void **state) {
    struct buffer line = buffer_new(KIB(4));
    buffer_append_text(&line, "a ID (\"k\" NIL");
    for (int i = 0; i < IMAP_ID_FIELDS_MAX; i++) buffer_append_text(&line, " \"k\" NIL");
    buffer_append_text(&line, ")\r\n");
    assert_int_equal(imap_command_parse(buffer_slice(&line), arena, false, &command), IMAP_PARSE_TOO_BIG);
    buffer_free(&line);
}

static void select_takes_condstore_and_qresync(void **state) {
    means("select inbox", "SELECT \"INBOX\"");
    means("EXAMINE x (condstore)", "EXAMINE \"x\" (CONDSTORE)");
    same("SELECT \"x\" (QRESYNC (67890007 20050715194045000 41,43:211,214:541))");
    same("SELECT \"x\" (QRESYNC (67890007 1 1:5 (1,3:* 2,4:5)))");
    same("SELECT \"x\" (CONDSTORE QRESYNC (1 0 (1 2)))");
    means("SELECT x ()", "SELECT \"x\"");
}

static void bare_qresync_is_bad(void **state) {
    bad("a SELECT x (QRESYNC)\r\n");
    bad("a SELECT x (QRESYNC ())\r\n");
    bad("a SELECT x (QRESYNC (0 1))\r\n");
    bad("a SELECT x (QRESYNC (1))\r\n");
    bad("a SELECT x (QRESYNC (1 2 3 4))\r\n");
    refuses("a SELECT x (FOO)\r\n", IMAP_PARSE_UNKNOWN_ITEM, "SELECT: unknown parameter FOO");
}

static void mailbox_names_that_cannot_be_are_answered_no(void **state) {
    refuses("a SELECT \"\"\r\n", IMAP_PARSE_BAD_MAILBOX, "SELECT: empty mailbox name");
    refuses("a CREATE a&Jjo\r\n", IMAP_PARSE_BAD_MAILBOX, "CREATE: bad mailbox name a&Jjo");
    assert_int_equal(imap_command_parse(SLICE("a SELECT {3}\r\na\0b\r\n"), arena, false, &command),
                     IMAP_PARSE_BAD_MAILBOX);
}

/* RFC 9051 9: no CHAR is NUL. A header's name with one came back without it. */
static void strings_hold_no_nul(void **state) {
    static const struct slice commands[] = {
        SLICE_INIT("a FETCH 1 BODY[HEADER.FIELDS (From \"T\0o\")]\r\n"),
        SLICE_INIT("a SEARCH SUBJECT {3}\r\na\0b\r\n"),
        SLICE_INIT("a LOGIN ann \"a\0b\"\r\n"),
    };
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        assert_int_equal(imap_command_parse(commands[i], arena, false, &command), IMAP_PARSE_SYNTAX);
}

static void mailbox_commands_take_one_name(void **state) {
    means("CREATE Work/", "CREATE \"Work\"");
    same("CREATE \"x\" (USE (\\Drafts \\Sent))");
    same("DELETE \"../x\"");
    same("SUBSCRIBE \"&AOk-\"");
    same("UNSUBSCRIBE \"x\"");
    means("GETQUOTAROOT inbox", "GETQUOTAROOT \"INBOX\"");
    means("GETQUOTA \"\"", "GETQUOTA \"\"");
    means("COMPRESS DEFLATE", "COMPRESS \"DEFLATE\"");
    means("RENAME a {1+}\r\nb", "RENAME \"a\" \"b\"");
    refuses("a CREATE x (USE (\\Foo))\r\n", IMAP_PARSE_UNKNOWN_ITEM, "CREATE: unknown use \\Foo");
    bad("a RENAME a\r\n");
    bad("a DELETE a b\r\n");
}

static void after_utf8_accept_names_are_utf8(void **state) {
    assert_int_equal(imap_command_parse(SLICE("a SELECT \"\xc3\xa9&\"\r\n"), arena, true, &command),
                     IMAP_PARSE_OK);
    assert_slice(command.select.mailbox, "\xc3\xa9&");
    renders_as("a SELECT \"\xc3\xa9&\"\r\n", true);
}

static void list_takes_patterns_and_options(void **state) {
    means("LIST \"\" *", "LIST \"\" \"*\"");
    same("LIST \"\" \"\"");
    means("LIST \"\" (INBOX \"a/%\")", "LIST () \"\" (\"INBOX\" \"a/%\") RETURN ()");
    means("list (subscribed RECURSIVEMATCH) \"\" % return (children STATUS (messages unseen) SPECIAL-USE)",
          "LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (\"%\") RETURN (CHILDREN SPECIAL-USE STATUS (MESSAGES "
          "UNSEEN))");
    means("LIST (SPECIAL-USE) \"\" *", "LIST (SPECIAL-USE) \"\" (\"*\") RETURN ()");
    means("LSUB \"\" *", "LSUB \"\" \"*\"");
}

static void list_options_that_make_no_sense_are_refused(void **state) {
    bad("a LIST (RECURSIVEMATCH) \"\" *\r\n");
    bad("a LIST \"\" ()\r\n");
    bad("a LIST \"\" * RETURN (STATUS ())\r\n");
    bad("a LIST \"\"\r\n");
    refuses("a LIST (FOO) \"\" *\r\n", IMAP_PARSE_UNKNOWN_ITEM, "LIST: unknown selection option FOO");
    refuses("a LIST \"\" * RETURN (FOO)\r\n", IMAP_PARSE_UNKNOWN_ITEM, "LIST: unknown return option FOO");
}

static void status_has_items(void **state) {
    means("STATUS x (unseen MESSAGES UIDNEXT)", "STATUS \"x\" (MESSAGES UIDNEXT UNSEEN)");
    same("STATUS \"x\" (RECENT UIDVALIDITY DELETED SIZE HIGHESTMODSEQ APPENDLIMIT MAILBOXID)");
    bad("a STATUS x ()\r\n");
    bad("a STATUS x MESSAGES\r\n");
    refuses("a STATUS x (FOO)\r\n", IMAP_PARSE_UNKNOWN_ITEM, "STATUS: unknown item FOO");
}

static void append_takes_flags_date_and_messages(void **state) {
    means("APPEND x {3+}\r\nabc", "APPEND \"x\" () {3+}\r\nabc");
    means("APPEND x (\\Seen $a) \"7-Jul-1996 02:44:25 -0700\" {3}\r\nabc",
          "APPEND \"x\" (\\Seen $a) \" 7-Jul-1996 02:44:25 -0700\" {3}\r\nabc");
    same("APPEND \"x\" () UTF8 (~{4+}\r\nab\r\n)");
    same("APPEND \"x\" () {3+}\r\nabc (\\Draft) {0+}\r\n () ~{1}\r\nz");
    assert_true(command.append.complete);
    bad("a APPEND x\r\n");
    bad("a APPEND x (\\Seen)\r\n");
    bad("a APPEND x {9}\r\nabc\r\n");
    bad("a APPEND x {3}\r\nabcd\r\n");
}

static void a_streamed_append_goes_on_behind_the_literal(void **state) {
    assert_int_equal(parse("a APPEND x (\\Seen) {300000}\r\n"), IMAP_PARSE_OK);
    assert_false(command.append.complete);
    assert_true(command.append.last->literal.streamed);
    assert_int_equal(command.append.last->literal.bytes, 300000);

    const struct imap_append_message *first = command.append.last;
    assert_int_equal(
        imap_append_continue(SLICE(" (\\Draft) {2+}\r\nhi UTF8 (~{500000+}\r\n"), arena, first, &command),
        IMAP_PARSE_OK);
    assert_slice(command.append.mailbox, "x");
    assert_slice(command.append.first->literal.data, "hi");
    assert_true(command.append.last->utf8);
    assert_false(command.append.complete);

    const struct imap_append_message *second = command.append.last;
    assert_int_equal(imap_append_continue(SLICE(")\r\n"), arena, second, &command), IMAP_PARSE_OK);
    assert_true(command.append.complete);
    assert_null(command.append.first);
    assert_slice(command.tag, "a");
}

static void what_follows_a_streamed_literal_must_fit(void **state) {
    assert_int_equal(parse("a APPEND x {300000}\r\n"), IMAP_PARSE_OK);
    const struct imap_append_message *first = command.append.last;
    assert_int_equal(imap_append_continue(SLICE(")\r\n"), arena, first, &command), IMAP_PARSE_SYNTAX);
    assert_string_equal(command.error_text, "APPEND: unexpected )");
    assert_int_equal(imap_append_continue(SLICE(" x\r\n"), arena, first, &command), IMAP_PARSE_SYNTAX);
    assert_false(command.append.complete);
}

static void a_large_literal_elsewhere_is_too_large(void **state) {
    assert_int_equal(parse("a LOGIN user {300000}\r\n"), IMAP_PARSE_TOO_BIG);
    assert_int_equal(parse("a APPEND {300000}\r\n"), IMAP_PARSE_TOO_BIG);
}

static void store_takes_flags_with_and_without_parentheses(void **state) {
    means("STORE 9:3 +flags \\Seen \\Deleted", "STORE 9:3 +FLAGS (\\Seen \\Deleted)");
    means("UID STORE 1:* -FLAGS.SILENT (Junk \\answered)", "UID STORE 1:* -FLAGS.SILENT (\\Answered Junk)");
    same("STORE 1 FLAGS ()");
    same("STORE 1,3 (UNCHANGEDSINCE 0) FLAGS.SILENT (\\Draft)");
    bad("a STORE 1 FLAGS\r\n");
    bad("a STORE 0 FLAGS ()\r\n");
    refuses("a STORE 1 LABELS x\r\n", IMAP_PARSE_UNKNOWN_ITEM, "STORE: unknown item LABELS");
    refuses("a STORE 1 (FOO 1) FLAGS x\r\n", IMAP_PARSE_UNKNOWN_ITEM, "STORE: unknown modifier FOO");
}

static void copy_and_move_take_a_set_and_a_name(void **state) {
    means("COPY 1:3,5 inbox", "COPY 1:3,5 \"INBOX\"");
    same("UID MOVE $ \"x\"");
    same("UID COPY 1:4294967295 \"x\"");
    same("MOVE * \"x\"");
    same("UID EXPUNGE 3000:3002");
    bad("a EXPUNGE 1\r\n");
    bad("a UID EXPUNGE\r\n");
    bad("a MOVE 1\r\n");
}

static void fetch_macros_stand_alone(void **state) {
    means("FETCH 1:* FAST", "FETCH 1:* (FLAGS INTERNALDATE RFC822.SIZE)");
    means("FETCH 1 all", "FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)");
    means("FETCH 1 FULL", "FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY)");
    refuses("a FETCH 1 (ALL)\r\n", IMAP_PARSE_UNKNOWN_ITEM, "FETCH: unknown item ALL");
}

static void fetch_takes_all_items(void **state) {
    means("UID FETCH 1 (flags uid)", "UID FETCH 1 (UID FLAGS)");
    same("FETCH 1 (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE MODSEQ EMAILID THREADID "
         "SAVEDATE)");
    means("FETCH 1 PREVIEW", "FETCH 1 (PREVIEW)");
    means("FETCH 1 (PREVIEW (LAZY) UID)", "FETCH 1 (UID PREVIEW PREVIEW (LAZY))");
    same("FETCH 1 (RFC822 RFC822.PEEK RFC822.HEADER RFC822.TEXT RFC822.TEXT.PEEK)");
    same("FETCH 1 (BODY[] BODY.PEEK[] BODY[1] BODY[1.2.3] BODY[HEADER] BODY[TEXT])");
    same("FETCH 1 (BODY.PEEK[1.MIME] BODY[2.HEADER] BODY[2.TEXT])");
    means("FETCH 1 body.peek[header.fields (DATE \"From\")]",
          "FETCH 1 (BODY.PEEK[HEADER.FIELDS (DATE From)])");
    same("FETCH 1 (BODY[1.HEADER.FIELDS.NOT (Subject)])");
    same("FETCH 1 (BODY[]<0.100> BODY.PEEK[TEXT]<4294967296.1>)");
    same("FETCH 1 (BINARY[1] BINARY.PEEK[1.2]<5.6> BINARY.SIZE[3] BINARY[])");
}

static void fetch_modifiers_accept_zero(void **state) {
    same("FETCH 1 (FLAGS) (CHANGEDSINCE 0)");
    same("UID FETCH 1:* (FLAGS) (CHANGEDSINCE 12345 VANISHED)");
    means("UID FETCH 1:* FLAGS (VANISHED CHANGEDSINCE 1)", "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)");
    means("FETCH 1 PREVIEW (CHANGEDSINCE 0)", "FETCH 1 (PREVIEW) (CHANGEDSINCE 0)");
    bad("a FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)\r\n");
    bad("a UID FETCH 1 FLAGS (VANISHED)\r\n");
    bad("a FETCH 1 FLAGS (CHANGEDSINCE 9223372036854775808)\r\n");
}

static void fetch_refuses_what_it_does_not_know(void **state) {
    refuses("a FETCH 1 (UID FOO)\r\n", IMAP_PARSE_UNKNOWN_ITEM, "FETCH: unknown item FOO");
    refuses("a FETCH 1 BODY[FOO]\r\n", IMAP_PARSE_UNKNOWN_ITEM, "FETCH: unknown section FOO");
    refuses("a FETCH 1 BODY[MIME]\r\n", IMAP_PARSE_UNKNOWN_ITEM, "FETCH: unknown section MIME");
    refuses("a FETCH 1 BINARY[1.TEXT]\r\n", IMAP_PARSE_UNKNOWN_ITEM, "FETCH: unknown section TEXT");
    bad("a FETCH 1 ()\r\n");
    bad("a FETCH 1 BODY[\r\n");
    bad("a FETCH 1 BODY[0]\r\n");
    bad("a FETCH 1 BODY[1.]\r\n");
    bad("a FETCH 1 BODY[1.2.]\r\n");
    bad("a FETCH 1 BODY[]<1>\r\n");
    bad("a FETCH 1 BODY[]<1.2\r\n");
    bad("a FETCH 1 BODY[HEADER.FIELDS ()]\r\n");
    bad("a FETCH 1 BODY[HEADER.FIELDS]\r\n");
    bad("a FETCH x UID\r\n");
    bad("a FETCH 1 (UID  FLAGS)\r\n");
    bad("a FETCH 1 (UID\r\n");
    bad("a FETCH 1\r\n");
}

static struct buffer repeated(const char *head, const char *again, size_t count, const char *tail) {
    struct buffer line = buffer_new(MIB(1));
    buffer_append_text(&line, head);
    for (size_t i = 0; i < count; i++) buffer_append_text(&line, again);
    buffer_append_text(&line, tail);
    return line;
}

static void repeats(const char *head, const char *again, size_t count, const char *tail,
                    enum imap_parse_error error) {
    struct buffer line = repeated(head, again, count, tail);
    arena_reset(arena);
    assert_int_equal(imap_command_parse(buffer_slice(&line), arena, false, &command), error);
    assert_in_range(arena_used_bytes(arena), 1, IMAP_COMMAND_ARENA_BYTES_MAX);
    buffer_free(&line);
}

static void endless_lists_meet_a_limit(void **state) {
    repeats("a FETCH 1 BODY[1", ".1", 1000, "]\r\n", IMAP_PARSE_TOO_BIG);
    repeats("a FETCH 1 (UID", " BODY[]", 9000, ")\r\n", IMAP_PARSE_TOO_BIG);
    repeats("a FETCH 1 BODY[HEADER.FIELDS (x", " x", 30000, ")]\r\n", IMAP_PARSE_TOO_BIG);
    repeats("a LIST \"\" (x", " x", 30000, ")\r\n", IMAP_PARSE_TOO_BIG);
    repeats("a FETCH 1", ",1", 30000, " UID\r\n", IMAP_PARSE_OK);
    repeats("a FETCH 1", ",1", 100000, " UID\r\n", IMAP_PARSE_TOO_BIG);
    repeats("a FETCH 1 ", "(", 60000, "\r\n", IMAP_PARSE_SYNTAX);
    repeats("a LIST ", "(", 60000, "\r\n", IMAP_PARSE_SYNTAX);
    repeats("a STORE 1 FLAGS (", "x ", 30000, "x)\r\n", IMAP_PARSE_OK);
}

static void a_keyword_of_ten_kilobytes_is_refused(void **state) {
    repeats("a STORE 1 FLAGS (", "x", 10000, ")\r\n", IMAP_PARSE_TOO_BIG);
}

static void a_small_arena_gives_an_error_and_no_abort(void **state) {
    static const char line[] = "a UID FETCH 1,2,3 (BODY[1.2.3] BODY[HEADER.FIELDS (a b c)] RFC822)\r\n";
    for (size_t budget = 0; budget < 1000; budget += 8) {
        struct arena *small = arena_new(budget);
        struct imap_command parsed;
        enum imap_parse_error error = imap_command_parse(slice_from_text(line), small, false, &parsed);
        assert_true(error == IMAP_PARSE_TOO_BIG || error == IMAP_PARSE_OK);
        arena_free(&small);
    }
}

/* What the parse of `count` keys and sections takes of the arena. */
static size_t bytes_taken(const char *head, const char *again, size_t count) {
    repeats(head, again, count, "\r\n", IMAP_PARSE_OK);
    return arena_used_bytes(arena);
}

static void memory_grows_with_the_command_and_no_faster(void **state) {
    assert_in_range(bytes_taken("a SEARCH 1", " 1", 4000), 1, 5 * bytes_taken("a SEARCH 1", " 1", 1000));
    assert_in_range(bytes_taken("a UID EXPUNGE 1", ",1", 32000), 1,
                    5 * bytes_taken("a UID EXPUNGE 1", ",1", 8000));
    assert_in_range(bytes_taken("a STORE 1 FLAGS x", " x", 32000), 1,
                    5 * bytes_taken("a STORE 1 FLAGS x", " x", 8000));
}

static void every_cut_of_a_command_is_an_error_or_a_command(void **state) {
    static const char line[] =
        "a UID SEARCH RETURN (MIN) CHARSET UTF-8 OR (FROM \"x\" 1:5) NOT HEADER a {1}\r\nb\r\n";
    size_t good = 0;
    for (size_t cut = 0; cut < sizeof line; cut++) {
        arena_reset(arena);
        good += imap_command_parse(slice_of(line, cut), arena, false, &command) == IMAP_PARSE_OK;
    }
    /* Whole, and without LF, or CRLF. */
    assert_int_equal(good, 3);
}

static void done_ends_idle_in_any_case(void **state) {
    assert_true(imap_line_is_done(SLICE("DONE\r\n")));
    assert_true(imap_line_is_done(SLICE("done\n")));
    assert_false(imap_line_is_done(SLICE("a DONE\r\n")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(commands_of_one_word_take_nothing_more),
        TEST(an_unknown_command_is_named),
        TEST(without_a_tag_there_is_none_to_answer),
        TEST(the_command_outlives_its_bytes),
        TEST(login_takes_literals_and_quotes),
        TEST(authenticate_may_bring_its_response),
        TEST(enabling_qresync_enables_condstore),
        TEST(id_takes_nil_and_an_empty_list),
        TEST(more_id_fields_than_allowed_are_refused),
        TEST(select_takes_condstore_and_qresync),
        TEST(bare_qresync_is_bad),
        TEST(mailbox_names_that_cannot_be_are_answered_no),
        TEST(strings_hold_no_nul),
        TEST(mailbox_commands_take_one_name),
        TEST(after_utf8_accept_names_are_utf8),
        TEST(list_takes_patterns_and_options),
        TEST(list_options_that_make_no_sense_are_refused),
        TEST(status_has_items),
        TEST(append_takes_flags_date_and_messages),
        TEST(a_streamed_append_goes_on_behind_the_literal),
        TEST(what_follows_a_streamed_literal_must_fit),
        TEST(a_large_literal_elsewhere_is_too_large),
        TEST(store_takes_flags_with_and_without_parentheses),
        TEST(copy_and_move_take_a_set_and_a_name),
        TEST(fetch_macros_stand_alone),
        TEST(fetch_takes_all_items),
        TEST(fetch_modifiers_accept_zero),
        TEST(fetch_refuses_what_it_does_not_know),
        TEST(endless_lists_meet_a_limit),
        TEST(a_keyword_of_ten_kilobytes_is_refused),
        TEST(a_small_arena_gives_an_error_and_no_abort),
        TEST(memory_grows_with_the_command_and_no_faster),
        TEST(every_cut_of_a_command_is_an_error_or_a_command),
        TEST(done_ends_idle_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
