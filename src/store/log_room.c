#include "store/log_room.h"

#include <stdio.h>

#include "base/limits.h"
#include "store/model.h"

/* A page at a time, for the reason that body.c has for it. */
enum { ZEROS_BYTES = 4096 };

void log_room_open(struct log_room *room, struct env *env, const char *path, uint64_t step_bytes) {
    char log_path[STORE_PATH_BYTES_MAX];
    *room = (struct log_room){.step_bytes = step_bytes};
    if (snprintf(log_path, sizeof log_path, "%s-wal", path) >= (int)sizeof log_path) return;
    if (file_open(env, log_path, FILE_WRITE, &room->file)) room->file = NULL;
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
