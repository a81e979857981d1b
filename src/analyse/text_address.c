#include "analyse/text_address.h"

#include "base/limits_classify.h"

static bool is_atom(uint8_t c) {
    return ascii_is_alnum(c) || c >= 0x80 || (c && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

static bool is_domain_byte(uint8_t c) {
    return ascii_is_alnum(c) || c >= 0x80 || c == '-' || c == '.' || c == '_';
}

struct slice text_address_around(struct slice line, size_t at, size_t *start) {
    size_t from = at;
    size_t to = at + 1;
    if (from && line.ptr[from - 1] == '"') {
        size_t quote = slice_find_last_byte(slice_sub(line, 0, from - 1), '"');
        if (quote == SLICE_NOT_FOUND) return SLICE_EMPTY;
        from = quote;
    } else {
        while (from && at - from < LETTER_ADDRESS_BYTES_MAX && is_atom(line.ptr[from - 1])) from--;
    }
    while (from < at && (line.ptr[from] == '\'' || line.ptr[from] == '.' || line.ptr[from] == '*')) from++;
    while (to < line.len && to - at < LETTER_ADDRESS_BYTES_MAX && is_domain_byte(line.ptr[to])) to++;
    while (to > at + 1 && (line.ptr[to - 1] == '.' || line.ptr[to - 1] == '-')) to--;
    *start = from;
    if (from == at || to == at + 1) return SLICE_EMPTY;
    return slice_sub(line, from, to - from);
}

static bool is_known(const struct slice *addresses, size_t count, struct slice address) {
    for (size_t i = 0; i < count; i++)
        if (slice_equal_nocase(addresses[i], address)) return true;
    return false;
}

size_t text_addresses(struct arena *arena, struct slice text, struct slice *addresses, size_t max) {
    size_t count = 0;
    while (text.len && count < max) {
        struct slice line = slice_take_until(&text, '\n');
        (void)slice_take_byte(&text, '\n');
        for (size_t at = 0; at < line.len && count < max; at++) {
            size_t start;
            if (line.ptr[at] != '@') continue;
            struct slice address = text_address_around(line, at, &start);
            if (address.len == 0 || is_known(addresses, count, address)) continue;
            if (arena_try_copy(arena, address, &addresses[count])) count++;
        }
    }
    return count;
}
