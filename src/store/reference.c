#include "store/reference.h"

#include <endian.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 256 };

/* ---- in the database ---- */

void reference_write(struct buffer *out, struct reference reference, uint32_t day) {
    uint64_t hash = htole64((uint64_t)reference.hash);
    uint64_t thread = htole64(reference.thread);
    uint32_t stored_day = htole32(day);
    buffer_append(out, slice_of(&hash, sizeof hash));
    buffer_append(out, slice_of(&thread, sizeof thread));
    buffer_append(out, slice_of(&stored_day, sizeof stored_day));
}

struct stored_reference reference_read(struct slice bytes, size_t place) {
    uint64_t hash;
    uint64_t thread;
    uint32_t day;
    const uint8_t *at = bytes.ptr + place * REFERENCE_BYTES;
    memcpy(&hash, at, sizeof hash);
    memcpy(&thread, at + sizeof hash, sizeof thread);
    memcpy(&day, at + sizeof hash + sizeof thread, sizeof day);
    return (struct stored_reference){{(int64_t)le64toh(hash), le64toh(thread)}, le32toh(day)};
}

int reference_compare(const void *left, const void *right) {
    int64_t a = ((const struct reference *)left)->hash;
    int64_t b = ((const struct reference *)right)->hash;
    return a < b ? -1 : a > b;
}

/* ---- the map: open addressing with linear probing ---- */

static struct reference *slots_new(size_t capacity) {
    struct reference *slots = calloc(capacity, sizeof *slots);
    if (!slots) FATAL("out of memory for %zu references", capacity);
    return slots;
}

static struct reference *slot_of(const struct reference_map *map, int64_t hash) {
    uint64_t mixed = ((uint64_t)hash ^ map->seed) * 0x9e3779b97f4a7c15u;
    size_t place = (size_t)(mixed ^ (mixed >> 32)) & (map->capacity - 1);
    while (map->slots[place].thread && map->slots[place].hash != hash)
        place = (place + 1) & (map->capacity - 1);
    return &map->slots[place];
}

uint64_t reference_map_get(const struct reference_map *map, int64_t hash) {
    return map->count ? slot_of(map, hash)->thread : 0;
}

static void grow(struct reference_map *map) {
    struct reference *old = map->slots;
    size_t old_capacity = map->capacity;
    map->capacity = old_capacity ? 2 * old_capacity : FIRST_CAPACITY;
    map->slots = slots_new(map->capacity);
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].thread) *slot_of(map, old[i].hash) = old[i];
    free(old);
}

void reference_map_add(struct reference_map *map, struct reference reference) {
    ASSERT(reference.thread);
    if ((map->count + 1) * 4 > map->capacity * 3) grow(map);
    struct reference *slot = slot_of(map, reference.hash);
    if (slot->thread) return;
    *slot = reference;
    map->count++;
}

void reference_map_clear(struct reference_map *map) {
    if (map->count) memset(map->slots, 0, map->capacity * sizeof *map->slots);
    map->count = 0;
}

void reference_map_free(struct reference_map *map) {
    free(map->slots);
    *map = (struct reference_map){.seed = map->seed};
}

struct reference *reference_map_take(struct reference_map *map) {
    struct reference *taken = map->slots;
    size_t count = 0;
    for (size_t i = 0; i < map->capacity; i++)
        if (taken[i].thread) taken[count++] = taken[i];
    qsort(taken, count, sizeof *taken, reference_compare);
    *map = (struct reference_map){.seed = map->seed};
    return taken;
}
