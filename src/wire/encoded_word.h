/*
 * Encoded words in header text (RFC 2047). Out comes UTF-8, always valid. White space between
 * two encoded words is dropped; adjacent words of one charset are decoded as one run, so that
 * a character split between them comes out whole. Words are also found where RFC 2047 5 has
 * none (inside quoted strings, next to other text), as senders put them there. Linear.
 */
#ifndef WIRE_ENCODED_WORD_H
#define WIRE_ENCODED_WORD_H

#include "base/buffer.h"

/* Appends the unfolded field value, decoded. Raw bytes are read as UTF-8, others as windows-1252. */
void encoded_word_decode(struct buffer *out, struct slice text);
/* The same of a value as it stands: unfolds first. */
void encoded_word_decode_field(struct buffer *out, struct slice value);

#endif
