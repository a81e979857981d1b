/*
 * The content of DATA, both ways (RFC 5321 4.5.2).
 *
 * Reading: the end is CRLF "." CRLF and nothing else. A bare CR or LF anywhere marks the message
 * as refused and is never part of an end, whatever stands around it: no two servers can then
 * disagree about where a message stops. A refused message's bytes are still looked through for
 * its end, and no longer given on; its connection must be closed behind the reply. How the
 * input is cut into pieces changes nothing.
 *
 * Writing: any bytes go out as canonical lines (canonical_lines.h) with leading dots doubled,
 * so that the receiver sees exactly one message, whatever came in by other doors.
 */
#ifndef WIRE_SMTP_DATA_H
#define WIRE_SMTP_DATA_H

#include "wire/canonical_lines.h"
#include "wire/smtp_reply.h"

enum smtp_data_status { SMTP_DATA_MORE, SMTP_DATA_END };

enum smtp_data_fault { SMTP_DATA_CLEAN, SMTP_DATA_BARE_LF, SMTP_DATA_BARE_CR, SMTP_DATA_NUL };

struct smtp_data_reader {
    /* The first thing that was wrong. Not CLEAN: the content so far is worth nothing. */
    enum smtp_data_fault fault;
    /* NUL bytes are a fault; else they are counted and given on. */
    bool refuse_nul;
    uint64_t nul_count;
    /* What was given to sinks so far. */
    uint64_t content_bytes;
    /* Private: which bytes of CRLF "." CRLF the last ones were. */
    enum smtp_data_state {
        SMTP_DATA_LINE_START,
        SMTP_DATA_IN_LINE,
        SMTP_DATA_CR,
        SMTP_DATA_DOT,
        SMTP_DATA_DOT_CR,
        SMTP_DATA_DONE,
    } state;
};

struct smtp_data_reader smtp_data_reader_new(bool refuse_nul);

/* Takes input up to the end of data, gives the content (dots undone, CRLF kept) to `sink`, and
   says in *consumed how much of the input was the message's, its end included: all of it at
   MORE. What is behind is the next command. Not to be called again after END. */
NODISCARD enum smtp_data_status smtp_data_read(struct smtp_data_reader *reader, struct slice input,
                                               struct byte_sink sink, size_t *consumed);

/* The reply to a message with this fault (not CLEAN). It closes. */
enum smtp_reply_name smtp_data_fault_reply(enum smtp_data_fault fault);

struct smtp_data_writer {
    /* Private. */
    struct canonical_lines lines;
    bool at_line_start;
};

struct smtp_data_writer smtp_data_writer_new(void);
void smtp_data_write(struct smtp_data_writer *writer, struct slice content, struct byte_sink sink);
/* Ends the last line where need be, and writes the final dot. */
void smtp_data_finish(struct smtp_data_writer *writer, struct byte_sink sink);

#endif
