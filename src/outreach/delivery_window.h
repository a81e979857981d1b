/*
 * When a prospect may be written to: ranges of weekdays and times of day as clocks show them where the
 * prospect is, without holidays; and delays that are counted from the moment the step before was really sent.
 *
 * Clocks are put forward and back. A time of day that does not exist (2:30 on a spring night) is taken as the
 * moment the clocks jumped; one that comes twice as the first of both; a window is open whenever the clock on
 * the wall stands inside a range. What is returned is always inside the window, and never before what was
 * asked for. Time is a parameter; zones come from ICU's tables. Pure.
 */
#ifndef OUTREACH_DELIVERY_WINDOW_H
#define OUTREACH_DELIVERY_WINDOW_H

#include "base/fatal.h"
#include "base/limits_outreach.h"
#include "base/slice.h"

/* Bits of a set of weekdays. */
enum delivery_weekday {
    DELIVERY_MONDAY = 1 << 0,
    DELIVERY_TUESDAY = 1 << 1,
    DELIVERY_WEDNESDAY = 1 << 2,
    DELIVERY_THURSDAY = 1 << 3,
    DELIVERY_FRIDAY = 1 << 4,
    DELIVERY_SATURDAY = 1 << 5,
    DELIVERY_SUNDAY = 1 << 6,
    DELIVERY_MONDAY_TO_FRIDAY = (1 << 5) - 1,
    DELIVERY_EVERY_DAY = (1 << 7) - 1,
};

/* From a minute of the day to before another, of the same day; 1440 is midnight at its end. */
struct delivery_range {
    unsigned weekdays;
    unsigned from_minute;
    unsigned to_minute;
};

struct delivery_window {
    struct delivery_range ranges[DELIVERY_RANGES_MAX];
    size_t range_count;
    /* Days that count for a delay in working days, without the holidays. */
    unsigned working_weekdays;
    /* Days since 1970, rising; nothing leaves on them. Borrowed. */
    const int32_t *holidays;
    size_t holiday_count;
};

/* Monday to Friday, 9 to 17. */
struct delivery_window delivery_window_usual(void);

/* A time zone, for as long as it is needed. */
struct delivery_zone;
/* "Europe/Berlin"; NULL: nobody knows a zone of this name. */
NODISCARD struct delivery_zone *delivery_zone_new(struct slice name);
/* Frees it and nulls *zone. NULL is fine. */
void delivery_zone_free(struct delivery_zone **zone);
/* East of UTC at a moment. */
int delivery_zone_minutes(const struct delivery_zone *zone, int64_t at_ms);
/* The moment at which clocks there show this (milliseconds since 1970 as they count them): of two the first,
   of none the one at which they skip it. */
int64_t delivery_zone_moment_ms(const struct delivery_zone *zone, int64_t local_ms);
/* When the calendar day of a moment began there, and when the next one begins. */
int64_t delivery_day_start_ms(const struct delivery_zone *zone, int64_t at_ms);
int64_t delivery_day_end_ms(const struct delivery_zone *zone, int64_t at_ms);
/* The number of that day, since 1970-01-01. */
int64_t delivery_day_number(const struct delivery_zone *zone, int64_t at_ms);

/* No moment: no range is ever open. */
#define DELIVERY_NEVER INT64_MAX

bool delivery_window_is_open(const struct delivery_window *window, const struct delivery_zone *zone,
                             int64_t at_ms);
/* The first moment from `at_ms` on that is inside; DELIVERY_NEVER where no day of the next
   DELIVERY_LOOK_DAYS_MAX has one. */
NODISCARD int64_t delivery_window_next_ms(const struct delivery_window *window,
                                          const struct delivery_zone *zone, int64_t at_ms);

enum delivery_unit {
    DELIVERY_MINUTES,
    DELIVERY_HOURS,
    /* The same time of day so many days later. */
    DELIVERY_DAYS,
    /* The same, and days that are no working days are not counted. */
    DELIVERY_WORKING_DAYS,
    /* For trying: only to recipients under .test. */
    DELIVERY_SECONDS,
    DELIVERY_UNITS,
};

struct delivery_delay {
    enum delivery_unit unit;
    unsigned count;
};

/* When the delay is over that began with a message sent at `sent_ms`; the window is not looked at but for its
   working days and holidays: ask delivery_window_next_ms for the moment then. */
NODISCARD int64_t delivery_delay_end_ms(struct delivery_delay delay, const struct delivery_window *window,
                                        const struct delivery_zone *zone, int64_t sent_ms);

/* "3 working days", "2 hours", "0 minutes". False: it is none, or longer than SEQUENCE_DELAY_MINUTES_MAX. */
NODISCARD bool delivery_delay_read(struct slice text, struct delivery_delay *delay);
/* "minute", "hour", "day", "working day", "second". */
const char *delivery_unit_word(enum delivery_unit unit);

#endif
