#include "outreach/turns.h"

#include <stddef.h>

static struct turn *turn_of(struct turns *turns, uint64_t campaign) {
    for (size_t i = 0; i < TURNS_MAX; i++)
        if (turns->turns[i].campaign == campaign) return &turns->turns[i];
    return NULL;
}

static struct turn *last_turn(struct turns *turns) {
    struct turn *last = &turns->turns[0];
    for (size_t i = 1; i < TURNS_MAX; i++)
        if (turns->turns[i].from_ms > last->from_ms) last = &turns->turns[i];
    return last;
}

static void add(struct turns *turns, uint64_t campaign, int64_t from_ms) {
    struct turn *room = turn_of(turns, 0);
    if (!room) room = last_turn(turns);
    if (room->campaign == 0 || room->from_ms > from_ms) *room = (struct turn){campaign, from_ms};
}

uint64_t turns_now(const struct turns *turns, int64_t now_ms) {
    const struct turn *first = NULL;
    for (size_t i = 0; i < TURNS_MAX; i++) {
        const struct turn *turn = &turns->turns[i];
        if (turn->campaign && turn->from_ms <= now_ms && (!first || turn->from_ms < first->from_ms))
            first = turn;
    }
    return first && now_ms >= turns->rest_until_ms ? first->campaign : 0;
}

bool turns_wait(struct turns *turns, uint64_t campaign, int64_t until_ms, int64_t now_ms) {
    if (!turn_of(turns, campaign)) add(turns, campaign, until_ms);
    return turns_now(turns, now_ms) == campaign;
}

void turns_taken(struct turns *turns, uint64_t campaign, int64_t gap_max_ms, int64_t now_ms) {
    struct turn *turn = turn_of(turns, campaign);
    if (!turn) return;
    turn->from_ms = turns->rest_until_ms = now_ms + gap_max_ms;
}

void turns_drop(struct turns *turns, uint64_t campaign) {
    struct turn *turn = turn_of(turns, campaign);
    if (turn) *turn = (struct turn){0};
}
