/* Clocks of the world, by the rules as the law has them: written here once more, so that a mistake of the
   product's is not a mistake of both. */
#include "outreach.h"
#include "wire/date.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, DAY_MINUTES = 24 * 60 };
static const int64_t day_ms = 24LL * HOUR_MS;

enum rule { RULE_NONE, RULE_EUROPE, RULE_AMERICA, RULE_AUSTRALIA };

static const struct {
    const char *name;
    int minutes;
    enum rule rule;
} zones[OUTREACH_ZONES] = {{"UTC", 0, RULE_NONE},
                           {"Europe/Berlin", 60, RULE_EUROPE},
                           {"America/New_York", -300, RULE_AMERICA},
                           {"Australia/Sydney", 600, RULE_AUSTRALIA},
                           {"Asia/Kolkata", 330, RULE_NONE}};

const char *outreach_zone_name(unsigned zone) { return zones[zone].name; }

int64_t outreach_date_ms(int year, int month, int day) { return date_days(year, month, day) * day_ms; }

/* The n-th Sunday of a month; 0: the last one. */
static int64_t sunday_ms(int year, int month, int number) {
    int64_t first = date_days(year, month, number ? 1 : 31);
    /* 1970-01-01 was a Thursday. */
    int64_t after_sunday = (first + 4) % 7;
    int64_t day = number ? first + (7 - after_sunday) % 7 + 7 * (number - 1) : first - after_sunday;
    return day * day_ms;
}

static bool is_between(int64_t at_ms, int64_t from_ms, int64_t to_ms) {
    return at_ms >= from_ms && at_ms < to_ms;
}

static bool is_summer(enum rule rule, int64_t at_ms) {
    int year = date_split(at_ms).year;
    switch (rule) {
    case RULE_EUROPE:
        return is_between(at_ms, sunday_ms(year, 3, 0) + HOUR_MS, sunday_ms(year, 10, 0) + HOUR_MS);
    case RULE_AMERICA:
        return is_between(at_ms, sunday_ms(year, 3, 2) + 7 * HOUR_MS, sunday_ms(year, 11, 1) + 6 * HOUR_MS);
    case RULE_AUSTRALIA:
        return !is_between(at_ms, sunday_ms(year, 4, 1) - 8 * HOUR_MS, sunday_ms(year, 10, 1) - 8 * HOUR_MS);
    default:
        return false;
    }
}

int outreach_zone_minutes(unsigned zone, int64_t wall_ms) {
    return zones[zone].minutes + (is_summer(zones[zone].rule, wall_ms) ? 60 : 0);
}

static int64_t local_ms(unsigned zone, int64_t wall_ms) {
    return wall_ms + (int64_t)outreach_zone_minutes(zone, wall_ms) * MINUTE_MS;
}

int64_t outreach_zone_day(unsigned zone, int64_t wall_ms) { return local_ms(zone, wall_ms) / day_ms; }

unsigned outreach_zone_minute(unsigned zone, int64_t wall_ms) {
    return (unsigned)(local_ms(zone, wall_ms) / MINUTE_MS % DAY_MINUTES);
}
