/*
 * Keys of ACME, in the store role: the account's, which signs requests (ES256, RFC 7518 3.4), and those of
 * certificates, with the request for one (PKCS#10). All are P-256, and PEM between calls.
 */
#ifndef ACME_KEY_H
#define ACME_KEY_H

#include "wire/acme.h"

enum { ACME_SIGNATURE_BYTES = 64, ACME_KEY_PEM_BYTES_MAX = 1024, ACME_CSR_BYTES_MAX = 32 * 1024 };

/* Appends a new one. False: OpenSSL refused. */
NODISCARD bool acme_key_make(struct buffer *pem);
/* False: it is no such key. */
NODISCARD bool acme_key_point(struct slice pem, struct acme_point *point);
/* RFC 7638, base64url: what is behind the token of a key authorization (RFC 8555 8.1). */
void acme_thumbprint(struct buffer *out, const struct acme_point *point);
/* r and s, 32 bytes each. */
NODISCARD bool acme_key_sign(struct slice pem, struct slice input, uint8_t signature[ACME_SIGNATURE_BYTES]);
/* The request for a certificate of the key for these names, in DER; its subject is empty (RFC 8555 7.4). */
NODISCARD bool acme_csr_make(struct slice pem, const struct slice *names, size_t count, struct buffer *der);

#endif
