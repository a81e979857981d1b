/*
 * Quoted-printable, written (RFC 2045 6.7); transfer.h reads it. Incremental, a line at a time: lines have at
 * most 76 characters, none ends in a blank, and none begins with a dash, so that nothing can become a
 * boundary's line that was none. Pure, linear.
 */
#ifndef WIRE_QUOTED_PRINTABLE_H
#define WIRE_QUOTED_PRINTABLE_H

#include "wire/byte_sink.h"

enum { QUOTED_PRINTABLE_LINE_BYTES = 76 };

/* Begin with zeros. */
struct quoted_printable {
    uint8_t line[QUOTED_PRINTABLE_LINE_BYTES + 2];
    size_t len;
};

/* Bytes of one line; CR and LF among them are encoded as any other. */
void quoted_printable_write(struct quoted_printable *q, struct slice bytes, struct byte_sink sink);
/* The line ends here; its CRLF is the caller's to write. */
void quoted_printable_end(struct quoted_printable *q, struct byte_sink sink);

/* A whole text: its CRLF or LF are the lines' ends, and the last line gets one, too. */
void quoted_printable_text(struct buffer *out, struct slice text);

#endif
