#include "ipc/pack.h"

void pack_number(struct buffer *out, uint64_t number) {
    uint8_t bytes[10];
    size_t len = 0;
    do {
        bytes[len] = (uint8_t)(number & 0x7f);
        number >>= 7;
        if (number) bytes[len] |= 0x80;
        len++;
    } while (number);
    buffer_append(out, slice_of(bytes, len));
}

void pack_slice(struct buffer *out, struct slice bytes) {
    pack_number(out, bytes.len);
    buffer_append(out, bytes);
}

static uint64_t bad(struct unpacker *in) {
    in->is_bad = true;
    in->rest = SLICE_EMPTY;
    return 0;
}

uint64_t unpack_number(struct unpacker *in) {
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && in->rest.len; shift += 7) {
        uint8_t byte = in->rest.ptr[0];
        in->rest = slice_skip(in->rest, 1);
        if (shift == 63 && byte > 1) break;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return number;
    }
    return bad(in);
}

uint64_t unpack_number_max(struct unpacker *in, uint64_t max) {
    uint64_t number = unpack_number(in);
    return number > max ? bad(in) : number;
}

struct slice unpack_slice(struct unpacker *in) {
    uint64_t len = unpack_number(in);
    if (len > in->rest.len) (void)bad(in);
    return in->is_bad ? SLICE_EMPTY : slice_take(&in->rest, len);
}
