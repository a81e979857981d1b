/*
 * Makes any bytes a canonical message: every line ends with CRLF and there is no other CR or
 * LF. For what comes without SMTP's strictness: IMAP APPEND, import, the API, BDAT of a binary
 * body, and once more before anything is written to a wire. Incremental; canonical input comes
 * out as it is, in few large pieces.
 */
#ifndef WIRE_CANONICAL_LINES_H
#define WIRE_CANONICAL_LINES_H

#include "wire/byte_sink.h"

struct canonical_lines {
    /* How many bare CR and bare LF were replaced so far: 0 means that nothing was changed. */
    uint64_t replaced_count;
    /* Private. */
    bool in_line;
    bool after_cr; /* a CR was taken and waits for its LF */
};

struct canonical_lines canonical_lines_new(void);
void canonical_lines_write(struct canonical_lines *lines, struct slice input, struct byte_sink sink);
/* Ends an unfinished last line. Nothing at all stays nothing. */
void canonical_lines_finish(struct canonical_lines *lines, struct byte_sink sink);

#endif
