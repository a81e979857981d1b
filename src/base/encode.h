/* Base64 (RFC 4648 4) and hexadecimal, both ways. Pure. */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include "base/buffer.h"

void base64_encode(struct buffer *out, struct slice bytes);
/* With "-" and "_", and without padding (RFC 4648 5, RFC 7515 2). */
void base64url_encode(struct buffer *out, struct slice bytes);
/* Strict: no white space, padding required, no bits left over. False leaves `out` as it was. */
NODISCARD bool base64_decode(struct buffer *out, struct slice text);

void hex_encode(struct buffer *out, struct slice bytes);
NODISCARD bool hex_decode(struct buffer *out, struct slice text);

#endif
