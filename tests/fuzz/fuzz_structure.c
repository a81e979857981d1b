/* Stored structures are refused, or are trees that render and are stored as the same bytes again. */
#include "wire/imap_structure.h"
#include "wire/structure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new(1 << 20);
    struct mime_part *root = NULL;
    if (structure_decode(arena, slice_of(data, size), &root) == STRUCTURE_OK) {
        struct buffer text = buffer_new(1 << 20);
        imap_bodystructure_render(&text, root, true);
        buffer_clear(&text);
        structure_encode(&text, root);
        struct mime_part *again = NULL;
        ASSERT(structure_decode(arena, buffer_slice(&text), &again) != STRUCTURE_CORRUPT);
        uint32_t path[3] = {size > 1 ? data[1] % 4 : 1, 1, 2};
        struct structure_range range;
        if (structure_locate(root, path, size % 4, (enum structure_section)(size % 4), &range) ==
            STRUCTURE_OK)
            ASSERT(range.offset + range.len <= root->body_offset + root->body_len);
        buffer_free(&text);
    }
    arena_free(&arena);
    return 0;
}
