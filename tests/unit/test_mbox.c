/* Mail of other systems: mbox files, their "From " lines and headers, the names in a Maildir. */
#include "test.h"

#include "base/limits.h"
#include "wire/folder_name.h"
#include "wire/maildir_name.h"
#include "wire/mbox.h"
#include "wire/mbox_header.h"
#include "wire/mbox_quote.h"

/* ---- the From_ line ---- */

static void assert_from(const char *line, int64_t seconds) {
    struct mbox_from from;
    assert_true(mbox_from_read(slice_from_text(line), &from));
    if (!from.has_date || from.utc_ms != seconds * 1000) fail_msg("%s: %lld", line, (long long)from.utc_ms);
}

static void dates_are_read_in_the_shapes_that_systems_write(void **state) {
    assert_from("From a@b.c Tue Jul  1 10:52:37 2003", 1057056757);
    assert_from("From a@b.c Tue Jul 1 10:52:37 2003\r\n", 1057056757);
    assert_from("From a@b.c Tue Jul  1 10:52 2003", 1057056720);
    assert_from("From a@b.c Tue Jul  1 10:52:37 EST 2003", 1057074757);
    assert_from("From a@b.c Tue Jul  1 10:52:37 2003 +0200", 1057049557);
    assert_from("From a@b.c Tue, 1 Jul 2003 10:52:37 +0200", 1057049557);
    assert_from("From - Tue Jul  1 10:52:37 2003", 1057056757);
    assert_from("From \"a b\"@c.d Tue Jul  1 10:52:37 2003", 1057056757);
    assert_from("From  Tue Jul  1 10:52:37 2003", 1057056757);
    assert_from("From a Tue Jul  1 10:52:37 2003 remote from uucp", 1057056757);
}

static void text_that_only_begins_with_from_has_no_date(void **state) {
    static const char *const lines[] = {"From here on", "From Tue to Fri", "From 10 to 12", "From a@b.c"};
    struct mbox_from from;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_true(mbox_from_read(slice_from_text(lines[i]), &from));
        assert_false(from.has_date);
    }
    assert_false(mbox_from_read(SLICE("from a@b.c Tue Jul  1 10:52:37 2003"), &from));
}

static void a_from_line_that_is_written_is_read_again(void **state) {
    static const int64_t seconds[] = {0, 1, 951782400, 1057056757, 4102444799};
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        struct buffer line = buffer_new(200);
        mbox_from_write(&line, SLICE("bad sender"), seconds[i] * 1000);
        buffer_append_byte(&line, 0);
        assert_from((const char *)line.ptr, seconds[i]);
        buffer_free(&line);
    }
}

/* ---- taking apart ---- */

#define FROM "From a@b Tue Jul  1 10:52:37 2003\n"
/* 15 bytes that only their length keeps whole. */
#define FROM_BODY "x\n\n>From me\n\ny\n"

/* Each message in brackets, garbage as "!". */
static void split(struct slice input, enum mbox_quoting quoting, size_t step, struct buffer *out) {
    struct mbox_reader reader;
    struct mbox_event event = {.kind = MBOX_MORE};
    struct mbox_header header;
    struct slice all = input;
    mbox_init(&reader, quoting);
    while (event.kind != MBOX_DONE) {
        struct slice piece = slice_take(&input, step);
        do {
            mbox_next(&reader, &piece, input.len == 0, &event);
            if (event.kind == MBOX_BEGIN) buffer_append_text(out, "[");
            if (event.kind == MBOX_END) buffer_append_text(out, "]");
            if (event.kind == MBOX_GARBAGE) buffer_append_text(out, "!");
            buffer_append(out, event.bytes);
            if (event.kind != MBOX_HEADER) continue;
            mbox_header_read(event.bytes, &header);
            struct slice rest = slice_skip(all, (size_t)event.offset + (size_t)header.content_length);
            if (header.has_content_length && mbox_is_boundary(rest, true))
                mbox_trust(&reader, header.content_length);
        } while (event.kind != MBOX_MORE && event.kind != MBOX_DONE);
    }
    mbox_free(&reader);
}

static void assert_split_as(const char *input, enum mbox_quoting quoting, const char *expected) {
    for (size_t step = 1; step < 100; step += 9) {
        struct buffer out = buffer_new(100000);
        split(slice_from_text(input), quoting, step, &out);
        assert_slice(buffer_slice(&out), expected);
        buffer_free(&out);
    }
}

static void assert_split(const char *input, const char *expected) {
    assert_split_as(input, MBOX_QUOTING_RD, expected);
}

static void messages_end_before_the_blank_line(void **state) {
    assert_split(FROM "A: 1\n\nx\n\n" FROM "B: 2\n\ny\n\n\n" FROM "C: 3\n\nz",
                 "[A: 1\n\nx\n][B: 2\n\ny\n\n][C: 3\n\nz]");
    assert_split(FROM "A: 1\r\n\r\nx\r\n\r\n" FROM "B: 2\r\n", "[A: 1\r\n\r\nx\r\n][B: 2\r\n]");
}

static void a_message_without_a_body_has_its_header_only(void **state) {
    assert_split(FROM "A: 1\n\n" FROM "B: 2\n\n\n" FROM "\n", "[A: 1\n][B: 2\n\n][]");
}

static void from_lines_without_a_date_are_text(void **state) {
    assert_split(FROM "A: 1\n\nFrom here\n\nFrom there\n", "[A: 1\n\nFrom here\n\nFrom there\n]");
}

static void a_separator_needs_no_blank_line_before_it(void **state) {
    assert_split(FROM "A: 1\n\nx\n" FROM "B: 2\n\ny\n", "[A: 1\n\nx\n][B: 2\n\ny\n]");
}

static void the_rule_of_the_quotes_is_as_asked(void **state) {
    static const char input[] = FROM "A: 1\n\n>From x\n>>From y\n>Fro\n> From\n";
    assert_split_as(input, MBOX_QUOTING_RD, "[A: 1\n\nFrom x\n>From y\n>Fro\n> From\n]");
    assert_split_as(input, MBOX_QUOTING_O, "[A: 1\n\nFrom x\n>>From y\n>Fro\n> From\n]");
    assert_split_as(input, MBOX_QUOTING_NONE, "[A: 1\n\n>From x\n>>From y\n>Fro\n> From\n]");
}

static void a_true_content_length_is_believed_and_a_false_one_not(void **state) {
    assert_split(FROM "Content-Length: 15\n\n" FROM_BODY "\n" FROM "B: 2\n\n",
                 "[Content-Length: 15\n\n" FROM_BODY "][B: 2\n]");
    assert_split(FROM "Content-Length: 3\n\n>From x\n", "[Content-Length: 3\n\nFrom x\n]");
}

static void what_belongs_to_no_message_is_told_once(void **state) {
    assert_split("\nhello\nworld\n" FROM "A: 1\n\nx\n", "![A: 1\n\nx\n]");
    assert_split("\n\n", "");
}

static void an_mbox_of_quotes_alone_takes_linear_work(void **state) {
    struct buffer input = buffer_new(4 * 1024 * 1024);
    struct buffer out = buffer_new(4 * 1024 * 1024);
    buffer_append_text(&input, FROM "A: 1\n\n");
    for (size_t i = 0; i < 1024 * 1024; i++) buffer_append_byte(&input, '>');
    buffer_append_text(&input, "From x\n");
    split(buffer_slice(&input), MBOX_QUOTING_RD, 4096, &out);
    /* One ">" less, the brackets more. */
    assert_int_equal(out.len, input.len - strlen(FROM) - 1 + 2);
    buffer_free(&input);
    buffer_free(&out);
}

/* ---- headers ---- */

static void flags_are_read_from_the_headers_of_many_programs(void **state) {
    struct mbox_header read;
    mbox_header_read(SLICE("A: 1\nStatus: RO\nX-Status: AFT\nX-Keywords: red  blue \nX-UID: 7\n"), &read);
    assert_int_equal(read.flags, IMAP_FLAG_SEEN | IMAP_FLAG_ANSWERED | IMAP_FLAG_FLAGGED | IMAP_FLAG_DRAFT);
    assert_int_equal(read.keyword_count, 2);
    assert_slice(read.keywords[1], "blue");
    assert_int_equal(read.uid, 7);
    mbox_header_read(SLICE("X-Mozilla-Status: 0007\n"), &read);
    assert_int_equal(read.flags, IMAP_FLAG_SEEN | IMAP_FLAG_ANSWERED | IMAP_FLAG_FLAGGED);
}

static void assert_stripped(const char *header, const char *expected) {
    struct mbox_header read;
    struct buffer out = buffer_new(10000);
    mbox_header_read(slice_from_text(header), &read);
    mbox_header_strip(slice_from_text(header), &read, false, &out);
    assert_slice(buffer_slice(&out), expected);
    buffer_free(&out);
}

static void what_is_the_mboxs_goes_and_what_looks_otherwise_stays(void **state) {
    assert_stripped("A: 1\nStatus: RO\nB: 2\n 3\nX-UID: 9\n", "A: 1\nB: 2\n 3\n");
    assert_stripped("Status: shipped\nX-UID: none\nContent-Length: 5\n",
                    "Status: shipped\nX-UID: none\nContent-Length: 5\n");
}

static void our_block_goes_and_the_messages_own_fields_stay(void **state) {
    struct slice keywords[] = {SLICE("a"), SLICE("b")};
    struct mbox_block block = {5, 9, 7, IMAP_FLAG_SEEN | IMAP_FLAG_DELETED, keywords, 2};
    struct mbox_header read;
    struct buffer text = buffer_new(10000);
    mbox_header_write(&text, &block);
    buffer_append_text(&text, "Status: O\nX-UID: 1\n");
    buffer_append_byte(&text, 0);
    mbox_header_read(slice_of(text.ptr, text.len - 1), &read);
    assert_int_equal(read.uidvalidity, 5);
    assert_int_equal(read.uid, 7);
    assert_int_equal(read.flags, block.flags);
    assert_int_equal(read.keyword_count, 2);
    assert_stripped((const char *)text.ptr, "Status: O\nX-UID: 1\n");
    buffer_free(&text);
}

static void the_message_of_internal_data_is_known(void **state) {
    struct mbox_header read;
    mbox_header_read(SLICE("Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 1 2\n"),
                     &read);
    assert_true(read.is_internal);
    mbox_header_read(SLICE("Subject: FOLDER INTERNAL DATA\n"), &read);
    assert_false(read.is_internal);
}

/* ---- Maildir ---- */

static void flags_of_a_file_name_are_read_whatever_the_separator(void **state) {
    static const char *const names[] = {"1057056757.M1P2.host,S=5:2,FSa", "1057056757.x;2,FSa",
                                        "1057056757.x!2,FSa"};
    for (size_t i = 0; i < 3; i++) {
        struct maildir_name name;
        maildir_name_read(slice_from_text(names[i]), &name);
        assert_int_equal(name.flags, IMAP_FLAG_SEEN | IMAP_FLAG_FLAGGED);
        assert_int_equal(name.keywords, 1);
        assert_int_equal(name.seconds, 1057056757);
    }
    struct maildir_name name;
    maildir_name_read(SLICE("no-time"), &name);
    assert_int_equal(name.seconds, 0);
    assert_slice(name.base, "no-time");
}

static void keywords_are_numbered_by_their_file(void **state) {
    struct slice names[MAILDIR_KEYWORDS] = {{NULL, 0}};
    maildir_keywords_read(SLICE("0 $Work\n25 last\n26 beyond\nnonsense\n"), names);
    assert_slice(names[0], "$Work");
    assert_slice(names[25], "last");
    assert_int_equal(names[1].len, 0);
}

static void folder_names_are_decoded_level_by_level(void **state) {
    struct buffer name = buffer_new(1000);
    assert_true(folder_name_decode(SLICE("Work.&APw-ber.a&AC4-b.R&D"), '.', &name));
    assert_slice(buffer_slice(&name), "Work/über/a.b/R&D");
    assert_false(folder_name_decode(SLICE("a..b"), '.', &name));
    assert_false(folder_name_decode_level(SLICE("a/b"), &name));
    buffer_clear(&name);
    assert_true(folder_name_encode_level(SLICE("a.über"), true, &name));
    assert_slice(buffer_slice(&name), "a&AC4-&APw-ber");
    buffer_clear(&name);
    assert_true(folder_name_encode_level(SLICE("..x"), false, &name));
    assert_slice(buffer_slice(&name), "&AC4-.x");
    buffer_free(&name);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_read_in_the_shapes_that_systems_write),
        cmocka_unit_test(text_that_only_begins_with_from_has_no_date),
        cmocka_unit_test(a_from_line_that_is_written_is_read_again),
        cmocka_unit_test(messages_end_before_the_blank_line),
        cmocka_unit_test(a_message_without_a_body_has_its_header_only),
        cmocka_unit_test(from_lines_without_a_date_are_text),
        cmocka_unit_test(a_separator_needs_no_blank_line_before_it),
        cmocka_unit_test(the_rule_of_the_quotes_is_as_asked),
        cmocka_unit_test(a_true_content_length_is_believed_and_a_false_one_not),
        cmocka_unit_test(what_belongs_to_no_message_is_told_once),
        cmocka_unit_test(an_mbox_of_quotes_alone_takes_linear_work),
        cmocka_unit_test(flags_are_read_from_the_headers_of_many_programs),
        cmocka_unit_test(what_is_the_mboxs_goes_and_what_looks_otherwise_stays),
        cmocka_unit_test(our_block_goes_and_the_messages_own_fields_stay),
        cmocka_unit_test(the_message_of_internal_data_is_known),
        cmocka_unit_test(flags_of_a_file_name_are_read_whatever_the_separator),
        cmocka_unit_test(keywords_are_numbered_by_their_file),
        cmocka_unit_test(folder_names_are_decoded_level_by_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
