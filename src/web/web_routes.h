/* The routes: a table of paths, and what answers each. Handlers fill a response; web_server.c sends it. */
#ifndef WEB_WEB_ROUTES_H
#define WEB_WEB_ROUTES_H

#include "web/web_server.h"
#include "wire/http_request.h"

struct web_exchange {
    struct web_server *server;
    const struct http_request *request;
    /* Decoded and normalised. */
    struct slice path;
    /* Of a POST that the route takes. */
    struct slice body;
    const struct peer *peer;
    bool is_tls;
};

struct web_response {
    unsigned status;
    const char *content_type;
    /* Allow (405), or empty; what it lies in, where it is no static text. */
    struct slice allow;
    struct buffer allow_text;
    /* WWW-Authenticate (401), or empty. */
    struct slice challenge;
    /* Content-Disposition, or empty. */
    struct slice disposition;
    struct buffer location;
    struct buffer body;
};

struct web_response web_response_new(void);
void web_response_free(struct web_response *response);
/* A few words as plain text. */
void web_response_fail(struct web_response *response, unsigned status);

/* How long the body of this request may be that its route reads; 0: it reads none. */
size_t web_routes_body_max(const struct http_request *request, struct slice path, bool is_tls);
/* Finds the route and runs it. Waits where its handler does. */
void web_routes_run(struct task *t, const struct web_exchange *exchange, struct web_response *response);

#endif
