/*
 * Typed messages as bytes: numbers as varints, slices with their length before them, in the
 * order both sides know. Only roles of the same binary talk this way. Reading is checked all
 * the same: a role that was captured must not be able to harm its neighbour.
 */
#ifndef IPC_PACK_H
#define IPC_PACK_H

#include "base/buffer.h"

void pack_number(struct buffer *out, uint64_t number);
void pack_slice(struct buffer *out, struct slice bytes);
static inline void pack_bool(struct buffer *out, bool value) { pack_number(out, value); }

/* Reads on; after the first thing that does not fit, is_bad stays set and everything reads as 0. */
struct unpacker {
    struct slice rest;
    bool is_bad;
};
static inline struct unpacker unpacker_of(struct slice bytes) { return (struct unpacker){bytes, false}; }
uint64_t unpack_number(struct unpacker *in);
/* Above `max` is bad. */
uint64_t unpack_number_max(struct unpacker *in, uint64_t max);
/* Borrows from the bytes that are read. */
struct slice unpack_slice(struct unpacker *in);
static inline bool unpack_bool(struct unpacker *in) { return unpack_number_max(in, 1) != 0; }
/* All was read and nothing is left. */
static inline bool unpack_is_done(const struct unpacker *in) { return !in->is_bad && in->rest.len == 0; }

#endif
