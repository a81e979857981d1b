/* The queue: recipients elsewhere, one row each, held until there is a way out. */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include "store/commit.h"

/* Numbers are stored: never change one. */
enum queue_state { QUEUE_HELD = 0 };

/* Adds the delivery's recipients elsewhere. */
void queue_add(struct commit *commit, const struct delivery *delivery);

#endif
