#include "outreach/delivery_window.h"

#include <stdlib.h>
#include <unicode/ucal.h>

#include "wire/date.h"
#include "wire/place.h"

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * 1000,
    HOUR_MS = 60 * MINUTE_MS,
    DAY_MS = 24 * HOUR_MS,
    DAY_MINUTES = 24 * 60
};
/* What ICU is asked about: 1970 to 9999. */
static const int64_t zone_ms_max = 253402300799000;

struct delivery_zone {
    UCalendar *calendar;
};

struct delivery_window delivery_window_usual(void) {
    return (struct delivery_window){.ranges = {{DELIVERY_MONDAY_TO_FRIDAY, 9 * 60, 17 * 60}},
                                    .range_count = 1,
                                    .working_weekdays = DELIVERY_MONDAY_TO_FRIDAY};
}

/* ---- zones ---- */

struct delivery_zone *delivery_zone_new(struct slice name) {
    /* What is known is ASCII and short. */
    UChar wide[PLACE_ZONE_BYTES_MAX];
    UErrorCode error = U_ZERO_ERROR;
    if (name.len > PLACE_ZONE_BYTES_MAX || !time_zone_is_known(name)) return NULL;
    for (size_t i = 0; i < name.len; i++) wide[i] = name.ptr[i];
    struct delivery_zone *zone = calloc(1, sizeof *zone);
    if (!zone) FATAL("out of memory");
    zone->calendar = ucal_open(wide, (int32_t)name.len, "en_US", UCAL_GREGORIAN, &error);
    if (U_FAILURE(error)) FATAL("no calendar: %s", u_errorName(error));
    return zone;
}

void delivery_zone_free(struct delivery_zone **zone) {
    if (*zone) ucal_close((*zone)->calendar);
    free(*zone);
    *zone = NULL;
}

static void calendar_set(const struct delivery_zone *zone, int64_t at_ms, UErrorCode *error) {
    int64_t within = at_ms < 0 ? 0 : at_ms > zone_ms_max ? zone_ms_max : at_ms;
    ucal_setMillis(zone->calendar, (double)within, error);
}

static int64_t zone_offset_ms(const struct delivery_zone *zone, int64_t at_ms) {
    UErrorCode error = U_ZERO_ERROR;
    calendar_set(zone, at_ms, &error);
    int64_t offset_ms = ucal_get(zone->calendar, UCAL_ZONE_OFFSET, &error);
    offset_ms += ucal_get(zone->calendar, UCAL_DST_OFFSET, &error);
    ASSERT(U_SUCCESS(error));
    return offset_ms;
}

int delivery_zone_minutes(const struct delivery_zone *zone, int64_t at_ms) {
    return (int)(zone_offset_ms(zone, at_ms) / MINUTE_MS);
}

static int64_t zone_local_ms(const struct delivery_zone *zone, int64_t at_ms) {
    return at_ms + zone_offset_ms(zone, at_ms);
}

/* The first time that the clocks are changed after a moment. */
static int64_t zone_change_ms(const struct delivery_zone *zone, int64_t after_ms) {
    UErrorCode error = U_ZERO_ERROR;
    UDate change = 0;
    calendar_set(zone, after_ms, &error);
    bool is_any = ucal_getTimeZoneTransitionDate(zone->calendar, UCAL_TZ_TRANSITION_NEXT, &change, &error);
    return U_SUCCESS(error) && is_any ? (int64_t)change : after_ms;
}

int64_t delivery_zone_moment_ms(const struct delivery_zone *zone, int64_t local_ms) {
    int64_t offset_before = zone_offset_ms(zone, local_ms - DAY_MS);
    int64_t offset_after = zone_offset_ms(zone, local_ms + DAY_MS);
    int64_t before = local_ms - offset_before;
    int64_t after = local_ms - offset_after;
    if (offset_before == offset_after || zone_offset_ms(zone, before) == offset_before) return before;
    if (zone_offset_ms(zone, after) == offset_after) return after;
    return zone_change_ms(zone, after < before ? after : before);
}

/* ---- days ---- */

static int64_t day_of(int64_t local_ms) {
    return local_ms >= 0 ? local_ms / DAY_MS : -((-local_ms + DAY_MS - 1) / DAY_MS);
}

/* 1970-01-01 was a Thursday. */
static unsigned weekday_bit(int64_t day) { return 1U << (((day + 3) % 7 + 7) % 7); }

static bool is_holiday(const struct delivery_window *window, int64_t day) {
    size_t from = 0;
    size_t to = window->holiday_count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (window->holidays[middle] == day) return true;
        if (window->holidays[middle] < day)
            from = middle + 1;
        else
            to = middle;
    }
    return false;
}

static bool is_working_day(const struct delivery_window *window, int64_t day) {
    return window->working_weekdays & weekday_bit(day) && !is_holiday(window, day);
}

int64_t delivery_day_number(const struct delivery_zone *zone, int64_t at_ms) {
    return day_of(zone_local_ms(zone, at_ms));
}

/* Where midnight itself is passed twice, the day begins with the first. */
int64_t delivery_day_start_ms(const struct delivery_zone *zone, int64_t at_ms) {
    int64_t start_ms = delivery_zone_moment_ms(zone, delivery_day_number(zone, at_ms) * DAY_MS);
    return start_ms <= at_ms ? start_ms : at_ms;
}

int64_t delivery_day_end_ms(const struct delivery_zone *zone, int64_t at_ms) {
    int64_t end_ms = delivery_zone_moment_ms(zone, (delivery_day_number(zone, at_ms) + 1) * DAY_MS);
    return end_ms > at_ms ? end_ms : at_ms + HOUR_MS;
}

/* ---- windows ---- */

bool delivery_window_is_open(const struct delivery_window *window, const struct delivery_zone *zone,
                             int64_t at_ms) {
    int64_t local_ms = zone_local_ms(zone, at_ms);
    int64_t day = day_of(local_ms);
    unsigned minute = (unsigned)((local_ms - day * DAY_MS) / MINUTE_MS);
    unsigned weekday = weekday_bit(day);
    if (is_holiday(window, day)) return false;
    for (size_t i = 0; i < window->range_count; i++) {
        const struct delivery_range *range = &window->ranges[i];
        if (range->weekdays & weekday && minute >= range->from_minute && minute < range->to_minute)
            return true;
    }
    return false;
}

/* When the first range of that day opens, from `at_ms` on; DELIVERY_NEVER: none does. */
static int64_t day_opens_ms(const struct delivery_window *window, const struct delivery_zone *zone,
                            int64_t day, int64_t at_ms) {
    int64_t opens_ms = DELIVERY_NEVER;
    if (is_holiday(window, day)) return opens_ms;
    for (size_t i = 0; i < window->range_count; i++) {
        const struct delivery_range *range = &window->ranges[i];
        if (!(range->weekdays & weekday_bit(day)) || range->from_minute >= range->to_minute) continue;
        int64_t moment_ms =
            delivery_zone_moment_ms(zone, day * DAY_MS + (int64_t)range->from_minute * MINUTE_MS);
        bool is_open = moment_ms >= at_ms && delivery_window_is_open(window, zone, moment_ms);
        if (is_open && moment_ms < opens_ms) opens_ms = moment_ms;
    }
    return opens_ms;
}

int64_t delivery_window_next_ms(const struct delivery_window *window, const struct delivery_zone *zone,
                                int64_t at_ms) {
    if (delivery_window_is_open(window, zone, at_ms)) return at_ms;
    int64_t today = delivery_day_number(zone, at_ms);
    for (int64_t day = today; day <= today + DELIVERY_LOOK_DAYS_MAX; day++) {
        int64_t opens_ms = day_opens_ms(window, zone, day, at_ms);
        if (opens_ms != DELIVERY_NEVER) return opens_ms;
    }
    return DELIVERY_NEVER;
}

/* ---- delays ---- */

/* The day on which so many working days are over; -1 where there are not so many. */
static int64_t working_day_after(const struct delivery_window *window, int64_t day, unsigned count) {
    int64_t last = day + DELIVERY_LOOK_DAYS_MAX;
    while (count > 0 && day <= last) count -= is_working_day(window, ++day);
    return count > 0 ? -1 : day;
}

int64_t delivery_delay_end_ms(struct delivery_delay delay, const struct delivery_window *window,
                              const struct delivery_zone *zone, int64_t sent_ms) {
    if (delay.unit == DELIVERY_SECONDS) return sent_ms + (int64_t)delay.count * SECOND_MS;
    if (delay.unit == DELIVERY_MINUTES) return sent_ms + (int64_t)delay.count * MINUTE_MS;
    if (delay.unit == DELIVERY_HOURS) return sent_ms + (int64_t)delay.count * HOUR_MS;
    int64_t local_ms = zone_local_ms(zone, sent_ms);
    int64_t day = day_of(local_ms);
    int64_t end_day =
        delay.unit == DELIVERY_DAYS ? day + delay.count : working_day_after(window, day, delay.count);
    if (end_day < 0) return DELIVERY_NEVER;
    int64_t end_ms = delivery_zone_moment_ms(zone, local_ms + (end_day - day) * DAY_MS);
    return end_ms > sent_ms ? end_ms : sent_ms;
}

/* ---- words ---- */

struct unit_word {
    struct slice word;
    enum delivery_unit unit;
    unsigned times;
    unsigned minutes;
};

static const struct unit_word unit_words[] = {
    {SLICE_INIT("second"), DELIVERY_SECONDS, 1, 0},
    {SLICE_INIT("minute"), DELIVERY_MINUTES, 1, 1},
    {SLICE_INIT("hour"), DELIVERY_HOURS, 1, 60},
    {SLICE_INIT("day"), DELIVERY_DAYS, 1, DAY_MINUTES},
    {SLICE_INIT("week"), DELIVERY_DAYS, 7, 7 * DAY_MINUTES},
    {SLICE_INIT("working day"), DELIVERY_WORKING_DAYS, 1, DAY_MINUTES},
    {SLICE_INIT("business day"), DELIVERY_WORKING_DAYS, 1, DAY_MINUTES},
};

bool delivery_delay_read(struct slice text, struct delivery_delay *delay) {
    uint64_t count = 0;
    text = slice_trim(text);
    if (!slice_take_number(&text, SEQUENCE_DELAY_MINUTES_MAX, &count)) return false;
    struct slice word = slice_trim(text);
    if (word.len && ascii_lower(word.ptr[word.len - 1]) == 's') word.len--;
    for (size_t i = 0; i < sizeof unit_words / sizeof unit_words[0]; i++) {
        const struct unit_word *unit = &unit_words[i];
        if (!slice_equal_nocase(word, unit->word)) continue;
        *delay = (struct delivery_delay){unit->unit, (unsigned)count * unit->times};
        return count * unit->minutes <= SEQUENCE_DELAY_MINUTES_MAX;
    }
    *delay = (struct delivery_delay){DELIVERY_MINUTES, 0};
    return count == 0 && word.len == 0;
}

const char *delivery_unit_word(enum delivery_unit unit) {
    static const char *const words[] = {"minute", "hour", "day", "working day", "second"};
    return words[unit];
}
