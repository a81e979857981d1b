/*
 * The calendar is the proleptic Gregorian one, years 1 to 9999; the C library's is not used
 * because it knows about the machine's zone.
 */
#include "wire/imap_date.h"

enum {
    DAYS_TO_1970 = 719162,
    DAY_SECONDS = 86400,
    YEAR_MAX = 9999,
};

static const int days_before_month[13] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
static const char month_names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct calendar_day {
    int year;
    int month;
    int day;
};

static bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

/* Days from 0001-01-01 to the first of a year. */
static int days_before_year(int year) {
    int past = year - 1;
    return past * 365 + past / 4 - past / 100 + past / 400;
}

static int days_before(int year, int month) {
    return days_before_month[month - 1] + (month > 2 && is_leap(year));
}

static int month_days(int year, int month) {
    int next = days_before_month[month] + (month > 1 && is_leap(year));
    return next - days_before(year, month);
}

static int32_t days_of(struct calendar_day at) {
    return days_before_year(at.year) + days_before(at.year, at.month) + at.day - 1 - DAYS_TO_1970;
}

static struct calendar_day day_of(int32_t days) {
    int since = days + DAYS_TO_1970;
    struct calendar_day at = {.year = since / 366 + 1, .month = 1};
    while (at.year < YEAR_MAX && days_before_year(at.year + 1) <= since) at.year++;
    since -= days_before_year(at.year);
    while (at.month < 12 && days_before(at.year, at.month + 1) <= since) at.month++;
    at.day = since - days_before(at.year, at.month) + 1;
    return at;
}

/* Exactly `count` digits. */
static bool take_digits(struct slice *text, size_t count, int *value) {
    uint64_t number = 0;
    if (!slice_to_number(slice_sub(*text, 0, count), 9999, &number) || text->len < count) return false;
    *text = slice_skip(*text, count);
    *value = (int)number;
    return true;
}

static bool take_day(struct slice *text, int *day) {
    (void)slice_take_byte(text, ' ');
    uint64_t number = 0;
    if (!slice_take_number(text, 31, &number)) return false;
    *day = (int)number;
    return true;
}

static bool take_month(struct slice *text, int *month) {
    for (*month = 1; *month <= 12; ++*month)
        if (slice_take_prefix_nocase(text, slice_of(month_names[*month - 1], 3))) return true;
    return false;
}

static bool take_calendar_day(struct slice *text, int32_t *days) {
    struct calendar_day at;
    bool good = take_day(text, &at.day) && slice_take_byte(text, '-') && take_month(text, &at.month) &&
                slice_take_byte(text, '-') && take_digits(text, 4, &at.year);
    if (!good || at.year == 0 || at.day == 0 || at.day > month_days(at.year, at.month)) return false;
    *days = days_of(at);
    return true;
}

bool imap_date_take(struct slice *text, int32_t *days) {
    struct slice rest = *text;
    if (!take_calendar_day(&rest, days)) return false;
    *text = rest;
    return true;
}

static bool take_clock(struct slice *text, int *seconds) {
    int hour, minute, second;
    bool good = take_digits(text, 2, &hour) && slice_take_byte(text, ':') && take_digits(text, 2, &minute) &&
                slice_take_byte(text, ':') && take_digits(text, 2, &second);
    if (!good || hour > 23 || minute > 59 || second > 60) return false;
    *seconds = (hour * 60 + minute) * 60 + second;
    return true;
}

static bool take_zone(struct slice *text, int *minutes) {
    bool west = slice_take_byte(text, '-');
    int hour, minute;
    if (!west && !slice_take_byte(text, '+')) return false;
    if (!take_digits(text, 2, &hour) || !take_digits(text, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *minutes = (hour * 60 + minute) * (west ? -1 : 1);
    return true;
}

bool imap_date_time_take(struct slice *text, struct imap_date_time *time) {
    struct slice rest = *text;
    int32_t days;
    int seconds, zone;
    bool good = take_calendar_day(&rest, &days) && slice_take_byte(&rest, ' ') &&
                take_clock(&rest, &seconds) && slice_take_byte(&rest, ' ') && take_zone(&rest, &zone);
    if (!good) return false;
    *text = rest;
    *time = (struct imap_date_time){((int64_t)days * DAY_SECONDS + seconds - zone * 60) * 1000, zone};
    return true;
}

void imap_date_render(struct buffer *out, int32_t days) {
    struct calendar_day at = day_of(days);
    buffer_printf(out, "%d-%s-%04d", at.day, month_names[at.month - 1], at.year);
}

/* Rounds down, before 1970 as well. */
static int64_t divide_down(int64_t value, int64_t by) { return value / by - (value % by < 0); }

void imap_date_time_render(struct buffer *out, struct imap_date_time time) {
    int64_t local = divide_down(time.utc_ms, 1000) + time.zone_minutes * 60;
    int64_t days = divide_down(local, DAY_SECONDS);
    int second = (int)(local - days * DAY_SECONDS);
    struct calendar_day at = day_of((int32_t)days);
    int zone = time.zone_minutes < 0 ? -time.zone_minutes : time.zone_minutes;
    buffer_printf(out, "\"%2d-%s-%04d %02d:%02d:%02d %c%02d%02d\"", at.day, month_names[at.month - 1],
                  at.year, second / 3600, second / 60 % 60, second % 60, time.zone_minutes < 0 ? '-' : '+',
                  zone / 60, zone % 60);
}
