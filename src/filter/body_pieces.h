/*
 * A packed body (store/body_pack.h) read from its front, frame by frame, wherever it lies: in memory or in a
 * spool file. What is not what a packer wrote is told, never guessed at: in the remote role the bytes come
 * from another role.
 */
#ifndef FILTER_BODY_PIECES_H
#define FILTER_BODY_PIECES_H

#include "io/file.h"
#include "store/body_pack.h"

enum body_pieces_status { BODY_PIECES_MORE, BODY_PIECES_END, BODY_PIECES_DAMAGED };

struct body_pieces;

/* Borrows all of it. NULL: it is damaged, or cannot be read. `file` NULL: it is `packed`. */
struct body_pieces *body_pieces_open(struct slice packed, struct file *file, uint64_t packed_bytes);
/* BODY_PIECES_MORE: the raw bytes of the next frame are in `raw`, in place of what was there. */
enum body_pieces_status body_pieces_next(struct body_pieces *pieces, struct buffer *raw);
/* Nulls *pieces. NULL is fine. */
void body_pieces_free(struct body_pieces **pieces);

#endif
