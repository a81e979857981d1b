/* Local sockets that have a name in a folder, and waiting without a loop. For start-up: these calls block. */
#ifndef IO_REAL_LOCAL_H
#define IO_REAL_LOCAL_H

#include "io/env.h"

/* Listens at FOLDER/NAME, replacing what was left there, for the folder's owner alone (mode 0600). A path of
   any length will do. 0, or a negated errno. */
NODISCARD int local_listen(const char *folder, const char *name, struct handle *handle);
/* Connects to FOLDER/NAME. A handle for stream_adopt; 0, or a negated errno: -ENOENT and -ECONNREFUSED
   mean that nobody listens. */
NODISCARD int local_connect(const char *folder, const char *name, struct handle *handle);
/* A second descriptor of the same socket. 0, or a negated errno. */
NODISCARD int local_copy(struct handle handle, struct handle *copy);
void local_pause_ms(int64_t ms);

#endif
