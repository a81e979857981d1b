/*
 * A message's structure as it is stored: the tree of mime.h as compact bytes, and back; and
 * finding the bytes of an IMAP section in it (RFC 9051 6.4.5), without the message at hand.
 *
 * Stored bytes are not trusted: decoding checks every length, count, depth and offset, and a
 * decoded tree is as well-formed as a parsed one. Its slices point into the bytes.
 */
#ifndef WIRE_STRUCTURE_H
#define WIRE_STRUCTURE_H

#include "wire/mime.h"

/* Appends the tree. A full buffer has overflowed, and what it holds is then of no use. */
void structure_encode(struct buffer *out, const struct mime_part *root);

enum structure_result {
    STRUCTURE_OK,
    /* Not bytes that structure_encode writes. */
    STRUCTURE_CORRUPT,
    /* The arena has no room for the tree. */
    STRUCTURE_OVER_BUDGET,
    /* The message has no such section. */
    STRUCTURE_NO_SECTION,
};

/* Reads a tree; `bytes` must live as long as it. */
NODISCARD enum structure_result structure_decode(struct arena *arena, struct slice bytes,
                                                 struct mime_part **root);

enum structure_section {
    /* BODY[1.2]: the part's body; with an empty path the whole message. */
    STRUCTURE_BODY,
    /* BODY[1.2.MIME]: the part's own header. */
    STRUCTURE_MIME,
    /* BODY[1.2.HEADER]: of the message, or of the message embedded there. */
    STRUCTURE_HEADER,
    /* BODY[1.2.TEXT]: the same's body. */
    STRUCTURE_TEXT,
};

struct structure_range {
    uint64_t offset;
    uint64_t len;
};

/* The part that a path of numbers (from 1) names. An empty path names the root. "1" of what is
   not a multipart is the message itself. `*part` is NULL for the part 1 of a multipart without
   any, which BODYSTRUCTURE shows as empty text. STRUCTURE_NO_SECTION: there is none. */
NODISCARD enum structure_result structure_find(const struct mime_part *root, const uint32_t *path,
                                               size_t count, const struct mime_part **part);

/* Where the section's bytes stand in the message. STRUCTURE_NO_SECTION: there is none. */
NODISCARD enum structure_result structure_locate(const struct mime_part *root, const uint32_t *path,
                                                 size_t count, enum structure_section section,
                                                 struct structure_range *range);

#endif
