#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>

struct buffer buffer_new(size_t max_bytes) {
    return (struct buffer){.max_bytes = max_bytes};
}

void buffer_free(struct buffer *b) {
    free(b->ptr);
    *b = buffer_new(b->max_bytes);
}

void buffer_clear(struct buffer *b) {
    b->len = 0;
    b->overflowed = false;
}

static void grow_to(struct buffer *b, size_t wanted) {
    size_t capacity = b->capacity ? b->capacity : 64;
    while (capacity < wanted) capacity *= 2;
    if (capacity > b->max_bytes) capacity = b->max_bytes;
    b->ptr = realloc(b->ptr, capacity ? capacity : 1);
    if (!b->ptr) FATAL("out of memory for a buffer of %zu bytes", capacity);
    b->capacity = capacity;
}

uint8_t *buffer_reserve(struct buffer *b, size_t len) {
    if (len > b->max_bytes - b->len) {
        b->overflowed = true;
        return NULL;
    }
    if (!b->ptr || b->len + len > b->capacity) grow_to(b, b->len + len);
    return b->ptr + b->len;
}

void buffer_grew(struct buffer *b, size_t len) {
    ASSERT(len <= b->capacity - b->len);
    b->len += len;
}

void buffer_append(struct buffer *b, struct slice bytes) {
    if (bytes.len == 0) return;
    uint8_t *room = buffer_reserve(b, bytes.len);
    if (!room) return;
    memcpy(room, bytes.ptr, bytes.len);
    b->len += bytes.len;
}

void buffer_append_byte(struct buffer *b, uint8_t byte) {
    if (b->len < b->capacity) {
        b->ptr[b->len++] = byte;
        return;
    }
    uint8_t *room = buffer_reserve(b, 1);
    if (!room) return;
    *room = byte;
    b->len++;
}

void buffer_append_text(struct buffer *b, const char *text) { buffer_append(b, slice_from_text(text)); }

void buffer_append_padded(struct buffer *b, uint64_t number, size_t digits) {
    uint8_t text[20];
    size_t at = sizeof text;
    ASSERT(digits <= sizeof text);
    do {
        text[--at] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number || sizeof text - at < digits);
    buffer_append(b, slice_of(text + at, sizeof text - at));
}

void buffer_append_number(struct buffer *b, uint64_t number) { buffer_append_padded(b, number, 1); }

void buffer_append_id(struct buffer *b, uint64_t id) {
    uint8_t text[16];
    for (size_t i = sizeof text; i-- > 0; id >>= 4) text[i] = (uint8_t) "0123456789abcdef"[id & 15];
    buffer_append(b, slice_of(text, sizeof text));
}

void buffer_printf(struct buffer *b, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    /* It mostly fits in what is there already. */
    size_t room = b->capacity - b->len;
    int printed = vsnprintf(room ? (char *)b->ptr + b->len : NULL, room, format, arguments);
    va_end(arguments);
    ASSERT(printed >= 0);
    size_t len = (size_t)printed;
    if (len < room) {
        b->len += len;
    } else {
        char *more = (char *)buffer_reserve(b, len + 1);
        if (more) b->len += (size_t)vsnprintf(more, len + 1, format, again);
    }
    va_end(again);
}

void buffer_consume(struct buffer *b, size_t len) {
    ASSERT(len <= b->len);
    b->len -= len;
    if (b->len && len) memmove(b->ptr, b->ptr + len, b->len);
}

void buffer_truncate(struct buffer *b, size_t len) {
    ASSERT(len <= b->len);
    b->len = len;
}
