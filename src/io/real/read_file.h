/* Whole small files, for start-up and the command line. Blocks. */
#ifndef IO_REAL_READ_FILE_H
#define IO_REAL_READ_FILE_H

#include "base/arena.h"

/* 0 and the bytes in `arena`, or a negated errno; -EFBIG over bytes_max. "-" is standard input. */
NODISCARD int read_file(struct arena *arena, const char *path, size_t bytes_max, struct slice *bytes);
/* Makes a file with these bytes; -EEXIST when there is one. */
NODISCARD int write_new_file(const char *path, struct slice bytes, unsigned permissions);
/* New names in the folder survive a power cut. */
NODISCARD int settle_names(const char *folder);

#endif
