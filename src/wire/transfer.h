/*
 * Content transfer encodings (RFC 2045 6), decoded in pieces of any size. Liberal as mail
 * needs it: base64 skips what is not in its alphabet and goes on after padding; in
 * quoted-printable a wrong escape stands for itself. Decoding never fails. Pure.
 */
#ifndef WIRE_TRANSFER_H
#define WIRE_TRANSFER_H

#include "base/buffer.h"

enum transfer_encoding { TRANSFER_IDENTITY, TRANSFER_BASE64, TRANSFER_QUOTED_PRINTABLE };

struct transfer_decoder {
    enum transfer_encoding encoding;
    /* base64: the digits of the group so far. */
    uint32_t group;
    unsigned digits;
    /* quoted-printable: an escape that has begun, "=" with what follows it. */
    uint8_t escape[3];
    size_t escape_len;
    /* quoted-printable: blanks that are dropped at a line's end; how many, and the last ones. */
    struct buffer blanks;
};

/* The encoding of that name; an unknown one is taken as identity. */
enum transfer_encoding transfer_encoding_of(struct slice name);

struct transfer_decoder transfer_decoder_new(enum transfer_encoding encoding);
void transfer_decoder_free(struct transfer_decoder *decoder);
void transfer_decode(struct transfer_decoder *decoder, struct slice bytes, struct buffer *out);
/* What is still held comes out: call it once, at the end. */
void transfer_finish(struct transfer_decoder *decoder, struct buffer *out);

#endif
