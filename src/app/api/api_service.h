/*
 * The JSON API in the store role: whose key it is, whether its scope reaches, and the verb. Nothing is taken
 * on trust: the words must be those of the route, or an edge that was captured could ask for more than the
 * key allows.
 */
#ifndef APP_API_SERVICE_H
#define APP_API_SERVICE_H

#include "app/api/api_routes.h"

/* `body`: the number of a route, and a request of administration. Sets *status and appends JSON to `out`.
 * Waits. */
void api_service_answer(struct task *t, const struct admin_context *context, struct slice token,
                        struct slice body, unsigned *status, struct buffer *out);

#endif
