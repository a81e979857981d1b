/*
 * The head of an HTTP/1.1 response (RFC 9112 4, RFC 9110): status line, fields, the empty line.
 * Values are cleaned: no text can end its line or begin another field. Pure.
 */
#ifndef WIRE_HTTP_REPLY_H
#define WIRE_HTTP_REPLY_H

#include "base/buffer.h"

/* The words of RFC 9110 15 for a status; "Unknown" for one that this server does not use. */
struct slice http_status_text(unsigned status);
/* Status line and Date (RFC 9110 6.6.1); `now_ms` is UTC since 1970. */
void http_reply_begin(struct buffer *out, unsigned status, int64_t now_ms);
/* One field; control characters of the value become blanks. */
void http_reply_field(struct buffer *out, struct slice name, struct slice value);
void http_reply_number(struct buffer *out, struct slice name, uint64_t value);
/* The end of the head; the body may follow. */
void http_reply_end(struct buffer *out);
/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7). */
void http_date_write(struct buffer *out, int64_t utc_ms);

#endif
