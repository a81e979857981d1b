/* Addresses that stand in a text, whatever is around them. Pure. */
#ifndef ANALYSE_TEXT_ADDRESS_H
#define ANALYSE_TEXT_ADDRESS_H

#include "base/arena.h"

/* Around the "@" at `at`; empty: there is none. `start`: where it begins. */
struct slice text_address_around(struct slice line, size_t at, size_t *start);
/* The first `max` of a text, each once (in whatever case), in the arena. */
size_t text_addresses(struct arena *arena, struct slice text, struct slice *addresses, size_t max);

#endif
