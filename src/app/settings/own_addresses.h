/* Where this host takes mail itself, so that it does not send its own mail to itself (RFC 5321 5.1). */
#ifndef APP_OWN_ADDRESSES_H
#define APP_OWN_ADDRESSES_H

#include "app/settings/config.h"

/* Addresses and networks on which it listens (wire/network_list.h), those of all interfaces where it listens
   everywhere; empty where other hosts are not met at the port of our own. In `arena`. */
struct slice own_addresses(struct arena *arena, const struct config *config);

#endif
