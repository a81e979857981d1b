/*
 * A message as it stands in an mboxrd file: lines end with LF, a line of any number of ">" and
 * "From " gets one ">" more, and a blank line follows. Incremental. Or, without quoting, the lines
 * alone, as a Maildir has them. Pure.
 */
#ifndef WIRE_MBOX_QUOTE_H
#define WIRE_MBOX_QUOTE_H

#include "wire/byte_sink.h"

struct mbox_quote {
    bool quotes;
    /* Private. */
    bool after_cr;
    bool in_line;
    /* How much of "From " was met since the ">"s at the line's beginning. */
    uint8_t matched;
    bool has_ended_line;
};

/* A message that begins; `quotes`: for an mbox. */
struct mbox_quote mbox_quote_new(bool quotes);
void mbox_quote_write(struct mbox_quote *quote, struct slice bytes, struct byte_sink sink);
/* Ends the last line, and with quotes writes the blank line. */
void mbox_quote_finish(struct mbox_quote *quote, struct byte_sink sink);

#endif
