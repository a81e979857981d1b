/*
 * Strings of IMAP responses (RFC 3501 4.3, RFC 9051 4.3). A quoted string where the bytes
 * allow it, else a literal; NUL bytes, which neither may carry, are dropped. Nothing that is
 * rendered here can end a line or a string early.
 */
#ifndef WIRE_IMAP_STRING_H
#define WIRE_IMAP_STRING_H

#include "base/buffer.h"

/* string: quoted, or a literal where there is CR, LF or an 8-bit byte. */
void imap_string_render(struct buffer *out, struct slice text);
/* nstring: NIL for a slice whose pointer is NULL, a string for every other, also an empty one. */
void imap_nstring_render(struct buffer *out, struct slice text);

#endif
