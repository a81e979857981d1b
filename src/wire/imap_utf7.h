/*
 * Modified UTF-7 (RFC 3501 5.1.3), the form of mailbox names on the wire before UTF8=ACCEPT.
 * Inside the house names are UTF-8. A name has one spelling: whatever encodes to anything
 * else than what was read (printable ASCII in base64, needless shifts, bits left over, half a
 * surrogate pair) is refused, so that two names never look the same.
 */
#ifndef WIRE_IMAP_UTF7_H
#define WIRE_IMAP_UTF7_H

#include "base/buffer.h"
#include "base/fatal.h"

/* Appends `text` as UTF-8. False, with `out` as it was: not modified UTF-7, or out is full. */
NODISCARD bool imap_utf7_decode(struct slice text, struct buffer *out);
/* Appends UTF-8 as modified UTF-7. False, with `out` as it was: not UTF-8, or out is full. */
NODISCARD bool imap_utf7_encode(struct slice utf8, struct buffer *out);

#endif
