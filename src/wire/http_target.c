#include "wire/http_target.h"

#include "base/limits.h"
#include "wire/http_request.h"

enum { PORT_MAX = 65535 };

/* RFC 3986 2.2 and 2.3, and '%'; without the brackets of a host. */
static bool is_target_byte(uint8_t c) {
    return ascii_is_alnum(c) || (c != 0 && strchr("-._~:/?@!$&'()*+,;=%", c) != NULL);
}

static bool are_target_bytes(struct slice s) {
    for (size_t i = 0; i < s.len; i++)
        if (!is_target_byte(s.ptr[i])) return false;
    return true;
}

/* RFC 9112 3.2.2. */
static bool take_authority(struct slice *target, struct slice *host) {
    if (!slice_take_prefix_nocase(target, SLICE("http://")) &&
        !slice_take_prefix_nocase(target, SLICE("https://")))
        return false;
    size_t len = 0;
    while (len < target->len && target->ptr[len] != '/' && target->ptr[len] != '?') len++;
    *host = slice_take(target, len);
    return http_host_is_valid(*host);
}

bool http_target_split(struct slice target, bool allows_asterisk, struct slice *path, struct slice *query,
                       struct slice *host) {
    *host = SLICE_EMPTY;
    *query = SLICE_EMPTY;
    *path = target;
    if (slice_equal(target, SLICE("*"))) return allows_asterisk;
    bool is_origin_form = target.len && target.ptr[0] == '/';
    if (!is_origin_form && !take_authority(&target, host)) return false;
    if (!are_target_bytes(target)) return false;
    *path = slice_take_until(&target, '?');
    *query = slice_skip(target, 1);
    if (path->len == 0) *path = SLICE("/");
    return true;
}

/* ---- the host ---- */

static bool is_host_byte(uint8_t c) { return ascii_is_alnum(c) || c == '-' || c == '.' || c == '_'; }
static bool is_ipv6_byte(uint8_t c) {
    return ascii_is_digit(c) || c == ':' || c == '.' || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
}

struct slice http_host_name(struct slice host) {
    if (host.len && host.ptr[0] == '[') {
        size_t end = slice_find_byte(host, ']');
        return end == SLICE_NOT_FOUND ? host : slice_sub(host, 0, end + 1);
    }
    return slice_sub(host, 0, slice_find_byte(host, ':'));
}

static bool is_name_valid(struct slice name) {
    bool is_literal = name.len > 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']';
    struct slice inner = is_literal ? slice_sub(name, 1, name.len - 2) : name;
    for (size_t i = 0; i < inner.len; i++)
        if (is_literal ? !is_ipv6_byte(inner.ptr[i]) : !is_host_byte(inner.ptr[i])) return false;
    return inner.len > 0;
}

bool http_host_is_valid(struct slice host) {
    struct slice name = http_host_name(host);
    struct slice port = slice_skip(host, name.len);
    uint64_t number;
    if (host.len > HTTP_HOST_BYTES_MAX || !is_name_valid(name)) return false;
    if (port.len == 0) return true;
    return slice_take_byte(&port, ':') && (port.len == 0 || slice_to_number(port, PORT_MAX, &number));
}

/* ---- the path ---- */

static int hex_value(uint8_t c) {
    if (ascii_is_digit(c)) return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Bytes that would mean something else once they are decoded, or nothing good. */
static bool is_dangerous(int c, bool was_encoded) {
    return c < ' ' || c == 127 || c == '\\' || (was_encoded && c == '/');
}

/* One byte off the front, decoded; below zero where it is not valid. */
static int take_decoded(struct slice *rest) {
    int c = rest->ptr[0];
    bool is_encoded = c == '%';
    if (is_encoded) {
        if (rest->len < 3) return -1;
        int high = hex_value(rest->ptr[1]);
        int low = hex_value(rest->ptr[2]);
        if (high < 0 || low < 0) return -1;
        c = high * 16 + low;
    }
    *rest = slice_skip(*rest, is_encoded ? 3 : 1);
    return is_dangerous(c, is_encoded) ? -1 : c;
}

/* Takes the segment at the end of `out` back where it is a dot segment. False: above the root. */
static bool settle_segment(struct buffer *out, size_t root, size_t start) {
    struct slice segment = slice_skip(buffer_slice(out), start);
    if (slice_equal(segment, SLICE("."))) buffer_truncate(out, start);
    if (!slice_equal(segment, SLICE(".."))) return true;
    if (start == root + 1) return false;
    size_t end = start - 1;
    while (out->ptr[end - 1] != '/') end--;
    buffer_truncate(out, end);
    return true;
}

/* RFC 3986 6.2.2 and 5.2.4; dots count as such however they were written. */
enum http_path_result http_path_normalise(struct slice raw, struct buffer *out) {
    size_t root = out->len;
    if (!slice_take_byte(&raw, '/')) return HTTP_PATH_INVALID;
    buffer_append_byte(out, '/');
    size_t start = out->len;
    while (raw.len) {
        int c = take_decoded(&raw);
        if (c < 0) return HTTP_PATH_INVALID;
        if (c != '/') {
            buffer_append_byte(out, (uint8_t)c);
            continue;
        }
        if (buffer_overflowed(out) || !settle_segment(out, root, start)) return HTTP_PATH_INVALID;
        if (out->ptr[out->len - 1] != '/') buffer_append_byte(out, '/');
        start = out->len;
    }
    if (buffer_overflowed(out) || !settle_segment(out, root, start)) return HTTP_PATH_INVALID;
    return HTTP_PATH_OK;
}

static bool is_plain(uint8_t c) {
    return ascii_is_alnum(c) || (c != 0 && strchr("-._~/!$&'()*+,;=:@", c) != NULL);
}

void http_path_encode(struct slice path, struct buffer *out) {
    for (size_t i = 0; i < path.len; i++) {
        if (is_plain(path.ptr[i]))
            buffer_append_byte(out, path.ptr[i]);
        else
            buffer_printf(out, "%%%02X", path.ptr[i]);
    }
}

/* ---- the query ---- */

/* "+" is a blank, as forms have it. */
static bool decode_value(struct slice value, struct buffer *out) {
    while (value.len) {
        int c = value.ptr[0] == '+' ? ' ' : value.ptr[0];
        bool is_encoded = c == '%';
        if (is_encoded && value.len < 3) return false;
        if (is_encoded)
            c = hex_value(value.ptr[1]) < 0 || hex_value(value.ptr[2]) < 0
                    ? -1
                    : hex_value(value.ptr[1]) * 16 + hex_value(value.ptr[2]);
        if (c < ' ' || c == 127) return false;
        buffer_append_byte(out, (uint8_t)c);
        value = slice_skip(value, is_encoded ? 3 : 1);
    }
    return !buffer_overflowed(out);
}

bool http_query_value(struct slice query, struct slice name, struct buffer *out) {
    while (query.len) {
        struct slice value = slice_take_until(&query, '&');
        (void)slice_take_byte(&query, '&');
        struct slice key = slice_take_until(&value, '=');
        (void)slice_take_byte(&value, '=');
        if (slice_equal(key, name)) return decode_value(value, out);
    }
    return false;
}
