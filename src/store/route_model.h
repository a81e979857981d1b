/*
 * What is known of routes: which mail goes through which smarthost instead of straight to its recipients'
 * hosts, and how that smarthost wants to be spoken to. An administrator makes them; the store chooses one
 * when mail is queued (store/route.h), the remote role sends through it (transit/protocol.h).
 *
 * A route never steps aside: mail that it takes waits for it, however long its hosts cannot be reached, and
 * goes another way only when an administrator changes the routes.
 */
#ifndef STORE_ROUTE_MODEL_H
#define STORE_ROUTE_MODEL_H

#include "store/queue_model.h"

/* Which mail a route takes. Numbers are stored: never change one. */
enum route_kind {
    ROUTE_FOR_ALL = 0,
    ROUTE_FOR_STREAM = 1,
    /* The domain of MAIL FROM: "example.org", or "*.example.org" for all below it. */
    ROUTE_FOR_SENDER = 2,
    /* The recipient's domain, as above. */
    ROUTE_FOR_RECIPIENT = 3,
    /* The receiving host's name, as the domain's MX tells it, is this or ends in it: known only when mail is
       sent, so that such a route takes what no other one does. */
    ROUTE_FOR_MX = 4,
    ROUTE_KINDS,
};

/* Numbers are stored and sent. */
enum route_tls {
    /* Where it is offered (RFC 7435). */
    ROUTE_TLS_OFFERED = 0,
    /* Or the message does not go; any certificate. */
    ROUTE_TLS_REQUIRED = 1,
    /* And the certificate is checked against the host's name. */
    ROUTE_TLS_VERIFIED = 2,
    /* From the first byte (RFC 8314 3.3), checked. */
    ROUTE_TLS_IMPLICIT = 3,
    ROUTE_TLS_NEVER = 4,
    ROUTE_TLS_MODES,
};

struct route_host {
    struct slice name; /* or a numeric address, without brackets */
    uint16_t port;
    /* Lower is tried first; among equals by weight. */
    uint32_t preference;
    uint32_t weight;
};

struct route {
    uint64_t id;
    /* As its owner named it. */
    struct slice name;
    enum route_kind kind;
    /* With SENDER, RECIPIENT, MX: lower case, A-labels; else empty. */
    struct slice domain;
    enum queue_stream stream;
    /* Among routes that fit equally well the least goes first. */
    uint32_t ordering;
    struct route_host *hosts;
    size_t host_count;
    enum route_tls tls;
    /* Empty: no AUTH. */
    struct slice user;
    /* Empty in lists: it is given only to who sends. */
    struct slice password;
    bool is_enabled;
};

/* Why a route cannot be as it was given. */
enum route_fault {
    ROUTE_FINE,
    ROUTE_BAD_NAME,
    ROUTE_BAD_DOMAIN,
    ROUTE_NO_HOST,
    ROUTE_TOO_MANY_HOSTS,
    ROUTE_BAD_HOST,
    ROUTE_BAD_USER,
    ROUTE_BAD_PASSWORD,
    /* A user without a password, or the other way round. */
    ROUTE_HALF_LOGIN,
    /* The password would go in the clear, to another machine. */
    ROUTE_LOGIN_IN_CLEAR,
    ROUTE_FAULTS,
};

#endif
