#include "io/timer.h"

#include <stdlib.h>

#include "base/fatal.h"

void timer_heap_init(struct timer_heap *heap) { *heap = (struct timer_heap){0}; }

void timer_heap_free(struct timer_heap *heap) {
    free(heap->timers);
    timer_heap_init(heap);
}

int64_t timer_heap_next_ms(const struct timer_heap *heap) {
    return heap->count ? heap->timers[0]->at_ms : DEADLINE_NONE;
}

static void put(struct timer_heap *heap, size_t place, struct timer *timer) {
    heap->timers[place - 1] = timer;
    timer->place = place;
}

static void sift_up(struct timer_heap *heap, size_t place, struct timer *timer) {
    while (place > 1 && heap->timers[place / 2 - 1]->at_ms > timer->at_ms) {
        put(heap, place, heap->timers[place / 2 - 1]);
        place /= 2;
    }
    put(heap, place, timer);
}

static void sift_down(struct timer_heap *heap, size_t place, struct timer *timer) {
    for (;;) {
        size_t child = place * 2;
        if (child > heap->count) break;
        if (child < heap->count && heap->timers[child]->at_ms < heap->timers[child - 1]->at_ms) child++;
        if (heap->timers[child - 1]->at_ms >= timer->at_ms) break;
        put(heap, place, heap->timers[child - 1]);
        place = child;
    }
    put(heap, place, timer);
}

static void grow(struct timer_heap *heap) {
    heap->capacity = heap->capacity ? heap->capacity * 2 : 16;
    heap->timers = reallocarray(heap->timers, heap->capacity, sizeof(struct timer *));
    if (!heap->timers) FATAL("out of memory for %zu timers", heap->capacity);
}

void timer_disarm(struct timer_heap *heap, struct timer *timer) {
    size_t place = timer->place;
    if (!place) return;
    ASSERT(heap->timers[place - 1] == timer);
    timer->place = 0;
    struct timer *last = heap->timers[--heap->count];
    if (last == timer) return;
    sift_down(heap, place, last);
    sift_up(heap, last->place, last);
}

void timer_arm(struct timer_heap *heap, struct timer *timer, int64_t at_ms) {
    timer_disarm(heap, timer);
    if (at_ms == DEADLINE_NONE) return;
    if (heap->count == heap->capacity) grow(heap);
    timer->at_ms = at_ms;
    heap->count++;
    sift_up(heap, heap->count, timer);
}

void timer_heap_fire(struct timer_heap *heap, int64_t now_ms) {
    while (heap->count && heap->timers[0]->at_ms <= now_ms) {
        struct timer *timer = heap->timers[0];
        timer_disarm(heap, timer);
        timer->fire(timer);
    }
}
