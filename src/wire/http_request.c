#include "wire/http_request.h"

#include "wire/http_target.h"

/* ---- the frame ---- */

/* RFC 9112 2.2: an empty line or so before the request line is skipped. */
static bool ends_head(struct http_frame *frame, size_t line_end) {
    bool is_empty = line_end == frame->line_start;
    if (is_empty && frame->has_request_line) return true;
    if (!is_empty) frame->has_request_line = true;
    return false;
}

static enum http_error line_limit(const struct http_frame *frame, size_t at) {
    if (!frame->has_request_line && at - frame->line_start > HTTP_REQUEST_LINE_BYTES_MAX)
        return HTTP_URI_TOO_LONG;
    return at >= HTTP_HEAD_BYTES_MAX ? HTTP_FIELDS_TOO_LARGE : HTTP_OK;
}

enum http_frame_status http_frame_next(struct http_frame *frame, struct slice input, size_t *len,
                                       enum http_error *error) {
    *error = HTTP_OK;
    for (; frame->scanned < input.len; frame->scanned++) {
        size_t at = frame->scanned;
        uint8_t byte = input.ptr[at];
        bool after_cr = at > 0 && input.ptr[at - 1] == '\r';
        if (after_cr != (byte == '\n') || byte == 0)
            *error = HTTP_BAD_REQUEST;
        else
            *error = line_limit(frame, at);
        if (*error) return HTTP_FRAME_BAD;
        if (byte != '\n') continue;
        if (ends_head(frame, at - 1)) {
            *len = at + 1;
            return HTTP_FRAME_HEAD;
        }
        frame->line_start = at + 1;
    }
    return HTTP_FRAME_MORE;
}

/* ---- the request line ---- */

static const struct slice method_names[] = {
    [HTTP_METHOD_UNKNOWN] = SLICE_INIT(""),      [HTTP_METHOD_GET] = SLICE_INIT("GET"),
    [HTTP_METHOD_HEAD] = SLICE_INIT("HEAD"),     [HTTP_METHOD_POST] = SLICE_INIT("POST"),
    [HTTP_METHOD_PUT] = SLICE_INIT("PUT"),       [HTTP_METHOD_PATCH] = SLICE_INIT("PATCH"),
    [HTTP_METHOD_DELETE] = SLICE_INIT("DELETE"), [HTTP_METHOD_OPTIONS] = SLICE_INIT("OPTIONS"),
};

struct slice http_method_name(enum http_method method) {
    return method_names[method];
}

/* RFC 9110 5.6.2. */
static bool is_token_byte(uint8_t c) {
    return ascii_is_alnum(c) || (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool http_is_token(struct slice s) {
    for (size_t i = 0; i < s.len; i++)
        if (!is_token_byte(s.ptr[i])) return false;
    return s.len > 0;
}

/* RFC 9110 9.1: the method is case-sensitive; one that is not known is 501. */
static enum http_error read_method(struct slice name, struct http_request *request) {
    if (!http_is_token(name)) return HTTP_BAD_REQUEST;
    for (enum http_method m = HTTP_METHOD_GET; m <= HTTP_METHOD_OPTIONS; m++)
        if (slice_equal(name, method_names[m])) request->method = m;
    return request->method == HTTP_METHOD_UNKNOWN ? HTTP_NOT_IMPLEMENTED : HTTP_OK;
}

/* RFC 9112 2.3. */
static enum http_error read_version(struct slice version, struct http_request *request) {
    if (version.len != 8 || !slice_take_prefix(&version, SLICE("HTTP/")) || version.ptr[1] != '.' ||
        !ascii_is_digit(version.ptr[0]) || !ascii_is_digit(version.ptr[2]))
        return HTTP_BAD_REQUEST;
    if (version.ptr[0] != '1') return HTTP_VERSION_UNKNOWN;
    request->minor_version = (unsigned)(version.ptr[2] - '0');
    return HTTP_OK;
}

/* RFC 9112 3: exactly two blanks. */
static enum http_error read_request_line(struct slice line, struct http_request *request) {
    struct slice method = slice_take_until(&line, ' ');
    if (!slice_take_byte(&line, ' ')) return HTTP_BAD_REQUEST;
    struct slice target = slice_take_until(&line, ' ');
    if (!slice_take_byte(&line, ' ')) return HTTP_BAD_REQUEST;
    enum http_error error = read_version(line, request);
    if (!error) error = read_method(method, request);
    if (error) return error;
    bool is_good = http_target_split(target, request->method == HTTP_METHOD_OPTIONS, &request->path,
                                     &request->query, &request->host);
    return is_good ? HTTP_OK : HTTP_BAD_REQUEST;
}

/* ---- the fields ---- */

/* RFC 9110 5.5: visible characters, blanks and bytes above 127. */
bool http_is_field_value(struct slice value) {
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.ptr[i];
        if ((c < ' ' && c != '\t') || c == 127) return false;
    }
    return true;
}

/* RFC 9112 5.1 and 5.2: no blank before the colon; a folded line begins with one. */
static enum http_error read_field(struct slice line, struct http_request *request) {
    size_t colon = slice_find_byte(line, ':');
    if (colon == SLICE_NOT_FOUND) return HTTP_BAD_REQUEST;
    struct http_field field = {slice_sub(line, 0, colon), slice_trim(slice_skip(line, colon + 1))};
    if (!http_is_token(field.name) || !http_is_field_value(field.value)) return HTTP_BAD_REQUEST;
    if (request->field_count == HTTP_FIELDS_MAX) return HTTP_FIELDS_TOO_LARGE;
    request->fields[request->field_count++] = field;
    return HTTP_OK;
}

static bool field_is(const struct http_field *field, struct slice name) {
    return slice_equal_nocase(field->name, name);
}

const struct http_field *http_request_field(const struct http_request *request, struct slice name) {
    for (size_t i = 0; i < request->field_count; i++)
        if (field_is(&request->fields[i], name)) return &request->fields[i];
    return NULL;
}

static size_t count_fields(const struct http_request *request, struct slice name) {
    size_t count = 0;
    for (size_t i = 0; i < request->field_count; i++) count += field_is(&request->fields[i], name);
    return count;
}

/* The next element of a comma-separated list (RFC 9110 5.6.1). */
static struct slice take_element(struct slice *rest) {
    struct slice element = slice_trim(slice_take_until(rest, ','));
    (void)slice_take_byte(rest, ',');
    return element;
}

/* RFC 9112 3.2: one Host where there must be one; the target's authority goes before it. */
static enum http_error read_host(struct http_request *request) {
    const struct http_field *field = http_request_field(request, SLICE("Host"));
    size_t count = count_fields(request, SLICE("Host"));
    if (count > 1 || (count == 0 && request->minor_version > 0)) return HTTP_BAD_REQUEST;
    if (!field) return HTTP_OK;
    if (!http_host_is_valid(field->value)) return HTTP_BAD_REQUEST;
    if (request->host.len == 0) request->host = field->value;
    return HTTP_OK;
}

/* ---- the body's length ---- */

/* RFC 9112 6.1: chunked is the only coding here, and must be the only one named. */
static enum http_error read_transfer_encoding(struct http_request *request) {
    const struct http_field *field = http_request_field(request, SLICE("Transfer-Encoding"));
    if (!field) return HTTP_OK;
    if (request->minor_version == 0 || count_fields(request, SLICE("Transfer-Encoding")) > 1 ||
        count_fields(request, SLICE("Content-Length")) > 0)
        return HTTP_BAD_REQUEST;
    struct slice rest = field->value;
    struct slice first = take_element(&rest);
    if (slice_equal_nocase(first, SLICE("chunked"))) {
        request->is_chunked = true;
        return rest.len ? HTTP_BAD_REQUEST : HTTP_OK;
    }
    return http_is_token(slice_take_until(&first, ';')) ? HTTP_NOT_IMPLEMENTED : HTTP_BAD_REQUEST;
}

/* RFC 9112 6.3 and RFC 9110 8.6: said twice it must be the same, digit for digit. */
static enum http_error read_content_length(struct http_request *request) {
    struct slice known = SLICE_EMPTY;
    for (size_t i = 0; i < request->field_count; i++) {
        if (!field_is(&request->fields[i], SLICE("Content-Length"))) continue;
        struct slice rest = request->fields[i].value;
        do {
            struct slice text = take_element(&rest);
            if (!slice_to_number(text, INT64_MAX, &request->body_bytes)) return HTTP_BAD_REQUEST;
            if (known.ptr && !slice_equal(known, text)) return HTTP_BAD_REQUEST;
            known = text;
        } while (rest.len);
    }
    return HTTP_OK;
}

/* ---- the connection ---- */

static bool list_has(const struct http_request *request, struct slice name, struct slice token) {
    for (size_t i = 0; i < request->field_count; i++) {
        struct slice rest = request->fields[i].value;
        if (!field_is(&request->fields[i], name)) continue;
        while (rest.len)
            if (slice_equal_nocase(take_element(&rest), token)) return true;
    }
    return false;
}

/* RFC 9112 9.3. */
static void read_persistence(struct http_request *request) {
    bool closes = list_has(request, SLICE("Connection"), SLICE("close"));
    bool is_asked = list_has(request, SLICE("Connection"), SLICE("keep-alive"));
    request->keeps_alive = !closes && (request->minor_version > 0 || is_asked);
}

/* RFC 9110 10.1.1. */
static enum http_error read_expectation(struct http_request *request) {
    const struct http_field *field = http_request_field(request, SLICE("Expect"));
    if (!field || request->minor_version == 0) return HTTP_OK;
    if (count_fields(request, SLICE("Expect")) > 1 ||
        !slice_equal_nocase(field->value, SLICE("100-continue")))
        return HTTP_EXPECTATION_FAILED;
    request->expects_continue = request->is_chunked || request->body_bytes > 0;
    return HTTP_OK;
}

static enum http_error read_meaning(struct http_request *request) {
    enum http_error error = read_host(request);
    if (!error) error = read_transfer_encoding(request);
    if (!error) error = read_content_length(request);
    read_persistence(request);
    return error ? error : read_expectation(request);
}

static struct slice take_line(struct slice *rest) {
    size_t end = slice_find_crlf(*rest);
    struct slice line = slice_sub(*rest, 0, end);
    *rest = end == SLICE_NOT_FOUND ? SLICE_EMPTY : slice_skip(*rest, end + 2);
    return line;
}

enum http_error http_request_parse(struct slice head, struct http_request *request) {
    *request = (struct http_request){0};
    struct slice line = take_line(&head);
    while (line.len == 0 && head.len) line = take_line(&head);
    enum http_error error = read_request_line(line, request);
    for (line = take_line(&head); !error && line.len; line = take_line(&head))
        error = read_field(line, request);
    return error ? error : read_meaning(request);
}
