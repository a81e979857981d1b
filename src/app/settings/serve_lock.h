/* Who may serve a data folder: one supervisor at a time, and as which user. */
#ifndef APP_SERVE_LOCK_H
#define APP_SERVE_LOCK_H

#include <sys/types.h>

#include "base/fatal.h"
#include "base/slice.h"

/* Takes DIR/run/serve.lock, waiting some seconds for one that is ending. False after one line on stderr. */
NODISCARD bool serve_lock_take(const char *folder, int *lock);
/* As root: can this user get to the folder? False after one line on stderr. True for anyone but root. */
NODISCARD bool serve_owner_reaches(const char *folder, uid_t owner, gid_t group);
/* As root: becomes the folder's owner, for good, so that files stay its. False after one line on stderr. */
NODISCARD bool serve_become_owner(const char *folder);

#endif
