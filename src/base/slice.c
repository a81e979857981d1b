#include "base/slice.h"

static bool is_blank(uint8_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

struct slice slice_trim(struct slice s) {
    while (s.len && is_blank(s.ptr[0])) s = slice_skip(s, 1);
    while (s.len && is_blank(s.ptr[s.len - 1])) s.len--;
    return s;
}

bool slice_equal(struct slice a, struct slice b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool slice_equal_nocase(struct slice a, struct slice b) {
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++)
        if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i])) return false;
    return true;
}

bool slice_starts(struct slice s, struct slice prefix) {
    return s.len >= prefix.len && slice_equal(slice_sub(s, 0, prefix.len), prefix);
}

bool slice_starts_nocase(struct slice s, struct slice prefix) {
    return s.len >= prefix.len && slice_equal_nocase(slice_sub(s, 0, prefix.len), prefix);
}

bool slice_ends_nocase(struct slice s, struct slice suffix) {
    return s.len >= suffix.len && slice_equal_nocase(slice_skip(s, s.len - suffix.len), suffix);
}

int slice_compare(struct slice a, struct slice b) {
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;
    if (order) return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

size_t slice_find_byte(struct slice s, uint8_t byte) {
    const uint8_t *found = s.len ? memchr(s.ptr, byte, s.len) : NULL;
    return found ? (size_t)(found - s.ptr) : SLICE_NOT_FOUND;
}

size_t slice_find_last_byte(struct slice s, uint8_t byte) {
    for (size_t i = s.len; i > 0; i--)
        if (s.ptr[i - 1] == byte) return i - 1;
    return SLICE_NOT_FOUND;
}

size_t slice_find(struct slice s, struct slice needle) {
    if (needle.len == 0) return 0;
    if (needle.len > s.len) return SLICE_NOT_FOUND;
    const uint8_t *found = memmem(s.ptr, s.len, needle.ptr, needle.len);
    return found ? (size_t)(found - s.ptr) : SLICE_NOT_FOUND;
}

size_t slice_find_crlf(struct slice s) { return slice_find(s, SLICE("\r\n")); }

bool slice_take_byte(struct slice *s, uint8_t byte) {
    if (s->len == 0 || s->ptr[0] != byte) return false;
    *s = slice_skip(*s, 1);
    return true;
}

bool slice_take_prefix(struct slice *s, struct slice prefix) {
    if (!slice_starts(*s, prefix)) return false;
    *s = slice_skip(*s, prefix.len);
    return true;
}

bool slice_take_prefix_nocase(struct slice *s, struct slice prefix) {
    if (!slice_starts_nocase(*s, prefix)) return false;
    *s = slice_skip(*s, prefix.len);
    return true;
}

struct slice slice_take_until(struct slice *s, uint8_t byte) {
    return slice_take(s, slice_find_byte(*s, byte));
}

struct slice slice_take_while(struct slice *s, const bool table[256]) {
    size_t n = 0;
    while (n < s->len && table[s->ptr[n]]) n++;
    return slice_take(s, n);
}

bool slice_take_number(struct slice *s, uint64_t max, uint64_t *value) {
    uint64_t number = 0;
    size_t n = 0;
    for (; n < s->len && ascii_is_digit(s->ptr[n]); n++) {
        uint64_t digit = (uint64_t)(s->ptr[n] - '0');
        if (number > max / 10 || number * 10 > max - digit) return false;
        number = number * 10 + digit;
    }
    if (n == 0) return false;
    *value = number;
    *s = slice_skip(*s, n);
    return true;
}

bool slice_to_number(struct slice s, uint64_t max, uint64_t *value) {
    return slice_take_number(&s, max, value) && s.len == 0;
}
