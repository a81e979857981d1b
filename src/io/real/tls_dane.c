/* Certificates that DNS vouches for (RFC 7671, RFC 7672): OpenSSL checks them. */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "io/real/tls.h"

enum { USAGE_TRUST_ANCHOR = 2, USAGE_END_ENTITY = 3 };

/* RFC 7672 3.1.3: those that lean on public roots say nothing here. */
static bool is_of_use(const struct tls_dane_record *record) {
    return record->usage == USAGE_TRUST_ANCHOR || record->usage == USAGE_END_ENTITY;
}

/* Selectors and matching types that nobody knows, digests of the wrong length and certificates that are none
   are said no to; that is no failure. */
static bool add_record(SSL *ssl, const struct tls_dane_record *record) {
    bool is_added =
        is_of_use(record) && SSL_dane_tlsa_add(ssl, record->usage, record->selector, record->matching,
                                               record->data.ptr, record->data.len) > 0;
    ERR_clear_error();
    return is_added;
}

bool tls_dane_is_usable(const struct tls_dane_record *record) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context || SSL_CTX_dane_enable(context) != 1) FATAL("OpenSSL knows no DANE");
    SSL *ssl = SSL_new(context);
    if (!ssl || SSL_dane_enable(ssl, "host.invalid") != 1) FATAL("OpenSSL takes no TLSA base domain");
    bool is_usable = add_record(ssl, record);
    SSL_free(ssl);
    SSL_CTX_free(context);
    return is_usable;
}

/* RFC 7672 3.1.1: of a certificate that DNS names itself, neither its names nor its dates count. Without a
   record it has to lead to a root: nothing that was to be checked goes unchecked. */
void tls_dane_want(SSL *ssl, const struct tls_dane *dane) {
    X509_VERIFY_PARAM_set_hostflags(SSL_get0_param(ssl), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_dane_enable(ssl, dane->names[0]) != 1) FATAL("OpenSSL takes no TLSA base domain");
    for (size_t i = 1; i < dane->name_count; i++)
        if (SSL_add1_host(ssl, dane->names[i]) != 1) FATAL("OpenSSL takes no host's name");
    (void)SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
    for (size_t i = 0; i < dane->count; i++) (void)add_record(ssl, &dane->records[i]);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
}
