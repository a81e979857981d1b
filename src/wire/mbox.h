/*
 * An mbox taken apart: bytes in, in pieces of any size, and messages out, as events. A message
 * begins with a line "From SENDER DATE" whose date can be read (at the beginning of the file any
 * "From " line will do) and ends before the next one; the blank line between them belongs to
 * neither. In between, a line of one or more ">" and "From " loses one ">" (mboxrd, RFC 4155 has
 * mboxo; they differ only in lines that an mboxo writer left alone, see enum mbox_quoting).
 *
 * Where a header has a Content-Length (mboxcl2), the caller looks whether a message's end stands
 * where that says (mbox_is_boundary), and then has so many bytes taken as they are (mbox_trust).
 *
 * At most a header section of MBOX_HEADER_BYTES_MAX is held; line ends stay as they are. Every
 * byte is looked at a bounded number of times. Pure.
 */
#ifndef WIRE_MBOX_H
#define WIRE_MBOX_H

#include "wire/mbox_from.h"

enum mbox_quoting {
    /* ">From " loses a ">", and so does ">>From ". */
    MBOX_QUOTING_RD,
    /* Only ">From " loses one. */
    MBOX_QUOTING_O,
    /* Nothing was quoted. */
    MBOX_QUOTING_NONE,
};

enum mbox_event_kind {
    /* All input is used up. */
    MBOX_MORE,
    /* `from` and `offset`, where its "From " stands. */
    MBOX_BEGIN,
    /* `bytes`: the header section, without the blank line behind it; `offset`: where the body begins,
       behind that line, or 0 where the section goes on behind MBOX_HEADER_BYTES_MAX. */
    MBOX_HEADER,
    /* `bytes` of the message, behind its header section; the blank line comes first. */
    MBOX_BYTES,
    MBOX_END,
    /* Bytes from `offset` on that belong to no message; once for each run of them. */
    MBOX_GARBAGE,
    /* After the end of input. */
    MBOX_DONE,
};

struct mbox_event {
    enum mbox_event_kind kind;
    /* Valid until the next call. */
    struct slice bytes;
    uint64_t offset;
    struct mbox_from from;
};

enum mbox_place { MBOX_BETWEEN, MBOX_IN_GARBAGE, MBOX_IN_HEADER, MBOX_IN_BODY, MBOX_AT_END };

/* Private, but for its size. */
struct mbox_reader {
    enum mbox_quoting quoting;
    enum mbox_place place;
    /* Of the next byte of input. */
    uint64_t offset;
    /* The beginning of a line that is not decided yet, and where it stands. */
    struct buffer line;
    uint64_t line_offset;
    struct buffer header;
    /* What the last event's bytes were copied to. */
    struct buffer out;
    /* Bytes of a trusted body that are still to come. */
    uint64_t trusted;
    bool has_trust;
    /* A blank line that waits for what comes behind it: 0, 1 (LF) or 2 (CRLF) bytes. */
    unsigned blank;
    bool in_line;
    bool has_begun;
    /* The separator that ended the last message begins the next. */
    bool has_next;
    struct mbox_from next;
    uint64_t next_offset;
    struct buffer next_line;
};

void mbox_init(struct mbox_reader *reader, enum mbox_quoting quoting);
void mbox_free(struct mbox_reader *reader);
/* Takes bytes off the front of *input and gives the next event. `at_end`: nothing comes behind it. */
void mbox_next(struct mbox_reader *reader, struct slice *input, bool at_end, struct mbox_event *event);
/* After MBOX_HEADER, with a body offset: so many bytes from there are the body, whatever they look like. */
void mbox_trust(struct mbox_reader *reader, uint64_t body_bytes);
/* What stands where a body should end (MBOX_FROM_LINE_BYTES_MAX bytes, or all up to the file's end) is the
   end of a message: blank lines, then a separator or the end of the file. */
bool mbox_is_boundary(struct slice bytes, bool reaches_end);

#endif
