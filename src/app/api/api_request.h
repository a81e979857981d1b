/*
 * The JSON API in the edge role: a request of HTTP becomes the number of a route and a request of
 * administration (api_routes.h), which the store looks through once more (api_service.h) and carries out. All
 * reading of what strangers wrote is done here, none in the store.
 */
#ifndef APP_API_REQUEST_H
#define APP_API_REQUEST_H

#include "app/api/api_routes.h"
#include "store/client.h"
#include "web/web_server.h"

/* Answers it: the status; what is said goes to `out`. Waits for the store. */
unsigned api_request_answer(struct task *t, struct store_client *store, const struct web_api_call *call,
                            struct buffer *out, struct buffer *allow);

enum api_read {
    API_READ_OK,
    /* A required one is missing, one is not known, of the wrong kind, or the body is no JSON object: `words`
       says it. */
    API_READ_BAD,
};
/* Fills in the request from path, query and body; all of it in `arena`. */
NODISCARD enum api_read api_request_read(struct arena *arena, const struct api_match *match,
                                         const struct web_api_call *call, struct admin_request *request,
                                         struct slice *words);

#endif
