/*
 * One POP3 command line at the front of a connection's input, as io/conn.h asks for it: wire's
 * smtp_frame, whose strictness about line ends is POP3's as well. What is no command (too long,
 * a bare LF) comes to the session as a line all the same, and says what is wrong with it.
 */
#ifndef POP3_LINE_H
#define POP3_LINE_H

#include "io/conn.h"
#include "wire/smtp_frame.h"

enum pop3_line_kind {
    POP3_LINE_COMMAND,
    /* A piece of a line that is too long: nothing to do yet. */
    POP3_LINE_PIECE,
    POP3_LINE_TOO_LONG,
    /* Bare CR or LF, or NUL. */
    POP3_LINE_ILLEGAL,
    /* A line without end: close. */
    POP3_LINE_FLOOD,
};

struct pop3_line {
    struct smtp_frame frame;
    /* Of the line that `frame` found last. */
    enum pop3_line_kind kind;
};

struct pop3_line pop3_line_new(size_t line_bytes_max);
/* For session_ops.frame. */
enum frame_state pop3_line_find(struct pop3_line *line, struct slice input, size_t *len);
/* The command without its CRLF. */
struct slice pop3_line_text(struct slice command);
/* Answers a line that is no command; false: it is one. Closes where that is due. */
bool pop3_line_refuse(const struct pop3_line *line, struct conn *conn);

#endif
