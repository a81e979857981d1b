/*
 * Makes a message with 8-bit bodies one that is 7-bit, for a host that offers no 8BITMIME (RFC 6152 3): text
 * becomes quoted-printable, everything else base64; a multipart or an embedded message is looked into, and
 * its own label becomes 7bit. Parts without a byte beyond ASCII keep their bytes. What is decoded is what was
 * there before, line for line. A body that says nothing of its type gets one (RFC 1428 2). In preambles and
 * epilogues, which nobody is shown, each such byte becomes '?', and one stands before a dash that begins a
 * line.
 *
 * The message is read twice: it must be known before the first byte leaves what is to be rewritten, and
 * whether it may be. It may not where a signature is over it (multipart/signed, RFC 1847; a DKIM-Signature of
 * the message, RFC 6376 5.3), where the bytes are in a header (only RFC 6531 carries those), or where no
 * encoding is allowed or known.
 *
 * Incremental and bounded as part_lines.h, which it is made of; output is at most four times as long, and a
 * few fields a part. No input makes it fail. Pure.
 */
#ifndef WIRE_SEVEN_BIT_H
#define WIRE_SEVEN_BIT_H

#include "wire/byte_sink.h"

enum seven_bit_result {
    /* It is 7-bit as it is. */
    SEVEN_BIT_ALREADY,
    SEVEN_BIT_POSSIBLE,
    /* Bytes beyond ASCII stand under a signature. */
    SEVEN_BIT_SIGNED,
    /* In a header. */
    SEVEN_BIT_HEADER,
    /* In a part that must not be encoded, or whose encoding is unknown, or beyond what is looked into. */
    SEVEN_BIT_UNENCODABLE,
};

struct seven_bit;

struct seven_bit *seven_bit_new(void);
/* Frees it and nulls *message. NULL is fine. */
void seven_bit_free(struct seven_bit **message);

/* The first reading: the whole message, in pieces, then what can be done. */
void seven_bit_scan(struct seven_bit *message, struct slice input);
NODISCARD enum seven_bit_result seven_bit_scan_finish(struct seven_bit *message);

/* The second, of the same bytes; only after ALREADY or POSSIBLE. */
void seven_bit_write(struct seven_bit *message, struct slice input, struct byte_sink sink);
void seven_bit_finish(struct seven_bit *message, struct byte_sink sink);

#endif
