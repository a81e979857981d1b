/*
 * References: the Message-IDs that a thread is known by, each as a 64-bit hash. This is their form in
 * the database's bytes, and a map of them in memory; store/thread.h says how they are used.
 */
#ifndef STORE_REFERENCE_H
#define STORE_REFERENCE_H

#include "base/buffer.h"

struct reference {
    int64_t hash;
    uint64_t thread;
};

/* As stored: hash, thread, and the day since 1970 on which it was last seen. */
enum { REFERENCE_BYTES = 20 };
struct stored_reference {
    struct reference reference;
    uint32_t day;
};
void reference_write(struct buffer *out, struct reference reference, uint32_t day);
/* The one at that place; `bytes` is long enough. */
struct stored_reference reference_read(struct slice bytes, size_t place);

/* Orders struct reference by hash, for qsort. */
int reference_compare(const void *left, const void *right);

/* A map from hash to thread that only grows. `seed` keeps senders from choosing collisions. Zeroed but
   for its seed it is empty. */
struct reference_map {
    uint64_t seed;
    /* thread 0: free. */
    struct reference *slots;
    size_t capacity;
    size_t count;
};
void reference_map_free(struct reference_map *map);
/* Empties it and keeps its memory. */
void reference_map_clear(struct reference_map *map);
/* The thread, or 0. */
uint64_t reference_map_get(const struct reference_map *map, int64_t hash);
/* Adds it; where the hash is known, nothing changes. The thread is not 0. */
void reference_map_add(struct reference_map *map, struct reference reference);
/* All of them sorted, `count` of them, for the caller to free; the map is empty then and has no memory. */
struct reference *reference_map_take(struct reference_map *map);

#endif
