/*
 * Finds the commands in what an IMAP client sends (RFC 9051 2.2.1, 4.3; RFC 7888; RFC 3516).
 * A line ends with CRLF (or a bare LF, as some clients have it); one that ends in a literal's
 * header, `{n}`, `{n+}`, `~{n}` or `~{n+}`, goes on behind the n bytes of the literal. Small
 * literals are collected in place, so a command is one run of bytes; a large one is offered to
 * the caller, who reads it from the connection itself or lets the command be refused.
 *
 * The frame sees the bytes once each, whatever pieces they come in. The loop around it:
 *
 *     result = imap_frame_next(&frame, what the input buffer holds)
 *     act on result.event
 *     drop result.len bytes from the front of the input buffer
 *
 * A refused command is left out to its very end, literals and all, so that the next one is read
 * from where it begins. Only the client that was told to go on sends a synchronizing literal,
 * so there the refused command ends at once.
 */
#ifndef WIRE_IMAP_FRAME_H
#define WIRE_IMAP_FRAME_H

#include "base/slice.h"

enum imap_frame_event {
    /* Nothing to do before more bytes are there. len is 0. */
    IMAP_FRAME_MORE,
    /* Drop `len` bytes and go on: a stray empty line, or part of a refused command. */
    IMAP_FRAME_DROP,
    /* A command, or the rest of one behind a streamed literal, is complete in `len` bytes. */
    IMAP_FRAME_COMMAND,
    /* A synchronizing literal that will be collected: send `+ `. len is 0. */
    IMAP_FRAME_CONTINUE,
    /* A literal too large to be collected, behind the first `len` bytes of the command (its
       header is their end). The caller calls imap_frame_stream, sends `+ ` where the literal is
       synchronizing, and reads literal_bytes from the connection; otherwise it answers NO or
       BAD, and the command is left out. */
    IMAP_FRAME_LITERAL,
    /* A non-synchronizing literal over its limit. The command, of which `len` bytes are here, is
       refused (RFC 7888 4: BAD) and left out; the caller may close instead. */
    IMAP_FRAME_LITERAL_REFUSED,
    /* The line is longer than a command may be. Answer BAD; the rest of it is left out. */
    IMAP_FRAME_TOO_LONG,
};

struct imap_frame_limits {
    /* One command with its collected literals. */
    size_t command_bytes_max;
    /* Above this, literals are not collected. */
    uint64_t literal_collected_bytes_max;
    /* LITERAL- (RFC 7888 5): 4096. LITERAL+: the largest message. */
    uint64_t literal_nonsync_bytes_max;
};

enum imap_marker_state {
    IMAP_MARKER_TEXT,
    IMAP_MARKER_TILDE,
    IMAP_MARKER_OPEN,
    IMAP_MARKER_DIGITS,
    IMAP_MARKER_PLUS,
    IMAP_MARKER_CLOSED,
    IMAP_MARKER_CR,
};

/* Watches for a literal's header before a line's end. */
struct imap_marker {
    enum imap_marker_state state;
    uint64_t bytes;
    bool nonsync;
    bool binary;
};

enum imap_frame_state {
    IMAP_FRAME_AT_START,
    IMAP_FRAME_IN_LINE,
    IMAP_FRAME_IN_LITERAL,
    IMAP_FRAME_LEAVING_LINE,
    IMAP_FRAME_LEAVING_LITERAL,
    IMAP_FRAME_PLAIN_LINE,
};

struct imap_frame {
    struct imap_frame_limits limits;
    enum imap_frame_state state;
    /* How much of the input's front has been seen. */
    size_t seen;
    uint64_t literal_left;
    struct imap_marker marker;
};

struct imap_frame_result {
    enum imap_frame_event event;
    size_t len;
    /* With the literal events. */
    uint64_t literal_bytes;
    bool nonsync;
    bool binary;
};

struct imap_frame imap_frame_new(struct imap_frame_limits limits);
/* `input` is all that is unread, from the byte behind what the results so far dropped. */
struct imap_frame_result imap_frame_next(struct imap_frame *frame, struct slice input);
/* Right after IMAP_FRAME_LITERAL: the caller reads the literal; the next call's input begins
   behind it, and its IMAP_FRAME_COMMAND is the rest of this command. */
void imap_frame_stream(struct imap_frame *frame);
/* Right after IMAP_FRAME_COMMAND: the next line is no command (a response to AUTHENTICATE, or
   DONE): it may be empty, and braces mean nothing in it. */
void imap_frame_expect_line(struct imap_frame *frame);

#endif
