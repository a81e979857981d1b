#include "store/segment.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static const uint8_t magic[4] = {'P', 'H', 'B', '1'};

/* CRC-32C of each half of a byte. */
static const uint32_t half_sums[] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

uint32_t segment_checksum(struct slice bytes) {
    uint32_t sum = ~0u;
    for (size_t i = 0; i < bytes.len; i++) {
        sum ^= bytes.ptr[i];
        sum = (sum >> 4) ^ half_sums[sum & 15];
        sum = (sum >> 4) ^ half_sums[sum & 15];
    }
    return ~sum;
}

static void put(uint8_t *at, uint64_t number, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) at[i] = (uint8_t)(number >> (8 * i));
}

static uint64_t get(const uint8_t *at, size_t bytes) {
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; i++) number |= (uint64_t)at[i] << (8 * i);
    return number;
}

static uint32_t header_checksum(const uint8_t header[RECORD_HEADER_BYTES]) {
    return segment_checksum(slice_of(header + 8, RECORD_HEADER_BYTES - 8));
}

void record_header_write(const struct record *record, uint8_t header[RECORD_HEADER_BYTES]) {
    memcpy(header, magic, sizeof magic);
    put(header + 8, record->id, 8);
    put(header + 16, record->stored_bytes, 8);
    put(header + 24, record->raw_bytes, 8);
    put(header + 4, header_checksum(header), 4);
}

bool record_header_read(const uint8_t header[RECORD_HEADER_BYTES], struct record *record) {
    if (memcmp(header, magic, sizeof magic) != 0) return false;
    if (get(header + 4, 4) != header_checksum(header)) return false;
    *record = (struct record){get(header + 8, 8), get(header + 16, 8), get(header + 24, 8)};
    return true;
}

int segment_path(const char *folder, uint64_t number, char *path, size_t path_bytes) {
    int len = snprintf(path, path_bytes, "%s/body/%08" PRIu64 ".seg", folder, number);
    return len < 0 || (size_t)len >= path_bytes ? -ENAMETOOLONG : 0;
}

uint64_t segment_number(const char *name) {
    struct slice rest = slice_from_text(name);
    uint64_t number = 0;
    if (rest.len < 12 || !slice_take_number(&rest, INT64_MAX, &number)) return 0;
    return slice_equal(rest, SLICE(".seg")) ? number : 0;
}
