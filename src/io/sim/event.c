/*
 * The events of a world: a binary heap, ordered by moment, then by the order they were set in, so
 * that the order never depends on addresses or on the heap's shape. Events live in whoever sets
 * them, and are cancelled before that is freed.
 */
#include <stdlib.h>

#include "io/sim/world.h"

static bool is_before(const struct sim_event *a, const struct sim_event *b) {
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->sequence < b->sequence;
}

static void put(struct sim_world *world, size_t place, struct sim_event *event) {
    world->events[place - 1] = event;
    event->place = place;
}

static void sift_up(struct sim_world *world, size_t place, struct sim_event *event) {
    while (place > 1 && is_before(event, world->events[place / 2 - 1])) {
        put(world, place, world->events[place / 2 - 1]);
        place /= 2;
    }
    put(world, place, event);
}

static void sift_down(struct sim_world *world, size_t place, struct sim_event *event) {
    for (size_t child = place * 2; child <= world->event_count; child = place * 2) {
        if (child < world->event_count && is_before(world->events[child], world->events[child - 1])) child++;
        if (!is_before(world->events[child - 1], event)) break;
        put(world, place, world->events[child - 1]);
        place = child;
    }
    put(world, place, event);
}

static void grow(struct sim_world *world) {
    world->event_capacity = world->event_capacity ? world->event_capacity * 2 : 64;
    world->events = reallocarray(world->events, world->event_capacity, sizeof(struct sim_event *));
    if (!world->events) FATAL("out of memory for events");
}

void sim_event_set(struct sim_world *world, struct sim_event *event, int64_t delay_us) {
    sim_event_cancel(world, event);
    if (world->event_count == world->event_capacity) grow(world);
    event->at_us = world->now_us + delay_us;
    event->sequence = world->next_sequence++;
    world->event_count++;
    sift_up(world, world->event_count, event);
}

void sim_event_cancel(struct sim_world *world, struct sim_event *event) {
    size_t place = event->place;
    if (!place) return;
    ASSERT(world->events[place - 1] == event);
    event->place = 0;
    struct sim_event *last = world->events[--world->event_count];
    if (last == event) return;
    sift_down(world, place, last);
    sift_up(world, last->place, last);
}

struct sim_event *sim_event_next(struct sim_world *world) {
    return world->event_count ? world->events[0] : NULL;
}
