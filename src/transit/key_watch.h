/* Signing keys that wait for their records to be published: who asks the remote role to look for them, in the
   store role. */
#ifndef TRANSIT_KEY_WATCH_H
#define TRANSIT_KEY_WATCH_H

#include "ipc/channel.h"
#include "store/engine_dkim.h"
#include "transit/sign_protocol.h"

/* Looks for one; where it is seen, the key signs from now on. `remote` leads to the remote role. Waits. */
enum transit_look_result key_watch_look(struct task *t, struct channel *remote, struct engine *engine,
                                        const struct dkim_waiting *waiting);

#endif
