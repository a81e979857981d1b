/*
 * The forms in which DKIM and ARC hash a message (RFC 6376 3.4): "simple" bears no change, "relaxed"
 * bears white space that was added, taken away or folded anew. Pure, incremental, linear; a body
 * is never held.
 */
#ifndef WIRE_DKIM_FORM_H
#define WIRE_DKIM_FORM_H

#include "wire/byte_sink.h"

enum dkim_form { DKIM_SIMPLE, DKIM_RELAXED };

/* "simple" or "relaxed". */
const char *dkim_form_word(enum dkim_form form);

/* Writes one header field in its form, without the line break at its end (RFC 6376 3.4.1, 3.4.2, 3.7: the
   signature's own field has none). `field` is the name, the colon and the value as they stand, folds
   included, with or without the last CRLF. */
void dkim_form_field(enum dkim_form form, struct slice field, struct byte_sink sink);

/* A body on its way (RFC 6376 3.4.3, 3.4.4). Lines end with CRLF; any other CR or LF is a byte like others.
 */
struct dkim_body_form {
    enum dkim_form form;
    /* What has come and is not written, because it may be at the end: of a line, or of the body. */
    uint64_t empty_lines;
    bool has_blank;
    bool has_cr;
    /* Of the line that is read something was written; and of the body. */
    bool in_line;
    bool has_bytes;
};

struct dkim_body_form dkim_body_form_new(enum dkim_form form);
/* The next piece of the body, of any size. */
void dkim_body_form_write(struct dkim_body_form *body, struct slice bytes, struct byte_sink sink);
/* The body has ended. */
void dkim_body_form_end(struct dkim_body_form *body, struct byte_sink sink);

#endif
