/*
 * Bytes that a room above keeps in the store by a name, in the table `setting`: for what is one thing to the
 * whole server and changes seldom. Names are static, of that room's choice.
 */
#ifndef STORE_KEPT_H
#define STORE_KEPT_H

#include "store/engine.h"

enum { KEPT_BYTES_MAX = 1 << 20 };

/* Reads, does not wait; in `arena`. STORE_NOT_FOUND: nothing is kept by that name. */
enum store_result engine_kept(struct engine *engine, struct arena *arena, struct slice name,
                              struct slice *bytes);
/* Keeps them instead of what was kept; durable. STORE_REFUSED: more than KEPT_BYTES_MAX. */
enum store_result engine_keep(struct task *t, struct engine *engine, struct slice name, struct slice bytes);

#endif
