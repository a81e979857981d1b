/* A stored route as the remote role is told of it. */
#ifndef TRANSIT_ROUTE_H
#define TRANSIT_ROUTE_H

#include "store/route_model.h"
#include "transit/protocol.h"

/* Borrows from `route`; its hosts are in `arena`. */
struct transit_route transit_route_of(struct arena *arena, const struct route *route);

#endif
