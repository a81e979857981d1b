#include "wire/date.h"

#include "wire/header.h"

/* A dash separates (21-Nov-1997) until day, month, year, hour and minute have come. */
enum { ZONE_WORD = 5 };
enum { WORDS_MAX = 12, DAY_MS = 86400000, YEAR_LEAST = 1900, YEAR_MOST = 9999 };

static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char day_names[] = "ThuFriSatSunMonTueWed";

/* RFC 5322 4.3: the only zone names with a meaning. */
static const struct {
    struct slice name;
    int hours;
} zones[] = {
    {SLICE_INIT("EST5EDT"), -5}, {SLICE_INIT("CST6CDT"), -6}, {SLICE_INIT("MST7MDT"), -7},
    {SLICE_INIT("PST8PDT"), -8}, {SLICE_INIT("EST"), -5},     {SLICE_INIT("EDT"), -4},
    {SLICE_INIT("CST"), -6},     {SLICE_INIT("CDT"), -5},     {SLICE_INIT("MST"), -7},
    {SLICE_INIT("MDT"), -6},     {SLICE_INIT("PST"), -8},     {SLICE_INIT("PDT"), -7},
};

int64_t date_days(int year, int month, int day) {
    /* Years from March, so that the leap day ends one; eras of 400 years are all alike. */
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

struct date_fields date_split(int64_t local_ms) {
    int64_t days = floor_div(local_ms, DAY_MS);
    int64_t seconds = (local_ms - days * DAY_MS) / 1000;
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t of_era = z - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * of_year + 2) / 153;
    int month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    return (struct date_fields){.year = (int)(year_of_era + era * 400) + (month <= 2),
                                .month = month,
                                .day = (int)(of_year - (153 * shifted + 2) / 5 + 1),
                                .hour = (int)(seconds / 3600),
                                .minute = (int)(seconds / 60 % 60),
                                .second = (int)(seconds % 60)};
}

static int days_in_month(int year, int month) {
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* The words of a date: split at blanks, comments, commas, and where digits and letters meet. */
struct words {
    struct slice at[WORDS_MAX];
    size_t count;
};

static struct slice take_date_word(struct slice *rest, bool may_be_zone) {
    size_t len = may_be_zone && (rest->ptr[0] == '-' || rest->ptr[0] == '+');
    while (len < rest->len && ascii_is_alnum(rest->ptr[len])) len++;
    return slice_take(rest, len);
}

static struct words split_words(struct slice value) {
    struct words words = {.count = 0};
    for (header_skip_cfws(&value, NULL); value.len && words.count < WORDS_MAX;
         header_skip_cfws(&value, NULL)) {
        struct slice word = take_date_word(&value, words.count >= ZONE_WORD);
        if (word.len)
            words.at[words.count++] = word;
        else
            value = slice_skip(value, 1);
    }
    return words;
}

static int month_of(struct slice word) {
    uint64_t number = 0;
    if (slice_to_number(word, 12, &number)) return (int)number;
    for (int i = 0; word.len >= 3 && i < 12; i++)
        if (slice_equal_nocase(slice_sub(word, 0, 3), slice_of(month_names + 3 * i, 3))) return i + 1;
    return 0;
}

/* RFC 5322 4.3: two digits below 50 are of this century, other two or three count from 1900. */
static bool year_of(struct slice word, int *year) {
    uint64_t number = 0;
    if (!slice_to_number(word, YEAR_MOST, &number)) return false;
    if (word.len <= 2 && number < 50)
        number += 2000;
    else if (word.len <= 3)
        number += 1900;
    *year = (int)number;
    return number >= YEAR_LEAST && number <= YEAR_MOST;
}

static bool number_of(const struct words *words, size_t i, uint64_t max, int *number) {
    uint64_t value = 0;
    if (i >= words->count || !slice_to_number(words->at[i], max, &value)) return false;
    *number = (int)value;
    return true;
}

/* RFC 5322 3.3: four digits; a sign may be missing. RFC 5322 4.3: unknown names mean +0000. */
static int zone_minutes_of(struct slice word) {
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++)
        if (slice_equal_nocase(word, zones[i].name)) return zones[i].hours * 60;
    bool west = slice_take_byte(&word, '-');
    if (!west) (void)slice_take_byte(&word, '+');
    uint64_t number = 0;
    if (word.len > 4 || !slice_to_number(word, 2359, &number) || number % 100 > 59) return 0;
    int minutes = (int)(number / 100 * 60 + number % 100);
    return west ? -minutes : minutes;
}

/* From word `i` on: hour, minute, perhaps second. Returns the word after them, or 0. */
static size_t read_time(const struct words *words, size_t i, struct date_fields *fields) {
    if (!number_of(words, i, 23, &fields->hour) || !number_of(words, i + 1, 59, &fields->minute)) return 0;
    bool has_second =
        i + 2 < words->count && words->at[i + 2].len <= 2 && number_of(words, i + 2, 60, &fields->second);
    if (fields->second == 60) fields->second = 59;
    return i + 2 + has_second;
}

/* RFC 5322 3.3: [weekday] day month year time zone. */
static bool read_usual(const struct words *words, size_t i, struct date_fields *fields, int *zone) {
    if (i + 4 >= words->count || !number_of(words, i, 31, &fields->day)) return false;
    fields->month = month_of(words->at[i + 1]);
    if (!year_of(words->at[i + 2], &fields->year)) return false;
    size_t next = read_time(words, i + 3, fields);
    if (next && next < words->count) *zone = zone_minutes_of(words->at[next]);
    return next != 0;
}

/* The order of asctime: weekday month day time [zone] year. */
static bool read_asctime(const struct words *words, size_t i, struct date_fields *fields, int *zone) {
    if (i + 4 >= words->count || ascii_is_digit(words->at[i].ptr[0])) return false;
    fields->month = month_of(words->at[i]);
    if (!number_of(words, i + 1, 31, &fields->day)) return false;
    size_t next = read_time(words, i + 2, fields);
    if (next == 0 || next >= words->count) return false;
    if (year_of(words->at[next], &fields->year)) return true;
    *zone = zone_minutes_of(words->at[next]);
    return next + 1 < words->count && year_of(words->at[next + 1], &fields->year);
}

static bool exists(const struct date_fields *fields) {
    return fields->month && fields->day && fields->day <= days_in_month(fields->year, fields->month);
}

/* RFC 5322 3.6.7: the date of a trace field stands after the last semicolon outside comments. */
static struct slice after_semicolon(struct slice value) {
    struct slice rest = value;
    for (header_skip_cfws(&rest, NULL); rest.len; header_skip_cfws(&rest, NULL)) {
        bool semicolon = rest.ptr[0] == ';';
        rest = slice_skip(rest, 1);
        if (semicolon) value = rest;
    }
    return value;
}

enum date_result date_parse(struct slice value, struct date *date) {
    struct words words = split_words(after_semicolon(value));
    struct date_fields fields = {0};
    int zone = 0;
    size_t i = words.count && !ascii_is_digit(words.at[0].ptr[0]) && !month_of(words.at[0]);
    if (!read_usual(&words, i, &fields, &zone)) {
        fields = (struct date_fields){0};
        if (!read_asctime(&words, i, &fields, &zone)) return DATE_INVALID;
    }
    if (!exists(&fields)) return DATE_INVALID;
    int64_t minutes =
        date_days(fields.year, fields.month, fields.day) * 1440 + fields.hour * 60 + fields.minute;
    date->utc_ms = ((minutes - zone) * 60 + fields.second) * 1000;
    date->zone_minutes = zone;
    return DATE_OK;
}

static void append_part(struct buffer *out, int number, size_t digits, char end) {
    buffer_append_padded(out, (uint64_t)number, digits);
    buffer_append_byte(out, (uint8_t)end);
}

void date_write(struct buffer *out, struct date date) {
    int64_t local_ms = date.utc_ms + (int64_t)date.zone_minutes * 60000;
    struct date_fields f = date_split(local_ms);
    int64_t days = floor_div(local_ms, DAY_MS);
    size_t weekday = (size_t)((days % 7 + 7) % 7);
    int zone = date.zone_minutes < 0 ? -date.zone_minutes : date.zone_minutes;
    buffer_append(out, slice_of(day_names + 3 * weekday, 3));
    buffer_append_text(out, ", ");
    append_part(out, f.day, 1, ' ');
    buffer_append(out, slice_of(month_names + 3 * (size_t)(f.month - 1), 3));
    buffer_append_byte(out, ' ');
    append_part(out, f.year, 4, ' ');
    append_part(out, f.hour, 2, ':');
    append_part(out, f.minute, 2, ':');
    append_part(out, f.second, 2, ' ');
    buffer_append_byte(out, date.zone_minutes < 0 ? '-' : '+');
    buffer_append_padded(out, (uint64_t)(zone / 60) * 100 + (uint64_t)(zone % 60), 4);
}
