/*
 * Greylisting (RFC 6647): mail from a host that is new with this sender to this recipient is put off once.
 * Hosts that queue their mail come again; what only shouts does not. A triplet is the host's network (IPv4:
 * /24, IPv6: /64), the sender and the recipient. It is held as a digest, in memory of this role, for
 * GREYLIST_KEPT_MS since it was last seen; where there is no room the one that was not seen for the longest
 * time goes.
 */
#ifndef SMTP_GREYLIST_H
#define SMTP_GREYLIST_H

#include "io/env.h"

struct greylist;

struct greylist *greylist_new(struct env *env);
void greylist_free(struct greylist **greylist);
/* 0: it may come in; else so many milliseconds are left to wait. `network`: see smtp_network_of. */
int64_t greylist_wait_ms(struct greylist *greylist, struct slice network, struct slice sender,
                         struct slice recipient);

#endif
