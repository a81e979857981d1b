/*
 * A set of 32-bit numbers (IMAP UIDs), compressed: ranges of neighbours, coded as gaps and
 * lengths in blocks of a bounded number of ranges. A million neighbours take a few bytes,
 * every other number takes about a byte a member. The position of a member (its IMAP
 * sequence number) and the member at a position are found in O(log n).
 *
 * A set is a handle on a shared body: uid_set_share costs nothing, and whoever changes a
 * shared set first gets a body of its own (copy on write). There are no locks: a set and its
 * shares belong to one thread. Zero is never a member. The handle {NULL} is the empty set.
 */
#ifndef BASE_UID_SET_H
#define BASE_UID_SET_H

#include "base/buffer.h"
#include "base/slice.h"

/* The numbers from `first` to `last`, both included. */
struct number_range {
    uint32_t first;
    uint32_t last;
};

struct uid_set_body;
struct uid_set {
    struct uid_set_body *body;
};

#define UID_SET_EMPTY ((struct uid_set){NULL})

enum uid_set_error {
    UID_SET_OK,
    /* The bytes end inside a range, or go on behind the last. */
    UID_SET_CUT,
    /* A range that is empty, touches the one before it, or passes 2^32 - 1. */
    UID_SET_BAD_RANGE,
};

/* A second handle on the same members. Both are freed. */
struct uid_set uid_set_share(struct uid_set set);
/* Lets the handle go and makes it the empty set. */
void uid_set_free(struct uid_set *set);

/* Adds a range behind all members: range.first is above the last one and not 0. */
void uid_set_append(struct uid_set *set, struct number_range range);
/* Takes out whatever members lie in the range, and returns how many did. */
uint32_t uid_set_remove(struct uid_set *set, struct number_range range);

uint32_t uid_set_count(const struct uid_set *set);
/* The largest member, or 0. */
uint32_t uid_set_last(const struct uid_set *set);
bool uid_set_contains(const struct uid_set *set, uint32_t uid);
/* The position of a member, from 1; 0 where `uid` is no member. */
uint32_t uid_set_rank(const struct uid_set *set, uint32_t uid);
/* The member at a position, from 1; 0 where there is none. */
uint32_t uid_set_select(const struct uid_set *set, uint32_t position);
/* The memory it takes, shared or not. */
size_t uid_set_bytes(const struct uid_set *set);

/* Where a walk stands; starts as {0}. The set may not change during a walk. */
struct uid_set_cursor {
    size_t block;
    size_t offset;
    uint64_t end;
};
/* The next range in ascending order; false at the end. Ranges never touch. */
bool uid_set_next(const struct uid_set *set, struct uid_set_cursor *cursor, struct number_range *range);

/* Where a walk over the common members of a set and of sorted, disjoint ranges stands. */
struct uid_set_meet {
    const struct number_range *ranges;
    size_t count;
    struct uid_set_cursor cursor;
    struct number_range held;
    bool holds;
};
struct uid_set_meet uid_set_meet_start(const struct number_range *ranges, size_t count);
/* The next common range, ascending; false at the end. Takes time by the ranges met, never by
   the numbers in them. */
bool uid_set_meet_next(const struct uid_set *set, struct uid_set_meet *meet, struct number_range *range);

/* A self-delimiting, compact form, for disk and for other roles. */
void uid_set_serialise(const struct uid_set *set, struct buffer *out);
/* Reads all of `bytes` into *set, which is left empty on an error. Every bound is checked. */
NODISCARD enum uid_set_error uid_set_deserialise(struct slice bytes, struct uid_set *set);

#endif
