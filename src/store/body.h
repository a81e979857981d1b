/*
 * Writing bodies: appends the records of a commit's batch to the current segment. Used in the
 * commit lane only. What was appended counts once the commit recorded the segment's new
 * length; after a batch that failed, and after a crash, the next batch writes over it.
 */
#ifndef STORE_BODY_H
#define STORE_BODY_H

#include "store/db.h"
#include "store/segment.h"

struct body_writer {
    struct env *env;
    const char *folder;
    struct file *file;
    uint64_t segment;
    uint64_t segment_bytes_max;
    /* Nothing more goes into the current segment. */
    bool is_sealed;
    /* End of the segment as the database has it, and with what was appended since. */
    uint64_t recorded;
    uint64_t end;
    /* The file is known to be so long; behind `end` it holds nothing that counts. */
    uint64_t room;
    /* Appended, not yet written: the last bytes before `end`. */
    struct buffer pending;
    /* What the batch appended is written, and not synced. */
    bool is_unsynced;
    /* What this transaction added, for the segment's row. */
    uint64_t live_bytes;
    uint64_t live_count;
    uint64_t raw_bytes;
};

/* Finds the current segment and removes files of segments that no commit ever recorded. 0, or a
   negated errno. Segments that are missing or short are told to the log. */
NODISCARD int body_writer_open(struct body_writer *writer, struct env *env, const char *folder,
                               uint64_t segment_bytes_max, struct db *db);
void body_writer_close(struct body_writer *writer);

/* Begins a batch: a new segment when the current one is full. 0, or a negated errno. */
NODISCARD int body_batch_begin(struct body_writer *writer);
/* The next batch begins a new segment. */
void body_seal(struct body_writer *writer);
/* Appends one body; `spool` holds it where source->spool says so. Errors as of file_write. */
NODISCARD int body_append(struct body_writer *writer, uint64_t id, const struct body_source *source,
                          struct file *spool, struct body_place *place);
/* Appends a packed body that was read elsewhere. */
NODISCARD int body_append_packed(struct body_writer *writer, uint64_t id, struct slice packed,
                                 uint64_t raw_bytes, struct body_place *place);
/* Writes what was appended, and lets the disk begin. 0, or a negated errno. */
NODISCARD int body_batch_write(struct body_writer *writer);
/* Syncs what was written, if anything was; *syncs counts it. A sync that fails ends the role. */
NODISCARD int body_batch_sync(struct body_writer *writer, uint64_t *syncs);
/* Forgets what the batch appended. */
void body_batch_undo(struct body_writer *writer);

/* Inside a transaction: begins to count, a body is now referred to, the segment's row. */
void body_transaction_begin(struct body_writer *writer);
void body_count_live(struct body_writer *writer, const struct body_place *place);
void body_transaction_record(struct body_writer *writer, struct db *db);
/* The transaction with the row was committed. */
void body_transaction_done(struct body_writer *writer);

/* Takes a body's bytes off its segment's row, inside a transaction. */
void body_count_dead(struct db *db, const struct body_place *place);

/* Checks cheaply that the source can be a packed body: its index fits its length. */
NODISCARD bool body_source_is_sound(const struct body_source *source, struct file *spool);

#endif
