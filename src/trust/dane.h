/*
 * What DNS says of the certificate of a host that takes mail (RFC 7672): its TLSA records, where DNSSEC
 * vouches for them and for the way to them. The certificate itself is checked by io/tls.h.
 */
#ifndef TRUST_DANE_H
#define TRUST_DANE_H

#include "io/tls.h"
#include "trust/lookup.h"

/* A host, as it was found. */
struct dane_host {
    struct slice name;
    /* Behind its CNAMEs; empty: it has none. */
    struct slice canonical;
    /* DNSSEC vouches for whatever led to this name (an MX, or the lack of one), and for its addresses. */
    bool is_name_secure;
    bool is_address_secure;
    uint16_t port;
};

enum dane_result {
    /* DNS says nothing that counts. */
    DANE_NONE,
    /* TLS is demanded (RFC 7672 2.2), with these records. */
    DANE_FOUND,
    /* DNS did not say, or what it said is forged: the host is not to be used now (RFC 7672 2.1.1). */
    DANE_UNSURE,
};

struct dane {
    enum dane_result result;
    /* The TLSA base domain (RFC 7672 2.2.2), and all records that could be read; maybe none of them is
     * usable. */
    struct slice base;
    struct tls_dane_record *records;
    size_t count;
    /* With UNSURE: what DNS said of which name. */
    enum dns_result trouble;
    struct slice trouble_name;
};

/* Results are in the arena of the lookups. Asks two names at most. Waits. */
void dane_look_up(struct task *t, struct trust_lookups *lookups, const struct dane_host *host,
                  struct dane *dane);

/* It says something that a certificate can be checked by (RFC 7672 3.1): the usage is 2 or 3, selector and
   matching type are known, and the data may be of that kind. */
bool dane_is_usable(const struct tls_dane_record *record);

#endif
