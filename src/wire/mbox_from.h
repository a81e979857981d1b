/*
 * The line that begins a message of an mbox: "From SENDER DATE". There is no standard for it but
 * RFC 4155 A; systems have written the date as asctime does, with a zone before or behind the
 * year, or as RFC 5322 does. A date without a zone is taken as UTC. Pure.
 */
#ifndef WIRE_MBOX_FROM_H
#define WIRE_MBOX_FROM_H

#include "base/buffer.h"

struct mbox_from {
    /* As written; may be empty. */
    struct slice sender;
    bool has_date;
    int64_t utc_ms;
};

/* Reads a line, with or without its end. False: it does not begin with "From ". */
bool mbox_from_read(struct slice line, struct mbox_from *from);
/* Appends "From SENDER Tue Jul  1 10:52:37 2003" and LF; the date is UTC. An empty sender, or one that
   could be misread, becomes MAILER-DAEMON. */
void mbox_from_write(struct buffer *out, struct slice sender, int64_t utc_ms);

#endif
