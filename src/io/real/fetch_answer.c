/* What came of a request, as io/fetch.h has it. */
#include <openssl/x509_vfy.h>

#include "base/limits.h"
#include "io/real/fetch.h"

static enum fetch_result result_of(const struct fetching *f, CURLcode code) {
    if (f->is_too_large) return FETCH_TOO_LARGE;
    switch (code) {
    case CURLE_OK:
        return FETCH_OK;
    case CURLE_URL_MALFORMAT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
        return FETCH_BAD_REQUEST;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_OPERATION_TIMEDOUT:
        return FETCH_UNREACHABLE;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return FETCH_UNTRUSTED;
    case CURLE_SSL_CONNECT_ERROR:
        return FETCH_TLS_FAILED;
    default:
        return FETCH_BROKEN;
    }
}

static const char *fault_of(const struct fetching *f) {
    long fault = 0;
    if (f->transfer->request->roots_pem.len == 0) return "there is nothing to check its certificate by";
    (void)curl_easy_getinfo(f->easy, CURLINFO_SSL_VERIFYRESULT, &fault);
    /* libcurl compares the names itself, behind OpenSSL. */
    bool is_of_name = fault == X509_V_OK || fault == X509_V_ERR_UNSPECIFIED;
    return is_of_name ? "hostname mismatch" : X509_verify_cert_error_string(fault);
}

static size_t take_fields(struct slice header, struct fetch_field *fields) {
    size_t count = 0;
    (void)slice_take_until(&header, '\n');
    while (slice_take_byte(&header, '\n') && header.len && count < FETCH_FIELDS_MAX) {
        struct slice line = slice_take_until(&header, '\n');
        struct slice name = slice_take_until(&line, ':');
        if (!slice_take_byte(&line, ':')) continue;
        fields[count++] = (struct fetch_field){slice_trim(name), slice_trim(line)};
    }
    return count;
}

static bool copy(struct fetching *f, struct fetch_answer *answer) {
    struct arena *arena = f->transfer->arena;
    struct slice header;
    struct fetch_field *fields = arena_try_alloc(arena, FETCH_FIELDS_MAX * sizeof *fields);
    if (!fields || !arena_try_copy(arena, buffer_slice(&f->header), &header) ||
        !arena_try_copy(arena, buffer_slice(&f->body), &answer->body))
        return false;
    answer->fields = fields;
    answer->field_count = take_fields(header, fields);
    return true;
}

void fetch_answer_write(struct fetching *f, CURLcode code) {
    struct fetch_answer *answer = f->transfer->answer;
    long status = 0;
    *answer = (struct fetch_answer){.result = result_of(f, code)};
    if (answer->result == FETCH_UNTRUSTED) answer->fault = fault_of(f);
    if (answer->result != FETCH_OK && answer->result != FETCH_TOO_LARGE) return;
    (void)curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
    answer->status = (unsigned)status;
    if (answer->result != FETCH_OK) return;
    if (!copy(f, answer)) *answer = (struct fetch_answer){.result = FETCH_TOO_LARGE};
}
