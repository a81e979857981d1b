#include "outreach/planner_queue.h"

struct planner_queue planner_queue_new(struct arena *arena, size_t capacity) {
    return (struct planner_queue){.items = ARENA_NEW_ARRAY(arena, struct pacer_candidate, capacity + 1),
                                  .capacity = capacity};
}

void planner_queue_add(struct planner_queue *queue, struct pacer_candidate candidate) {
    ASSERT(queue->count < queue->capacity);
    size_t at = queue->count++;
    while (at > 0 && pacer_goes_before(&candidate, &queue->items[(at - 1) / 2])) {
        queue->items[at] = queue->items[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    queue->items[at] = candidate;
}

struct pacer_candidate planner_queue_first(const struct planner_queue *queue) {
    ASSERT(queue->count > 0);
    return queue->items[0];
}

/* The child that goes before the other. */
static size_t better_child(const struct planner_queue *queue, size_t at) {
    size_t child = 2 * at + 1;
    bool has_other = child + 1 < queue->count;
    return has_other && pacer_goes_before(&queue->items[child + 1], &queue->items[child]) ? child + 1 : child;
}

void planner_queue_remove_first(struct planner_queue *queue) {
    ASSERT(queue->count > 0);
    struct pacer_candidate moved = queue->items[--queue->count];
    size_t at = 0;
    while (2 * at + 1 < queue->count) {
        size_t child = better_child(queue, at);
        if (!pacer_goes_before(&queue->items[child], &moved)) break;
        queue->items[at] = queue->items[child];
        at = child;
    }
    queue->items[at] = moved;
}
