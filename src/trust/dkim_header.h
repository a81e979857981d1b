/*
 * A header section as DKIM and ARC see it (RFC 6376 5.4.2): fields as they stand, found by name, the last of
 * a name first. Linear but for sorting the names once.
 */
#ifndef TRUST_DKIM_HEADER_H
#define TRUST_DKIM_HEADER_H

#include "wire/dkim_field.h"

struct dkim_header_field {
    struct slice name;
    /* All of it: name, colon, value with its folds, without the last CRLF. */
    struct slice whole;
    /* What stands behind the colon. */
    struct slice value;
};

/* Borrows from the bytes it was made of. */
struct dkim_header {
    /* In the order of the message. */
    struct dkim_header_field *fields;
    size_t count;
    /* Indices of `fields`, by name and then by place. */
    uint32_t *by_name;
};

/* Reads a header section, with or without the empty line. DKIM_FAULT_NONE, DKIM_FAULT_HEADER_TOO_LARGE (more
   than DKIM_FIELDS_MAX) or DKIM_FAULT_HEADER_LINES; then it is empty. Lines that are no field are passed
   over. Release it with dkim_header_free in any case. */
NODISCARD enum dkim_fault dkim_header_read(struct slice bytes, struct dkim_header *header);
void dkim_header_free(struct dkim_header *header);

/* How many fields have this name (ASCII case ignored); *first is where they begin in by_name. */
size_t dkim_header_find(const struct dkim_header *header, struct slice name, size_t *first);
/* The n-th field of the `count` that dkim_header_find gave, from the top. */
static inline const struct dkim_header_field *dkim_header_nth(const struct dkim_header *header, size_t first,
                                                              size_t n) {
    return &header->fields[header->by_name[first + n]];
}

/* Writes the fields that h= names, each in its form with CRLF: of each name the last that was not taken yet,
   nothing where there is none left (RFC 6376 3.7, 5.4.2). `own` is the field that is verified, and never one
   of them; NULL: there is none yet. */
void dkim_header_form(const struct dkim_header *header, enum dkim_form form, struct slice names,
                      const struct dkim_header_field *own, struct byte_sink sink);

#endif
