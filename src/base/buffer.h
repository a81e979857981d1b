/*
 * A growable run of bytes with a maximum. Appending never fails where it stands: past the
 * maximum nothing more is added and the buffer says so (buffer_overflowed) until it is
 * cleared, so that a writer checks once, at its end. Running out of memory aborts the role.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>

#include "base/fatal.h"
#include "base/slice.h"

struct buffer {
    uint8_t *ptr;
    size_t len;
    size_t capacity;
    size_t max_bytes;
    bool overflowed;
};

/* An empty buffer that allocates nothing until it is used. */
struct buffer buffer_new(size_t max_bytes);
/* Frees the bytes; the buffer stays usable and empty. */
void buffer_free(struct buffer *b);
/* Empties it and keeps its memory. */
void buffer_clear(struct buffer *b);

void buffer_append(struct buffer *b, struct slice bytes);
void buffer_append_byte(struct buffer *b, uint8_t byte);
void buffer_append_text(struct buffer *b, const char *text);
void buffer_append_number(struct buffer *b, uint64_t number);
/* At least `digits` of them, zeros in front. */
void buffer_append_padded(struct buffer *b, uint64_t number, size_t digits);
/* 16 hexadecimal digits: how ids are written. */
void buffer_append_id(struct buffer *b, uint64_t id);
void buffer_printf(struct buffer *b, const char *format, ...) PRINTF_LIKE(2, 3);

/* Room for `len` more bytes to write to directly, or NULL (and overflowed). Then buffer_grew. */
uint8_t *buffer_reserve(struct buffer *b, size_t len);
void buffer_grew(struct buffer *b, size_t len);

/* Drops bytes at the front. */
void buffer_consume(struct buffer *b, size_t len);
/* Cuts the end off, to `len` bytes. */
void buffer_truncate(struct buffer *b, size_t len);

static inline struct slice buffer_slice(const struct buffer *b) { return slice_of(b->ptr, b->len); }
static inline bool buffer_overflowed(const struct buffer *b) { return b->overflowed; }

#endif
