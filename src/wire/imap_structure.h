/*
 * ENVELOPE, BODY and BODYSTRUCTURE as IMAP has them (RFC 3501 7.4.2, RFC 9051 7.5.2).
 *
 * What is rendered is always one well-formed parenthesized list, whatever the message: no field
 * breaks the line, address lists are NIL or have members, the encoding is never NIL ("7BIT"),
 * text has a charset, a multipart has a part. Nothing recurses. A full buffer has overflowed,
 * and what it holds is then of no use.
 */
#ifndef WIRE_IMAP_STRUCTURE_H
#define WIRE_IMAP_STRUCTURE_H

#include "base/buffer.h"

struct mime_part;

enum envelope_field {
    ENVELOPE_DATE,
    ENVELOPE_SUBJECT,
    ENVELOPE_FROM,
    ENVELOPE_SENDER,
    ENVELOPE_REPLY_TO,
    ENVELOPE_TO,
    ENVELOPE_CC,
    ENVELOPE_BCC,
    ENVELOPE_IN_REPLY_TO,
    ENVELOPE_MESSAGE_ID,
    ENVELOPE_FIELDS
};

/* The values as they stand in the header; a NULL pointer: there is no such field. */
struct envelope {
    struct slice fields[ENVELOPE_FIELDS];
};

/* The first field of each name. The slices point into `header`. */
void envelope_read(struct slice header, struct envelope *envelope);

/* The ENVELOPE list. At most MIME_ADDRESSES_MAX addresses of a field are shown; where even
   so the buffer is too small, address lists are NIL. */
void imap_envelope_render(struct buffer *out, const struct envelope *envelope);

/* The ENVELOPE of a message that says nothing: a constant, for want of room for the true one. */
struct slice imap_envelope_empty(void);

/* BODYSTRUCTURE where `extensible`, else BODY. */
void imap_bodystructure_render(struct buffer *out, const struct mime_part *root, bool extensible);

#endif
