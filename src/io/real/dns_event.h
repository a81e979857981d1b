/*
 * An event base for libunbound (unbound-event.h) on the env's loop: its sockets are uv_poll
 * handles, its timeouts are timers of the env. libunbound then runs on the loop's own stack and
 * thread, without a pipe to a thread of its own.
 *
 * A poll handle lives only while its event is added: libunbound closes a descriptor right after
 * it deleted the event, and libuv must by then have let go of the number.
 */
#ifndef IO_REAL_DNS_EVENT_H
#define IO_REAL_DNS_EVENT_H

#include <unbound-event.h>

#include "io/real/loop.h"

struct dns_event_base {
    struct ub_event_base base;
    struct env *env;
};

/* Prepares it; it lives as long as the context that is made on it. Holds no memory of its own. */
void dns_event_base_init(struct dns_event_base *base, struct env *env);

#endif
