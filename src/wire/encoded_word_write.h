/*
 * Text of people in header fields, written in ASCII (RFC 2047) and folded so that no line is longer than 76
 * characters where words allow it (RFC 5322 2.2.3); encoded_word.h reads it. What comes in is UTF-8 in one
 * line; a control byte or what is no UTF-8 becomes "?", so that no text can end the field. Pure, linear.
 */
#ifndef WIRE_ENCODED_WORD_WRITE_H
#define WIRE_ENCODED_WORD_WRITE_H

#include "base/buffer.h"

/* The value of an unstructured field (Subject), behind so many characters of its first line. */
void encoded_word_write(struct buffer *out, size_t column, struct slice text);
/* The name before an address (RFC 5322 3.2.5): words as they are, a quoted string, or encoded words. */
void encoded_word_write_name(struct buffer *out, size_t column, struct slice name);

#endif
