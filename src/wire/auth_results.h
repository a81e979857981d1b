/*
 * Authentication-Results (RFC 8601 2): what a host found out about a message, in its header. A writer for
 * one field with any number of methods; a reader, which holds no more than one method at a time; and the
 * question that a border host has to ask of each such field it gets: does it claim to be ours (RFC 8601 5)?
 *
 * Every value that is written is cleaned and, where it needs to be, quoted, so that nothing of a message or
 * of DNS breaks out of its place. The reader copies into an arena, and stops at its limits. Pure and linear.
 */
#ifndef WIRE_AUTH_RESULTS_H
#define WIRE_AUTH_RESULTS_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/limits.h"

/* ---- writing ---- */

struct auth_results_writer {
    struct buffer *out;
    /* Of the line that is being written. */
    size_t column;
    bool has_results;
};

/* Begins the field in the name of `host`. */
struct auth_results_writer auth_results_begin(struct buffer *out, struct slice host);
/* "method=result", on a line of its own; `comment` (shown in parentheses) and `reason` may be empty. */
void auth_results_method(struct auth_results_writer *writer, const char *method, const char *result,
                         struct slice comment, struct slice reason);
/* " ptype.property=value" of the last method; nothing where the value is empty. */
void auth_results_property(struct auth_results_writer *writer, const char *name, struct slice value);
/* Ends the field with its CRLF; without any method it says "none". */
void auth_results_end(struct auth_results_writer *writer);

/* ---- reading ---- */

struct auth_property {
    /* "smtp", "mailfrom": as written. */
    struct slice type;
    struct slice name;
    /* Unquoted. */
    struct slice value;
};

struct auth_result {
    struct slice method;
    struct slice result;
    /* Unquoted, or empty. */
    struct slice reason;
    struct auth_property properties[AUTH_PROPERTIES_MAX];
    size_t property_count;
};

struct auth_results_reader {
    struct slice rest;
    struct arena *arena;
    /* The authserv-id, unquoted; or empty. */
    struct slice id;
};

/* Reads the beginning of a field's value, folds and comments included. False: it has no authserv-id. */
NODISCARD bool auth_results_read(struct arena *arena, struct slice value, struct auth_results_reader *reader);
/* The next method; false: there is none, or what stands there is none, or the arena is full. "none" alone has
   no methods. */
bool auth_results_next(struct auth_results_reader *reader, struct auth_result *result);

/* Whether a reader could take the field for one that `host` wrote: quoted, commented, folded, in any case,
   and with a version behind it. `value` may be cut: what cannot be told is taken for ours. Needs no arena. */
bool auth_results_is_of(struct slice value, struct slice host);

#endif
