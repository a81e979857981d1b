/* Whatever comes, a message gives a tree that renders, is stored, and does not depend on the chunks. */
#include "base/limits.h"
#include "wire/imap_structure.h"
#include "wire/structure.h"

enum { ARENA_BYTES = 8 << 20, TEXT_BYTES_MAX = 8 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mime_part *parse(struct arena *arena, struct slice message, size_t step) {
    struct mime_parser *parser = mime_parser_new(arena, (struct mime_events){0});
    while (message.len) mime_parser_feed(parser, slice_take(&message, step));
    struct mime_part *root = mime_parser_finish(parser);
    mime_parser_free(&parser);
    return root;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct slice message = slice_of(data, size);
    size_t step = size ? 1 + data[0] % 17 : 1;
    struct buffer whole = buffer_new(TEXT_BYTES_MAX);
    struct buffer pieces = buffer_new(TEXT_BYTES_MAX);
    structure_encode(&whole, parse(arena, message, size + 1));
    structure_encode(&pieces, parse(arena, message, step));
    ASSERT(slice_equal(buffer_slice(&whole), buffer_slice(&pieces)));
    struct mime_part *root = NULL;
    struct arena *read_back = arena_new(ARENA_BYTES);
    ASSERT(structure_decode(read_back, buffer_slice(&whole), &root) == STRUCTURE_OK);
    for (const struct mime_part *part = root; part; part = mime_part_next(root, part))
        ASSERT(part->body_offset + part->body_len <= size);
    buffer_clear(&pieces);
    imap_bodystructure_render(&pieces, root, true);
    ASSERT(pieces.ptr[0] == '(' && pieces.ptr[pieces.len - 1] == ')');
    buffer_free(&whole);
    buffer_free(&pieces);
    arena_free(&read_back);
    arena_free(&arena);
    return 0;
}
