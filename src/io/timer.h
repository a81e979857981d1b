/*
 * Timers: a binary heap of moments, one for an env. A timer lives in whoever uses it, costs
 * nothing while it is not armed, and fires once, never before its moment.
 */
#ifndef IO_TIMER_H
#define IO_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A deadline that never comes. */
#define DEADLINE_NONE INT64_MAX

struct timer {
    int64_t at_ms;
    /* Place in the heap, counted from 1; 0 while not armed. */
    size_t place;
    void (*fire)(struct timer *timer);
};

struct timer_heap {
    struct timer **timers;
    size_t count;
    size_t capacity;
};

void timer_heap_init(struct timer_heap *heap);
void timer_heap_free(struct timer_heap *heap);
/* The next moment, or DEADLINE_NONE. */
int64_t timer_heap_next_ms(const struct timer_heap *heap);
/* Fires all that are due. */
void timer_heap_fire(struct timer_heap *heap, int64_t now_ms);

static inline void timer_init(struct timer *timer, void (*fire)(struct timer *timer)) {
    *timer = (struct timer){.fire = fire};
}
/* Arms it, or moves it. DEADLINE_NONE disarms it. */
void timer_arm(struct timer_heap *heap, struct timer *timer, int64_t at_ms);
void timer_disarm(struct timer_heap *heap, struct timer *timer);
static inline bool timer_is_armed(const struct timer *timer) { return timer->place != 0; }

#endif
