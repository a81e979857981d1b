/* DIR/tls/acme.pem: the certificate chain that was got by ACME, with its key, in one file, so that both are
   replaced in one step. For the supervisor. */
#ifndef APP_ACME_FILE_H
#define APP_ACME_FILE_H

#include "base/arena.h"
#include "io/env.h"

/* False: there is none, or none that can be used (logged). Its bytes are in `arena`. Blocks. */
bool acme_file_read(struct env *env, struct arena *arena, const char *folder, struct slice *pem);
/* Writes chain and key, for this user alone, and puts them in the place of what was there; on disk before it
   returns. NULL, or why not, a static text. Blocks for a sync. */
const char *acme_file_write(struct env *env, struct arena *arena, const char *folder, struct slice chain,
                            struct slice key);

#endif
