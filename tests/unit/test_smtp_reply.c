/* SMTP replies as a server writes and a client reads them, and the framing of command lines. */
#include "test.h"

#include "base/limits.h"
#include "wire/smtp_frame.h"
#include "wire/smtp_reply.h"
#include "wire/smtp_reply_parser.h"

static struct slice rendered(struct buffer *out, struct smtp_reply reply, bool utf8) {
    buffer_clear(out);
    smtp_reply_write(out, &reply, utf8);
    return buffer_slice(out);
}

static void every_named_reply_is_well_formed(void **state) {
    for (int i = 0; i < SMTP_REPLY_COUNT; i++) {
        struct smtp_reply reply = smtp_reply_named((enum smtp_reply_name)i);
        assert_true(reply.code >= 200 && reply.code < 560);
        assert_true(reply.text.len > 0 && reply.text.len < SMTP_REPLY_TEXT_BYTES_MAX);
        if (reply.code == 354) continue;
        assert_int_equal(reply.enhanced.ptr[0], '0' + reply.code / 100);
        if (reply.code == 421) assert_true(reply.closes);
    }
}

static void replies_repeat_the_enhanced_code_on_every_line(void **state) {
    struct buffer out = buffer_new(KIB(4));
    assert_slice(rendered(&out, smtp_reply_named(SMTP_REPLY_SENDER_OK), false), "250 2.1.0 Sender ok\r\n");
    assert_slice(rendered(&out, smtp_reply_with_text(SMTP_REPLY_RELAY_DENIED, SLICE("no\nreally no")), false),
                 "550-5.7.1 no\r\n550 5.7.1 really no\r\n");
    struct smtp_reply hello = {.code = 250, .text = SLICE("mx.example\nPIPELINING\nSIZE 5")};
    assert_slice(rendered(&out, hello, false), "250-mx.example\r\n250-PIPELINING\r\n250 SIZE 5\r\n");
    assert_slice(rendered(&out, smtp_reply_with_text(SMTP_REPLY_OK, SLICE("")), false), "250 2.0.0 \r\n");
    buffer_free(&out);
}

static void foreign_text_cannot_forge_a_reply(void **state) {
    struct buffer out = buffer_new(KIB(4));
    struct slice evil = SLICE("x\r250 ok\0\x1b[2J\x7f\xff \xc3\xa4 \xc2\x85");
    assert_slice(rendered(&out, smtp_reply_with_text(SMTP_REPLY_OK, evil), false),
                 "250 2.0.0 x?250 ok??[2J?? ? ?\r\n");
    assert_slice(rendered(&out, smtp_reply_with_text(SMTP_REPLY_OK, evil), true),
                 "250 2.0.0 x?250 ok??[2J?? \xc3\xa4 ?\r\n");
    buffer_free(&out);
}

static void long_text_goes_on_in_lines_of_at_most_512_bytes(void **state) {
    struct buffer text = buffer_new(KIB(4));
    struct buffer out = buffer_new(KIB(8));
    for (int spaced = 0; spaced < 2; spaced++) {
        buffer_clear(&text);
        for (int i = 0; i < 500; i++) buffer_append_text(&text, spaced ? "ab " : "\xc3\xa4");
        struct slice rest = rendered(&out, smtp_reply_with_text(SMTP_REPLY_OK, buffer_slice(&text)), true);
        size_t lines = 0;
        while (rest.len) {
            size_t end = slice_find_crlf(rest);
            assert_true(end <= 510);
            assert_int_equal(slice_find_byte(slice_sub(rest, 0, end), '?'), SLICE_NOT_FOUND);
            rest = slice_skip(rest, end + 2);
            assert_int_equal(out.ptr[out.len - rest.len - end - 2 + 3], rest.len ? '-' : ' ');
            lines++;
        }
        assert_true(lines > 2);
    }
    buffer_free(&text);
    buffer_free(&out);
}

static enum smtp_reply_parse_status read_reply(struct smtp_reply_parser *parser, struct slice input,
                                               size_t piece, size_t *consumed) {
    enum smtp_reply_parse_status status = SMTP_REPLY_PARSE_MORE;
    *consumed = 0;
    smtp_reply_parser_reset(parser);
    while (status == SMTP_REPLY_PARSE_MORE && input.len) {
        size_t taken = 0;
        status = smtp_reply_parse(parser, slice_take(&input, piece), &taken);
        *consumed += taken;
    }
    return status;
}

static void replies_are_read_however_they_are_cut(void **state) {
    static const struct {
        const char *input;
        unsigned code, subject, detail;
        const char *text;
        size_t consumed;
    } rows[] = {
        {"250 2.1.5 ok\r\n", 250, 1, 5, "ok", 14},
        {"250\r\n", 250, 0, 0, "", 5},
        {"250 \r\n", 250, 0, 0, "", 6},
        {"250 ok\n", 250, 0, 0, "ok", 7},
        {"250-a\r\n250-b c\r\n250 d\r\n", 250, 0, 0, "a\nb c\nd", 23},
        {"550-5.1.1 no\r\n550 5.1.1 user\r\n", 550, 1, 1, "no\nuser", 30},
        {"550 5.7.26\r\n", 550, 7, 26, "", 12},
        {"250 4.1.1 other class\r\n", 250, 0, 0, "4.1.1 other class", 23},
        {"220 10.1.1.1 ready\r\n", 220, 0, 0, "10.1.1.1 ready", 20},
        {"250 2.1.1234 x\r\n", 250, 0, 0, "2.1.1234 x", 16},
        {"250 2.0.0 one\r\n250 2.0.0 two\r\n", 250, 0, 0, "one", 15},
        {"550 a\rb\x1b c\r\n", 550, 0, 0, "a?b? c", 12},
    };
    struct smtp_reply_parser parser = smtp_reply_parser_new();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t piece = 1; piece < 40; piece++) {
            size_t consumed = 0;
            assert_int_equal(read_reply(&parser, slice_from_text(rows[i].input), piece, &consumed),
                             SMTP_REPLY_PARSE_COMPLETE);
            assert_int_equal(parser.code, rows[i].code);
            assert_int_equal(parser.enhanced.subject, rows[i].subject);
            assert_int_equal(parser.enhanced.detail, rows[i].detail);
            assert_slice(buffer_slice(&parser.text), rows[i].text);
            assert_int_equal(consumed, rows[i].consumed);
        }
    }
    smtp_reply_parser_free(&parser);
}

static void malformed_replies_are_refused(void **state) {
    static const char *const inputs[] = {
        "25\r\n",     "\r\n",       "2x0 ok\r\n",         "999 x\r\n",      "150 x\r\n",
        "600 x\r\n",  "250ok\r\n",  "250-a\r\n550 b\r\n", "250-a\r\nb\r\n", "HTTP/1.1 400\r\n",
        "2500 x\r\n", " 250 x\r\n", "-25 x\r\n",
    };
    struct smtp_reply_parser parser = smtp_reply_parser_new();
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        size_t consumed = 0;
        assert_int_equal(read_reply(&parser, slice_from_text(inputs[i]), 3, &consumed),
                         SMTP_REPLY_PARSE_MALFORMED);
    }
    smtp_reply_parser_free(&parser);
}

static void an_unfinished_reply_is_never_complete(void **state) {
    struct smtp_reply_parser parser = smtp_reply_parser_new();
    size_t consumed = 0;
    assert_int_equal(read_reply(&parser, SLICE("250-a\r\n250-"), 100, &consumed), SMTP_REPLY_PARSE_MORE);
    assert_int_equal(read_reply(&parser, SLICE("250 a\r"), 100, &consumed), SMTP_REPLY_PARSE_MORE);
    smtp_reply_parser_free(&parser);
}

static enum smtp_reply_parse_status read_endless(const char *piece) {
    struct smtp_reply_parser parser = smtp_reply_parser_new();
    enum smtp_reply_parse_status status = SMTP_REPLY_PARSE_MORE;
    for (int i = 0; i < 100000 && status == SMTP_REPLY_PARSE_MORE; i++) {
        size_t consumed = 0;
        status = smtp_reply_parse(&parser, slice_from_text(piece), &consumed);
        assert_true(parser.line.capacity <= SMTP_REPLY_LINE_BYTES_MAX);
        assert_true(parser.text.capacity <= SMTP_REPLY_BYTES_MAX);
    }
    smtp_reply_parser_free(&parser);
    return status;
}

static void endless_replies_are_cut_off(void **state) {
    assert_int_equal(read_endless("250-x"), SMTP_REPLY_PARSE_LINE_TOO_LONG);
    assert_int_equal(read_endless("250-x\r\n"), SMTP_REPLY_PARSE_TOO_LONG);
    assert_int_equal(
        read_endless("250-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"),
        SMTP_REPLY_PARSE_TOO_LONG);
}

static void written_replies_are_read_back(void **state) {
    struct buffer out = buffer_new(KIB(4));
    struct smtp_reply_parser parser = smtp_reply_parser_new();
    for (int i = 0; i < SMTP_REPLY_COUNT; i++) {
        struct smtp_reply reply = smtp_reply_named((enum smtp_reply_name)i);
        size_t consumed = 0;
        (void)rendered(&out, reply, false);
        assert_int_equal(read_reply(&parser, buffer_slice(&out), 5, &consumed), SMTP_REPLY_PARSE_COMPLETE);
        assert_int_equal(parser.code, reply.code);
        assert_true(slice_equal(buffer_slice(&parser.text), reply.text));
        assert_int_equal(consumed, out.len);
    }
    smtp_reply_parser_free(&parser);
    buffer_free(&out);
}

/* Feeds `input` so that `step` more bytes are there at each call, and lists what came out:
   each line in brackets, with its faults; "!" for a line too long, "#" for a flood. */
static void frame_all(struct buffer *seen, struct slice input, size_t step, size_t max) {
    struct smtp_frame frame = smtp_frame_new(max);
    size_t there = 0;
    buffer_clear(seen);
    while (true) {
        struct slice line = SLICE_EMPTY;
        size_t consumed = 0;
        enum smtp_frame_status status = smtp_frame_next(&frame, slice_sub(input, 0, there), &line, &consumed);
        assert_true(consumed <= there);
        input = slice_skip(input, consumed);
        there -= consumed;
        if (status == SMTP_FRAME_LINE) {
            buffer_append_byte(seen, '[');
            buffer_append(seen, line);
            buffer_append_byte(seen, ']');
            if (frame.faults) buffer_append_number(seen, frame.faults);
        } else if (status != SMTP_FRAME_MORE) {
            buffer_append_byte(seen, status == SMTP_FRAME_FLOOD ? '#' : '!');
            if (status == SMTP_FRAME_FLOOD) return;
        } else if (there == input.len) {
            return;
        } else {
            there = there + step < input.len ? there + step : input.len;
        }
    }
}

static void lines_end_with_crlf_only_and_faults_are_told(void **state) {
    static const struct {
        const char *input, *seen;
    } rows[] = {
        {"NOOP\r\nQUIT\r\n", "[NOOP][QUIT]"},
        {"\r\n", "[]"},
        {"NOOP", ""},
        {"NOOP\r", ""},
        {"NOOP\nRSET\r\nQUIT\r\n", "[NOOP\nRSET]1[QUIT]"},
        {"NO\rOP\r\nQUIT\r\n", "[NO\rOP]2[QUIT]"},
        {"NOOP\r\r\n", "[NOOP\r]2"},
        {"\n\r\n", "[\n]1"},
        {"\r\n\n\r\n", "[][\n]1"},
        {"a\n\rb\r\nc\r\n", "[a\n\rb]3[c]"},
        {"0123456789\r\nx\r\n", "!"
                                "[x]"},
        {"01234567\r\nx\r\n", "[01234567][x]"},
        {"012345678\r\nx\r\n", "!"
                               "[x]"},
    };
    struct buffer seen = buffer_new(KIB(1));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t step = 1; step < 16; step++) {
            bool limited = i >= 10;
            frame_all(&seen, slice_from_text(rows[i].input), step, limited ? 10 : 512);
            assert_slice(buffer_slice(&seen), rows[i].seen);
        }
    }
    buffer_free(&seen);
}

static void a_nul_in_a_line_is_told(void **state) {
    struct buffer seen = buffer_new(KIB(1));
    frame_all(&seen, SLICE("a\0b\r\nc\r\n"), 1, 512);
    assert_true(slice_equal(buffer_slice(&seen), SLICE("[a\0b]4[c]")));
    buffer_free(&seen);
}

static void a_client_of_bare_lf_is_seen_while_waiting(void **state) {
    struct smtp_frame frame = smtp_frame_new(512);
    struct slice line;
    size_t consumed = 0;
    assert_int_equal(smtp_frame_next(&frame, SLICE("EHLO a\n"), &line, &consumed), SMTP_FRAME_MORE);
    assert_int_equal(frame.faults, SMTP_FRAME_BARE_LF);
}

static void endless_lines_are_dropped_and_then_a_flood(void **state) {
    struct buffer input = buffer_new(KIB(256));
    struct buffer seen = buffer_new(KIB(1));
    while (input.len < KIB(200)) buffer_append(&input, SLICE("xxxxxxxx"));
    frame_all(&seen, buffer_slice(&input), 1000, 512);
    assert_slice(buffer_slice(&seen), "#");
    buffer_truncate(&input, KIB(30));
    buffer_append(&input, SLICE("\r\nQUIT\r\n"));
    frame_all(&seen, buffer_slice(&input), 1, 4096);
    assert_slice(buffer_slice(&seen), "![QUIT]");
    buffer_free(&input);
    buffer_free(&seen);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_named_reply_is_well_formed),
        cmocka_unit_test(replies_repeat_the_enhanced_code_on_every_line),
        cmocka_unit_test(foreign_text_cannot_forge_a_reply),
        cmocka_unit_test(long_text_goes_on_in_lines_of_at_most_512_bytes),
        cmocka_unit_test(replies_are_read_however_they_are_cut),
        cmocka_unit_test(malformed_replies_are_refused),
        cmocka_unit_test(an_unfinished_reply_is_never_complete),
        cmocka_unit_test(endless_replies_are_cut_off),
        cmocka_unit_test(written_replies_are_read_back),
        cmocka_unit_test(lines_end_with_crlf_only_and_faults_are_told),
        cmocka_unit_test(a_nul_in_a_line_is_told),
        cmocka_unit_test(a_client_of_bare_lf_is_seen_while_waiting),
        cmocka_unit_test(endless_lines_are_dropped_and_then_a_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
