#include "transit/route.h"

_Static_assert(TRANSIT_TLS_OFFERED == (int)ROUTE_TLS_OFFERED &&
                   TRANSIT_TLS_REQUIRED == (int)ROUTE_TLS_REQUIRED &&
                   TRANSIT_TLS_VERIFIED == (int)ROUTE_TLS_VERIFIED &&
                   TRANSIT_TLS_IMPLICIT == (int)ROUTE_TLS_IMPLICIT &&
                   TRANSIT_TLS_NEVER == (int)ROUTE_TLS_NEVER,
               "numbers of the same meaning");

struct transit_route transit_route_of(struct arena *arena, const struct route *route) {
    struct transit_host *hosts = ARENA_NEW_ARRAY(arena, struct transit_host, route->host_count);
    for (size_t i = 0; i < route->host_count; i++)
        hosts[i] = (struct transit_host){route->hosts[i].name, route->hosts[i].port,
                                         route->hosts[i].preference, route->hosts[i].weight};
    return (struct transit_route){.id = route->id,
                                  .name = route->name,
                                  .hosts = hosts,
                                  .host_count = route->host_count,
                                  .tls = (enum transit_tls)route->tls,
                                  .user = route->user,
                                  .password = route->password};
}
