/*
 * Makes a message of BODY=BINARYMIME (RFC 3030 3) one of canonical lines. A part whose
 * Content-Transfer-Encoding is `binary` is rewritten to base64, byte for byte what was sent; a
 * composite one (multipart, message/...), which base64 is forbidden for (RFC 2045 6.4), becomes
 * `8bit` and what is inside of it is rewritten by itself. All other parts keep their encoding; their
 * bare CR and LF become line ends, as canonical_lines.h does it.
 *
 * Inside a binary part only CRLF and a boundary end it (RFC 2046 5.1.1): a bare CR or LF is a byte of
 * it. Elsewhere lines are read as they come out, so that whoever reads the output reads it as it was
 * read here. The new field stands at the end of its header.
 *
 * Incremental: the output does not depend on how the input is cut. Held at any time: one field that
 * matters, the boundaries that are open, the start of one line; all with a maximum in base/limits.h.
 * No input makes it fail: a multipart that nests too deeply is not looked into. Time is linear in the
 * input, nothing recurses, and the output is at most twice as long plus a line for each part. Pure.
 */
#ifndef WIRE_BINARY_MIME_H
#define WIRE_BINARY_MIME_H

#include "wire/byte_sink.h"

struct binary_mime;

struct binary_mime *binary_mime_new(void);
void binary_mime_write(struct binary_mime *message, struct slice input, struct byte_sink sink);
/* Ends the part and the line that are unfinished. Nothing at all stays nothing. */
void binary_mime_finish(struct binary_mime *message, struct byte_sink sink);
/* NUL bytes were seen outside of binary parts: no encoding made them fit for a message of lines. */
bool binary_mime_has_nul(const struct binary_mime *message);
/* Frees it and nulls *message. NULL is fine. */
void binary_mime_free(struct binary_mime **message);

#endif
