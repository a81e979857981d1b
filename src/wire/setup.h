/*
 * What mail programs ask to set themselves up: Mozilla's autoconfig (Thunderbird and many others),
 * Autodiscover as Outlook uses it (MS-OXDSCLI, POX), and configuration profiles of Apple's systems. The
 * user's name is the whole address. Nothing of what a stranger sends is given back as it came: all is
 * escaped. Pure, linear.
 */
#ifndef WIRE_SETUP_H
#define WIRE_SETUP_H

#include "base/buffer.h"
#include "base/limits.h"

/* Where our services are. */
struct setup_host {
    struct slice hostname;
    uint64_t base_port;
};

/* Mozilla's "Autoconfig file format", for every address at the domain. */
void setup_autoconfig_write(struct buffer *out, const struct setup_host *host, struct slice domain);

/* The address in an Autodiscover request; it borrows from `body`. False: there is none, or it is a request
   for something else than settings of the outlook schema, or has a document type. */
NODISCARD bool setup_autodiscover_read(struct slice body, struct slice *address);
void setup_autodiscover_write(struct buffer *out, const struct setup_host *host, struct slice address);
/* "600", "Invalid Request" or "500", ...: of a request that cannot be answered. */
void setup_autodiscover_fail(struct buffer *out, unsigned code, const char *words);

/* A .mobileconfig, not signed. Its identifiers follow from the address: installed again, it replaces. */
void setup_mobileconfig_write(struct buffer *out, const struct setup_host *host, struct slice address);

/* "user@example.org" as a mail program would send it: printable ASCII without blanks, quotes and
   angles, one "@", at most SMTP_ADDRESS_BYTES_MAX; *domain is behind it. */
NODISCARD bool setup_address_split(struct slice address, struct slice *domain);

#endif
