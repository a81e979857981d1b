/*
 * What an HTTP request is aimed at (RFC 9112 3.2, RFC 3986): the target taken apart, its host
 * checked, and its path as a name that can be compared: decoded once, without "." and "..", and
 * without empty segments. What could name something else to another reader (an encoded slash, a
 * backslash, a control character, a path above the root) is refused. Pure, linear.
 */
#ifndef WIRE_HTTP_TARGET_H
#define WIRE_HTTP_TARGET_H

#include "base/buffer.h"

/* Origin form and absolute form ("http://host/path", for which *host is set); "*" where that is allowed.
   False: none of these, or bytes that no URI has. */
NODISCARD bool http_target_split(struct slice target, bool allows_asterisk, struct slice *path,
                                 struct slice *query, struct slice *host);
/* A host name, an IPv4 address or an IPv6 address in brackets, and maybe a port (RFC 9110 7.2). */
bool http_host_is_valid(struct slice host);

enum http_path_result { HTTP_PATH_OK, HTTP_PATH_INVALID };
/* Appends the decoded, normalised path: begins with '/', and keeps a '/' at its end. */
NODISCARD enum http_path_result http_path_normalise(struct slice raw, struct buffer *out);
/* Appends a decoded path, percent-encoded (RFC 3986 2.1): what http_path_normalise read comes out of it
   again. */
void http_path_encode(struct slice path, struct buffer *out);

/* The value of a parameter of a query ("address=a%40b.example&x=y"), decoded: appended to `out`. False: there
   is none of that name, or it is not well encoded, or has control characters. */
NODISCARD bool http_query_value(struct slice query, struct slice name, struct buffer *out);

#endif
