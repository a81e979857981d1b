/*
 * The head of an HTTP/1.1 request (RFC 9112, RFC 9110): where it ends, what it asks for, and how
 * its body is delimited. Reading is strict: whatever two readers could take for two different
 * requests (a bare CR or LF, folded fields, a blank before a colon, both lengths, lengths that
 * differ, codings we do not know) is an error here and never guessed at, and after an error
 * nothing more of the connection may be read. Pure, linear in the input. Slices borrow from it.
 */
#ifndef WIRE_HTTP_REQUEST_H
#define WIRE_HTTP_REQUEST_H

#include "base/buffer.h"
#include "base/limits.h"

/* Each is the status code of its answer (RFC 9110 15). */
enum http_error {
    HTTP_OK = 0,
    HTTP_BAD_REQUEST = 400,
    HTTP_UNAUTHORIZED = 401,
    HTTP_CONTENT_TOO_LARGE = 413,
    HTTP_URI_TOO_LONG = 414,
    HTTP_EXPECTATION_FAILED = 417,
    HTTP_FIELDS_TOO_LARGE = 431,
    HTTP_NOT_IMPLEMENTED = 501,
    HTTP_VERSION_UNKNOWN = 505,
};

enum http_method {
    HTTP_METHOD_UNKNOWN,
    HTTP_METHOD_GET,
    HTTP_METHOD_HEAD,
    HTTP_METHOD_POST,
    HTTP_METHOD_PUT,
    HTTP_METHOD_PATCH,
    HTTP_METHOD_DELETE,
    HTTP_METHOD_OPTIONS,
};

struct http_field {
    struct slice name;
    struct slice value;
};

struct http_request {
    enum http_method method;
    /* As they stand in the target: still percent-encoded. "*" (OPTIONS) is a path of its own. */
    struct slice path;
    struct slice query;
    /* Host, with its port if there is one; empty in HTTP/1.0 without it. */
    struct slice host;
    /* HTTP/1.0 or HTTP/1.1 and later. */
    unsigned minor_version;
    struct http_field fields[HTTP_FIELDS_MAX];
    size_t field_count;
    /* The body: chunked, or of this many bytes. */
    bool is_chunked;
    uint64_t body_bytes;
    bool keeps_alive;
    bool expects_continue;
};

/* Looks for the end of a head as input grows; `input` always begins at the same byte. */
struct http_frame {
    size_t scanned;
    size_t line_start;
    bool has_request_line;
};
enum http_frame_status { HTTP_FRAME_MORE, HTTP_FRAME_HEAD, HTTP_FRAME_BAD };

/* HTTP_FRAME_HEAD: the first *len bytes are a whole head. HTTP_FRAME_BAD: *error says why no head will
   come of this. RFC 9112 2.2. */
enum http_frame_status http_frame_next(struct http_frame *frame, struct slice input, size_t *len,
                                       enum http_error *error);

/* Reads a whole head. HTTP_OK, or the status to answer with; RFC 9112 3 to 6, RFC 9110 10.1.1. */
NODISCARD enum http_error http_request_parse(struct slice head, struct http_request *request);
/* The first field of that name, or NULL. */
const struct http_field *http_request_field(const struct http_request *request, struct slice name);
/* "GET" and the like; empty for an unknown one. */
struct slice http_method_name(enum http_method method);
/* A token (RFC 9110 5.6.2), and what may be a field's value (RFC 9110 5.5). */
bool http_is_token(struct slice s);
bool http_is_field_value(struct slice value);
/* Host without its port (RFC 3986 3.2.2); an IPv6 address keeps its brackets. */
struct slice http_host_name(struct slice host);

#endif
