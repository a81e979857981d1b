/*
 * A file that came packed: gzip (RFC 1952, also several members), zip with one deflated or stored file, or as
 * it is. Which of them it is, its first bytes say; names and types are not looked at. Unpacked piece by
 * piece, so that who does it can let others have their turn, and never past the buffer's maximum, whatever
 * the packed bytes claim. Pure, and linear in what comes out.
 */
#ifndef WIRE_ARCHIVE_H
#define WIRE_ARCHIVE_H

#include "base/buffer.h"

enum archive_status {
    ARCHIVE_MORE,
    ARCHIVE_END,
    /* It is damaged, cut off, encrypted or packed by a method that is not known. */
    ARCHIVE_DAMAGED,
    /* More comes out than `out` may hold. */
    ARCHIVE_TOO_LONG,
};

struct archive;

/* `packed` outlives it. */
struct archive *archive_open(struct slice packed);
/* Appends the next piece, of at most FEEDBACK_PIECE_BYTES, to `out`. Anything but MORE is the end. */
enum archive_status archive_next(struct archive *archive, struct buffer *out);
/* Nulls *archive. NULL is fine. */
void archive_free(struct archive **archive);

#endif
