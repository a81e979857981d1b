/* The addresses of this machine's own network interfaces. For start-up, before there are walls. */
#ifndef IO_REAL_LOCAL_ADDRESSES_H
#define IO_REAL_LOCAL_ADDRESSES_H

#include "base/buffer.h"

/* Appends them with ", " before each, IPv6 ones or IPv4 ones, loopback among them, without those that mean
   nothing outside of their link (RFC 4007). What cannot be found out is left out. */
void local_addresses_append(struct buffer *out, bool is_ipv6);

#endif
