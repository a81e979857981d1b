/*
 * Messages made 7-bit. The first byte says how the rest is cut into pieces. Where it can be done, whatever
 * the pieces: the output is the same, has no byte beyond ASCII, is canonical lines and done already; its
 * parts are those of the input, and each decodes to what it decoded to before.
 */
#include "base/limits.h"
#include "wire/canonical_lines.h"
#include "wire/mime.h"
#include "wire/seven_bit.h"
#include "wire/transfer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum seven_bit_result convert(struct slice input, size_t piece, struct buffer *out) {
    struct seven_bit *message = seven_bit_new();
    buffer_clear(out);
    for (struct slice rest = input; rest.len;) seven_bit_scan(message, slice_take(&rest, piece));
    enum seven_bit_result result = seven_bit_scan_finish(message);
    bool is_possible = result == SEVEN_BIT_ALREADY || result == SEVEN_BIT_POSSIBLE;
    while (is_possible && input.len)
        seven_bit_write(message, slice_take(&input, piece), byte_sink_of_buffer(out));
    if (is_possible) seven_bit_finish(message, byte_sink_of_buffer(out));
    seven_bit_free(&message);
    return result;
}

static void canonical(struct slice input, struct buffer *out) {
    struct canonical_lines lines = canonical_lines_new();
    buffer_clear(out);
    canonical_lines_write(&lines, input, byte_sink_of_buffer(out));
    canonical_lines_finish(&lines, byte_sink_of_buffer(out));
}

static void decode(struct slice message, const struct mime_part *part, struct buffer *content) {
    struct transfer_decoder decoder = transfer_decoder_new(transfer_encoding_of(part->encoding));
    transfer_decode(&decoder, slice_sub(message, part->body_offset, part->body_len), content);
    transfer_finish(&decoder, content);
    transfer_decoder_free(&decoder);
}

static void check_same_content(struct slice before, const struct mime_part *was, struct slice after,
                               const struct mime_part *is) {
    struct buffer old = buffer_new(MIB(64));
    struct buffer new = buffer_new(MIB(64));
    decode(before, was, &old);
    decode(after, is, &new);
    ASSERT(slice_equal(buffer_slice(&old), buffer_slice(&new)));
    buffer_free(&old);
    buffer_free(&new);
}

static void check_parts(struct slice before, struct slice after) {
    if (after.len > BINARY_MIME_FIELD_BYTES_MAX) return;
    struct arena *arena = arena_new(MIB(64));
    struct mime_part *old_root = mime_parse(arena, before);
    struct mime_part *new_root = mime_parse(arena, after);
    const struct mime_part *was = old_root;
    const struct mime_part *is = new_root;
    while (was && is) {
        ASSERT(was->kind == is->kind && was->depth == is->depth);
        ASSERT(slice_equal_nocase(was->media.type, is->media.type));
        if (was->kind == MIME_LEAF) check_same_content(before, was, after, is);
        was = mime_part_next(old_root, was);
        is = mime_part_next(new_root, is);
    }
    ASSERT(!was && !is);
    arena_free(&arena);
}

static void check_output(struct slice input, struct slice output, size_t piece) {
    struct buffer again = buffer_new(MIB(64));
    for (size_t i = 0; i < output.len; i++) ASSERT(output.ptr[i] < 0x80 && output.ptr[i]);
    canonical(output, &again);
    ASSERT(slice_equal(buffer_slice(&again), output));
    ASSERT(convert(output, piece, &again) == SEVEN_BIT_ALREADY);
    ASSERT(slice_equal(buffer_slice(&again), output));
    check_parts(input, output);
    buffer_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    size_t piece = 1 + data[0] % 64;
    struct buffer input = buffer_new(MIB(64));
    struct buffer whole = buffer_new(MIB(64));
    struct buffer other = buffer_new(MIB(64));
    canonical(slice_of(data + 1, size - 1), &input);
    enum seven_bit_result result = convert(buffer_slice(&input), SIZE_MAX, &whole);
    ASSERT(convert(buffer_slice(&input), piece, &other) == result);
    ASSERT(slice_equal(buffer_slice(&whole), buffer_slice(&other)));
    if (result == SEVEN_BIT_ALREADY) ASSERT(slice_equal(buffer_slice(&whole), buffer_slice(&input)));
    if (result == SEVEN_BIT_ALREADY || result == SEVEN_BIT_POSSIBLE)
        check_output(buffer_slice(&input), buffer_slice(&whole), piece);
    buffer_free(&input);
    buffer_free(&whole);
    buffer_free(&other);
    return 0;
}
