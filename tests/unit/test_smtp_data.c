/* The content of DATA, both ways, and canonical lines: where a message ends, and where it never does. */
#include "test.h"

#include "base/limits.h"
#include "wire/smtp_data.h"

struct outcome {
    enum smtp_data_status status;
    enum smtp_data_fault fault;
    size_t consumed;
    uint64_t nul_count;
    struct buffer content;
};

static struct outcome outcome_new(void) { return (struct outcome){.content = buffer_new(MIB(4))}; }

/* Reads `input` in pieces of `piece` bytes, the first of `first`. */
static void read_in_pieces(struct outcome *outcome, struct slice input, size_t first, size_t piece,
                           bool refuse_nul) {
    struct smtp_data_reader reader = smtp_data_reader_new(refuse_nul);
    buffer_clear(&outcome->content);
    outcome->consumed = 0;
    outcome->status = SMTP_DATA_MORE;
    size_t next = first;
    while (input.len && outcome->status == SMTP_DATA_MORE) {
        size_t consumed = 0;
        outcome->status = smtp_data_read(&reader, slice_take(&input, next),
                                         byte_sink_of_buffer(&outcome->content), &consumed);
        outcome->consumed += consumed;
        next = piece;
    }
    outcome->fault = reader.fault;
    outcome->nul_count = reader.nul_count;
    if (!reader.fault) assert_int_equal(reader.content_bytes, outcome->content.len);
}

static void content_comes_out_without_its_dots(void **state) {
    static const char *const rows[][2] = {
        {".\r\n", ""},
        {"a\r\n.\r\n", "a\r\n"},
        {"..\r\n.\r\n", ".\r\n"},
        {"..a\r\n...b\r\n.c\r\n.\r\n", ".a\r\n..b\r\nc\r\n"},
        {"a.\r\n.\r\n", "a.\r\n"},
        {"\r\n\r\n.\r\n", "\r\n\r\n"},
        {"a\r\n..\r\nb\r\n.\r\n", "a\r\n.\r\nb\r\n"},
    };
    struct outcome outcome = outcome_new();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slice input = slice_from_text(rows[i][0]);
        for (size_t first = 1; first <= input.len; first++) {
            read_in_pieces(&outcome, input, first, 1 + first % 3, true);
            assert_int_equal(outcome.status, SMTP_DATA_END);
            assert_int_equal(outcome.fault, SMTP_DATA_CLEAN);
            assert_int_equal(outcome.consumed, input.len);
            assert_slice(buffer_slice(&outcome.content), rows[i][1]);
        }
    }
    buffer_free(&outcome.content);
}

static void what_follows_the_end_is_not_touched(void **state) {
    struct outcome outcome = outcome_new();
    read_in_pieces(&outcome, SLICE("a\r\n.\r\nQUIT\r\n.\r\n"), 100, 1, true);
    assert_int_equal(outcome.status, SMTP_DATA_END);
    assert_int_equal(outcome.consumed, 6);
    buffer_free(&outcome.content);
}

static const struct slice smuggled_ends[] = {
    SLICE_INIT("\n.\n"),       SLICE_INIT("\n.\r"),         SLICE_INIT("\r.\n"),    SLICE_INIT("\r.\r"),
    SLICE_INIT("\n.\r\n"),     SLICE_INIT("\r.\r\n"),       SLICE_INIT("\r\n.\n"),  SLICE_INIT("\r\n.\r"),
    SLICE_INIT("\r\n\0.\r\n"), SLICE_INIT("\r\r\n.\r\r\n"), SLICE_INIT("\n\n.\r\n")};
static const struct slice smuggled_tail = SLICE_INIT("MAIL FROM:<admin@example.org>\r\n");

static void smuggled_ends_never_end_the_data_however_split(void **state) {
    struct outcome outcome = outcome_new();
    struct buffer input = buffer_new(KIB(4));
    for (size_t i = 0; i < sizeof smuggled_ends / sizeof smuggled_ends[0]; i++) {
        buffer_clear(&input);
        buffer_append(&input, SLICE("Subject: x\r\n\r\nfirst"));
        buffer_append(&input, smuggled_ends[i]);
        buffer_append(&input, smuggled_tail);
        size_t unended = input.len;
        for (size_t split = 1; split <= unended; split++) {
            read_in_pieces(&outcome, buffer_slice(&input), split, unended, true);
            assert_int_equal(outcome.status, SMTP_DATA_MORE);
            assert_int_equal(outcome.consumed, unended);
            assert_int_not_equal(outcome.fault, SMTP_DATA_CLEAN);
            struct smtp_reply reply = smtp_reply_named(smtp_data_fault_reply(outcome.fault));
            assert_int_equal(reply.code, 550);
            assert_slice(reply.enhanced, "5.5.2");
            assert_true(reply.closes);
        }
        read_in_pieces(&outcome, buffer_slice(&input), 1, 1, true);
        assert_int_equal(outcome.status, SMTP_DATA_MORE);
        assert_int_not_equal(outcome.fault, SMTP_DATA_CLEAN);
        buffer_append(&input, SLICE(".\r\nQUIT\r\n"));
        read_in_pieces(&outcome, buffer_slice(&input), 7, 3, true);
        assert_int_equal(outcome.status, SMTP_DATA_END);
        assert_int_equal(outcome.consumed, unended + 3);
        assert_int_not_equal(outcome.fault, SMTP_DATA_CLEAN);
    }
    buffer_free(&outcome.content);
    buffer_free(&input);
}

static void nothing_is_given_on_behind_a_fault(void **state) {
    struct outcome outcome = outcome_new();
    read_in_pieces(&outcome, SLICE("good\r\nbad\nevil\r\nevil\r\n.\r\n"), 100, 1, true);
    assert_int_equal(outcome.fault, SMTP_DATA_BARE_LF);
    assert_int_equal(slice_find(buffer_slice(&outcome.content), SLICE("evil")), SLICE_NOT_FOUND);
    buffer_free(&outcome.content);
}

static void nul_bytes_are_counted_where_they_are_allowed(void **state) {
    struct outcome outcome = outcome_new();
    struct slice input = SLICE("a\0b\0\r\n\0.\r\n.\r\n");
    read_in_pieces(&outcome, input, 2, 3, false);
    assert_int_equal(outcome.fault, SMTP_DATA_CLEAN);
    assert_int_equal(outcome.nul_count, 3);
    assert_true(slice_equal(buffer_slice(&outcome.content), SLICE("a\0b\0\r\n\0.\r\n")));
    buffer_free(&outcome.content);
}

static void canonical(struct buffer *out, struct slice input, size_t piece) {
    struct canonical_lines lines = canonical_lines_new();
    buffer_clear(out);
    while (input.len) canonical_lines_write(&lines, slice_take(&input, piece), byte_sink_of_buffer(out));
    canonical_lines_finish(&lines, byte_sink_of_buffer(out));
}

static void any_bytes_become_canonical_lines(void **state) {
    static const char *const rows[][2] = {
        {"", ""},
        {"a", "a\r\n"},
        {"a\r\n", "a\r\n"},
        {"a\nb", "a\r\nb\r\n"},
        {"a\rb\r", "a\r\nb\r\n"},
        {"\n\n", "\r\n\r\n"},
        {"\r\r\n\n\r", "\r\n\r\n\r\n\r\n"},
        {"a\r\n\r\nb\nc\r\n", "a\r\n\r\nb\r\nc\r\n"},
        {"\n.\r.\r\n.\n", "\r\n.\r\n.\r\n.\r\n"},
    };
    struct buffer out = buffer_new(KIB(1));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t piece = 1; piece < 12; piece++) {
            canonical(&out, slice_from_text(rows[i][0]), piece);
            assert_slice(buffer_slice(&out), rows[i][1]);
        }
    }
    buffer_free(&out);
}

static void replaced_line_ends_are_counted(void **state) {
    struct buffer out = buffer_new(KIB(1));
    struct canonical_lines lines = canonical_lines_new();
    canonical_lines_write(&lines, SLICE("a\r\nb\r"), byte_sink_of_buffer(&out));
    canonical_lines_write(&lines, SLICE("\nc\r\n"), byte_sink_of_buffer(&out));
    assert_int_equal(lines.replaced_count, 0);
    canonical_lines_write(&lines, SLICE("d\ne\rf"), byte_sink_of_buffer(&out));
    assert_int_equal(lines.replaced_count, 2);
    buffer_free(&out);
}

static void encode(struct buffer *out, struct slice content, size_t piece) {
    struct smtp_data_writer writer = smtp_data_writer_new();
    buffer_clear(out);
    while (content.len) smtp_data_write(&writer, slice_take(&content, piece), byte_sink_of_buffer(out));
    smtp_data_finish(&writer, byte_sink_of_buffer(out));
}

static void the_writer_doubles_leading_dots(void **state) {
    static const char *const rows[][2] = {
        {"", ".\r\n"},
        {"a", "a\r\n.\r\n"},
        {".\r\n", "..\r\n.\r\n"},
        {".a\r\n..b\r\nc.\r\n", "..a\r\n...b\r\nc.\r\n.\r\n"},
        {"a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"},
    };
    struct buffer out = buffer_new(KIB(1));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t piece = 1; piece < 12; piece++) {
            encode(&out, slice_from_text(rows[i][0]), piece);
            assert_slice(buffer_slice(&out), rows[i][1]);
        }
    }
    buffer_free(&out);
}

static void smuggled_bytes_relayed_on_are_exactly_one_message(void **state) {
    struct outcome outcome = outcome_new();
    struct buffer wire = buffer_new(KIB(4));
    struct buffer content = buffer_new(KIB(4));
    for (size_t i = 0; i < sizeof smuggled_ends / sizeof smuggled_ends[0]; i++) {
        buffer_clear(&content);
        buffer_append(&content, SLICE("first"));
        buffer_append(&content, smuggled_ends[i]);
        buffer_append(&content, smuggled_tail);
        for (size_t piece = 1; piece < 9; piece++) {
            encode(&wire, buffer_slice(&content), piece);
            read_in_pieces(&outcome, buffer_slice(&wire), piece, piece, false);
            assert_int_equal(outcome.status, SMTP_DATA_END);
            assert_int_equal(outcome.fault, SMTP_DATA_CLEAN);
            assert_int_equal(outcome.consumed, wire.len);
        }
    }
    buffer_free(&outcome.content);
    buffer_free(&wire);
    buffer_free(&content);
}

/* Work that grew with the square of the size would take hours here. */
static void hostile_megabytes_take_linear_time(void **state) {
    static const char *const patterns[] = {"\r", "\n", "\r.", "\n.", ".\r\r\n", "\r\n.x", "ab"};
    struct outcome outcome = outcome_new();
    struct buffer input = buffer_new(MIB(1));
    struct buffer out = buffer_new(MIB(4));
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        buffer_clear(&input);
        while (!buffer_overflowed(&input)) buffer_append_text(&input, patterns[i]);
        read_in_pieces(&outcome, buffer_slice(&input), MIB(1), MIB(1), true);
        assert_int_equal(outcome.status, SMTP_DATA_MORE);
        encode(&out, buffer_slice(&input), MIB(1));
        assert_false(buffer_overflowed(&out));
    }
    buffer_free(&outcome.content);
    buffer_free(&input);
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_comes_out_without_its_dots),
        cmocka_unit_test(what_follows_the_end_is_not_touched),
        cmocka_unit_test(smuggled_ends_never_end_the_data_however_split),
        cmocka_unit_test(nothing_is_given_on_behind_a_fault),
        cmocka_unit_test(nul_bytes_are_counted_where_they_are_allowed),
        cmocka_unit_test(any_bytes_become_canonical_lines),
        cmocka_unit_test(replaced_line_ends_are_counted),
        cmocka_unit_test(the_writer_doubles_leading_dots),
        cmocka_unit_test(smuggled_bytes_relayed_on_are_exactly_one_message),
        cmocka_unit_test(hostile_megabytes_take_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
