/*
 * A slice is a borrowed run of bytes: where it starts and how many there are. It owns
 * nothing, is never NUL-terminated, and is passed by value. Parsers take bytes off the
 * front of a slice (the take functions) and so can never run past its end.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const uint8_t *ptr;
    size_t len;
};

/* A slice of a string literal, without its terminator. */
#define SLICE(literal) ((struct slice){(const uint8_t *)("" literal), sizeof(literal) - 1})
/* The same as an initializer of a static object. */
#define SLICE_INIT(literal) \
    { (const uint8_t *)("" literal), sizeof(literal) - 1 }
#define SLICE_EMPTY ((struct slice){NULL, 0})
#define SLICE_NOT_FOUND SIZE_MAX
/* For printf: "%.*s", SLICE_PRINT(s). Use only on text that is known to be printable. */
#define SLICE_PRINT(s) (int)(s).len, (const char *)(s).ptr

static inline struct slice slice_of(const void *ptr, size_t len) { return (struct slice){ptr, len}; }
static inline struct slice slice_from_text(const char *text) {
    return (struct slice){(const uint8_t *)text, text ? strlen(text) : 0};
}

/* The part from `from`, `len` bytes at most; both are cut to what is there. */
static inline struct slice slice_sub(struct slice s, size_t from, size_t len) {
    if (from >= s.len) return (struct slice){s.ptr ? s.ptr + s.len : NULL, 0};
    size_t rest = s.len - from;
    return (struct slice){s.ptr + from, len < rest ? len : rest};
}
/* All but the first `count` bytes. */
static inline struct slice slice_skip(struct slice s, size_t count) { return slice_sub(s, count, SIZE_MAX); }
/* Without spaces, tabs, CR and LF at both ends. */
struct slice slice_trim(struct slice s);

bool slice_equal(struct slice a, struct slice b);
/* Compares ASCII letters in either case, other bytes exactly. */
bool slice_equal_nocase(struct slice a, struct slice b);
bool slice_starts(struct slice s, struct slice prefix);
bool slice_starts_nocase(struct slice s, struct slice prefix);
bool slice_ends_nocase(struct slice s, struct slice suffix);
/* memcmp order, the shorter first on a tie. */
int slice_compare(struct slice a, struct slice b);

/* Offset of the first such byte, or SLICE_NOT_FOUND. */
size_t slice_find_byte(struct slice s, uint8_t byte);
size_t slice_find_last_byte(struct slice s, uint8_t byte);
size_t slice_find(struct slice s, struct slice needle);
/* Offset of the first CRLF, or SLICE_NOT_FOUND. */
size_t slice_find_crlf(struct slice s);

/* Take off the front of *s. Each returns what was taken, or says no and leaves *s alone. */
bool slice_take_byte(struct slice *s, uint8_t byte);
bool slice_take_prefix(struct slice *s, struct slice prefix);
bool slice_take_prefix_nocase(struct slice *s, struct slice prefix);
/* Up to `len` bytes. */
static inline struct slice slice_take(struct slice *s, size_t len) {
    struct slice taken = slice_sub(*s, 0, len);
    *s = slice_skip(*s, taken.len);
    return taken;
}
/* Up to, not including, `byte`; all of *s where there is none. */
struct slice slice_take_until(struct slice *s, uint8_t byte);
/* The longest run of bytes for which table[byte] is true. */
struct slice slice_take_while(struct slice *s, const bool table[256]);
/* Decimal digits as a number of at most `max`. False: no digit, or above `max`; *s is then unchanged. */
bool slice_take_number(struct slice *s, uint64_t max, uint64_t *value);
/* All of `s` is a decimal number of at most `max`. */
bool slice_to_number(struct slice s, uint64_t max, uint64_t *value);

static inline uint8_t ascii_lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 32) : c; }
static inline uint8_t ascii_upper(uint8_t c) { return c >= 'a' && c <= 'z' ? (uint8_t)(c & ~32) : c; }
static inline bool ascii_is_digit(uint8_t c) { return c >= '0' && c <= '9'; }
static inline bool ascii_is_alpha(uint8_t c) { return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'; }
static inline bool ascii_is_alnum(uint8_t c) { return ascii_is_digit(c) || ascii_is_alpha(c); }

#endif
