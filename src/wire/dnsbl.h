/*
 * DNS lists of hosts that send what nobody wants (RFC 5782): which there are, what to ask them, and what an
 * answer means. "zen.example.test=127.0.0.2-127.0.0.11, other.example.test". Pure.
 */
#ifndef WIRE_DNSBL_H
#define WIRE_DNSBL_H

#include "base/buffer.h"
#include "base/limits.h"

struct dnsbl_zone {
    uint8_t name[DNS_NAME_BYTES_MAX];
    size_t name_bytes;
    /* Answers that mean "listed", as numbers. */
    uint32_t first;
    uint32_t last;
};

enum dnsbl_verdict {
    DNSBL_CLEAR,
    DNSBL_LISTED,
    /* What no list says of a host: it is gone, or refuses us. */
    DNSBL_NO_ANSWER,
};

static inline struct slice dnsbl_zone_name(const struct dnsbl_zone *zone) {
    return slice_of(zone->name, zone->name_bytes);
}

/* False: it is no such list of at most DNSBL_ZONES_MAX zones. An empty one is none. */
NODISCARD bool dnsbl_zones_read(struct slice list, struct dnsbl_zone zones[DNSBL_ZONES_MAX], size_t *count);
/* Appends the name to ask about an address (RFC 5782 2.1, 2.4). False: it is no address, or the name is too
   long. */
NODISCARD bool dnsbl_name(const struct dnsbl_zone *zone, struct slice address, struct buffer *out);
/* Of the data of A records. Lists answer from 127.0.0.0/8 alone, and use 127.255.255.0/24 to say that they do
   not answer. */
enum dnsbl_verdict dnsbl_judge(const struct dnsbl_zone *zone, const struct slice *records, size_t count);

#endif
