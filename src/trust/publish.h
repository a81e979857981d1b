/*
 * What the owner of a domain publishes in DNS so that mail finds this host and others believe what it sends:
 * the records, each with what it is for. Pure: from facts about the host and the domain to rows; what they
 * look like in a zone file or a provider's form is app/domain/publish_shapes.h, and whether they are there
 * trust/dnscheck.h.
 */
#ifndef TRUST_PUBLISH_H
#define TRUST_PUBLISH_H

#include "base/arena.h"
#include "wire/dns.h"

/* A row's kind says what it is compared by. */
enum publish_kind {
    /* A and AAAA of the host; PTR of its addresses, which their provider sets. */
    PUBLISH_HOST,
    PUBLISH_PTR,
    PUBLISH_MX,
    PUBLISH_SPF,
    PUBLISH_SPF_HELO,
    PUBLISH_DKIM,
    PUBLISH_DMARC,
    PUBLISH_STS,
    PUBLISH_STS_HOST,
    PUBLISH_TLSRPT,
    PUBLISH_TLSA,
    PUBLISH_SRV,
    PUBLISH_SETUP,
    PUBLISH_CAA,
    PUBLISH_KINDS,
};

enum publish_necessity {
    /* Without it mail is lost or refused. */
    PUBLISH_MUST,
    PUBLISH_SHOULD,
    PUBLISH_MAY,
};

struct publish_row {
    enum publish_kind kind;
    enum publish_necessity necessity;
    /* Absolute, in lower case, without the last dot. */
    struct slice name;
    /* enum dns_type */
    uint16_t type;
    uint32_t ttl_s;
    /* As trust_record_text has it: a TXT record's strings joined; names without the last dot. */
    struct slice value;
    /* One sentence each; the note may be empty. */
    struct slice purpose;
    struct slice note;
    /* It belongs into another zone than the domain's. */
    bool is_outside;
    /* Not of ours: it is there already, and would be lost where a set of records is replaced as a whole. */
    bool is_kept;
};

/* A DKIM key whose record is to be found, now or soon. */
struct publish_key {
    struct slice selector;
    /* The whole text (RFC 6376 3.6.1). */
    struct slice record;
    /* What is to be known of it, one sentence; or empty. */
    struct slice note;
};

/* The services that SRV records point to (RFC 6186 3, RFC 8314 5.1). */
enum publish_service {
    PUBLISH_SUBMISSIONS,
    PUBLISH_SUBMISSION,
    PUBLISH_IMAPS,
    PUBLISH_IMAP,
    PUBLISH_POP3S,
    PUBLISH_POP3,
    PUBLISH_SERVICES,
};

struct publish_facts {
    /* Both in A-labels and lower case. */
    struct slice domain;
    struct slice host;
    /* Those that others see. None: they are not known, and rows that need them are left out. */
    const struct dns_address *addresses;
    size_t address_count;
    const struct publish_key *keys;
    size_t key_count;
    /* SPF terms beside this host's addresses, for hosts that mail is handed to: "include:..."; may be empty.
     */
    const struct slice *spf_terms;
    size_t spf_term_count;
    /* SHA-256 of the certificate's public key in hexadecimal; empty: there is none. */
    struct slice key_hash;
    /* The domain name of the certificate's issuer, for CAA; empty: it is not known. */
    struct slice issuer;
    /* Digits and letters that change with the MTA-STS policy (RFC 8461 3.1); empty: there is none. */
    struct slice sts_id;
    uint16_t ports[PUBLISH_SERVICES];
    /* Its own hosts come first: this host only passes mail on to them. */
    bool is_relay;
};

/* All rows, in the order in which they are explained: at most PUBLISH_ROWS_MAX of them. In `arena`. */
struct publish_rows {
    struct publish_row *items;
    size_t count;
};
struct publish_rows publish_rows(struct arena *arena, const struct publish_facts *facts);

/* "mx", "spf", "spf-helo", ...: for JSON. */
const char *publish_kind_word(enum publish_kind kind);
/* "must", "should", "may". */
const char *publish_necessity_word(enum publish_necessity necessity);
/* `name` is the zone or below it. */
bool publish_is_inside(struct slice name, struct slice zone);

#endif
