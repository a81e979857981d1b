/* A stored route as the remote role is told of it, and has it tried. */
#ifndef TRANSIT_ROUTE_H
#define TRANSIT_ROUTE_H

#include "ipc/channel.h"
#include "store/route_model.h"
#include "transit/protocol.h"

/* Borrows from `route`; its hosts are in `arena`. */
struct transit_route transit_route_of(struct arena *arena, const struct route *route);

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
