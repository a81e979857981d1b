/* Lists that are read whole: all accounts, domains, aliases, into the caller's arena, in one short read. */
#ifndef STORE_LISTING_H
#define STORE_LISTING_H

#include "store/db.h"

struct engine;

struct listing {
    const char *count;
    const char *rows;
    size_t item_bytes;
    /* Fills an item, which is zeroed. False: the arena has no room. */
    bool (*read)(const struct db_rows *row, struct arena *arena, void *item);
};

/* The items, or NULL; *count and *result are set. STORE_FAILED where the arena has no room. */
void *listing_read(struct engine *engine, struct arena *arena, const struct listing *listing, size_t *count,
                   enum store_result *result);

#endif
