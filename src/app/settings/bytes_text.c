#include "app/settings/bytes_text.h"

#include <stdio.h>
#include <time.h>

const char *bytes_text(char text[WORDS_BYTES], uint64_t bytes) {
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    double number = (double)bytes;
    for (; number >= 1024 && unit < 4; unit++) number /= 1024;
    (void)snprintf(text, WORDS_BYTES, unit ? "%.1f %s" : "%.0f %s", number, units[unit]);
    return text;
}

const char *moment_text(char text[WORDS_BYTES], int64_t wall_ms) {
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm moment;
    if (!gmtime_r(&seconds, &moment) || strftime(text, WORDS_BYTES, "%Y-%m-%dT%H:%M:%SZ", &moment) == 0)
        text[0] = 0;
    return text;
}
