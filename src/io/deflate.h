/*
 * DEFLATE over a stream, both ways (RFC 1951, as RFC 4978 has it: no zlib header, no end). Bytes
 * come out of a read as soon as they can be told, and every write is flushed, so that nobody waits
 * for what the other side has said. Held for each direction: its window and tables, with a maximum
 * in base/limits.h; nothing of what is read or written lies idle beside them. A stream at
 * rest holds of them only what the peer has sent last, to which it may refer.
 *
 * A peer that sends what is not DEFLATE, or a lot of it that stands for nothing, gets -EPROTO from
 * the next read. One that ends its compressed data has ended its sending.
 */
#ifndef IO_DEFLATE_H
#define IO_DEFLATE_H

#include "io/stream.h"

/* Puts DEFLATE over *stream, which it then replaces and owns. Does not wait. It can be handed to
   nobody, and carries no handles. */
void stream_deflate(struct stream **stream);

#endif
