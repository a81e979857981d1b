/*
 * Whose turn it is at a mailbox of which some campaigns have a longer gap than the others. A gap counts from
 * the mailbox's last letter, whosever it was: beside one that writes all the time a slow one would never
 * begin. So the quick ones have the mailbox for one gap of the slow one's, and it has the next; of several
 * slow ones each in turn. Kept in memory: who forgets it begins anew. Pure.
 */
#ifndef OUTREACH_TURNS_H
#define OUTREACH_TURNS_H

#include <stdbool.h>
#include <stdint.h>

enum { TURNS_MAX = 8 };

struct turn {
    /* 0: none. */
    uint64_t campaign;
    int64_t from_ms;
};

struct turns {
    struct turn turns[TURNS_MAX];
    /* It is nobody's before. */
    int64_t rest_until_ms;
};

/* The campaign that goes before all others; 0: none. */
uint64_t turns_now(const struct turns *turns, int64_t now_ms);
/* Its own gap keeps it from writing until then. True: it is its turn, and nobody else writes meanwhile. Of
   more than TURNS_MAX the one that would be the last has none. */
bool turns_wait(struct turns *turns, uint64_t campaign, int64_t until_ms, int64_t now_ms);
/* It writes now: if it has turns, the next is after its longest gap, and nobody's is before. */
void turns_taken(struct turns *turns, uint64_t campaign, int64_t gap_max_ms, int64_t now_ms);
/* It has nobody to write to. */
void turns_drop(struct turns *turns, uint64_t campaign);

#endif
