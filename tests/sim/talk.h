/*
 * A client's side of a connection, in straight-line code: lines out and in. Whatever goes wrong
 * with the connection makes it broken; what is asked of it then fails at once, so that a client
 * looks at the end of what it says.
 */
#ifndef SIM_TALK_H
#define SIM_TALK_H

#include "app/settings/orders.h"
#include "io/stream.h"

enum { TALK_BYTES_MAX = 4 << 20, TALK_PATIENCE_MS = 12000 };

struct talk {
    struct stream *stream;
    struct buffer in;
    /* Of `in`, what was given out. */
    size_t taken;
    /* The longest that anything was waited for. */
    int64_t slowest_ms;
};

/* Connects to the host of that number, from the start in TLS or not. False: it is broken. talk_close either
   way. */
bool talk_open(struct task *t, struct talk *talk, unsigned host, enum port_kind port, bool is_tls);
void talk_close(struct talk *talk);
bool talk_start_tls(struct task *t, struct talk *talk);
bool talk_is_broken(const struct talk *talk);

void talk_say(struct task *t, struct talk *talk, struct slice bytes);
void talk_printf(struct task *t, struct talk *talk, const char *format, ...) PRINTF_LIKE(3, 4);
/* The next line without its CRLF, valid until the next call; empty when it is broken. */
struct slice talk_line(struct task *t, struct talk *talk);
/* Waits until a line is here, or until then. True: talk_line gives one at once. */
bool talk_wait(struct task *t, struct talk *talk, int64_t until_ms);
/* The same, and false also when somebody woke the task. */
bool talk_wait_or_wake(struct task *t, struct talk *talk, int64_t until_ms);
/* The next `len` bytes; empty when it is broken. */
struct slice talk_bytes(struct task *t, struct talk *talk, size_t len);

/* An SMTP reply's code (of its last line), 0 when it is broken. */
unsigned talk_smtp_reply(struct task *t, struct talk *talk);
/* Says a line and reads the reply. */
unsigned talk_smtp(struct task *t, struct talk *talk, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
