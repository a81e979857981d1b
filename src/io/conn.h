/*
 * A connection of a line-like protocol, and the session on it. The session is a struct, not a
 * stack: between commands a connection owns no stack and no buffer. The conn collects input
 * until the session's `frame` finds one whole command, then a task borrows a stack for exactly
 * that command and for what is pipelined behind it. Inside a command the handler may read on
 * (literals, AUTH lines, DATA) with the awaited calls below.
 *
 * Replies are buffered and leave when no whole command is left in the input, or when they
 * grow over CONN_OUTPUT_FLUSH_BYTES. Every wait on the peer has a deadline.
 */
#ifndef IO_CONN_H
#define IO_CONN_H

#include "io/stream.h"
#include "io/tls.h"

struct conn;

/* The connections of one owner, and the tasks that run on them. */
struct conn_group {
    struct scope scope;
    /* First who longest did nothing of use: who connected first, or began its last mail first. */
    struct list conns;
    size_t count;
};
void conn_group_init(struct conn_group *group, struct env *env);
/* Ends all its connections and waits for the last. No connection can be added any more. */
void conn_group_close(struct task *t, struct conn_group *group);
/* Ends one connection so that there is room for another: of the first in `conns` one whose peer has logged in
   nowhere and begun no mail, or one that waits for its next command, but none that came a moment ago: who
   was let in has the time to do something. It is told `shed`. Not from inside of a task. False: there is no
   such one among the first. */
bool conn_group_shed(struct conn_group *group);

enum frame_state {
    /* Read more. */
    FRAME_MORE,
    /* A whole command: the first *len bytes of the input, its line end included. */
    FRAME_COMMAND,
};

struct session_ops {
    /* Looks for one command at the front of the input. Called again as it grows, always with the
       same front until a command is taken. Never waits. The session bounds what it asks for: it
       answers FRAME_COMMAND for a line that is too long and says so in `command`. */
    enum frame_state (*frame)(void *session, struct slice input, size_t *len);
    /* Runs one command. `command` lives until the first awaited read. */
    void (*command)(struct task *t, void *session, struct slice command);
    /* Something was posted with conn_post, between commands. May be NULL. */
    void (*posted)(struct task *t, void *session);
    /* The idle deadline passed: say goodbye; the connection closes after it. May be NULL. */
    void (*expired)(struct task *t, void *session);
    /* The connection is gone, whoever ended it: free the session. Called once, last, never while
       a handler of the session runs. */
    void (*closed)(void *session);
    /* What a peer is told whose connection must make room for another (conn_group_shed). May be empty. */
    struct slice shed;
};

struct conn {
    struct env *env;
    struct stream *stream;
    const struct session_ops *ops;
    void *session;
    struct conn_group *group;
    struct list in_group;
    struct buffer in;
    struct buffer out;
    struct timer idle;
    int64_t idle_ms;
    /* How long one wait on the peer may take inside a command. */
    int64_t step_ms;
    /* When the connection ends, whatever the peer does meanwhile. */
    int64_t until_ms;
    /* Since when it is where it is in its group's list. */
    int64_t since_ms;
    struct work end;
    /* Runs on it now; NULL: none, or it did not begin yet. */
    struct task *task;
    /* The gauge that it is counted in, as long as it lasts; METRIC_CELLS: none. */
    unsigned gauge;
    bool is_running;
    bool is_posted;
    bool is_expired;
    bool is_closing;
    bool is_shed;
    bool is_silent;
    bool at_end;
};

/* Sets a connection up on a stream, which it then owns. `input_bytes_max` bounds what is
   collected for one command. Nothing is read before conn_start. The conn is usually the first
   member of the session. */
void conn_init(struct conn *conn, struct stream *stream, const struct session_ops *ops, void *session,
               struct conn_group *group, size_t input_bytes_max);
/* Begins to serve. `first` may be NULL, or runs as a task before any command: a greeting, a TLS handshake. */
void conn_start(struct conn *conn, void (*first)(struct task *t, void *session));
/* Counts it among the sessions of that protocol until it ends. Once. */
void conn_count(struct conn *conn, enum metric_protocol protocol);
/* Input that was already read elsewhere (handed over with the connection), before conn_start. */
void conn_push_input(struct conn *conn, struct slice bytes);

/* Deadline between commands, from the last one. */
void conn_set_idle_ms(struct conn *conn, int64_t idle_ms);
void conn_set_step_ms(struct conn *conn, int64_t step_ms);
/* The moment (monotonic) at which the connection ends however busy its peer is: between commands as when
   it idled too long, inside of one by failing its waits. DEADLINE_NONE, as at first: never, and the peer does
   now what it came for. */
void conn_set_until_ms(struct conn *conn, int64_t until_ms);
/* From now on there is mostly silence on it (IDLE), or not any more. In silence, what a stream needs to go on
   is given up between commands and made again. */
void conn_set_silent(struct conn *conn, bool is_silent);
/* Has `posted` called soon: at once between commands, after the command in one. Any context. */
void conn_post(struct conn *conn);
/* Ends the connection after the replies were sent (from a handler), or now (from elsewhere). */
void conn_close(struct conn *conn);
/* Cuts it off without sending what is buffered. */
void conn_abort(struct conn *conn);

/* Buffers a reply. Never waits; the buffer is bounded by what a handler writes between flushes. */
void conn_write(struct conn *conn, struct slice bytes);
/* Sends what is buffered if it is more than CONN_OUTPUT_FLUSH_BYTES: for long replies. */
NODISCARD int conn_relieve(struct task *t, struct conn *conn);
/* Sends what is buffered. 0, or a negated errno; then the connection is closing. */
NODISCARD int conn_flush(struct task *t, struct conn *conn);

/* For handlers, awaited; both flush first. Waits for more input and appends it to conn->in.
   Bytes added, or 0 at the end of input, or a negated errno. */
ssize_t conn_fill(struct task *t, struct conn *conn);
/* Input that is there now, and taking some of it off the front. */
static inline struct slice conn_input(const struct conn *conn) { return buffer_slice(&conn->in); }
void conn_consume(struct conn *conn, size_t len);
/* One line without its line end, appended to `line`, at most its max_bytes. 0; -EMSGSIZE for a
   longer line (which is read to its end, at most 16 times as far); -ECONNRESET at the end of input. */
NODISCARD int conn_read_line(struct task *t, struct conn *conn, struct buffer *line);

/* STARTTLS: sends what is buffered, forgets all input that came before, and shakes hands.
   0, or a negated errno; then the connection is closing. */
NODISCARD int conn_start_tls(struct task *t, struct conn *conn, struct tls_context *context);
/* Sends what is buffered, and then speaks through DEFLATE (io/deflate.h). Nothing unread may be there.
   0, or a negated errno; then the connection is closing. */
NODISCARD int conn_start_deflate(struct task *t, struct conn *conn);
/* Gives stream and unread input to another role: flushes, detaches, and appends the input to
 *rest. The session is then closed with `closed` as usual. */
NODISCARD int conn_detach(struct task *t, struct conn *conn, struct stream **stream, struct buffer *rest);

#endif
