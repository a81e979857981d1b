/*
 * A channel between two roles: framed messages over a local stream, with a handle beside one
 * where needed. To the caller a request is one awaited call. A channel outlives its peer: when
 * the peer dies, calls under way end with IPC_GONE; later calls wait, within their deadline,
 * until the supervisor brings a stream to the peer's successor.
 *
 * Nothing here grows without limit, whatever the peer does (IPC_* in base/limits.h). Much unsent:
 * calls and answers wait for room, and no request of the peer's is begun. Many requests unanswered: no more
 * are sent; a peer that sends them all the same is not read until some have ended. Answers are read always,
 * so that two sides with much to say to each other both get rid of it. A peer that lets replies and notices
 * pile up beyond that is cut off, as is one that sends what is no frame. Two sides that ask each other over
 * one channel must not make their answers wait for answers.
 *
 * Frame: u32 length of all behind it, u32 type (its top bits say request, reply, notice, and
 * whether a handle comes with it), u64 call number, body. Little endian, same machine.
 */
#ifndef IPC_CHANNEL_H
#define IPC_CHANNEL_H

#include "io/stream.h"

struct channel;

struct ipc_message {
    uint32_t type;
    struct slice body;
    /* HANDLE_NONE, or a handle: the receiver owns it. */
    struct handle handle;
};

/* A request under way at the side that answers. Lives until its handler returns, which may do more after
   channel_reply. */
struct ipc_request {
    struct channel *channel;
    uint64_t call;
    /* Which peer asked: its successor must not get the answer. */
    uint64_t generation;
    struct ipc_message message;
};

struct channel_handlers {
    /* A request came: runs as a task of its own, and must end with exactly one channel_reply. */
    void (*request)(struct task *t, void *context, struct ipc_request *request);
    /* A notice came: no answer. Runs on the loop, in order; does not wait. May be NULL. */
    void (*notice)(void *context, const struct ipc_message *message);
    /* The peer is gone. May be NULL. */
    void (*gone)(void *context);
};

enum ipc_result {
    IPC_OK,
    /* The peer went away before it answered. */
    IPC_GONE,
    IPC_TIMEOUT,
    IPC_CANCELLED,
};

/* An answer: owns its bytes. */
struct ipc_answer {
    struct buffer body;
    struct handle handle;
};

/* An answer that nobody waits for any more: whoever asked was cancelled, or out of patience. Runs on the
   loop, does not wait; owns the handle. */
typedef void channel_orphan_fn(void *context, const struct ipc_message *answer);

/* `handlers` and `context` outlive the channel. Tasks of requests run in the channel's own scope. */
struct channel *channel_new(struct env *env, const struct channel_handlers *handlers, void *context);
/* Gives it a stream to a (new) peer; the old one, if any, is closed first. */
void channel_attach(struct channel *channel, struct stream *stream);
bool channel_is_attached(const struct channel *channel);
/* Called each time a stream is lost or given up, after `gone`: for whoever brings the next one. */
void channel_on_lost(struct channel *channel, struct waker lost);
/* Without this late answers are dropped, and their handles closed. */
void channel_on_orphan(struct channel *channel, channel_orphan_fn *orphan);
/* Ends it: calls under way end with IPC_GONE, running requests are cancelled and joined. Nulls it. */
void channel_close(struct task *t, struct channel **channel);

/* Asks and waits for the answer, whose body the caller frees. On anything but IPC_OK the handle that
   was to be sent, if any, is closed, and *answer is empty. */
NODISCARD enum ipc_result channel_call(struct task *t, struct channel *channel,
                                       const struct ipc_message *message, struct ipc_answer *answer,
                                       int64_t deadline_ms);
void ipc_answer_free(struct ipc_answer *answer);
/* Sends without an answer; lost when the peer is not there, or reads so little that it is cut off. Takes
   the handle over. */
void channel_notify(struct channel *channel, const struct ipc_message *message);
/* For answers that are large: waits until the peer has read enough of those before. Every request has done
   so before it is served; one that waited for other things since may do it again. */
void channel_await_room(struct task *t, struct ipc_request *request);
/* Answers. Takes the reply's handle over. */
void channel_reply(struct ipc_request *request, struct slice body, struct handle handle);
/* Waits until nothing sent so far is waiting to be written. */
NODISCARD enum ipc_result channel_drain(struct task *t, struct channel *channel, int64_t deadline_ms);

#endif
