#include "hook/schedule.h"

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, HOUR_MS = 60 * MINUTE_MS };

int64_t hook_schedule_pause_ms(uint64_t attempts, uint64_t random) {
    static const int64_t pauses_ms[HOOK_ATTEMPTS_MAX] = {
        0,           5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS,
        5 * HOUR_MS, 10 * HOUR_MS,  14 * HOUR_MS,  20 * HOUR_MS,   24 * HOUR_MS};
    if (attempts >= HOOK_ATTEMPTS_MAX) return -1;
    uint64_t pause_ms = (uint64_t)pauses_ms[attempts];
    return (int64_t)(pause_ms - pause_ms / 10 + random % (pause_ms / 5 + 1));
}
