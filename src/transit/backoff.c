#include "transit/backoff.h"

enum { MINUTE_MS = 60 * 1000 };

int64_t backoff_ms(uint32_t attempts, uint64_t random) {
    static const int64_t minutes[] = {1, 5, 15, 30, 60, 120, 240};
    enum { LAST = sizeof minutes / sizeof minutes[0] - 1 };
    uint32_t step = attempts == 0 ? 0 : attempts - 1;
    int64_t pause_ms = minutes[step < LAST ? step : LAST] * MINUTE_MS;
    int64_t spread_ms = pause_ms / 5;
    return pause_ms - spread_ms + (int64_t)(random % (uint64_t)(2 * spread_ms + 1));
}
