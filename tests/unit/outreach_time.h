/* Moments in tests: "2026-03-29 02:30" of a zone's clock as UTC milliseconds, and back. */
#ifndef OUTREACH_TIME_H
#define OUTREACH_TIME_H

#include "test.h"

#include "outreach/delivery_window.h"
#include "wire/date.h"

static inline int64_t utc_ms(const char *text) {
    struct date_fields f = {0};
    assert_int_equal(
        sscanf(text, "%d-%d-%d %d:%d:%d", &f.year, &f.month, &f.day, &f.hour, &f.minute, &f.second) >= 5, 1);
    return (date_days(f.year, f.month, f.day) * 1440 + f.hour * 60 + f.minute) * 60000LL + f.second * 1000LL;
}

/* "Mon 2026-03-30 09:00" as the clock there shows it. */
static inline struct slice clock_of(const struct delivery_zone *zone, int64_t at_ms, char text[40]) {
    static const char days[] = "ThuFriSatSunMonTueWed";
    int64_t local_ms = at_ms + delivery_zone_minutes(zone, at_ms) * 60000LL;
    struct date_fields f = date_split(local_ms);
    int length = snprintf(text, 40, "%.3s %04d-%02d-%02d %02d:%02d", days + 3 * (local_ms / 86400000 % 7),
                          f.year, f.month, f.day, f.hour, f.minute);
    return slice_of(text, (size_t)length);
}

#define assert_clock(zone, at_ms, expected)                            \
    do {                                                               \
        char clock_text[40];                                           \
        assert_slice(clock_of((zone), (at_ms), clock_text), expected); \
    } while (0)

static inline struct delivery_zone *zone_named(const char *name) {
    struct delivery_zone *zone = delivery_zone_new(slice_from_text(name));
    assert_non_null(zone);
    return zone;
}

#endif
