/*
 * The words of TLS reports (RFC 8460): which kind of policy a connection was made under, and what became of
 * it. Numbers are stored. Pure.
 */
#ifndef WIRE_TLS_REPORT_H
#define WIRE_TLS_REPORT_H

#include "base/slice.h"

/* RFC 8460 4.4, policy-type. */
enum tls_policy_type {
    TLS_POLICY_NONE,
    TLS_POLICY_STS,
    TLS_POLICY_TLSA,
};
enum { TLS_POLICY_TYPES = TLS_POLICY_TLSA + 1 };

/* RFC 8460 4.3, result-type. */
enum tls_result_type {
    TLS_RESULT_SUCCESS,
    TLS_RESULT_STARTTLS_NOT_SUPPORTED,
    TLS_RESULT_HOST_MISMATCH,
    TLS_RESULT_EXPIRED,
    TLS_RESULT_NOT_TRUSTED,
    TLS_RESULT_VALIDATION_FAILURE,
    TLS_RESULT_TLSA_INVALID,
    TLS_RESULT_DNSSEC_INVALID,
    TLS_RESULT_DANE_REQUIRED,
    TLS_RESULT_STS_FETCH_ERROR,
    TLS_RESULT_STS_INVALID,
    TLS_RESULT_STS_WEBPKI_INVALID,
};
enum { TLS_RESULT_TYPES = TLS_RESULT_STS_WEBPKI_INVALID + 1 };

/* "no-policy-found", "sts", "tlsa". */
const char *tls_policy_type_name(enum tls_policy_type type);
/* "success", "starttls-not-supported", ... */
const char *tls_result_type_name(enum tls_result_type type);

#endif
