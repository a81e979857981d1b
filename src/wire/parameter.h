/*
 * Values with parameters: Content-Type, Content-Disposition and their like (RFC 2045 5.1,
 * RFC 2183), and the extended parameters of RFC 2231 (continuations, charsets, languages).
 *
 * Two readings: the raw one, piece by piece as the field has them, is what IMAP shows; the
 * decoded one joins pieces and converts charsets to UTF-8. At most MIME_PARAMETERS_MAX pieces
 * are read of a field, whatever its length; what is copied goes to an arena that may say no.
 */
#ifndef WIRE_PARAMETER_H
#define WIRE_PARAMETER_H

#include "base/arena.h"
#include "base/buffer.h"

struct parameter {
    struct slice name;
    struct slice value;
};

struct parameter_list {
    struct parameter *items;
    size_t count;
};

/* A field split at its first semicolon. Subtype is empty where there is none (a disposition). */
struct media {
    struct slice type;
    struct slice subtype;
    struct parameter_list parameters;
};

enum parameter_result {
    PARAMETER_OK,
    /* The field has no type token. */
    PARAMETER_INVALID,
    /* The arena has no room; what was read so far is there. */
    PARAMETER_OVER_BUDGET,
};

/* Reads "type/subtype; name=value; ..." as it stands, copying to the arena. Comments, missing
   semicolons, unquoted blanks and stray bytes are read as best they can be. */
NODISCARD enum parameter_result media_parse(struct arena *arena, struct slice value, struct media *media);

/* The raw value of the first parameter of that name; false: there is none. */
bool parameter_find(const struct parameter_list *list, struct slice name, struct slice *value);

/* Appends the decoded value of a parameter: RFC 2231 pieces joined and converted, RFC 2047
   words decoded. False: there is no such parameter, or its value is empty. */
bool parameter_decode(const struct parameter_list *list, struct slice name, struct buffer *out);

#endif
