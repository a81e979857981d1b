/* Work that reads much: one at a time, in a lane and on a connection of its own. */
#ifndef STORE_SCAN_H
#define STORE_SCAN_H

#include "store/engine_state.h"

/* A connection for reading; errors as of db_open. */
NODISCARD int engine_read_open(struct engine *engine, struct db **db);
/* STORE_BUSY while another runs; STORE_FAILED. The connection is for engine->scan_lane.
   Until it ends, no segment that it can know of goes away. */
enum store_result scan_begin(struct engine *engine, struct db **db);
void scan_end(struct engine *engine, struct db **db);

#endif
