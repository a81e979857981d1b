/*
 * The data of DNS records, as io/dns.h hands it out: one record's bytes, names in wire form and
 * without compression. And names and addresses on their way into a question. Pure; every reader
 * says no to bytes that are cut, too long, or followed by others, and leaves its output as it was.
 */
#ifndef WIRE_DNS_H
#define WIRE_DNS_H

#include "base/buffer.h"

/* RFC 1035 5.1: appends a name in wire form as text, without the last dot; the root is "". A byte that
   could be taken for something else is written \DDD, a dot in a label too. All of `name` must be
   one name. */
NODISCARD bool dns_name_text(struct slice name, struct buffer *out);
/* Takes one name in wire form off the front. */
NODISCARD bool dns_name_take(struct slice *rest, struct slice *name);

/* CNAME, PTR and NS data (RFC 1035 3.3) are one name: dns_name_text. */

/* MX, RFC 1035 3.3.9. */
struct dns_mx {
    uint16_t preference;
    /* In wire form. */
    struct slice exchange;
    /* RFC 7505 3: the domain takes no mail. Only where it is the only record. */
    bool is_null;
};
NODISCARD bool dns_mx_read(struct slice data, struct dns_mx *mx);

/* TXT, RFC 1035 3.3.14: appends its strings joined without anything between, as SPF, DKIM, DMARC and
   MTA-STS ask (RFC 7208 3.3, RFC 6376 3.6.2.2). A text that passes out's maximum is refused. */
NODISCARD bool dns_txt_join(struct slice data, struct buffer *out);

/* TLSA, RFC 6698 2.1. */
struct dns_tlsa {
    uint8_t usage;
    uint8_t selector;
    uint8_t matching;
    struct slice certificate;
};
NODISCARD bool dns_tlsa_read(struct slice data, struct dns_tlsa *tlsa);

/* SRV, RFC 2782. The target is in wire form; "." (one byte): the service is not offered. */
struct dns_srv {
    uint16_t priority;
    uint16_t weight;
    uint16_t port;
    struct slice target;
};
NODISCARD bool dns_srv_read(struct slice data, struct dns_srv *srv);

/* CAA, RFC 8659 4.1. */
struct dns_caa {
    uint8_t flags;
    struct slice tag;
    struct slice value;
};
NODISCARD bool dns_caa_read(struct slice data, struct dns_caa *caa);

/* SOA, RFC 1035 3.3.13. Names in wire form. */
struct dns_soa {
    struct slice primary;
    struct slice mailbox;
    uint32_t serial;
    uint32_t refresh_s;
    uint32_t retry_s;
    uint32_t expire_s;
    uint32_t minimum_s;
};
NODISCARD bool dns_soa_read(struct slice data, struct dns_soa *soa);

/* An IPv4 (4 bytes) or IPv6 address (16 bytes), in network order. */
struct dns_address {
    uint8_t bytes[16];
    size_t len;
};
/* A and AAAA data. */
NODISCARD bool dns_address_read(struct slice data, struct dns_address *address);
/* "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1" (which stays IPv6). No zone, no brackets, no octet
   with a leading zero. */
NODISCARD bool dns_address_parse(struct slice text, struct dns_address *address);
/* RFC 5952 4. */
void dns_address_text(const struct dns_address *address, struct buffer *out);
/* An IPv6 address that holds an IPv4 one (RFC 4291 2.5.5.2) becomes that. */
struct dns_address dns_address_unmapped(struct dns_address address);
/* Its parts, last first, each with a dot behind: "1.2.0.192.". For DNS lists (RFC 5782 2.1, 2.4). */
void dns_address_reversed(const struct dns_address *address, struct buffer *out);
/* The name of its PTR records: RFC 1035 3.5, RFC 3596 2.5. */
void dns_reverse_name(const struct dns_address *address, struct buffer *out);

#endif
