/* What a TLS context holds. */
#ifndef IO_REAL_TLS_H
#define IO_REAL_TLS_H

#include <openssl/ssl.h>

#include "io/tls.h"

enum { TLS_CERTIFICATES_MAX = 100 };

struct tls_context {
    BIO_METHOD *stream_method;
    /* The first one is for clients that name no host, or one that no certificate covers. */
    SSL_CTX *certificates[TLS_CERTIFICATES_MAX];
    size_t certificate_count;
    const char *alpn;
    /* Those to be trusted that nobody needed yet, as PEM; NULL: there are none. */
    BIO *roots;
    /* tls_challenge.c */
    tls_challenge_fn *find_challenge;
    void *find_context;
};

/* Whose connection it is: contexts share what OpenSSL keeps of their certificates. */
const struct tls_context *tls_context_of(const SSL *ssl);

/* Reads what is left of them, before the first connection. */
void tls_context_trust_all(struct tls_context *context);

/* tls_challenge.c: a callback of OpenSSL's. */
int tls_challenge_look(SSL *ssl, int *alert, void *argument);

/* tls_dane.c: has the certificate matched against the records. */
void tls_dane_want(SSL *ssl, const struct tls_dane *dane);

#endif
