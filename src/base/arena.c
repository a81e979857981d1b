#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 4096 };

struct block {
    struct block *next;
    size_t size;
    size_t used;
    _Alignas(max_align_t) uint8_t bytes[];
};

struct arena {
    struct block *newest;
    size_t budget_bytes;
    size_t used_bytes;
};

struct arena *arena_new(size_t budget_bytes) {
    struct arena *arena = calloc(1, sizeof *arena);
    if (!arena) FATAL("out of memory for an arena");
    arena->budget_bytes = budget_bytes;
    return arena;
}

void arena_set_budget(struct arena *arena, size_t budget_bytes) {
    arena->budget_bytes = budget_bytes > arena->used_bytes ? budget_bytes : arena->used_bytes;
}

static void free_blocks(struct block *block) {
    while (block) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_free(struct arena **arena) {
    if (!*arena) return;
    free_blocks((*arena)->newest);
    free(*arena);
    *arena = NULL;
}

void arena_reset(struct arena *arena) {
    struct block *kept = arena->newest;
    arena->used_bytes = 0;
    if (!kept) return;
    free_blocks(kept->next);
    kept->next = NULL;
    if (kept->size > BLOCK_BYTES) {
        free(kept);
        kept = NULL;
    } else {
        kept->used = 0;
    }
    arena->newest = kept;
}

size_t arena_used_bytes(const struct arena *arena) { return arena->used_bytes; }

static struct block *block_add(struct arena *arena, size_t size) {
    size_t bytes = size > BLOCK_BYTES ? size : BLOCK_BYTES;
    struct block *block = malloc(sizeof *block + bytes);
    if (!block) FATAL("out of memory for an arena block of %zu bytes", bytes);
    *block = (struct block){.next = arena->newest, .size = bytes};
    arena->newest = block;
    return block;
}

void *arena_try_alloc(struct arena *arena, size_t size) {
    if (size > arena->budget_bytes) return NULL;
    size_t padded = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
    if (padded > arena->budget_bytes - arena->used_bytes) return NULL;
    struct block *block = arena->newest;
    if (!block || padded > block->size - block->used) block = block_add(arena, padded);
    void *memory = block->bytes + block->used;
    block->used += padded;
    arena->used_bytes += padded;
    return memset(memory, 0, size);
}

void *arena_try_grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t item_size) {
    if (count < *capacity) return items;
    size_t wanted = *capacity ? *capacity * 2 : 4;
    void *grown = arena_try_alloc(arena, wanted * item_size);
    if (!grown) return NULL;
    if (count) memcpy(grown, items, count * item_size);
    *capacity = wanted;
    return grown;
}

void *arena_alloc(struct arena *arena, size_t size) {
    void *memory = arena_try_alloc(arena, size);
    if (!memory) FATAL("an arena of %zu bytes is asked for %zu more", arena->budget_bytes, size);
    return memory;
}

bool arena_try_copy(struct arena *arena, struct slice bytes, struct slice *copy) {
    uint8_t *memory = arena_try_alloc(arena, bytes.len);
    if (!memory) return false;
    if (bytes.len) memcpy(memory, bytes.ptr, bytes.len);
    *copy = slice_of(memory, bytes.len);
    return true;
}

struct slice arena_copy(struct arena *arena, struct slice bytes) {
    uint8_t *memory = arena_alloc(arena, bytes.len);
    if (bytes.len) memcpy(memory, bytes.ptr, bytes.len);
    return slice_of(memory, bytes.len);
}

char *arena_text(struct arena *arena, struct slice bytes) {
    char *text = arena_alloc(arena, bytes.len + 1);
    if (bytes.len) memcpy(text, bytes.ptr, bytes.len);
    return text;
}

struct slice arena_printf(struct arena *arena, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    ASSERT(len >= 0);
    char *text = arena_alloc(arena, (size_t)len + 1);
    (void)vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return slice_of(text, (size_t)len);
}
