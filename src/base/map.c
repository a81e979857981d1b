/* Open addressing with linear probing; removal moves later entries back, so there are no tombstones. */
#include "base/map.h"

#include <stdlib.h>

#include "base/fatal.h"

enum { FIRST_CAPACITY = 16 };

struct entry {
    uint64_t hash;
    uint8_t *key;
    size_t key_len;
    void *value;
};

struct map {
    struct entry *entries;
    size_t capacity;
    size_t count;
    uint64_t seed;
};

static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t hash_key(const struct map *map, struct slice key) {
    uint64_t hash = map->seed ^ (key.len * 0x9e3779b97f4a7c15u);
    while (key.len >= 8) {
        uint64_t word;
        memcpy(&word, key.ptr, 8);
        hash = mix(hash ^ word) + map->seed;
        key = slice_skip(key, 8);
    }
    uint64_t tail = 0;
    if (key.len) memcpy(&tail, key.ptr, key.len);
    return mix(hash ^ tail);
}

static struct entry *entries_new(size_t capacity) {
    struct entry *entries = calloc(capacity, sizeof *entries);
    if (!entries) FATAL("out of memory for a map of %zu", capacity);
    return entries;
}

struct map *map_new(uint64_t seed) {
    struct map *map = calloc(1, sizeof *map);
    if (!map) FATAL("out of memory for a map");
    map->entries = entries_new(FIRST_CAPACITY);
    map->capacity = FIRST_CAPACITY;
    map->seed = seed;
    return map;
}

void map_free(struct map **map) {
    if (!*map) return;
    for (size_t i = 0; i < (*map)->capacity; i++) free((*map)->entries[i].key);
    free((*map)->entries);
    free(*map);
    *map = NULL;
}

size_t map_count(const struct map *map) { return map->count; }

static size_t slot_of(const struct map *map, struct slice key, uint64_t hash) {
    size_t mask = map->capacity - 1;
    size_t i = hash & mask;
    while (map->entries[i].value) {
        struct entry *entry = &map->entries[i];
        if (entry->hash == hash && slice_equal(slice_of(entry->key, entry->key_len), key)) break;
        i = (i + 1) & mask;
    }
    return i;
}

void *map_get(const struct map *map, struct slice key) {
    return map->entries[slot_of(map, key, hash_key(map, key))].value;
}

static void grow(struct map *map) {
    struct entry *old = map->entries;
    size_t old_capacity = map->capacity;
    map->capacity *= 2;
    map->entries = entries_new(map->capacity);
    for (size_t i = 0; i < old_capacity; i++) {
        if (!old[i].value) continue;
        struct slice key = slice_of(old[i].key, old[i].key_len);
        map->entries[slot_of(map, key, old[i].hash)] = old[i];
    }
    free(old);
}

static uint8_t *key_copy(struct slice key) {
    uint8_t *copy = malloc(key.len ? key.len : 1);
    if (!copy) FATAL("out of memory for a map key");
    if (key.len) memcpy(copy, key.ptr, key.len);
    return copy;
}

void *map_put(struct map *map, struct slice key, void *value) {
    ASSERT(value);
    if ((map->count + 1) * 4 > map->capacity * 3) grow(map);
    uint64_t hash = hash_key(map, key);
    struct entry *entry = &map->entries[slot_of(map, key, hash)];
    void *replaced = entry->value;
    if (!replaced) {
        *entry = (struct entry){.hash = hash, .key = key_copy(key), .key_len = key.len};
        map->count++;
    }
    entry->value = value;
    return replaced;
}

static void close_gap(struct map *map, size_t gap) {
    size_t mask = map->capacity - 1;
    for (size_t i = (gap + 1) & mask; map->entries[i].value; i = (i + 1) & mask) {
        size_t home = map->entries[i].hash & mask;
        if (((i - home) & mask) < ((i - gap) & mask)) continue;
        map->entries[gap] = map->entries[i];
        gap = i;
    }
    map->entries[gap] = (struct entry){0};
}

void *map_remove(struct map *map, struct slice key) {
    size_t slot = slot_of(map, key, hash_key(map, key));
    void *value = map->entries[slot].value;
    if (!value) return NULL;
    free(map->entries[slot].key);
    close_gap(map, slot);
    map->count--;
    return value;
}

void *map_get_id(const struct map *map, uint64_t id) { return map_get(map, slice_of(&id, sizeof id)); }
void *map_put_id(struct map *map, uint64_t id, void *value) {
    return map_put(map, slice_of(&id, sizeof id), value);
}
void *map_remove_id(struct map *map, uint64_t id) { return map_remove(map, slice_of(&id, sizeof id)); }

void *map_next(const struct map *map, size_t *cursor, struct slice *key) {
    while (*cursor < map->capacity) {
        const struct entry *entry = &map->entries[(*cursor)++];
        if (!entry->value) continue;
        if (key) *key = slice_of(entry->key, entry->key_len);
        return entry->value;
    }
    return NULL;
}
