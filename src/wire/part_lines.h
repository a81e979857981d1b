/*
 * The machinery of what rewrites the parts of a message as it flows by (binary_mime.c, seven_bit.c): lines,
 * headers field by field, and the boundaries that are open. Whoever uses it hears of each field, header,
 * line and boundary, and gives out what is to stand there.
 *
 * Lines are read as they come out: a bare CR or LF ends one. Held at any time: one field that matters, the
 * boundaries that are open, the start of one line; all with a maximum in base/limits.h. A multipart that
 * nests too deeply is not looked into. Time is linear in the input, and nothing recurses. Pure.
 */
#ifndef WIRE_PART_LINES_H
#define WIRE_PART_LINES_H

#include "base/limits.h"
#include "wire/byte_sink.h"
#include "wire/header.h"
#include "wire/mime_part.h"

struct part_lines_hooks {
    void *context;
    /* A part's header begins; `is_message`: it is a message's own. */
    void (*begin)(void *context, bool is_message);
    /* A field, or its front where it `is_cut` (longer than BINARY_MIME_FIELD_BYTES_MAX). False: it is left
       out. */
    bool (*field)(void *context, const struct header_field *field, bool is_cut);
    /* The header is at its end, its empty line apart: more fields may be given. */
    void (*header)(void *context, const struct mime_part *part, bool has_type);
    /* A body begins; `is_opened`: what is in it is looked into. */
    void (*body)(void *context, const struct mime_part *part, bool is_opened);
    /* Bytes of one line of a body, preamble or epilogue, that is no boundary's; and the end of one. */
    void (*content)(void *context, struct slice bytes);
    void (*line_end)(void *context);
    /* A boundary was met; its line follows. `opens`: a part follows it. */
    void (*boundary)(void *context, bool opens);
};

enum part_place {
    PART_HEADER,
    /* A body, a preamble, an epilogue. */
    PART_LINES,
    /* The rest of a line that began with a boundary. */
    PART_BOUNDARY,
};

/* A multipart whose closing boundary has not come yet. */
struct open_multipart {
    size_t boundary_offset;
    size_t boundary_bytes;
    unsigned depth;
    bool is_digest;
    /* It, or one around it, is multipart/signed (RFC 1847). */
    bool is_signed;
};

struct part_lines {
    struct part_lines_hooks hooks;
    struct byte_sink sink;
    enum part_place place;

    /* Lines: a CR was taken and waits for its LF; something of the line came; it may be a boundary. */
    bool after_cr;
    bool in_line;
    bool is_collecting;
    struct buffer line;

    struct open_multipart open[MIME_DEPTH_MAX];
    size_t open_count;
    /* The boundaries of the open multiparts, one behind the other. */
    struct buffer boundaries;
    size_t boundary_bytes_max;
    /* The boundary that was met opens a part. */
    bool opens_part;

    /* The part whose header is read. */
    unsigned depth;
    bool is_in_digest;
    /* The field that is read, until it is known to be its end, or to be too long to matter. */
    struct buffer field;
    bool is_field_judged;
    bool is_field_dropped;
    /* The field that decides: the first Content-Type. */
    struct buffer deciding;
    bool has_type;
    struct arena *arena;
    /* NUL bytes were seen in lines. */
    bool has_nul;
};

/* Both begin with the header of a message; `p` is zeros, or was in use before. */
void part_lines_begin(struct part_lines *p, struct part_lines_hooks hooks);
void part_lines_free(struct part_lines *p);

void part_lines_give(struct part_lines *p, struct slice bytes);
/* Takes a run of one line, or its end: CRLF, or a CR or LF alone. */
void part_lines_take(struct part_lines *p, struct slice *input);
/* Ends the line and the header that are unfinished. */
void part_lines_finish(struct part_lines *p);

/* RFC 2045 6.4: what no encoding is allowed for that hides what is inside. */
bool part_lines_is_composite(const struct mime_part *part);
/* What is read now is inside of a multipart/signed. */
bool part_lines_is_signed(const struct part_lines *p);

/* For those who read a body by themselves: `line` is what may be the start of a boundary's line. */
size_t part_lines_run(struct slice bytes);
/* Takes off the front what may be of a boundary's line. */
void part_lines_collect(struct part_lines *p, struct slice *bytes);
/* What is in `line` settles whether it is a boundary, whatever follows in it. */
bool part_lines_is_decided(const struct part_lines *p);
/* The multipart whose boundary `line` begins with, or SIZE_MAX. */
size_t part_lines_find_boundary(const struct part_lines *p);
/* `line` begins with the boundary of the multipart at `index`; the parts inside of it have ended. */
void part_lines_meet_boundary(struct part_lines *p, size_t index);

#endif
