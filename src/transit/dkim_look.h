/* Looks in DNS whether the record of a signing key is published: in the remote role, which answers
   TRANSIT_LOOK (transit/sign_protocol.h). */
#ifndef TRANSIT_DKIM_LOOK_H
#define TRANSIT_DKIM_LOOK_H

#include "io/dns.h"
#include "ipc/channel.h"
#include "transit/sign_protocol.h"

/* Answers the request; an empty answer: it was none. *dns may change at any wait. Waits, DKIM_LOOK_MS at
   most. */
void dkim_look_answer(struct task *t, struct env *env, struct dns **dns, struct ipc_request *request);

/* Both are key records (RFC 6376 3.6.1) with the same key. Pure. */
bool dkim_look_is_same(struct slice found, struct slice wanted);

#endif
