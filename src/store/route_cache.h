/*
 * Addresses that were resolved to accounts lately, so that the next message for them asks the database
 * nothing. Only good answers are kept: guessed names take no room. Whatever changes domains, aliases or
 * accounts counts in the commit queue (directory_changes), and an answer of before that count counts no more;
 * one that hangs on a quota is not kept.
 */
#ifndef STORE_ROUTE_CACHE_H
#define STORE_ROUTE_CACHE_H

#include "base/map.h"
#include "store/model.h"

/* Zeroed but for its seed, which is random, it is empty. */
struct route_cache {
    uint64_t seed;
    uint64_t changes;
    struct map *routes;
    struct arena *arena;
};

void route_cache_free(struct route_cache *cache);
/* True: what is known of the address, which is compared byte by byte, after so many changes. Copied to
   `arena`. */
bool route_cache_get(struct route_cache *cache, uint64_t changes, struct arena *arena, struct slice address,
                     struct address_route *route);
/* Remembers it for as long as there are no more changes than at the last route_cache_get. */
void route_cache_put(struct route_cache *cache, struct slice address, const struct address_route *route);

#endif
