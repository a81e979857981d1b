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
    /* tls_challenge.c */
    tls_challenge_fn *find_challenge;
    void *find_context;
};

/* tls_dane.c: has the certificate matched against the records. */
void tls_dane_want(SSL *ssl, const struct tls_dane *dane);

#endif
