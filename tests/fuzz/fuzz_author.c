/* The author of a header section: an address that reads back as the same one, or nobody. */
#include "wire/author.h"

enum { MAX = 320 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new(8 * size + (1 << 20));
    struct slice author = author_of(arena, slice_of(data, size), MAX);
    ASSERT(author.len <= MAX);
    ASSERT(author.len == 0 || slice_find_last_byte(author, '@') != SLICE_NOT_FOUND);
    arena_free(&arena);
    return 0;
}
