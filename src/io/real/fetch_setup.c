/* What libcurl is told of a request. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "io/real/fetch.h"

enum { LINE_BYTES_MAX = 16 * 1024, RESOLVE_BYTES_MAX = 1024 };

/* ---- what comes in ---- */

/* A line of the header. Each response, an interim one too (RFC 9110 15.2), begins anew. */
static size_t take_header(char *bytes, size_t size, size_t count, void *context) {
    struct fetching *f = context;
    struct slice line = slice_of(bytes, size * count);
    if (slice_starts_nocase(line, SLICE("HTTP/"))) buffer_clear(&f->header);
    line = slice_trim(line);
    if (line.len) {
        buffer_append(&f->header, line);
        buffer_append_byte(&f->header, '\n');
    }
    f->is_too_large = buffer_overflowed(&f->header);
    return f->is_too_large ? 0 : size * count;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context) {
    struct fetching *f = context;
    buffer_append(&f->body, slice_of(bytes, size * count));
    f->is_too_large = buffer_overflowed(&f->body);
    return f->is_too_large ? 0 : size * count;
}

/* ---- where it goes ---- */

static bool is_numeric(const char *text) {
    uint8_t bytes[16];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool append(struct curl_slist **list, const char *text) {
    struct curl_slist *longer = curl_slist_append(*list, text);
    if (longer) *list = longer;
    return longer != NULL;
}

/* "host:port:address,address": where libcurl looks first, it finds. */
static bool write_resolve(struct fetching *f, const char *host, const char *port) {
    const struct fetch_request *request = f->transfer->request;
    struct buffer line = buffer_new(RESOLVE_BYTES_MAX);
    buffer_printf(&line, "%s:%s:", host, port);
    for (size_t i = 0; i < request->address_count && i < FETCH_ADDRESSES_MAX; i++) {
        if (!is_numeric(request->addresses[i])) continue;
        bool is_first = line.ptr[line.len - 1] == ':';
        buffer_printf(&line, strchr(request->addresses[i], ':') ? "%s[%s]" : "%s%s", is_first ? "" : ",",
                      request->addresses[i]);
    }
    bool is_good = !buffer_overflowed(&line) && line.ptr[line.len - 1] != ':';
    buffer_append_byte(&line, 0);
    is_good = is_good && append(&f->resolve, (const char *)line.ptr);
    buffer_free(&line);
    return is_good;
}

static bool direct(struct fetching *f, const char *host, const char *port) {
    const struct fetch_request *request = f->transfer->request;
    char instead[8];
    char to[16];
    if (!request->port) return write_resolve(f, host, port);
    (void)snprintf(instead, sizeof instead, "%u", (unsigned)request->port);
    (void)snprintf(to, sizeof to, ":::%s", instead);
    return append(&f->connect_to, to) && write_resolve(f, host, instead);
}

static bool set_place(struct fetching *f, const char *text) {
    CURLU *url = curl_url();
    char *host = NULL;
    char *port = NULL;
    bool is_good = url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                   curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                   curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                   direct(f, host, port);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(url);
    return is_good && curl_easy_setopt(f->easy, CURLOPT_URL, text) == CURLE_OK &&
           curl_easy_setopt(f->easy, CURLOPT_RESOLVE, f->resolve) == CURLE_OK &&
           curl_easy_setopt(f->easy, CURLOPT_CONNECT_TO, f->connect_to) == CURLE_OK;
}

/* ---- what is asked ---- */

static bool append_field(struct fetching *f, const struct fetch_field *field) {
    struct buffer line = buffer_new(LINE_BYTES_MAX);
    buffer_append(&line, field->name);
    buffer_append_text(&line, field->value.len ? ": " : ";");
    buffer_append(&line, field->value);
    buffer_append_byte(&line, 0);
    bool is_good = !buffer_overflowed(&line) && append(&f->fields, (const char *)line.ptr);
    buffer_free(&line);
    return is_good;
}

static bool set_fields(struct fetching *f) {
    const struct fetch_request *request = f->transfer->request;
    /* RFC 9110 10.1.1: nobody is asked first whether he wants the body. */
    if (!append(&f->fields, "Expect:")) return false;
    for (size_t i = 0; i < request->field_count; i++)
        if (!append_field(f, &request->fields[i])) return false;
    return curl_easy_setopt(f->easy, CURLOPT_HTTPHEADER, f->fields) == CURLE_OK;
}

static bool set_method(struct fetching *f) {
    const struct fetch_request *request = f->transfer->request;
    if (strcmp(request->method, "HEAD") == 0)
        return curl_easy_setopt(f->easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
    bool has_body = request->body.len || strcmp(request->method, "POST") == 0;
    if (has_body &&
        (curl_easy_setopt(f->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len) != CURLE_OK ||
         curl_easy_setopt(f->easy, CURLOPT_POSTFIELDS,
                          request->body.len ? (const char *)request->body.ptr : "") != CURLE_OK))
        return false;
    return curl_easy_setopt(f->easy, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK;
}

/* ---- how ---- */

/* Nothing of files, environment and habits. */
static bool set_walls(CURL *easy) {
    return curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)FETCH_CONNECT_MS) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "Posthaste") == CURLE_OK;
}

static bool set_trust(struct fetching *f) {
    struct slice roots = f->transfer->request->roots_pem;
    struct curl_blob blob = {(void *)(uintptr_t)roots.ptr, roots.len, CURL_BLOB_NOCOPY};
    CURL *easy = f->easy;
    if (curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_CAINFO, NULL) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) != CURLE_OK)
        return false;
    return roots.len == 0 || curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob) == CURLE_OK;
}

static bool set_sinks(struct fetching *f) {
    return curl_easy_setopt(f->easy, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
           curl_easy_setopt(f->easy, CURLOPT_HEADERDATA, f) == CURLE_OK &&
           curl_easy_setopt(f->easy, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(f->easy, CURLOPT_WRITEDATA, f) == CURLE_OK;
}

bool fetch_setup(struct fetching *f) {
    const struct fetch_request *request = f->transfer->request;
    char url[FETCH_URL_BYTES_MAX + 1];
    memcpy(url, request->url.ptr, request->url.len);
    url[request->url.len] = 0;
    return set_walls(f->easy) && set_trust(f) && set_sinks(f) && set_fields(f) && set_method(f) &&
           set_place(f, url);
}
