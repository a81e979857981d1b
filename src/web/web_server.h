/*
 * The web server (HTTP/1.1, RFC 9112), in the edge role: today the ground of the later console.
 * It says what this server is, whether it is well, what it counts, and how mail programs set themselves up;
 * it knows no accounts, and takes no bodies but those that a route names a limit for. A head comes within its
 * time or not at all, and a connection whose request cannot be trusted is closed behind the answer. Between
 * requests a session owns no stack.
 */
#ifndef WEB_WEB_SERVER_H
#define WEB_WEB_SERVER_H

#include "acme/challenges.h"
#include "io/conn.h"
#include "web/web_report.h"
#include "wire/http_request.h"
#include "wire/mta_sts.h"

/* The policy for the way to our domains (RFC 8461). */
struct web_policy {
    bool is_served;
    enum mta_sts_mode mode;
    uint64_t max_age_s;
    /* Separated by commas; empty: our hostname. */
    struct slice mx;
};

/* A request to the API, as HTTP has it. */
struct web_api_call {
    enum http_method method;
    /* Decoded and normalised. */
    struct slice path;
    /* Still encoded. */
    struct slice query;
    /* Who asks; empty: nobody said. */
    struct slice token;
    struct slice body;
    /* It says that its body is JSON, or has none. */
    bool is_json;
};

/* One for a role. Settings may be replaced by a reload: requests read them anew. */
struct web_server {
    struct env *env;
    struct conn_group *group;
    const char *hostname;
    uint64_t base_port;
    /* Who may read /metrics (wire/network_list.h). */
    struct slice metrics_allow;
    struct web_policy policy;
    /* What a CA is shown (RFC 8555 8.3). */
    const struct acme_challenges *challenges;
    /* For the HTTPS port. */
    struct tls_context *tls;
    /* Asks how the server is. Waits. False: nobody answered. */
    bool (*report)(struct task *t, void *context, struct web_report *report);
    /* The domain is one that we have mailboxes of. Waits. May be NULL: none is. */
    bool (*is_ours)(struct task *t, void *context, struct slice domain);
    /* Answers a request to the API: the status, JSON in `out`, and with 405 what is allowed in `allow`.
       Waits. May be NULL: there is no API. */
    unsigned (*api)(struct task *t, void *context, const struct web_api_call *call, struct buffer *out,
                    struct buffer *allow);
    void *context;
};

/* Serves a new connection, which it owns, in server->group. Does not wait. */
void web_accept(struct web_server *server, struct stream *stream, bool implicit_tls);

#endif
