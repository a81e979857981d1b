/*
 * Mozilla's autoconfig document (config-v1.1.xml) as a mail program reads it: where a domain's IMAP and SMTP
 * servers are. Only servers that are reached with TLS and log in by password or OAuth2 count. The document is
 * a stranger's: bounded, without document type or entities. Pure, linear.
 */
#ifndef WIRE_AUTOCONFIG_H
#define WIRE_AUTOCONFIG_H

#include "base/arena.h"

enum { AUTOCONFIG_BYTES_MAX = 64 * 1024, AUTOCONFIG_SERVERS_MAX = 8 };

struct autoconfig_server {
    struct slice host;
    uint16_t port;
    /* SSL; else STARTTLS. */
    bool is_implicit;
    /* "%EMAILADDRESS%" and the like, as it stands; empty: the address. */
    struct slice user;
};

struct autoconfig {
    struct autoconfig_server imap[AUTOCONFIG_SERVERS_MAX];
    size_t imap_count;
    struct autoconfig_server smtp[AUTOCONFIG_SERVERS_MAX];
    size_t smtp_count;
};

/* What it finds is in `arena`. False: it is no such document. */
NODISCARD bool autoconfig_read(struct slice document, struct arena *arena, struct autoconfig *config);
/* The user's name of a server for an address, in `arena`. */
struct slice autoconfig_user(struct arena *arena, struct slice pattern, struct slice address);

#endif
