/*
 * The milter protocol (libmilter's, version 6) as an MTA speaks it: packets of a length, a letter and data.
 * Commands are written, replies are read. A reply is read strictly: a length beyond MILTER_PACKET_BYTES_MAX,
 * a letter that is none, text without its end: MILTER_BAD, and nothing behind it can be trusted. Pure.
 */
#ifndef WIRE_MILTER_H
#define WIRE_MILTER_H

#include "base/buffer.h"

enum {
    MILTER_VERSION = 6,
    /* Actions. */
    MILTER_ADDS_FIELDS = 0x01,
    /* What it wants to change is not followed; but there are milters (OpenDKIM) that do not begin without. */
    MILTER_CHANGES_FIELDS = 0x10,
    MILTER_QUARANTINES = 0x20,
};

/* Steps that it does not want to see, or will not answer; how it wants to see others. */
enum milter_step {
    MILTER_NO_CONNECT = 0x01,
    MILTER_NO_HELO = 0x02,
    MILTER_NO_MAIL = 0x04,
    MILTER_NO_RCPT = 0x08,
    MILTER_NO_BODY = 0x10,
    MILTER_NO_HEADER = 0x20,
    MILTER_NO_EOH = 0x40,
    MILTER_SILENT_HEADER = 0x80,
    MILTER_NO_DATA = 0x200,
    MILTER_MAY_SKIP = 0x400,
    MILTER_SILENT_CONNECT = 0x1000,
    MILTER_SILENT_HELO = 0x2000,
    MILTER_SILENT_MAIL = 0x4000,
    MILTER_SILENT_RCPT = 0x8000,
    MILTER_SILENT_DATA = 0x10000,
    MILTER_SILENT_EOH = 0x40000,
    MILTER_SILENT_BODY = 0x80000,
    /* Values of fields come with the blanks in front of them. */
    MILTER_LEADING_BLANKS = 0x100000,
    /* All of them: what we can leave out, or never send. */
    MILTER_STEPS = 0x1ff7ff,
};

/* ---- commands: each appends one packet ---- */

/* We can add fields and quarantine, and leave out any step. */
void milter_write_options(struct buffer *out);
/* `address`: numeric, or empty. */
void milter_write_connect(struct buffer *out, struct slice host, struct slice address);
/* A letter with texts, each with its NUL: 'H' name, 'M' and 'R' <address>, 'L' field and value, 'D' a
   command's letter with macros and their values. NUL bytes inside are left out. */
void milter_write_texts(struct buffer *out, char letter, const struct slice *texts, size_t count);
/* The same with bytes as they are: 'B' body, 'N' end of header, 'T' DATA, 'E' end of message, 'Q' quit. */
void milter_write_bytes(struct buffer *out, char letter, struct slice bytes);
/* Macros of the command with that letter. */
void milter_write_macros(struct buffer *out, char letter, const struct slice *texts, size_t count);

/* ---- replies ---- */

enum milter_reply_kind {
    MILTER_OPTIONS,
    MILTER_CONTINUE,
    MILTER_ACCEPT,
    MILTER_REJECT,
    MILTER_TEMPFAIL,
    MILTER_DISCARD,
    /* An SMTP reply of its own. */
    MILTER_REPLYCODE,
    /* The rest of the body need not come. */
    MILTER_SKIP,
    MILTER_PROGRESS,
    MILTER_ADD_FIELD,
    MILTER_CHANGE_FIELD,
    MILTER_QUARANTINE,
    /* A change of recipients, sender or body. */
    MILTER_CHANGE_MORE,
    /* It gives up the connection, or the milter itself. */
    MILTER_FAILED,
};

struct milter_reply {
    enum milter_reply_kind kind;
    /* MILTER_OPTIONS */
    uint32_t version;
    uint32_t actions;
    uint32_t steps;
    /* A field. */
    struct slice name;
    struct slice value;
    /* MILTER_REPLYCODE: "550", "5.7.1" or empty, its words. MILTER_QUARANTINE: the reason is `text`. */
    unsigned code;
    struct slice text;
};

enum milter_status { MILTER_MORE, MILTER_WHOLE, MILTER_BAD };

/* Takes one packet off the front of *input, which the reply borrows from. */
enum milter_status milter_reply_next(struct slice *input, struct milter_reply *reply);

#endif
