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
};

#endif
