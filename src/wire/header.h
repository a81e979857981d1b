/*
 * Header fields: splitting a header block into fields, unfolding a field's body, and the
 * first few lexical rules that all structured fields share (RFC 5322 2.2, 3.2).
 *
 * A header block is what stands before the empty line. Lines may end in CRLF or LF. A line
 * that is no field (no colon, or nothing before it) is stepped over with its continuation.
 * Nothing here allocates but the buffers passed in; every function is linear in its input.
 */
#ifndef WIRE_HEADER_H
#define WIRE_HEADER_H

#include "base/buffer.h"

struct header_field {
    struct slice name;
    /* As it stands, folds included, without the blanks at both ends. */
    struct slice value;
};

/* Takes the next field off the front of *rest. False: there is none, or the empty line came. */
bool header_next(struct slice *rest, struct header_field *field);
/* The same, and all of the field as it stands, the last line break included. */
bool header_next_line(struct slice *rest, struct header_field *field, struct slice *line);

/* The first field of that name (ASCII case ignored): the one reading of duplicated fields. */
bool header_find(struct slice header, struct slice name, struct slice *value);

/* Appends the value without its line breaks and NUL bytes (RFC 5322 2.2.3). */
void header_unfold(struct buffer *out, struct slice value);

/* Takes white space, line breaks and nested comments off the front (RFC 5322 3.2.2). Where
   `comment` is not NULL it is set to the inside of the last comment, if there was one. */
void header_skip_cfws(struct slice *rest, struct slice *comment);

/* Takes a quoted string, its opening quote included, off the front and appends what it says
   (RFC 5322 3.2.4), without line breaks. One that is not closed reaches to the end. */
void header_take_quoted(struct slice *rest, struct buffer *out);

/* Takes a MIME token off the front: anything but blanks, controls and tspecials (RFC 2045 5.1). */
struct slice header_take_token(struct slice *rest);

#endif
