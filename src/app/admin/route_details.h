/* A route, and what a test of one is told, on their way from the command line to the store
   (struct admin_request: details). */
#ifndef APP_ROUTE_DETAILS_H
#define APP_ROUTE_DETAILS_H

#include "base/arena.h"
#include "base/buffer.h"
#include "store/route_model.h"

/* Without its id, name and password: they are in the request. */
void route_details_pack(struct buffer *out, const struct route *route);
/* Borrows from `details`; hosts are in `arena`. */
NODISCARD bool route_details_unpack(struct slice details, struct arena *arena, struct route *route);

/* Where a test sends its message; empty: none is sent, or the sender is not said. */
struct route_test_details {
    struct slice from;
    struct slice to;
};
void route_test_details_pack(struct buffer *out, const struct route_test_details *details);
NODISCARD bool route_test_details_unpack(struct slice bytes, struct route_test_details *details);

#endif
