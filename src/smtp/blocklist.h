/*
 * DNS block lists in use: whether a host is on one of them. Each list is looked at first, and again every
 * hour, as RFC 5782 5 says: 127.0.0.2 must be on it, 127.0.0.1 must not. A list that does not hold that (it
 * is gone, it lists everybody, it does not answer us) is not used, and the log says why. No answer in time is
 * "not listed": a list that is down stops no mail.
 */
#ifndef SMTP_BLOCKLIST_H
#define SMTP_BLOCKLIST_H

#include "resolve/resolver.h"

struct blocklist;

/* Asks `resolver`, which outlives it. */
struct blocklist *blocklist_new(struct env *env, struct resolver *resolver);
void blocklist_free(struct task *t, struct blocklist **blocklist);
/* From now on these lists (wire/dnsbl.h); what is no good list of lists is none. */
void blocklist_set(struct task *t, struct blocklist *blocklist, struct slice zones);

/* True: the host is listed, and *words say where and why, clean, in `arena`. Waits, at most
   DNSBL_ASK_MS_MAX. */
bool blocklist_has(struct task *t, struct blocklist *blocklist, struct slice address, struct arena *arena,
                   struct slice *words);

#endif
