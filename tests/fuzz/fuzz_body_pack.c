/*
 * Stored bodies with hostile bytes: index and frames are read within their bounds, and no
 * frame gives more than it may. What is taken for a body also packs and unpacks as itself.
 */
#include "base/limits.h"
#include "store/body_pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void unpack(struct slice packed) {
    uint64_t index_bytes = 0;
    struct body_index index;
    if (packed.len < 4) return;
    if (body_index_bytes(slice_skip(packed, packed.len - 4), packed.len, &index_bytes) != BODY_UNPACK_OK)
        return;
    if (body_index_read(slice_skip(packed, packed.len - (size_t)index_bytes), packed.len, &index) !=
        BODY_UNPACK_OK)
        return;
    struct body_unpacker *unpacker = body_unpacker_new();
    struct buffer raw = buffer_new(MIB(1));
    for (uint32_t i = 0; i < index.frame_count && i < 8; i++) {
        uint64_t offset = 0;
        uint32_t len = 0;
        body_index_frame(&index, i, &offset, &len);
        ASSERT(offset + len <= packed.len - index_bytes);
        size_t before = raw.len;
        if (body_unpack_frame(unpacker, slice_sub(packed, (size_t)offset, len), &raw) == BODY_UNPACK_OK)
            ASSERT(raw.len - before <= BODY_FRAME_BYTES);
        else
            ASSERT(raw.len == before);
    }
    buffer_free(&raw);
    body_unpacker_free(&unpacker);
}

static void round_trip(struct slice raw) {
    struct body_packer *packer = body_packer_new(NULL);
    struct body_unpacker *unpacker = body_unpacker_new();
    struct buffer packed = buffer_new(MIB(4));
    struct buffer back = buffer_new(MIB(4));
    body_packer_feed(packer, raw, &packed);
    uint64_t raw_bytes = body_packer_finish(packer, &packed);
    ASSERT(raw_bytes == raw.len);
    uint64_t index_bytes = 0;
    struct body_index index;
    struct slice all = buffer_slice(&packed);
    ASSERT(body_index_bytes(slice_skip(all, all.len - 4), all.len, &index_bytes) == BODY_UNPACK_OK);
    ASSERT(body_index_read(slice_skip(all, all.len - (size_t)index_bytes), all.len, &index) ==
           BODY_UNPACK_OK);
    size_t offset = 0;
    for (uint32_t i = 0; i < index.frame_count; i++) {
        uint32_t len = body_index_length(&index, i);
        ASSERT(body_unpack_frame(unpacker, slice_sub(all, offset, len), &back) == BODY_UNPACK_OK);
        offset += len;
    }
    ASSERT(slice_equal(buffer_slice(&back), raw));
    buffer_free(&packed);
    buffer_free(&back);
    body_packer_free(&packer);
    body_unpacker_free(&unpacker);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    unpack(slice_of(data, size));
    if (size < 4096) round_trip(slice_of(data, size));
    return 0;
}
