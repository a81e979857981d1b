/*
 * The input of an IMAP connection, before and after login: wire/imap_frame behind the conn's
 * frame callback. Every event of the frame (a command, a literal to allow, a line that is too
 * long) reaches the session as one call of its command handler, which looks at `result`.
 */
#ifndef IMAP_IMAP_INPUT_H
#define IMAP_IMAP_INPUT_H

#include "io/conn.h"
#include "wire/imap_frame.h"

struct imap_input {
    struct imap_frame frame;
    /* What the last look at the input found. */
    struct imap_frame_result result;
};

struct imap_input imap_input_new(struct imap_frame_limits limits);
/* For session_ops.frame. */
enum frame_state imap_input_look(struct imap_input *input, struct slice bytes, size_t *len);
/* Inside a command, awaited: the rest of it behind a streamed literal, into `rest`. Small literals are
   allowed on the way. Ends with COMMAND, LITERAL, LITERAL_REFUSED or TOO_LONG in `result`. 0, or a
   negated errno (-ECONNRESET at the end of input); then the connection is closing. */
NODISCARD int imap_input_continue(struct task *t, struct conn *conn, struct imap_input *input,
                                  struct buffer *rest);
/* The word a refused command begins with, for the BAD; empty where it can be no tag. */
struct slice imap_input_tag(struct slice command);

#endif
