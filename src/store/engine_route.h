/*
 * Routes in the data folder: the part of the engine (store/engine.h) that administrators change and the
 * scheduler (transit/scheduler.h) reads. Calls without a task read only, and do not wait; results are in
 * `arena`.
 *
 * A change of routes holds for mail that waits, too: it is moved to where it goes now, in the background, in
 * small commits, and again from the beginning by the next store where this one ended before. What is being
 * sent at that moment is left alone until it is settled.
 */
#ifndef STORE_ENGINE_ROUTE_H
#define STORE_ENGINE_ROUTE_H

#include "store/engine.h"
#include "store/route_model.h"

/* What is wrong with the route, if anything; pure. engine_route_add refuses the same. */
enum route_fault route_check(const struct route *route);
/* One line for a person. Static. */
const char *route_fault_text(enum route_fault fault);
/* The domain of a route, "*.Example.org", as it is stored; in `arena`. False: it is none. */
NODISCARD bool route_domain_read(struct arena *arena, struct slice text, struct slice *domain);
/* 127.0.0.1, ::1 and others that never leave this machine; "localhost". */
bool route_host_is_here(struct slice name);

/* Its id is made here. STORE_EXISTS: the name is taken; STORE_REFUSED: route_check; STORE_OVER_QUOTA: there
   are ROUTES_MAX. */
enum store_result engine_route_add(struct task *t, struct engine *engine, const struct route *route);
/* STORE_NOT_FOUND; STORE_REFUSED: it has no user, or the password is none. */
enum store_result engine_route_set_password(struct task *t, struct engine *engine, struct slice name,
                                            struct slice password);
/* STORE_NOT_FOUND. What is not enabled takes no mail, as if it were not there. */
enum store_result engine_route_enable(struct task *t, struct engine *engine, struct slice name,
                                      bool is_enabled);
enum store_result engine_route_remove(struct task *t, struct engine *engine, struct slice name);

/* All, in the order in which they are tried, without passwords. */
enum store_result engine_route_list(struct engine *engine, struct arena *arena, struct route **routes,
                                    size_t *count);
/* With its password: for a session, for a test. STORE_NOT_FOUND: mail that still waits for it is on its way
   to another destination. Also what is not enabled is found. */
enum store_result engine_route_read(struct engine *engine, struct arena *arena, uint64_t id,
                                    struct route *route);
enum store_result engine_route_find(struct engine *engine, struct arena *arena, struct slice name,
                                    struct route *route);
/* Those for receiving hosts, in order, with their passwords: for sessions at a domain. */
enum store_result engine_route_mx_routes(struct engine *engine, struct arena *arena, struct route **routes,
                                         size_t *count);

/* Who sends says whether the message is in hand, at any destination, or may be, for all he knows: then it is
   not moved yet. Called on the loop. One listener; NULL, as at first: nothing is moved. */
void engine_route_listen(struct engine *engine, bool (*is_in_hand)(void *context, uint64_t message),
                         void *context);
/* Before a message is taken in hand: waits for the commit that may be moving it. It may be taken until the
   next wait. False: the task is cancelled, and none may. */
NODISCARD bool engine_route_await(struct task *t, struct engine *engine);
/* All that waits is where the routes want it. */
bool engine_route_is_applied(struct engine *engine);

#endif
