/*
 * What the command line knows of a domain and its host before it asks DNS: from posthaste.conf, the
 * certificate, this machine's addresses, and the store.
 */
#ifndef APP_DOMAIN_FACTS_H
#define APP_DOMAIN_FACTS_H

#include "app/cli/cli.h"
#include "app/settings/config.h"
#include "base/limits.h"
#include "trust/publish.h"

struct domain_facts {
    struct publish_facts publish;
    struct config config;
    /* As they stand in the file that tls.certificate names; or empty. */
    struct slice certificates_pem;
    /* Whom certificates are trusted by; or empty. */
    struct slice roots_pem;
    /* What is served at mta-sts.DOMAIN (RFC 8461 3.2); empty: nothing is. */
    struct slice sts_policy;
    /* Of each key whether it signs now. */
    bool is_signing[PUBLISH_KEYS_MAX];
    /* The first route that takes mail of the domain, or empty; and whether one of them never uses TLS. */
    struct slice route;
    bool is_route_clear;
    struct dns_address addresses[PUBLISH_ADDRESSES_MAX];
    struct publish_key keys[PUBLISH_KEYS_MAX];
    struct slice spf_terms[PUBLISH_SPF_TERMS_MAX];
};

/* Blocks. EXIT_DONE, or the exit status of what was said on stderr. Texts are in cli->arena. */
int domain_facts_read(struct cli *cli, struct slice domain, struct domain_facts *facts);
/* The same in two steps: of the host, and of the domain as the store knows it; empty, or why it does not. */
int domain_facts_of_host(struct cli *cli, struct slice domain, struct domain_facts *facts);
struct slice domain_facts_of_store(struct cli *cli, struct domain_facts *facts);

/* Those that others see: dns.public_addresses; else outbound.source_*, else what it listens on, of all
   interfaces where it listens everywhere, but none that lead nowhere outside unless outbound.allow_private.
   How many. */
size_t public_addresses(struct arena *arena, const struct config *config,
                        struct dns_address addresses[PUBLISH_ADDRESSES_MAX]);

/* The certificate's own: SHA-256 of its public key in hexadecimal (RFC 6698 1.1.3, "3 1 1"), and the name its
   issuer has in CAA records, or empty. False: there is no certificate in the text. */
NODISCARD bool certificate_facts(struct arena *arena, struct slice pem, struct slice *key_hash,
                                 struct slice *issuer);
/* When the first certificate of `pem` ends, UTC; 0: it cannot be read. */
int64_t certificate_ends_ms(struct slice pem);

#endif
