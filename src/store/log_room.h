/*
 * What is done to SQLite's write-ahead log beside SQLite.
 *
 * Room in it: zeros behind its last frame. A sync of frames inside the file's length,
 * on blocks that it has, changes nothing else of the file and takes a third of the time; and a log grows
 * until its first checkpoints are through. SQLite takes zeros for what they are: no frames (their salt and
 * checksum do not fit), at recovery, too.
 *
 * Only who writes the log may make room in it, between two commits: the commit lane. Where there is no
 * space for zeros it is done without.
 */
#ifndef STORE_LOG_ROOM_H
#define STORE_LOG_ROOM_H

#include "io/file.h"

struct log_room {
    /* NULL: no room is made. */
    struct file *file;
    uint64_t step_bytes;
    /* The file was so long when it was looked at last. */
    uint64_t end;
};

/* For the log of the open database at `path`; `step_bytes` of zeros at a time. Blocks. */
void log_room_open(struct log_room *room, struct env *env, const char *path, uint64_t step_bytes);
void log_room_close(struct log_room *room);
/* Makes room where there is little behind the first `used_bytes`. In the commit lane, outside of
 * transactions. */
void log_room_make(struct log_room *room, uint64_t used_bytes);

/* Before the database at `path` is opened. A sync that failed has left what it was for in memory alone, and
   no later sync writes it: a store that died of it leaves a log that we read whole and the disk has not, and
   all that is committed behind the hole would be lost with the power. So what is there is written once more.
   0, also where there is no log, or a negated errno. Blocks. */
NODISCARD int log_rewrite(struct env *env, const char *path);

#endif
