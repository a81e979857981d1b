/* When an event is tried again: the schedule that Standard Webhooks 1.0.0 gives as its example, three days in
   all, each pause up to a tenth shorter or longer, so that what failed together does not come together. Pure.
 */
#ifndef HOOK_SCHEDULE_H
#define HOOK_SCHEDULE_H

#include <stdint.h>

/* With the first, at once. */
enum { HOOK_ATTEMPTS_MAX = 10 };

/* After so many attempts: the pause; -1: that was the last. `random` is any number. */
int64_t hook_schedule_pause_ms(uint64_t attempts, uint64_t random);

#endif
