/*
 * After a change of routes: recipients that wait are moved to where they go now. One task goes through all of
 * them in small commits; which change it has come up to stands in the database, so that a store that ends in
 * between begins anew with the next one. Done twice, nothing changes.
 *
 * What somebody is sending at this moment is passed over, and looked at again later; and who begins to send
 * waits for the commit that is under way (engine_route_await). As long as nobody says what is in hand,
 * nothing is moved.
 */
#ifndef STORE_ROUTE_MOVE_H
#define STORE_ROUTE_MOVE_H

#include "base/limits.h"
#include "store/engine_route.h"

struct commit;

struct route_mover {
    struct scope scope;
    struct task *task;
    bool (*is_in_hand)(void *context, uint64_t message);
    void *context;
    /* A commit is under way. */
    bool is_moving;
    struct gate moved;
};

void route_mover_start(struct engine *engine);
void route_mover_stop(struct task *t, struct engine *engine);
/* Routes were changed, and that is committed. On the loop. */
void route_mover_wake(struct engine *engine);
/* For the operation that changes them. */
void route_move_is_due(struct commit *commit);

#endif
