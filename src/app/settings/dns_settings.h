/*
 * What the remote role must know to ask DNS, read by the supervisor: the role itself may not open
 * a file. It goes out with the settings, so a reload reads it again.
 */
#ifndef APP_DNS_SETTINGS_H
#define APP_DNS_SETTINGS_H

#include "app/settings/orders.h"

/* Fills the dns_* fields of *settings from the configuration; without dns.servers from
   /etc/resolv.conf. Blocks. False: *error is one line. A missing root key at its usual place is a
   warning: DNSSEC, and with it DANE, is then off. */
NODISCARD bool dns_settings_read(struct arena *arena, struct log *log, const struct config *config,
                                 struct role_settings *settings, struct slice *error);
/* The nameserver lines of a resolv.conf (resolv.conf(5)), between commas; at most DNS_SERVERS_MAX. */
void dns_servers_of_resolv_conf(struct slice text, struct buffer *servers);

#endif
