#include "store/route_cache.h"

#include "base/limits.h"

void route_cache_free(struct route_cache *cache) {
    map_free(&cache->routes);
    arena_free(&cache->arena);
}

static bool copy_route(struct arena *arena, const struct address_route *from, struct address_route *to) {
    *to = *from;
    to->targets = arena_try_alloc(arena, from->target_count * sizeof *to->targets);
    if (!to->targets) return false;
    for (size_t i = 0; i < from->target_count; i++) {
        to->targets[i] = from->targets[i];
        if (!arena_try_copy(arena, from->targets[i].address, &to->targets[i].address)) return false;
    }
    return true;
}

bool route_cache_get(struct route_cache *cache, uint64_t changes, struct arena *arena, struct slice address,
                     struct address_route *route) {
    if (cache->changes != changes) route_cache_free(cache);
    cache->changes = changes;
    const struct address_route *known = cache->routes ? map_get(cache->routes, address) : NULL;
    return known && copy_route(arena, known, route);
}

/* Where there is no more room it begins anew. */
void route_cache_put(struct route_cache *cache, struct slice address, const struct address_route *route) {
    if (cache->routes && map_count(cache->routes) == STORE_ROUTES_CACHED_MAX) route_cache_free(cache);
    if (!cache->routes) {
        cache->routes = map_new(cache->seed);
        cache->arena = arena_new(STORE_ROUTES_CACHED_BYTES_MAX);
    }
    struct address_route *kept = arena_try_alloc(cache->arena, sizeof *kept);
    if (!kept || !copy_route(cache->arena, route, kept))
        route_cache_free(cache);
    else
        (void)map_put(cache->routes, address, kept);
}
