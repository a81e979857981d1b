/* Work that reads much: one at a time, in a lane and on a connection of its own. */
#ifndef STORE_SCAN_H
#define STORE_SCAN_H

#include "store/engine_state.h"

/* STORE_BUSY while another runs; STORE_FAILED. The connection is for engine->scan_lane. */
enum store_result scan_begin(struct engine *engine, struct db **db);
void scan_end(struct engine *engine, struct db **db);

#endif
