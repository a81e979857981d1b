/*
 * Character sets to UTF-8, through ICU. A decoder takes a text in pieces; a character split
 * between two pieces comes out whole. The output is always valid UTF-8: bytes that mean
 * nothing become U+FFFD, and so do overlong forms and surrogates.
 *
 * A missing, unknown or ASCII charset is read as UTF-8 where the bytes are that, and each
 * other byte as windows-1252: what such mail nearly always is. ISO-8859-1 is read as
 * windows-1252, its superset, as everyone does.
 */
#ifndef WIRE_CHARSET_H
#define WIRE_CHARSET_H

#include "base/buffer.h"

struct charset_decoder;

/* A decoder from the named charset; any name is taken. Free it with charset_decoder_free. */
struct charset_decoder *charset_decoder_new(struct slice charset);
void charset_decoder_free(struct charset_decoder **decoder);
/* Appends the text as UTF-8. `last`: no more follows, a cut character is bad input. A full
   `out` has overflowed and ends in a whole character. */
void charset_decode(struct charset_decoder *decoder, struct slice bytes, bool last, struct buffer *out);

/* All at once. */
void charset_to_utf8(struct slice charset, struct slice bytes, struct buffer *out);
/* Whether ICU, or we, know a charset of this name. */
bool charset_known(struct slice charset);

/* The length of the UTF-8 character at the front (RFC 3629 4), or 0 where there is none; `cut`
   (may be NULL) says that more bytes could make it one. */
size_t utf8_char_len(struct slice text, bool *cut);
/* Writes a code point below 0x110000, no surrogate, and returns its length. */
size_t utf8_encode(uint32_t code, uint8_t bytes[4]);
/* The whole text is valid UTF-8. */
bool utf8_valid(struct slice text);
/* The front of the text of at most `len` bytes that does not end inside a character. */
struct slice utf8_cut(struct slice text, size_t len);

#endif
