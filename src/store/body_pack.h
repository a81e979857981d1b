/*
 * The stored form of a body: independent zstd frames of at most BODY_FRAME_BYTES raw bytes each,
 * every one with its content checksum, then an index: the stored length of each frame (u32,
 * little endian), their number (u32). So any part of a body can be read without the rest. The
 * role that receives a message packs it; the store appends the packed bytes as they are.
 */
#ifndef STORE_BODY_PACK_H
#define STORE_BODY_PACK_H

#include "base/buffer.h"

struct body_packer;

/* One packer can pack many bodies, one after the other. Those of a thread share the compressor (its
   tables take some 100 KiB, and stay in the processor's cache): `shared` is another packer, which
   must outlive this one, or NULL for one of its own. */
struct body_packer *body_packer_new(struct body_packer *shared);
void body_packer_free(struct body_packer **packer);
/* Adds raw bytes, in any pieces; packed bytes are appended to `out` as frames fill up. */
void body_packer_feed(struct body_packer *packer, struct slice raw, struct buffer *out);
/* Ends the body: the last frame and the index. Returns the number of raw bytes. The packer is ready
   for the next body. */
uint64_t body_packer_finish(struct body_packer *packer, struct buffer *out);
/* Forgets a body that was begun. */
void body_packer_reset(struct body_packer *packer);

enum body_unpack_result {
    BODY_UNPACK_OK,
    /* Not what a packer wrote. */
    BODY_UNPACK_DAMAGED,
};
/* Where frame `number` lies in a packed body of `packed_bytes`, whose last bytes are `tail`. */
struct body_index {
    uint32_t frame_count;
    const uint8_t *lengths;
};
/* Bytes of index at the end of a packed body whose last four bytes are given; or DAMAGED. */
NODISCARD enum body_unpack_result body_index_bytes(struct slice last_four, uint64_t packed_bytes,
                                                   uint64_t *index_bytes);
/* Reads the index; `index` is exactly those bytes. Checks that the frames fill the rest. */
NODISCARD enum body_unpack_result body_index_read(struct slice index, uint64_t packed_bytes,
                                                  struct body_index *out);
/* Offset and length of a frame, by adding up the lengths before it. */
void body_index_frame(const struct body_index *index, uint32_t number, uint64_t *offset, uint32_t *len);
/* Its length alone: to walk frames one after the other. */
uint32_t body_index_length(const struct body_index *index, uint32_t number);
struct body_unpacker;
struct body_unpacker *body_unpacker_new(void);
void body_unpacker_free(struct body_unpacker **unpacker);
/* Appends the raw bytes of one frame; more than BODY_FRAME_BYTES is DAMAGED. */
NODISCARD enum body_unpack_result body_unpack_frame(struct body_unpacker *unpacker, struct slice frame,
                                                    struct buffer *raw);

#endif
