/*
 * The MIME structure of a message (RFC 2045, 2046), found while the message flows by in
 * chunks of any size; the result does not depend on how it is cut. Held at any time: the tree
 * so far (in the caller's arena), the header block being read (at most MIME_HEADER_BYTES_MAX;
 * fields past that are not seen) and the start of one line. Lines may end in CRLF or LF.
 *
 * No input makes it fail: missing boundaries end with their parent; past MIME_DEPTH_MAX,
 * MIME_PARTS_MAX or the arena's budget the rest is an opaque leaf (application/octet-stream).
 * Offsets and sizes are those of the bytes fed. Time is linear in the input; nothing recurses.
 * Of duplicated fields the first counts.
 */
#ifndef WIRE_MIME_H
#define WIRE_MIME_H

#include "base/arena.h"
#include "base/buffer.h"
#include "wire/parameter.h"

enum mime_kind {
    MIME_LEAF,
    MIME_MULTIPART,
    /* message/rfc822 or message/global: its one child is the embedded message. */
    MIME_MESSAGE,
};

/* A part. A slice whose pointer is NULL says that there was no such field. */
struct mime_part {
    struct mime_part *parent;
    struct mime_part *first_child;
    struct mime_part *last_child;
    struct mime_part *next;
    enum mime_kind kind;
    uint32_t depth;
    /* The header with its empty line; the body without the line break before a boundary. */
    uint64_t header_offset;
    uint64_t header_len;
    uint64_t body_offset;
    uint64_t body_len;
    uint64_t body_lines;
    /* Never empty; what the context defaults to where the field is missing or broken. */
    struct media media;
    /* An empty type: no Content-Disposition. */
    struct media disposition;
    struct slice encoding;
    struct slice id;
    struct slice description;
    struct slice md5;
    /* As the field has it, a comma-separated list (RFC 3282). */
    struct slice language;
    struct slice location;
    /* IMAP ENVELOPE text, of the root and of an embedded message. */
    struct slice envelope;
};

/* What a caller may want to see while it flows by. Members may be NULL. */
struct mime_events {
    void *context;
    /* The part's header is whole; the part's fields and kind are set. */
    void (*header)(void *context, const struct mime_part *part, struct slice header);
    /* Bytes of a leaf's body, still encoded, in order; exactly body_len of them in all. */
    void (*body)(void *context, const struct mime_part *part, struct slice bytes);
};

struct mime_parser;

/* A parser whose tree lives in `arena`; the arena must have room for a few KiB. */
struct mime_parser *mime_parser_new(struct arena *arena, struct mime_events events);
void mime_parser_feed(struct mime_parser *parser, struct slice chunk);
/* The end of the message. Returns the root, which lives as long as the arena. */
struct mime_part *mime_parser_finish(struct mime_parser *parser);
/* Frees what is outside of the arena and nulls *parser. */
void mime_parser_free(struct mime_parser **parser);

/* All at once. */
struct mime_part *mime_parse(struct arena *arena, struct slice message);

/* The part after `part` in document order below `root`, or NULL. */
struct mime_part *mime_part_next(const struct mime_part *root, const struct mime_part *part);

/* Type and subtype are these, in any case. */
bool mime_part_is(const struct mime_part *part, const char *type, const char *subtype);
bool mime_part_is_type(const struct mime_part *part, const char *type);

/* Appends the decoded file name: of the disposition, else of the type (RFC 2183 2.3). False: none. */
bool mime_part_filename(const struct mime_part *part, struct buffer *out);

#endif
