/*
 * DNS: one question, one awaited answer. The real resolver is libunbound with its cache and
 * DNSSEC validation; in the simulator DNS is cut at the answer. A lookup never outlives its
 * deadline, whatever the resolver is still waiting for; its late answer then only fills the cache.
 *
 * Names in questions are plain bytes with dots between labels ("example.com", with or without a
 * last dot), in ASCII: whoever has a U-label converts it first. Names and records in answers are
 * in wire form, without compression; wire/dns.h reads them.
 */
#ifndef IO_DNS_H
#define IO_DNS_H

#include "base/arena.h"
#include "io/task.h"

/* RFC 1035 3.2.2, RFC 2782, RFC 3596 2.1, RFC 6698 2.1, RFC 8659 4.1. Others can be asked for by number. */
enum dns_type {
    DNS_A = 1,
    DNS_NS = 2,
    DNS_CNAME = 5,
    DNS_SOA = 6,
    DNS_PTR = 12,
    DNS_MX = 15,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_SRV = 33,
    DNS_DNSKEY = 48,
    DNS_TLSA = 52,
    DNS_CAA = 257,
};

enum dns_result {
    DNS_OK,
    /* The name is there, records of this type are not. */
    DNS_NO_DATA,
    /* NXDOMAIN; also a name that DNS cannot hold (RFC 1035 2.3.4). */
    DNS_NO_SUCH_NAME,
    /* The servers failed, or answered what is over a limit. Try later. */
    DNS_SERVFAIL,
    /* The deadline passed. Try later. */
    DNS_TIMEOUT,
    /* DNSSEC says that the answer is forged or broken. Try later; never use it. */
    DNS_BOGUS,
    /* The task is being cancelled, or the resolver closed. */
    DNS_CANCELLED,
};
enum { DNS_RESULTS = DNS_CANCELLED + 1 };

struct dns_answer {
    enum dns_result result;
    /* DNSSEC validated it, absence included. Without trust anchors never. */
    bool is_secure;
    /* Seconds the records may be kept: the least of the chain. 0 without records. */
    uint32_t ttl_s;
    /* Where the records are, behind all CNAMEs: a name in wire form. Empty without records. */
    struct slice canonical_name;
    /* The data of each record, in the order of the answer. */
    const struct slice *records;
    size_t count;
};

struct dns_options {
    /* Whom to ask, between commas: "192.0.2.1,127.0.0.1@5353,2001:db8::1". Empty: the root servers
       and whom they name. */
    struct slice servers;
    /* The administrator named the servers: they are asked for .test, localhost and the reverse names
       of loopback and private addresses as well, which otherwise are answered here (RFC 6303, 6761). */
    bool is_for_local_zones;
    /* DS or DNSKEY records, one a line, in zone file form; ";" starts a comment. Empty: no DNSSEC. */
    struct slice trust_anchors;
};

struct dns;

/* For backends: one lookup under way; lives in dns_lookup. */
struct dns_query {
    /* Escaped for zone files, absolute, NUL-terminated. */
    const char *name;
    uint16_t type;
    struct arena *arena;
    struct dns_answer *answer;
    struct task *waiter;
    bool is_done;
    /* The backend's own. */
    void *pending;
};

struct dns_ops {
    /* Ends, at once or later, with dns_query_end, unless it was stopped. */
    void (*start)(struct dns *dns, struct dns_query *query);
    void (*stop)(struct dns *dns, struct dns_query *query);
    void (*close)(struct dns *dns);
};

struct dns {
    const struct dns_ops *ops;
    struct env *env;
};

/* Opens a resolver, and waits a turn: libunbound sets up with frames of 64 KiB and more, so it is done
   on the loop's own stack. Opens no file, now or later. NULL, and *reason (a static text), where a
   server or a trust anchor is no such thing. */
NODISCARD struct dns *dns_open(struct task *t, const struct dns_options *options, const char **reason);
/* Closes it and nulls *dns; lookups under way end with DNS_CANCELLED. NULL is fine. */
void dns_close(struct dns **dns);

/* Asks, and waits for the answer until the (monotonic) deadline. Returns answer->result. The answer's
   bytes are in `arena`; where they do not fit its budget the result is DNS_SERVFAIL. */
enum dns_result dns_lookup(struct task *t, struct dns *dns, struct slice name, uint16_t type,
                           struct arena *arena, struct dns_answer *answer, int64_t deadline_ms);
/* "ok", "no-data", ...: for logs. */
const char *dns_result_name(enum dns_result result);

/* For backends: *query->answer is written. */
void dns_query_end(struct dns_query *query);

#endif
