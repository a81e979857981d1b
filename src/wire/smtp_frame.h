/*
 * Finds one command line in a connection's input, for SMTP and POP3. A line ends with CRLF
 * and with nothing else (RFC 5321 2.3.8): a bare LF, a bare CR or a NUL inside is marked, and
 * the line still runs to its CRLF, so that no two readers cut the same bytes differently. It
 * remembers how far it looked: however the bytes trickle in, each is looked at once. A line
 * over its maximum is dropped piece by piece and reported when its end is found, or as a
 * flood after SMTP_DISCARD_BYTES_MAX.
 */
#ifndef WIRE_SMTP_FRAME_H
#define WIRE_SMTP_FRAME_H

#include "base/fatal.h"
#include "base/slice.h"

enum smtp_frame_status {
    SMTP_FRAME_MORE,
    SMTP_FRAME_LINE,
    SMTP_FRAME_TOO_LONG, /* a whole line over the maximum was dropped: answer 500 */
    SMTP_FRAME_FLOOD,    /* too much was dropped without a line end: answer 421 and close */
};

enum smtp_frame_fault {
    SMTP_FRAME_BARE_LF = 1,
    SMTP_FRAME_BARE_CR = 2,
    SMTP_FRAME_NUL = 4,
};

struct smtp_frame {
    /* The longest line, CRLF included. May be changed between lines. */
    size_t line_bytes_max;
    /* Of the line returned last or, at MORE, of what there is of the next: a set of enum
       smtp_frame_fault. A client that only ever sends bare LF shows here. */
    unsigned faults;
    /* Private: how much of the input was looked at, and how much of this line was dropped. */
    size_t scanned_bytes;
    size_t dropped_bytes;
    bool is_new_line;
};

struct smtp_frame smtp_frame_new(size_t line_bytes_max);

/* Looks for a line at the front of `input`: all bytes not yet consumed, of which those seen by
   the last call come first. *consumed is how many to take off the front now, in every case.
   *line, without its CRLF and valid as long as `input`, is set at SMTP_FRAME_LINE. */
NODISCARD enum smtp_frame_status smtp_frame_next(struct smtp_frame *frame, struct slice input,
                                                 struct slice *line, size_t *consumed);

#endif
