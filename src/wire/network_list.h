/* A list of addresses and networks, as people write it: "127.0.0.0/8, ::1, 2001:db8::/32". */
#ifndef WIRE_NETWORK_LIST_H
#define WIRE_NETWORK_LIST_H

#include "base/slice.h"

/* Every element is an address or a network in CIDR notation (RFC 4632 3.1, RFC 4291 2.3) without host
   bits; there is at least one. */
bool network_list_is_valid(struct slice list);
/* A numeric address, as in struct peer, is in one of them. An IPv4 address that came in IPv6's clothes
   (::ffff:192.0.2.1) is the IPv4 address. A list that is empty or not valid has nobody. */
bool network_list_has(struct slice list, const char *address);

/* The address is of no use outside of the network that it is in (RFC 6890), or belongs to no single host;
   what is no address is private, too. */
bool network_is_private(const char *address);

#endif
