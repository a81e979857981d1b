/* Who is due, in the order in which they go: a heap. Inside of the planner. */
#ifndef OUTREACH_PLANNER_QUEUE_H
#define OUTREACH_PLANNER_QUEUE_H

#include "base/arena.h"
#include "outreach/pacer.h"

struct planner_queue {
    struct pacer_candidate *items;
    size_t count;
    size_t capacity;
};

/* Room for so many. */
struct planner_queue planner_queue_new(struct arena *arena, size_t capacity);
void planner_queue_add(struct planner_queue *queue, struct pacer_candidate candidate);
/* Who goes first; there must be one. */
struct pacer_candidate planner_queue_first(const struct planner_queue *queue);
void planner_queue_remove_first(struct planner_queue *queue);

#endif
