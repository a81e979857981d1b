/* When a failed attempt is made again (RFC 5321 4.5.4.1): soon at first, then ever more seldom, and never
   all at once. Pure. */
#ifndef TRANSIT_BACKOFF_H
#define TRANSIT_BACKOFF_H

#include <stdint.h>

/* Milliseconds until the next attempt after `attempts` (1 or more) that failed. `random` is any number: it
   spreads the pause by a fifth to both sides. */
int64_t backoff_ms(uint32_t attempts, uint64_t random);

#endif
