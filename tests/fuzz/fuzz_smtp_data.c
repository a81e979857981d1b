/*
 * DATA content. The first byte says how the rest is cut into pieces. Whatever the pieces, the
 * reader sees the same; and any bytes, written and read again, are one clean message whose
 * content is those bytes in canonical lines.
 */
#include "base/limits.h"
#include "wire/smtp_data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    enum smtp_data_status status;
    enum smtp_data_fault fault;
    size_t consumed;
    struct buffer content;
};

static struct outcome read_in_pieces(struct slice input, size_t piece, bool refuse_nul) {
    struct outcome outcome = {.status = SMTP_DATA_MORE, .content = buffer_new(MIB(8))};
    struct smtp_data_reader reader = smtp_data_reader_new(refuse_nul);
    while (input.len && outcome.status == SMTP_DATA_MORE) {
        size_t consumed = 0;
        struct slice part = slice_take(&input, piece);
        outcome.status = smtp_data_read(&reader, part, byte_sink_of_buffer(&outcome.content), &consumed);
        ASSERT(outcome.status == SMTP_DATA_END || consumed == part.len);
        outcome.consumed += consumed;
    }
    outcome.fault = reader.fault;
    return outcome;
}

static void check_pieces(struct slice input, size_t piece, bool refuse_nul) {
    struct outcome whole = read_in_pieces(input, SIZE_MAX, refuse_nul);
    struct outcome pieces = read_in_pieces(input, piece, refuse_nul);
    ASSERT(whole.status == pieces.status && whole.fault == pieces.fault);
    ASSERT(whole.consumed == pieces.consumed);
    if (whole.status == SMTP_DATA_END && !whole.fault)
        ASSERT(slice_equal(buffer_slice(&whole.content), buffer_slice(&pieces.content)));
    if (whole.status == SMTP_DATA_END && whole.consumed > 3)
        ASSERT(memcmp(input.ptr + whole.consumed - 5, "\r\n.\r\n", 5) == 0);
    buffer_free(&whole.content);
    buffer_free(&pieces.content);
}

static void write_message(struct slice content, size_t piece, struct buffer *canonical, struct buffer *wire) {
    struct canonical_lines lines = canonical_lines_new();
    struct smtp_data_writer writer = smtp_data_writer_new();
    canonical_lines_write(&lines, content, byte_sink_of_buffer(canonical));
    canonical_lines_finish(&lines, byte_sink_of_buffer(canonical));
    while (content.len) smtp_data_write(&writer, slice_take(&content, piece), byte_sink_of_buffer(wire));
    smtp_data_finish(&writer, byte_sink_of_buffer(wire));
}

static void check_round_trip(struct slice content, size_t piece) {
    struct buffer canonical = buffer_new(MIB(8));
    struct buffer wire = buffer_new(MIB(8));
    write_message(content, piece, &canonical, &wire);
    struct outcome outcome = read_in_pieces(buffer_slice(&wire), SIZE_MAX, false);
    ASSERT(outcome.status == SMTP_DATA_END && outcome.fault == SMTP_DATA_CLEAN);
    ASSERT(outcome.consumed == wire.len);
    ASSERT(slice_equal(buffer_slice(&outcome.content), buffer_slice(&canonical)));
    buffer_free(&outcome.content);
    buffer_free(&canonical);
    buffer_free(&wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    size_t piece = 1 + data[0] % 64;
    struct slice input = slice_of(data + 1, size - 1);
    check_pieces(input, piece, true);
    check_pieces(input, piece, false);
    check_round_trip(input, piece);
    return 0;
}
