/*
 * Backups of a data folder, in a folder of their own:
 *
 *   posthaste-backup.json   says that this is one, and in which format
 *   lock                    held by whoever works on it
 *   snapshots/NNNNNNNN.json what one snapshot consists of: files, each a list of parts
 *   pool/xx/HASH            the parts, each named by the SHA-256 of its bytes
 *
 * A part is written under another name, synced and renamed, and never changes; parts are shared by
 * all snapshots that name them. A snapshot's own file comes last, after all of its parts are synced:
 * a backup that was broken off at any step leaves the earlier ones as they were, and what it had
 * copied is found by its name the next time. Whatever no snapshot names is removed at the end.
 *
 * These calls block. They return 0 or a negated errno, and then backup->error is one line that a
 * person understands.
 */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include "base/arena.h"
#include "base/buffer.h"
#include "io/file.h"

enum { BACKUP_FORMAT = 1, BACKUP_NAME_BYTES = 64 };

struct backup_part {
    char name[BACKUP_NAME_BYTES + 1]; /* SHA-256 in hexadecimal */
    uint64_t bytes;
};

enum backup_kind { BACKUP_FILE, BACKUP_FOLDER, BACKUP_LINK };

/* A file of the data folder. */
struct backup_file {
    const char *path; /* relative: "store.db", "body/00000001.seg", "tls/key.pem" */
    enum backup_kind kind;
    unsigned permissions;
    /* It belongs to the store's user, else to whoever administers the host. */
    bool is_of_store;
    uint64_t bytes;
    struct backup_part *parts;
    size_t part_count;
    const char *target; /* of a link */
};

struct backup_manifest {
    uint64_t number;
    int64_t taken_ms;
    const char *version;
    int64_t store_format;
    /* Which store this is: another one, or one that went back in time by a restore, has another. */
    const char *lineage;
    uint64_t bytes;
    /* Of them, what this snapshot brought into the pool. */
    uint64_t new_bytes;
    /* struct backup_file */
    struct buffer files;
};

struct backup {
    struct env *env;
    const char *folder;
    /* Holds manifests, names, the error. */
    struct arena *arena;
    struct file *lock;
    /* One line, where something failed. */
    struct slice error;
    /* struct slice: what a person should know although all went well, or almost. */
    struct buffer notes;
    /* A note is of data that could not be read. */
    bool has_damage;
    uint8_t *chunk;
    uint64_t written_bytes;
    /* Folders of the pool that got a new name since they were last synced. */
    bool is_touched[256];
    /* Segments held open at a time; 0: as many as there are. */
    size_t segments_held_max;
    void (*step)(void *context, uint64_t done, uint64_t total);
    void *context;
};

/* `folder` is borrowed. */
void backup_init(struct backup *backup, struct env *env, const char *folder);
/* For writing: makes what is missing where the folder is empty or holds a backup, and locks it.
   -ENOTEMPTY: it is something else. -EWOULDBLOCK: another works on it. -EPROTO: a newer format. */
NODISCARD int backup_open(struct backup *backup);
/* For reading: it must be a backup. A lock that cannot be written (read-only media) is not needed. */
NODISCARD int backup_open_existing(struct backup *backup);
void backup_close(struct backup *backup);

static inline size_t backup_file_count(const struct backup_manifest *manifest) {
    return manifest->files.len / sizeof(struct backup_file);
}
static inline struct backup_file *backup_file_at(const struct backup_manifest *manifest, size_t i) {
    return (struct backup_file *)(void *)manifest->files.ptr + i;
}

/* ---- snapshots ---- */
/* Numbers of all snapshots, ascending, in the arena. */
NODISCARD int backup_list(struct backup *backup, uint64_t **numbers, size_t *count);
/* -EBADMSG: damaged; -ENOENT; -EPROTO: from a newer version. */
NODISCARD int backup_load(struct backup *backup, uint64_t number, struct backup_manifest *manifest);
/* The newest that is whole; -ENOENT where there is none. */
NODISCARD int backup_load_newest(struct backup *backup, struct backup_manifest *manifest);

void backup_manifest_init(struct backup_manifest *manifest);
void backup_manifest_free(struct backup_manifest *manifest);

/* ---- taking one ---- */
/* The database as it is at one moment, beside a running server, then the segments that it names, each up to
   the length it knows. `previous` may be NULL: what it has already is not copied again. */
NODISCARD int backup_take_store(struct backup *backup, const char *data,
                                const struct backup_manifest *previous, struct backup_manifest *manifest);
/* Adds an entry; a file's bytes come in `bytes`. The path is copied. */
NODISCARD int backup_take_entry(struct backup *backup, struct backup_manifest *manifest,
                                const struct backup_file *entry, struct slice bytes);
/* Numbers it and makes it durable: after this it is a snapshot. */
NODISCARD int backup_finish(struct backup *backup, struct backup_manifest *manifest);
/* Removes all but the newest `keep` snapshots, and then every part that none names. Where a snapshot is
   damaged, parts stay, with a note. */
struct backup_swept {
    uint64_t snapshots;
    uint64_t bytes;
};
NODISCARD int backup_sweep(struct backup *backup, uint64_t keep, struct backup_swept *swept);

/* ---- checking ---- */
struct backup_report {
    uint64_t snapshots;
    uint64_t parts;
    uint64_t bytes;
    uint64_t faults;
};
/* Reads everything. Calls `fault` with one line for each thing that is wrong. */
NODISCARD int backup_verify(struct backup *backup, void (*fault)(void *context, struct slice line),
                            void *context, struct backup_report *report);

/* ---- giving it back ---- */
/* Writes one file into the folder `data`, whole or not at all; one that is there with its length is left
   as it is. Folders above it must be there. The database is not for this one. -EBADMSG: damaged. */
NODISCARD int backup_restore_file(struct backup *backup, const struct backup_file *file, const char *data);
/* The database, last: afterwards there is a store. Each mailbox goes on with UIDs and modseqs that nobody can
   have seen before it was lost; what the snapshot holds keeps its own. */
NODISCARD int backup_restore_database(struct backup *backup, const struct backup_file *file,
                                      const char *data);

/* ---- for the files of this room ---- */
/* Records the line, "WHAT: why", and returns `result`. */
int backup_fail(struct backup *backup, int result, const char *format, ...) PRINTF_LIKE(3, 4);
void backup_note(struct backup *backup, const char *format, ...) PRINTF_LIKE(2, 3);
/* A path below the backup's folder, in the arena. */
const char *backup_path(struct backup *backup, const char *format, ...) PRINTF_LIKE(2, 3);
void backup_step(struct backup *backup, uint64_t done, uint64_t total);

/* Stores the bytes, unless they are there, and says how they are named. */
NODISCARD int backup_pool_add(struct backup *backup, struct slice bytes, struct backup_part *part);
/* It is there and has its length. */
bool backup_pool_has(struct backup *backup, const struct backup_part *part);
/* Reads and checks it into backup->chunk. -EBADMSG: other bytes; -ENOENT. */
NODISCARD int backup_pool_read(struct backup *backup, const struct backup_part *part, struct slice *bytes);
/* Some bytes of a part, unchecked. False where they cannot be read. */
bool backup_pool_peek(struct backup *backup, const struct backup_part *part, uint64_t offset, uint8_t *bytes,
                      size_t len);
/* All new names survive a power cut. */
NODISCARD int backup_pool_sync(struct backup *backup);
/* Writes a file whole or not at all, durably. */
NODISCARD int backup_write(struct backup *backup, const char *path, struct slice bytes);
/* The hash of bytes as text. */
void backup_hash(struct slice bytes, char name[BACKUP_NAME_BYTES + 1]);

#endif
