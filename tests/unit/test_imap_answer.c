/* What IMAP servers say to a client: whole answers however they are cut, and what is read of each. */
#include "test.h"

#include "base/limits_sender.h"
#include "wire/imap_answer.h"

static struct imap_answer parse(struct arena *arena, const char *text) {
    struct imap_answer answer;
    assert_true(imap_answer_parse(slice_from_text(text), arena, &answer));
    return answer;
}

/* ---- whole answers ---- */

/* Cut into pieces of every size, the same answers come out. */
static void answers_are_whole_whatever_the_pieces(void **state) {
    static const char *const answers[] = {
        "* OK [ALERT] ends like {5}\r\n",
        "* 1 FETCH (UID 7 BODY[]<0> {13}\r\n{3}\r\n\r\n* OK\r\n FLAGS (\\Seen))\r\n",
        "* LIST () \"/\" ~{4+}\r\na\nb)\r\n",
        "+ go\n",
        "p1 OK done\r\n",
    };
    enum { COUNT = sizeof answers / sizeof answers[0] };
    char text[256] = "";
    for (size_t i = 0, at = 0; i < COUNT; at += strlen(answers[i++]))
        (void)snprintf(text + at, sizeof text - at, "%s", answers[i]);
    struct slice input = slice_from_text(text);
    for (size_t piece = 1; piece <= input.len; piece++) {
        struct imap_answer_frame frame = {0};
        struct slice rest = input;
        size_t there = 0;
        size_t found = 0;
        while (rest.len) {
            size_t len = 0;
            enum imap_answer_frame_state got =
                imap_answer_frame(&frame, slice_sub(rest, 0, there), 4096, &len);
            if (got == IMAP_ANSWER_FRAME_MORE) {
                assert_true(there < rest.len);
                there = there + piece < rest.len ? there + piece : rest.len;
                continue;
            }
            assert_int_equal(got, IMAP_ANSWER_FRAME_WHOLE);
            assert_int_equal(len, strlen(answers[found++]));
            rest = slice_skip(rest, len);
            there -= len;
            frame = (struct imap_answer_frame){0};
        }
        assert_int_equal(found, COUNT);
    }
}

static void what_is_too_long_is_said_before_it_comes(void **state) {
    static const char *const texts[] = {"* 1 FETCH (BODY[] {4294967295}\r\n", "* 1 FETCH (BODY[] {200}\r\n",
                                        "* LIST () \"/\" {90}\r\n"};
    for (size_t i = 0; i < 2; i++) {
        struct imap_answer_frame frame = {0};
        size_t len;
        assert_int_equal(imap_answer_frame(&frame, slice_from_text(texts[i]), 100, &len),
                         IMAP_ANSWER_FRAME_TOO_LONG);
    }
    struct imap_answer_frame frame = {0};
    size_t len;
    char line[201];
    memset(line, 'x', 200);
    line[200] = 0;
    assert_int_equal(imap_answer_frame(&frame, slice_from_text(line), 100, &len), IMAP_ANSWER_FRAME_TOO_LONG);
}

/* ---- status lines ---- */

static void status_lines_have_their_codes(void **state) {
    struct arena *arena = arena_new(1 << 20);
    struct imap_answer answer = parse(arena, "p7 NO [AUTHENTICATIONFAILED] wrong\r\n");
    assert_int_equal(answer.kind, IMAP_ANSWER_TAGGED);
    assert_slice(answer.tag, "p7");
    assert_int_equal(answer.status, IMAP_STATUS_NO);
    assert_int_equal(answer.code, IMAP_CODE_AUTHENTICATIONFAILED);
    assert_slice(answer.text, "wrong");
    answer = parse(arena, "* OK [HIGHESTMODSEQ 715194045007] x\r\n");
    assert_int_equal(answer.kind, IMAP_ANSWER_STATUS_LINE);
    assert_int_equal(answer.number, 715194045007);
    answer = parse(arena, "p2 ok [APPENDUID 38505 3955] done\r\n");
    assert_int_equal(answer.code, IMAP_CODE_APPENDUID);
    assert_int_equal(answer.number, 3955);
    answer = parse(arena, "* BYE too slow\r\n");
    assert_int_equal(answer.status, IMAP_STATUS_BYE);
    answer = parse(arena, "* PREAUTH come in\r\n");
    assert_int_equal(answer.status, IMAP_STATUS_PREAUTH);
    answer = parse(arena, "p3 OK [X-NEW (a b)] x\r\n");
    assert_int_equal(answer.code, IMAP_CODE_OTHER);
    answer = parse(arena, "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN QRESYNC] hi\r\n");
    assert_int_equal(answer.capabilities,
                     IMAP_CAN_IMAP4REV1 | IMAP_CAN_PLAIN | IMAP_CAN_QRESYNC | IMAP_CAN_CONDSTORE);
    answer = parse(arena, "+ \r\n");
    assert_int_equal(answer.kind, IMAP_ANSWER_CONTINUE);
    static const char *const bad[] = {"\r\n", "p1\r\n", "p1 MAYBE x\r\n", " OK x\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(imap_answer_parse(slice_from_text(bad[i]), arena, &answer));
    arena_free(&arena);
}

/* ---- folders ---- */

static void folders_come_with_their_use_in_any_form(void **state) {
    struct arena *arena = arena_new(1 << 20);
    struct imap_answer answer =
        parse(arena, "* LIST (\\HasNoChildren \\Sent) \"/\" \"Sent \\\"Items\\\"\"\r\n");
    assert_int_equal(answer.kind, IMAP_ANSWER_LIST);
    assert_slice(answer.folder, "Sent \"Items\"");
    assert_int_equal(answer.folder_use, IMAP_FOLDER_SENT);
    assert_int_equal(answer.separator, '/');
    answer = parse(arena, "* LIST () NIL inbox\r\n");
    assert_int_equal(answer.folder_use, IMAP_FOLDER_INBOX);
    assert_int_equal(answer.separator, 0);
    answer =
        parse(arena, "* LIST (\\Noselect \\Junk) \".\" {5}\r\na\"b)c (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n");
    assert_slice(answer.folder, "a\"b)c");
    assert_int_equal(answer.folder_use, IMAP_FOLDER_NOSELECT | IMAP_FOLDER_JUNK);
    answer =
        parse(arena, "* STATUS \"a b\" (MESSAGES 3 UIDNEXT 9 X (1 2) UIDVALIDITY 7 HIGHESTMODSEQ 12)\r\n");
    assert_slice(answer.folder, "a b");
    assert_int_equal(answer.messages, 3);
    assert_int_equal(answer.uidnext, 9);
    assert_int_equal(answer.uidvalidity, 7);
    assert_int_equal(answer.modseq, 12);
    static const char *const bad[] = {"* LIST (\\Sent \"/\" x\r\n", "* LIST () \"/\" \"x\r\n",
                                      "* LIST () \"/\"\r\n", "* STATUS x (UIDNEXT)\r\n",
                                      "* LIST () \"/\" {9}\r\nab\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(imap_answer_parse(slice_from_text(bad[i]), arena, &answer));
    arena_free(&arena);
}

/* ---- numbers ---- */

static void sets_of_numbers_are_ranges(void **state) {
    struct arena *arena = arena_new(1 << 20);
    struct imap_answer answer = parse(arena, "* SEARCH 2 84 882 (MODSEQ 917162500)\r\n");
    assert_int_equal(answer.kind, IMAP_ANSWER_SEARCH);
    assert_int_equal(answer.range_count, 3);
    assert_int_equal(answer.ranges[2].last, 882);
    assert_int_equal(parse(arena, "* SEARCH\r\n").range_count, 0);
    answer = parse(arena, "* ESEARCH (TAG \"p5\") UID COUNT 5 ALL 4:19,21,28\r\n");
    assert_int_equal(answer.range_count, 3);
    assert_int_equal(answer.ranges[0].first, 4);
    assert_int_equal(answer.ranges[0].last, 19);
    answer = parse(arena, "* VANISHED (EARLIER) 41,43:4294967295\r\n");
    assert_int_equal(answer.kind, IMAP_ANSWER_VANISHED);
    assert_int_equal(answer.ranges[1].last, UINT32_MAX);
    assert_int_equal(parse(arena, "* 23 EXISTS\r\n").kind, IMAP_ANSWER_EXISTS);
    assert_int_equal(parse(arena, "* 44 EXPUNGE\r\n").number, 44);
    assert_false(imap_answer_parse(SLICE("* VANISHED 1:x\r\n"), arena, &answer));
    arena_free(&arena);
}

/* ---- messages ---- */

static void of_a_message_what_is_known_is_read_and_the_rest_passed_over(void **state) {
    struct arena *arena = arena_new(1 << 20);
    struct imap_answer answer = parse(
        arena,
        "* 12 FETCH (FLAGS (\\Seen $Junk \\Draft) ENVELOPE (\"date\" NIL ((\"a)\" NIL \"b\" \"c\"))) "
        "INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 4286 MODSEQ (624140003) UID 55 "
        "X-GM-LABELS (\"\\\\Inbox\" {3}\r\na)b) BODY[HEADER.FIELDS (DATE FROM)]<0> {5}\r\nx)\r\nz)\r\n");
    assert_int_equal(answer.kind, IMAP_ANSWER_FETCH);
    assert_int_equal(answer.uid, 55);
    assert_int_equal(answer.flags, IMAP_CLIENT_SEEN | IMAP_CLIENT_DRAFT);
    assert_int_equal(answer.bytes, 4286);
    assert_int_equal(answer.modseq, 624140003);
    assert_int_equal(answer.received_ms, 837596665000);
    assert_slice(answer.content, "x)\r\nz");
    answer = parse(arena, "* 1 FETCH (UID 1 BODY[] NIL)\r\n");
    assert_true(answer.items & IMAP_ITEM_CONTENT && answer.content.len == 0);
    static const char *const bad[] = {"* 1 FETCH UID 1\r\n",  "* 1 FETCH (UID x)\r\n",
                                      "* 1 FETCH (UID 1\r\n", "* 1 FETCH (BODY[ \"x\")\r\n",
                                      "* 1 FETCH (X (()\r\n", "* 1 FETCH (UID 99999999999)\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(imap_answer_parse(slice_from_text(bad[i]), arena, &answer));
    arena_free(&arena);
}

static void nesting_has_an_end(void **state) {
    struct arena *arena = arena_new(1 << 20);
    struct imap_answer answer;
    char text[4096] = "* 1 FETCH (X ";
    memset(text + 13, '(', 2000);
    memset(text + 2013, ')', 2000);
    memcpy(text + 4013, ")\r\n", 4);
    assert_false(imap_answer_parse(slice_from_text(text), arena, &answer));
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_whole_whatever_the_pieces),
        cmocka_unit_test(what_is_too_long_is_said_before_it_comes),
        cmocka_unit_test(status_lines_have_their_codes),
        cmocka_unit_test(folders_come_with_their_use_in_any_form),
        cmocka_unit_test(sets_of_numbers_are_ranges),
        cmocka_unit_test(of_a_message_what_is_known_is_read_and_the_rest_passed_over),
        cmocka_unit_test(nesting_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
