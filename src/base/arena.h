/*
 * An arena hands out memory that is freed all at once. It is named for what it lives as
 * long as (a connection, a transaction, a command) and has a budget. Code whose demand
 * follows input asks with arena_try_*, which says no over the budget; everything else uses
 * arena_*, where passing the budget means a limit is missing, and aborts.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/fatal.h"
#include "base/slice.h"

struct arena;

/* A new arena of at most `budget_bytes`. Takes no more than a header until it is used. */
struct arena *arena_new(size_t budget_bytes);
/* Another budget from now on; what was handed out stays. */
void arena_set_budget(struct arena *arena, size_t budget_bytes);
/* Frees it with all it handed out, and nulls *arena. NULL is fine. */
void arena_free(struct arena **arena);
/* Forgets all it handed out and keeps its first block for reuse. */
void arena_reset(struct arena *arena);
size_t arena_used_bytes(const struct arena *arena);

/* Zeroed memory, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size);
/* The same, or NULL where the budget does not allow it. */
NODISCARD void *arena_try_alloc(struct arena *arena, size_t size);
/* Room for one item more than `count` in an array that grows: `items` itself while `*capacity` allows,
   else a copy with room for twice as many (4 at first). NULL where the budget does not allow it. */
void *arena_try_grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t item_size);
/* A copy of the bytes. */
struct slice arena_copy(struct arena *arena, struct slice bytes);
NODISCARD bool arena_try_copy(struct arena *arena, struct slice bytes, struct slice *copy);
/* A NUL-terminated copy, for the world's interfaces. NUL bytes inside are kept. */
char *arena_text(struct arena *arena, struct slice bytes);
struct slice arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define ARENA_NEW_ARRAY(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (size_t)(count)))

#endif
