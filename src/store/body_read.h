/*
 * Reading bodies from their segments. A body may move while its segment is compacted: where a
 * file has gone, or another record is found, the place is looked up once more. Damage is found
 * by checksums and touches one body only.
 */
#ifndef STORE_BODY_READ_H
#define STORE_BODY_READ_H

#include "store/body_pack.h"
#include "store/db.h"
#include "store/segment.h"

/* What was read last, with what lay behind it: bodies that come one after the other are read together. */
struct body_window {
    uint64_t segment;
    uint64_t offset;
    struct buffer bytes;
};

struct body_reader {
    struct env *env;
    const char *folder;
    struct db *db;
    struct body_unpacker *unpacker;
    /* Segments that were read last, the newest first. */
    struct {
        uint64_t segment;
        struct file *file;
    } open[16];
    struct body_window window;
    struct buffer index;
};

/* `db` and `folder` are borrowed. */
void body_reader_open(struct body_reader *reader, struct env *env, const char *folder, struct db *db);
void body_reader_close(struct body_reader *reader);
/* Closes the file of a segment, or with 0 of all: one that was removed keeps its space while it is open. */
void body_reader_forget(struct body_reader *reader, uint64_t segment);
/* Appends raw bytes [offset, offset+len), cut to what there is. STORE_NOT_FOUND; STORE_FAILED where
   the bytes are damaged or cannot be read; then `out` is as it was, as when it overflows. */
enum store_result body_read(struct body_reader *reader, uint64_t body, uint64_t offset, uint64_t len,
                            struct buffer *out);
/* The same where the place is known already, so that it is not looked up; a segment 0: it is not. */
enum store_result body_read_at(struct body_reader *reader, uint64_t body, const struct body_place *known,
                               uint64_t offset, uint64_t len, struct buffer *out);
/* Appends packed bytes, as they are stored (store/body_pack.h); the same otherwise. */
enum store_result body_read_packed(struct body_reader *reader, uint64_t body, uint64_t offset, uint64_t len,
                                   struct buffer *out);
/* Only at the known place, and without a word where it is not there; needs no database. */
NODISCARD bool body_read_known(struct body_reader *reader, uint64_t body, const struct body_place *known,
                               uint64_t len, struct buffer *out);
/* Where the body is now. STORE_NOT_FOUND. */
enum store_result body_find(struct db *db, uint64_t body, struct body_place *place);

#endif
