/* SPF records, one a line, the first of them ours: what they become is one record, which merged again stays
   as it is, and lets nobody send whom none of them lets. */
#include "base/limits.h"
#include "trust/spf_merge.h"
#include "wire/spf.h"

enum { RECORDS_MAX = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t read_records(struct slice rest, struct slice records[RECORDS_MAX]) {
    size_t count = 0;
    while (rest.len && count < RECORDS_MAX) {
        struct slice line = slice_take_until(&rest, '\n');
        (void)slice_take_byte(&rest, '\n');
        if (spf_is_record(line)) records[count++] = line;
    }
    return count;
}

static bool is_printable(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] > 126) return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice records[RECORDS_MAX];
    struct slice merged;
    struct slice again;
    struct arena *arena = arena_new(MIB(16));
    size_t count = read_records(slice_of(data, size), records);
    /* Ours are our own words. */
    if (count && is_printable(records[0]) && spf_merge(arena, records + 1, count - 1, records[0], &merged)) {
        ASSERT(spf_is_record(merged) && is_printable(merged) && merged.len <= TRUST_TXT_BYTES_MAX);
        ASSERT(spf_merge(arena, &merged, 1, records[0], &again));
        ASSERT(slice_equal(merged, again));
    }
    arena_free(&arena);
    return 0;
}
