/*
 * Binary messages made canonical. The first byte says how the rest is cut into pieces. Whatever the
 * pieces, the output is the same; it is canonical lines, has no binary part, and comes out of a
 * second pass as it is; and any bytes put into a binary part are there again behind base64.
 */
#include "base/limits.h"
#include "wire/binary_mime.h"
#include "wire/canonical_lines.h"
#include "wire/mime.h"
#include "wire/transfer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void transcode(struct slice input, size_t piece, struct buffer *out) {
    struct binary_mime *message = binary_mime_new();
    buffer_clear(out);
    while (input.len) binary_mime_write(message, slice_take(&input, piece), byte_sink_of_buffer(out));
    binary_mime_finish(message, byte_sink_of_buffer(out));
    binary_mime_free(&message);
}

static void check_canonical(struct slice output) {
    struct canonical_lines lines = canonical_lines_new();
    struct buffer same = buffer_new(MIB(64));
    canonical_lines_write(&lines, output, byte_sink_of_buffer(&same));
    canonical_lines_finish(&lines, byte_sink_of_buffer(&same));
    ASSERT(lines.replaced_count == 0 && slice_equal(buffer_slice(&same), output));
    buffer_free(&same);
}

/* Beyond what the transcoder reads of a field, a part may keep its word. */
static void check_encodings(struct slice output) {
    if (output.len > BINARY_MIME_FIELD_BYTES_MAX) return;
    struct arena *arena = arena_new(MIB(64));
    struct mime_part *root = mime_parse(arena, output);
    for (const struct mime_part *part = root; part; part = mime_part_next(root, part))
        ASSERT(!slice_equal_nocase(part->encoding, SLICE("binary")));
    arena_free(&arena);
}

static void check_message(struct slice input, size_t piece) {
    struct buffer whole = buffer_new(MIB(64));
    struct buffer other = buffer_new(MIB(64));
    transcode(input, SIZE_MAX, &whole);
    transcode(input, piece, &other);
    ASSERT(slice_equal(buffer_slice(&whole), buffer_slice(&other)));
    ASSERT(!buffer_overflowed(&whole));
    check_canonical(buffer_slice(&whole));
    check_encodings(buffer_slice(&whole));
    transcode(buffer_slice(&whole), piece, &other);
    ASSERT(slice_equal(buffer_slice(&whole), buffer_slice(&other)));
    buffer_free(&whole);
    buffer_free(&other);
}

static void decode(struct slice output, struct buffer *content) {
    struct arena *arena = arena_new(MIB(64));
    const struct mime_part *part = mime_parse(arena, output);
    if (part->first_child) part = part->first_child;
    ASSERT(transfer_encoding_of(part->encoding) == TRANSFER_BASE64);
    struct transfer_decoder decoder = transfer_decoder_new(TRANSFER_BASE64);
    transfer_decode(&decoder, slice_sub(output, part->body_offset, part->body_len), content);
    transfer_finish(&decoder, content);
    transfer_decoder_free(&decoder);
    arena_free(&arena);
}

static void check_content(struct slice head, struct slice content, struct slice tail, size_t piece) {
    struct buffer message = buffer_new(MIB(64));
    struct buffer output = buffer_new(MIB(64));
    struct buffer decoded = buffer_new(MIB(64));
    buffer_append(&message, head);
    buffer_append(&message, content);
    buffer_append(&message, tail);
    transcode(buffer_slice(&message), piece, &output);
    decode(buffer_slice(&output), &decoded);
    ASSERT(slice_equal(buffer_slice(&decoded), content));
    buffer_free(&message);
    buffer_free(&output);
    buffer_free(&decoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    size_t piece = 1 + data[0] % 64;
    struct slice input = slice_of(data + 1, size - 1);
    check_message(input, piece);
    check_content(SLICE("Content-Transfer-Encoding: binary\r\n\r\n"), input, SLICE_EMPTY, piece);
    if (slice_find(input, SLICE("--b")) == SLICE_NOT_FOUND)
        check_content(SLICE("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
                            "Content-Transfer-Encoding: binary\r\n\r\n"),
                      input, SLICE("\r\n--b--\r\n"), piece);
    return 0;
}
