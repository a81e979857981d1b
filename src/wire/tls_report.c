#include "wire/tls_report.h"

#include "wire/tag_list.h"

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

static bool is_record(struct slice text) {
    static const struct slice version = SLICE_INIT("v=TLSRPTv1");
    if (!slice_starts(text, version)) return false;
    struct slice rest = slice_trim(slice_skip(text, version.len));
    return rest.len > 0 && rest.ptr[0] == ';';
}

bool tls_report_record_read(const struct slice *texts, size_t count, struct slice *uris) {
    const struct slice *record = NULL;
    struct tag_list tags;
    for (size_t i = 0; i < count; i++) {
        if (!is_record(texts[i])) continue;
        if (record) return false;
        record = &texts[i];
    }
    if (!record || tag_list_read(*record, &tags) != TAG_LIST_OK) return false;
    const struct tag *rua = tag_list_find(&tags, SLICE("rua"));
    if (!rua || rua->value.len == 0) return false;
    *uris = rua->value;
    return true;
}
