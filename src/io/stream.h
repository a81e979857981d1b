/*
 * A stream is a two-way run of bytes: a TCP connection, a local socket, TLS over either, or a
 * simulated one. The raw operations never wait; the awaited ones below them take a task.
 * All results below zero are negated errno values.
 */
#ifndef IO_STREAM_H
#define IO_STREAM_H

#include <errno.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "io/task.h"

enum { STREAM_READABLE = 1, STREAM_WRITABLE = 2 };

/* What binds a login to a TLS connection. */
enum stream_binding {
    /* RFC 5929 4: a hash of the server's certificate. */
    STREAM_BINDING_END_POINT,
    /* RFC 9266 2: what only the two ends of this connection know. */
    STREAM_BINDING_EXPORTER,
};
enum { STREAM_BINDING_BYTES_MAX = 64 };

enum { STREAM_ADDRESS_BYTES = sizeof((struct peer *)0)->address };

struct stream_ops {
    /* Bytes read, 0 at the end, -EAGAIN when there is nothing now, or another error. */
    ssize_t (*read)(struct stream *stream, void *bytes, size_t len);
    /* Bytes written (may be fewer), -EAGAIN, or another error. */
    ssize_t (*write)(struct stream *stream, struct slice bytes);
    /* The waker of each asked event is to be called, once, when it may go on. */
    void (*watch)(struct stream *stream, unsigned events);
    /* Writes bytes with a handle attached to the first of them. Local sockets only. */
    ssize_t (*send_handle)(struct stream *stream, struct slice bytes, struct handle handle);
    /* The next handle that came with bytes read so far. False: none. */
    bool (*take_handle)(struct stream *stream, struct handle *handle);
    /* Gives up the stream and returns what another role can adopt. NULL where that cannot be. */
    struct handle (*detach)(struct stream *stream);
    /* Writes the binding of that kind; its length, 0 where there is none. NULL where there never is. */
    size_t (*binding)(struct stream *stream, enum stream_binding kind,
                      uint8_t bytes[STREAM_BINDING_BYTES_MAX]);
    /* Nobody will read or write for a while: gives up what can be had again. NULL where there is nothing. */
    void (*rest)(struct stream *stream);
    /* This side's own address, as a struct peer has them. NULL where there is none. */
    void (*local)(struct stream *stream, char address[STREAM_ADDRESS_BYTES]);
    /* Ends the sending direction politely (TLS close_notify, FIN). */
    void (*shutdown)(struct stream *stream);
    void (*close)(struct stream *stream);
};

/* What to call when a stream may go on. */
struct waker {
    void (*call)(void *context);
    void *context;
};

/* What is wrong with a certificate. */
enum tls_fault {
    TLS_FAULT_NONE,
    /* It is for somebody else. */
    TLS_FAULT_NAME,
    TLS_FAULT_DATES,
    /* It leads to nobody who is trusted. */
    TLS_FAULT_TRUST,
    TLS_FAULT_OTHER,
};

/* How a stream is protected, for Received lines, logs and AUTH rules. */
struct stream_security {
    bool is_tls;
    /* "TLSv1.3", "TLS_AES_256_GCM_SHA384"; static texts. */
    const char *protocol;
    const char *cipher;
    int bits;
    /* On connections we opened: until the peer's certificate ends; below zero: it has ended. */
    int64_t peer_certificate_left_s;
    /* Why the handshake did not take the peer's certificate, or why it should not have; a static text. */
    const char *peer_fault;
    enum tls_fault peer_fault_kind;
};

struct stream {
    const struct stream_ops *ops;
    struct env *env;
    struct waker on_readable;
    struct waker on_writable;
    /* Called once, right before the stream is closed or given up. */
    struct waker on_gone;
    struct peer peer;
    struct stream_security security;
    /* Handles may come with its bytes. Elsewhere they are dropped. */
    bool carries_handles;
    /* It was accepted into a descriptor of those that are spared for everything else: it, or another, goes.
     */
    bool is_spare;
};

/* Takes the handle over. Never NULL. */
static inline struct stream *stream_adopt(struct env *env, struct handle handle) {
    return env->ops->stream_adopt(env, handle);
}
/* What came from another role is what a stream can be made of: a stream socket that does not listen. */
NODISCARD static inline bool handle_is_stream(struct env *env, struct handle handle) {
    return env->ops->handle_is_stream(env, handle);
}
/* The channel binding of a connection on this side's end; its length, or 0: there is none. */
static inline size_t stream_binding(struct stream *stream, enum stream_binding kind,
                                    uint8_t bytes[STREAM_BINDING_BYTES_MAX]) {
    return stream->ops->binding ? stream->ops->binding(stream, kind, bytes) : 0;
}
/* The numeric address that a connection leaves from; empty where it has none, or within TLS. */
static inline void stream_local(struct stream *stream, char address[STREAM_ADDRESS_BYTES]) {
    address[0] = 0;
    if (stream->ops->local) stream->ops->local(stream, address);
}
/* Closes at once and nulls *stream; what was written may still arrive. NULL is fine. */
void stream_close(struct stream **stream);
/* Gives the stream up for another role; nulls *stream. */
struct handle stream_detach(struct stream **stream);
/* Calls on_gone already now: whoever counts strangers' connections need not count this one any more. */
void stream_tell_gone(struct stream *stream);
/* Calls `waker` once when the stream may go on in this direction. One waker a direction. */
void stream_watch_readable(struct stream *stream, struct waker waker);
void stream_watch_writable(struct stream *stream, struct waker waker);
void stream_unwatch(struct stream *stream);

/* Waits for at least one byte. Returns what read returns, or -ETIMEDOUT, -ECANCELED. */
ssize_t stream_read(struct task *t, struct stream *stream, void *bytes, size_t len, int64_t deadline_ms);
/* Waits until all is written. 0, -ETIMEDOUT, -ECANCELED or the error. */
NODISCARD int stream_write(struct task *t, struct stream *stream, struct slice bytes, int64_t deadline_ms);

/* Two connected local streams' handles. 0, or a negated errno. */
NODISCARD static inline int stream_pair(struct env *env, struct handle pair[2]) {
    return env->ops->pair_open(env, pair);
}
/* Connects to a numeric address. 0, -ETIMEDOUT, -ECANCELED or the error. */
NODISCARD int stream_connect(struct task *t, struct env *env, const struct connect_request *request,
                             int64_t deadline_ms, struct stream **stream);

/* Accepts connections: `on_accept` is called with each new stream and owns it. */
struct listener {
    struct env *env;
    void (*on_accept)(void *context, struct stream *stream);
    /* There is no descriptor left to accept with: gives some back. False: there is nothing to give. May be
       NULL. */
    bool (*make_room)(void *context);
    void *context;
    void (*close)(struct listener *listener);
};

/* 0, or a negated errno: -EADDRINUSE, -EACCES, ... */
NODISCARD static inline int listen_open(struct env *env, const struct listen_request *request,
                                        struct handle *handle) {
    return env->ops->listen_open(env, request, handle);
}
struct listener *listener_adopt(struct env *env, struct handle handle,
                                void (*on_accept)(void *context, struct stream *stream), void *context);
void listener_close(struct listener **listener);

#endif
