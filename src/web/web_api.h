/*
 * The JSON API on HTTP's side (docs/api.md): who asks (RFC 6750), what, and the answer's status. What it
 * means is the server's `api` (app/api/api_request.h). There are no cookies, so a browser that is led here by
 * others carries no right with it.
 */
#ifndef WEB_WEB_API_H
#define WEB_WEB_API_H

#include "web/web_routes.h"

#define WEB_API_PATH "/api/"

/* All below WEB_API_PATH. */
void web_api_run(struct task *t, const struct web_exchange *exchange, struct web_response *response);

#endif
