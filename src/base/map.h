/*
 * A hash map from bytes or 64-bit numbers to pointers. The seed, from env's random source,
 * keeps whoever chooses the keys from choosing collisions. Keys are copied, values are not.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/slice.h"

struct map;

struct map *map_new(uint64_t seed);
/* Frees the map and its keys, not the values, and nulls *map. */
void map_free(struct map **map);
size_t map_count(const struct map *map);

/* The value, or NULL. */
void *map_get(const struct map *map, struct slice key);
/* Sets the value (not NULL) and returns the one it replaces, or NULL. */
void *map_put(struct map *map, struct slice key, void *value);
/* Takes the key out and returns its value, or NULL. */
void *map_remove(struct map *map, struct slice key);

void *map_get_id(const struct map *map, uint64_t id);
void *map_put_id(struct map *map, uint64_t id, void *value);
void *map_remove_id(struct map *map, uint64_t id);

/* Walks all entries in no particular order: start with *cursor = 0, ends with NULL. The map
   may not change meanwhile. `key` may be NULL. */
void *map_next(const struct map *map, size_t *cursor, struct slice *key);

#endif
