/* Times as the Internet's documents write them (RFC 3339 5.6). */
#include "wire/date.h"

enum { ZONE_DIGITS = 2, DAY_S = 86400 };

static bool take_digits(struct slice *in, size_t digits, int *value) {
    uint64_t read = 0;
    if (!slice_to_number(slice_sub(*in, 0, digits), 9999, &read) || in->len < digits) return false;
    *in = slice_skip(*in, digits);
    *value = (int)read;
    return true;
}

/* "+01:00", "Z" or nothing, in seconds. */
static int zone_of(struct slice in) {
    int hours = 0;
    int minutes = 0;
    bool is_west = slice_take_byte(&in, '-');
    if (!is_west && !slice_take_byte(&in, '+')) return 0;
    if (!take_digits(&in, ZONE_DIGITS, &hours)) return 0;
    (void)slice_take_byte(&in, ':');
    (void)take_digits(&in, ZONE_DIGITS, &minutes);
    int seconds = (hours * 60 + minutes) * 60;
    return is_west ? -seconds : seconds;
}

int64_t date_internet_s(struct slice text) {
    struct date_fields at = {0};
    bool is_date = take_digits(&text, 4, &at.year) && slice_take_byte(&text, '-') &&
                   take_digits(&text, 2, &at.month) && slice_take_byte(&text, '-') &&
                   take_digits(&text, 2, &at.day);
    if (!is_date || at.month < 1 || at.month > 12 || at.day < 1 || at.day > 31) return 0;
    if (slice_take_prefix_nocase(&text, SLICE("t")) || slice_take_byte(&text, ' '))
        (void)(take_digits(&text, 2, &at.hour) && slice_take_byte(&text, ':') &&
               take_digits(&text, 2, &at.minute) && slice_take_byte(&text, ':') &&
               take_digits(&text, 2, &at.second));
    if (slice_take_byte(&text, '.'))
        while (text.len && ascii_is_digit(text.ptr[0])) text = slice_skip(text, 1);
    int64_t day_s = (at.hour * 60 + at.minute) * 60 + at.second;
    int64_t seconds = date_days(at.year, at.month, at.day) * DAY_S + day_s - zone_of(text);
    return seconds > 0 ? seconds : 0;
}
