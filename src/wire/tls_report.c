#include "wire/tls_report.h"

const char *tls_policy_type_name(enum tls_policy_type type) {
    static const char *const names[TLS_POLICY_TYPES] = {"no-policy-found", "sts", "tlsa"};
    return names[type];
}

const char *tls_result_type_name(enum tls_result_type type) {
    static const char *const names[TLS_RESULT_TYPES] = {
        [TLS_RESULT_SUCCESS] = "success",
        [TLS_RESULT_STARTTLS_NOT_SUPPORTED] = "starttls-not-supported",
        [TLS_RESULT_HOST_MISMATCH] = "certificate-host-mismatch",
        [TLS_RESULT_EXPIRED] = "certificate-expired",
        [TLS_RESULT_NOT_TRUSTED] = "certificate-not-trusted",
        [TLS_RESULT_VALIDATION_FAILURE] = "validation-failure",
        [TLS_RESULT_TLSA_INVALID] = "tlsa-invalid",
        [TLS_RESULT_DNSSEC_INVALID] = "dnssec-invalid",
        [TLS_RESULT_DANE_REQUIRED] = "dane-required",
        [TLS_RESULT_STS_FETCH_ERROR] = "sts-policy-fetch-error",
        [TLS_RESULT_STS_INVALID] = "sts-policy-invalid",
        [TLS_RESULT_STS_WEBPKI_INVALID] = "sts-webpki-invalid",
    };
    return names[type];
}
