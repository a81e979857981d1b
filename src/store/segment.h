/*
 * Segments: the files that hold bodies, DIR/body/NNNNNNNN.seg. A record is a header (magic,
 * checksum of the header, id, lengths) and the packed body. The database's row is the truth
 * about which records there are; the header only confirms that the right one was found.
 * Numbers rise and are never used twice.
 */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

#include "base/buffer.h"
#include "io/file.h"
#include "store/model.h"

enum { RECORD_HEADER_BYTES = 32 };

struct record {
    uint64_t id;
    uint64_t stored_bytes; /* of the packed body */
    uint64_t raw_bytes;
};

void record_header_write(const struct record *record, uint8_t header[RECORD_HEADER_BYTES]);
/* False: not a record's header, or damaged. */
NODISCARD bool record_header_read(const uint8_t header[RECORD_HEADER_BYTES], struct record *record);

/* Writes "folder/body/NNNNNNNN.seg"; -ENAMETOOLONG. */
NODISCARD int segment_path(const char *folder, uint64_t number, char *path, size_t path_bytes);
/* The number in a segment's file name, or 0 for other names. */
uint64_t segment_number(const char *name);

/* CRC-32C. */
uint32_t segment_checksum(struct slice bytes);

#endif
