/*
 * The flight recorder, as the store keeps it: what happened to each message that left or was to leave, one
 * row for its acceptance, for each attempt, and for what its owner did. Rows outlive the message; they are
 * kept for FLIGHTS_KEPT_DAYS, and FLIGHTS_KEPT_MAX of them.
 *
 * A message is found by its Message-ID through a key of the row of its acceptance: the hour, and some bits of
 * the text's hash, so that the index grows at its end as everything else does; who looks asks for every hour.
 */
#ifndef STORE_FLIGHT_H
#define STORE_FLIGHT_H

#include "store/commit.h"

void flight_add(struct commit *commit, const struct flight *flight);
void flight_accepted(struct commit *commit, const struct delivery *delivery);
/* Removes some of those that are too old or too many. True: there may be more. */
bool flight_prune(struct commit *commit);

/* Reads rows of one message, the oldest first; in `arena`. */
enum store_result flight_read(struct db *db, struct arena *arena, uint64_t message, size_t max,
                              struct flight **flights, size_t *count);
/* The newest message with this Message-ID. STORE_NOT_FOUND. */
enum store_result flight_find(struct db *db, struct arena *arena, struct slice message_id, uint64_t *message);

#endif
