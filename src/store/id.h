/*
 * Ids: 41 bits of milliseconds since 2024, 10 bits of node, 12 bits of counter, so that they
 * rise, fit a signed 64-bit column and differ between roles with different nodes. A clock
 * that goes back does not make them go back.
 */
#ifndef STORE_ID_H
#define STORE_ID_H

#include "store/engine.h"

/* The next id at this time. */
uint64_t id_next(struct id_source *source, int64_t wall_ms);
/* No id that was made by then, by a clock that did not go back, is greater. */
uint64_t id_last_of(int64_t wall_ms);
/* As people are told it: in hexadecimal. False: it is none. */
NODISCARD bool id_read(struct slice text, uint64_t *id);

#endif
