/*
 * The dates of IMAP (RFC 9051 9, date and date-time): "17-Jul-1996" and
 * "17-Jul-1996 02:44:25 -0700". Days are counted from 1970-01-01, times in UTC milliseconds.
 * Takers work like those of slice.h: they say no and leave the slice alone.
 */
#ifndef WIRE_IMAP_DATE_H
#define WIRE_IMAP_DATE_H

#include "base/buffer.h"

struct imap_date_time {
    int64_t utc_ms;
    /* The zone it was written in, east of Greenwich. */
    int zone_minutes;
};

/* A date without quotes. The day has 1 or 2 digits, and may have a leading space. */
bool imap_date_take(struct slice *text, int32_t *days);
/* A date-time without quotes. Clients write the day in three ways: 7, " 7" and 07. */
bool imap_date_time_take(struct slice *text, struct imap_date_time *time);

/* 7-Jul-1996, unquoted, as in SEARCH. */
void imap_date_render(struct buffer *out, int32_t days);
/* " 7-Jul-1996 02:44:25 -0700" with its quotes, as INTERNALDATE and APPEND have it. */
void imap_date_time_render(struct buffer *out, struct imap_date_time time);

#endif
