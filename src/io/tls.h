/*
 * TLS over any stream (TLS 1.2 or later, no renegotiation, ALPN, SNI), with OpenSSL. In the
 * simulator TLS is cut at the record layer: its bytes pass as they are, the handshake's
 * waits and failures stay.
 */
#ifndef IO_TLS_H
#define IO_TLS_H

#include "io/stream.h"

struct tls_context;

/* A server's context from PEM texts: the certificate chain and its private key. NULL when they
   are no good or do not fit together; then *reason, a static text, says why. */
struct tls_context *tls_context_server(struct slice certificates_pem, struct slice key_pem,
                                       const char **reason);
/* One more certificate, shown to clients that ask for a name it covers (SNI, RFC 6066 3); others
   are shown the first one. NULL, or why not, as above. */
const char *tls_context_add(struct tls_context *context, struct slice certificates_pem, struct slice key_pem);
/* Another with the certificates that this one has now, for another protocol: nothing is read again. */
struct tls_context *tls_context_like(const struct tls_context *context);
/* A client's context that accepts any certificate (opportunistic), for peers and tests. */
struct tls_context *tls_context_client(void);
/* One that accepts only what these certificates (PEM, one after the other) lead to. NULL, and *reason, where
   there is none among them. */
struct tls_context *tls_context_client_trusting(struct slice roots_pem, const char **reason);
void tls_context_free(struct tls_context **context);
/* The protocol that this port speaks, for ALPN: "imap", "pop3", "smtp"; a client that offers
   others only is refused (RFC 7301 3.2). Static text; before the first connection. */
void tls_context_set_alpn(struct tls_context *context, const char *protocol);

/* TLS-ALPN-01 (RFC 8737): a client that offers "acme-tls/1" is shown a certificate with the digest that
   `find` has for the name it asks for; where that returns false it is refused. */
typedef bool tls_challenge_fn(void *context, struct slice name, uint8_t digest[32]);
void tls_context_set_challenges(struct tls_context *context, tls_challenge_fn *find, void *find_context);

/* Puts TLS over *stream, which it then replaces and owns, and waits for the handshake.
   0, or -ETIMEDOUT, -ECANCELED, -EPROTO (the peer's TLS is not acceptable) or a read or write
   error; then *stream is closed and nulled. */
NODISCARD int tls_accept(struct task *t, struct stream **stream, struct tls_context *context,
                         int64_t deadline_ms);
NODISCARD int tls_connect(struct task *t, struct stream **stream, struct tls_context *context,
                          int64_t deadline_ms);

/* TLSA data (RFC 6698 2.1). */
struct tls_dane_record {
    uint8_t usage;
    uint8_t selector;
    uint8_t matching;
    struct slice data;
};
enum { TLS_DANE_NAMES_MAX = 4 };
/* A certificate can be checked by it: OpenSSL takes it, and its usage is 2 or 3 (RFC 7672 3.1.3). Where that
   is so of none, another check has to be found (RFC 7672 2.2). */
bool tls_dane_is_usable(const struct tls_dane_record *record);
/* What DNS says of a host's certificate. Who passes it has seen that DNSSEC vouches for it, and that a record
   is usable: without one no certificate is acceptable. */
struct tls_dane {
    const struct tls_dane_record *records;
    size_t count;
    /* The TLSA base domain, which is asked for (RFC 7672 8.1), and other names that a certificate below a
       trust anchor may be for (3.2.2). */
    const char *names[TLS_DANE_NAMES_MAX];
    size_t name_count;
};

/* Whom a client means to talk to. */
struct tls_peer {
    /* A host's name in A-labels, which is asked for (RFC 6066 3), or a numeric address. A context that trusts
       roots wants a certificate for it (RFC 9525). */
    const char *name;
    /* NULL, or what the certificate has to match instead, whatever the context trusts (RFC 7672). Of usages
       only 2 and 3 count (3.1.3). */
    const struct tls_dane *dane;
    /* A certificate that is not acceptable ends nothing: `fault` says what it would have been. */
    bool is_advisory;
    /* Set with -EKEYREJECTED, and with an advisory check: what is wrong with the certificate, a static text;
       NULL: nothing. */
    const char *fault;
    enum tls_fault fault_kind;
};
/* The same, and -EKEYREJECTED: the certificate is not acceptable to the context, or not for that name. */
NODISCARD int tls_connect_to(struct task *t, struct stream **stream, struct tls_context *context,
                             struct tls_peer *peer, int64_t deadline_ms);

#endif
