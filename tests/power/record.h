/*
 * The log of a run: every change of the data folder, in the order the kernel was asked, from all
 * processes, and the marks of the clients. The recorder (recorder.c) appends under a lock that all
 * processes share, the replay (log.c) reads. A file header, then records, each at a multiple of 8.
 *
 * A change is written down while the lock is held around the call that makes it, so the order of the
 * log is the order of the kernel. A sync is two records, around the call and outside the lock: it
 * promises what stood in the log before its begin, from its end on. A mark stands after all that was
 * asked for before the client wrote it.
 */
#ifndef POWER_RECORD_H
#define POWER_RECORD_H

#include <pthread.h>
#include <stdint.h>

#define RECORD_LOG_VARIABLE "POWER_LOG"
#define RECORD_ROOT_VARIABLE "POWER_ROOT"

enum { RECORD_HEADER_BYTES = 4096, RECORD_ROOT_BYTES = 1024, RECORD_ALIGN = 8 };
#define RECORD_LOG_BYTES_MAX ((uint64_t)4 << 30)

enum record_kind {
    /* A file was opened with O_CREAT: `first` is its inode, the text its path. */
    RECORD_CREATE = 1,
    /* A file without a name. */
    RECORD_TEMPORARY,
    /* `second` is the offset, then the bytes. */
    RECORD_WRITE,
    /* `second` is the new size. */
    RECORD_TRUNCATE,
    /* The text is the old path, a NUL and the new one. */
    RECORD_RENAME,
    RECORD_UNLINK,
    RECORD_MKDIR,
    RECORD_RMDIR,
    /* `second` tells the syncs apart. */
    RECORD_SYNC_BEGIN,
    RECORD_SYNC_END,
    /* The file was mapped to be written through memory. */
    RECORD_MAP,
    /* What a client writes down. */
    RECORD_MARK,
    /* Something that the replay does not know. */
    RECORD_UNKNOWN,
    RECORD_KINDS,
};

struct record_head {
    uint32_t bytes; /* of text or data behind the head */
    uint32_t kind;
    uint64_t first;
    uint64_t second;
};

struct record_log {
    pthread_mutex_t lock;
    uint64_t end; /* where the next record goes */
    uint64_t syncs;
    /* The folder that is watched. */
    uint64_t root_inode;
    char root[RECORD_ROOT_BYTES];
};

#endif
