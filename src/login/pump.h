/*
 * Carries bytes both ways between a TLS connection, which must stay with the role that did its
 * handshake, and one end of a local pair, whose other end a mail role serves. No task and no
 * stack: wakers of the streams post one piece of work. A direction holds at most one chunk,
 * reads on when that is written (backpressure), and holds no buffer while it waits for input.
 * An end of one direction is passed on (close_notify, FIN) and the other goes on. A client
 * that takes nothing for PUMP_STALL_MS_MAX, or does not close within PUMP_LINGER_MS after the
 * mail role ended, is cut off.
 */
#ifndef LOGIN_PUMP_H
#define LOGIN_PUMP_H

#include "io/stream.h"

struct pump_group {
    struct env *env;
    struct list pumps;
    size_t count;
};

void pump_group_init(struct pump_group *group, struct env *env);
/* Cuts all its connections off, at once. */
void pump_group_close(struct pump_group *group);

/* Takes both streams over. The pump ends and frees itself when both directions are done. */
void pump_start(struct pump_group *group, struct stream *client, struct stream *local);

#endif
