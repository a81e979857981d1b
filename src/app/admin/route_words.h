/* How routes are written on the command line: hosts, what a route is for, TLS, and the providers that are
   known by name. Pure. */
#ifndef APP_ROUTE_WORDS_H
#define APP_ROUTE_WORDS_H

#include "base/arena.h"
#include "store/route_model.h"

/* "smtp.example.net:587, [2001:db8::1]:25, 192.0.2.1": the first is tried first. Without a port:
   `port`. False: one of them is none, or there are more than ROUTE_HOSTS_MAX. */
NODISCARD bool route_hosts_read(struct arena *arena, struct slice text, uint16_t port, struct route *route);

/* "verified", ... False: none. */
NODISCARD bool route_tls_read(struct slice text, enum route_tls *tls);
const char *route_tls_name(enum route_tls tls);
NODISCARD bool queue_stream_read(struct slice text, enum queue_stream *stream);
const char *queue_stream_name(enum queue_stream stream);
/* "all", "recipient", ... */
const char *route_kind_name(enum route_kind kind);

/* ---- route_presets.c ---- */

/* What a provider wants as the user. */
enum preset_user {
    /* The same word for all. */
    PRESET_USER_FIXED,
    /* The key once more, where none is given. */
    PRESET_USER_KEY,
    /* Given by the administrator. */
    PRESET_USER_GIVEN,
};
struct preset {
    struct slice name;
    struct slice host;
    uint16_t port;
    enum preset_user user;
    struct slice fixed_user;
    /* What to give as user and key. */
    const char *help;
};

/* False: there is none of that name. What it gives is static, or in `arena`. */
NODISCARD bool route_preset_find(struct arena *arena, struct slice name, struct preset *preset);

#endif
