/* Retry-After of an answer over HTTP (RFC 9110 10.2.3): seconds, or a date. Pure. */
#ifndef WIRE_RETRY_AFTER_H
#define WIRE_RETRY_AFTER_H

#include "wire/date.h"

/* Milliseconds from `now_ms` (UTC), at most `max_ms`; 0 where it says nothing, or of a time that is over. */
static inline int64_t retry_after_ms(struct slice field, int64_t now_ms, int64_t max_ms) {
    uint64_t seconds;
    struct date date;
    int64_t ms = 0;
    if (slice_to_number(field, (uint64_t)max_ms / 1000, &seconds))
        ms = (int64_t)seconds * 1000;
    else if (field.len && date_parse(field, &date) == DATE_OK)
        ms = date.utc_ms - now_ms;
    if (ms < 0) return 0;
    return ms < max_ms ? ms : max_ms;
}

#endif
