/*
 * The frame of programs that do many things over DNS of the simulated world, for comparison with what others
 * say. Standard input is JSON:
 *
 * [{"zone": [[NAME, TYPE, TEXT], ...], "tasks": [TASK, ...]}, ...]
 *
 * with the types of sim_zone.h and, in the zone, a character for each byte ("latin-1"); standard output has a
 * list of what came of each task for each world.
 */
#ifndef WORLD_TOOL_H
#define WORLD_TOOL_H

#include <jansson.h>

#include "base/arena.h"
#include "trust/lookup.h"

/* Does one task and returns what came of it; may wait. Lookups end after 20 seconds of the world's. */
typedef json_t *world_tool_fn(struct task *t, struct trust_lookups *lookups, const json_t *task);
/* The whole program: returns its exit status. Each task has an arena of so many bytes (lookups->arena). */
int world_tool_run(world_tool_fn *do_task, size_t arena_bytes);

/* A text of a task as it stands; empty: there is none. Borrowed from the task. */
struct slice world_tool_text(const json_t *task, const char *name);
/* A text with a character for each byte. */
struct slice world_tool_bytes(struct arena *arena, const json_t *value);
/* What is no UTF-8 is said to be none. */
json_t *world_tool_json(struct slice text);

#endif
