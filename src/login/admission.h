/*
 * How many connections strangers may hold open, over all protocols of a role: in all, and from
 * one address. An IPv6 host usually owns a /64, so that is what counts as one. A connection
 * counts from admission_enter until its stream is closed, given to another role, or its user has
 * logged in (login.h), whatever was put around it meanwhile (TLS).
 */
#ifndef LOGIN_ADMISSION_H
#define LOGIN_ADMISSION_H

#include "io/stream.h"

struct admission;

struct admission_limits {
    size_t connections_max;
    size_t per_address_max;
    /* From this machine itself; other programs and proxies connect from there. */
    size_t from_loopback_max;
};

enum admission_result {
    ADMISSION_OK,
    /* Too many in all. */
    ADMISSION_FULL,
    /* Too many from that address. */
    ADMISSION_CROWD,
};

/* The limits of base/limits.h. */
struct admission_limits admission_limits_default(void);
struct admission *admission_new(struct env *env, const struct admission_limits *limits);
/* All streams that were admitted must be gone. Nulls *admission. */
void admission_free(struct admission **admission);
size_t admission_count(const struct admission *admission);

/* Counts the stream when there is room for it. It must be the connection itself, nothing put around it. */
NODISCARD enum admission_result admission_enter(struct admission *admission, struct stream *stream);
/* Counts it whatever there is in all: another one goes for it. */
void admission_enter_beyond(struct admission *admission, struct stream *stream);

#endif
