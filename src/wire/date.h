/*
 * The date and time of header fields (RFC 5322 3.3, 4.3). Reading is liberal: comments,
 * missing weekday or seconds, two-digit years, old zone names, numeric months, the order of
 * asctime; what stands before a semicolon (Received) is passed over. Writing is strict. Pure.
 */
#ifndef WIRE_DATE_H
#define WIRE_DATE_H

#include "base/buffer.h"

struct date {
    /* UTC milliseconds since 1970, never a leap second. */
    int64_t utc_ms;
    /* East of UTC; 0 where the field names no known zone. */
    int zone_minutes;
};

/* A calendar date and time of day, as written. */
struct date_fields {
    int year;
    int month;
    int day;
    int hour;
    int minute;
    int second;
};

enum date_result { DATE_OK, DATE_INVALID };

/* Reads a field's value. DATE_INVALID: no day, month, year, hour and minute that exist. */
NODISCARD enum date_result date_parse(struct slice value, struct date *date);
/* Appends "Tue, 1 Jul 2003 10:52:37 +0200". */
void date_write(struct buffer *out, struct date date);

/* RFC 3339 5.6: "2016-04-01T00:00:00Z", in seconds since 1970; liberal as to the zone, the time of day and
   fractions of seconds. 0: it is none, or before 1970. */
int64_t date_internet_s(struct slice text);

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back. */
int64_t date_days(int year, int month, int day);
struct date_fields date_split(int64_t local_ms);

#endif
