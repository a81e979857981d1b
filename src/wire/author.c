#include "wire/author.h"

#include "wire/address.h"
#include "wire/header.h"

static bool find_from(struct slice header, struct slice *value) {
    struct header_field field;
    size_t count = 0;
    while (header_next(&header, &field)) {
        if (!slice_equal_nocase(field.name, SLICE("From"))) continue;
        *value = field.value;
        count++;
    }
    return count == 1;
}

struct slice author_of(struct arena *arena, struct slice header, size_t max) {
    struct slice value;
    struct address address;
    if (!find_from(header, &value) || address_count(value, 2) != 1) return SLICE_EMPTY;
    if (!address_first(arena, value, &address)) return SLICE_EMPTY;
    if (address.domain.len == 0 || address.local.len + 1 + address.domain.len > max) return SLICE_EMPTY;
    return arena_printf(arena, "%.*s@%.*s", SLICE_PRINT(address.local), SLICE_PRINT(address.domain));
}
