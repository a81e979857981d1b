/* Two texts, one line each: what is said of how they differ is one line of printable ASCII, and nothing is
   said only where they are the same. */
#include "base/limits.h"
#include "trust/difference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice found = slice_of(data, size);
    struct slice wanted = slice_take_until(&found, '\n');
    struct arena *arena = arena_new(MIB(1));
    (void)slice_take_byte(&found, '\n');
    struct slice words = difference_words(arena, wanted, found);
    ASSERT((words.len == 0) == slice_equal(wanted, found));
    for (size_t i = 0; i < words.len; i++) ASSERT(words.ptr[i] >= ' ' && words.ptr[i] < 127);
    arena_free(&arena);
    return 0;
}
