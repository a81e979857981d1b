/* Routes on their way from the store to the remote role: as sessions have them, and to be tried. */
#ifndef TRANSIT_ROUTE_ASK_H
#define TRANSIT_ROUTE_ASK_H

#include "ipc/channel.h"
#include "store/route_model.h"
#include "transit/protocol.h"

/* The same route as the remote role is told it; it borrows, its hosts are in `arena`. */
struct transit_route transit_route_of(struct arena *arena, const struct route *route);
/* For sessions at a domain (store/engine_route.h engine_route_mx_routes): in `arena`. */
struct transit_mx_route *transit_mx_routes_of(struct arena *arena, const struct route *routes, size_t count);

enum route_test_result {
    /* *result tells how it went. */
    ROUTE_TEST_DONE,
    /* The remote role is not there, or went away. */
    ROUTE_TEST_GONE,
    ROUTE_TEST_TIMEOUT,
};
/* Has the remote role at the other end of `channel` try the route (with its password), and send a message
   where `recipient` is not empty. What it finds is in `arena`. Waits, some minutes at most. */
NODISCARD enum route_test_result route_test(struct task *t, struct channel *channel, struct arena *arena,
                                            const struct route *route, struct slice mail_from,
                                            struct slice recipient, struct transit_test_result *result);

#endif
