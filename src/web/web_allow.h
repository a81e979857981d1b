/* Who may ask: a list of addresses and networks ("127.0.0.0/8, ::1, 2001:db8::/32"). */
#ifndef WEB_WEB_ALLOW_H
#define WEB_WEB_ALLOW_H

#include "base/slice.h"

/* Every element is an address or a network in CIDR notation (RFC 4632 3.1, RFC 4291 2.3) without host
   bits; there is at least one. */
bool web_allow_is_valid(struct slice list);
/* A numeric address, as in struct peer, is in one of them. An IPv4 address that came in IPv6's clothes
   (::ffff:192.0.2.1) is the IPv4 address. A list that is not valid allows nobody. */
bool web_allow_has(struct slice list, const char *address);

#endif
