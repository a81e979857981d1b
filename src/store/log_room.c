#include "store/log_room.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "store/model.h"

/* A page at a time, for the reason that body.c has for it. */
enum { ZEROS_BYTES = 4096 };

/* SQLite's name for the log of the database at `path`. */
static int log_open(struct env *env, const char *path, enum file_mode mode, struct file **log) {
    char name[STORE_PATH_BYTES_MAX];
    if ((size_t)snprintf(name, sizeof name, "%s-wal", path) >= sizeof name) return -ENAMETOOLONG;
    return file_open(env, name, mode, log);
}

/* ---- before the database is opened ---- */

static int write_again(struct file *file, uint8_t *chunk, uint64_t size) {
    int result = 0;
    for (uint64_t at = 0; result == 0 && at < size;) {
        int64_t got = file_read(file, chunk, STORE_WAL_REWRITE_BYTES, at);
        if (got <= 0) return got < 0 ? (int)got : 0;
        result = file_write(file, slice_of(chunk, (size_t)got), at);
        at += (uint64_t)got;
    }
    return result ? result : file_sync(file);
}

int log_rewrite(struct env *env, const char *path) {
    struct file *file = NULL;
    /* Opened for reading first: that makes no file where there is none. */
    int result = log_open(env, path, FILE_READ, &file);
    int64_t size = result ? 0 : file_size(file);
    file_close(&file);
    if (result == -ENOENT) return 0;
    if (result || size <= 0) return result ? result : (int)size;
    result = log_open(env, path, FILE_WRITE, &file);
    if (result) return result;
    uint8_t *chunk = malloc(STORE_WAL_REWRITE_BYTES);
    if (!chunk) FATAL("out of memory for a piece of the log");
    result = write_again(file, chunk, (uint64_t)size);
    free(chunk);
    file_close(&file);
    return result;
}

/* ---- room ---- */

void log_room_open(struct log_room *room, struct env *env, const char *path, uint64_t step_bytes) {
    *room = (struct log_room){.step_bytes = step_bytes};
    if (log_open(env, path, FILE_WRITE, &room->file)) room->file = NULL;
}

void log_room_close(struct log_room *room) { file_close(&room->file); }

/* From the file's true end: behind it there is no frame. */
static void append_zeros(struct log_room *room, uint64_t wanted) {
    static const uint8_t zeros[ZEROS_BYTES];
    int64_t size = file_size(room->file);
    if (size < 0) return;
    for (room->end = (uint64_t)size; room->end < wanted;) {
        uint64_t len = ZEROS_BYTES - room->end % ZEROS_BYTES;
        if (file_write(room->file, slice_of(zeros, (size_t)len), room->end)) return;
        room->end += len;
    }
}

void log_room_make(struct log_room *room, uint64_t used_bytes) {
    if (!room->file || room->end >= used_bytes + room->step_bytes / 4) return;
    append_zeros(room, used_bytes + room->step_bytes);
}
