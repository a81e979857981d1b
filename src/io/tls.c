#include "io/tls.h"

/* A write of nothing goes on with the handshake and succeeds once it is done. */
static int shake_hands(struct task *t, struct stream *stream, int64_t deadline_ms) {
    for (;;) {
        ssize_t written = stream->ops->write(stream, SLICE_EMPTY);
        if (written != -EAGAIN) return written < 0 ? (int)written : 0;
        stream_watch_writable(stream, (struct waker){task_wake_callback, t});
        enum wait_result result = task_wait(t, deadline_ms);
        stream_unwatch(stream);
        if (result != WAIT_OK) return result == WAIT_TIMEOUT ? -ETIMEDOUT : -ECANCELED;
    }
}

/* `peer` is NULL for a server. */
static int start(struct task *t, struct stream **stream, struct tls_context *context, struct tls_peer *peer,
                 int64_t deadline_ms) {
    struct env *env = (*stream)->env;
    struct waker on_gone = (*stream)->on_gone;
    stream_unwatch(*stream);
    (*stream)->on_gone = (struct waker){0};
    *stream = env->ops->tls_wrap(env, *stream, context, !peer, peer);
    (*stream)->on_gone = on_gone;
    enum patience patience = task_set_patience(t, PATIENCE_HANDSHAKE);
    int result = patience == PATIENCE_NONE || task_yield(t) == WAIT_OK ? 0 : -ECANCELED;
    if (!result) result = shake_hands(t, *stream, deadline_ms);
    (void)task_set_patience(t, patience);
    if (peer && (!result || result == -EKEYREJECTED)) {
        peer->fault = (*stream)->security.peer_fault;
        peer->fault_kind = (*stream)->security.peer_fault_kind;
    }
    if (result) stream_close(stream);
    return result;
}

int tls_accept(struct task *t, struct stream **stream, struct tls_context *context, int64_t deadline_ms) {
    return start(t, stream, context, NULL, deadline_ms);
}

int tls_connect(struct task *t, struct stream **stream, struct tls_context *context, int64_t deadline_ms) {
    struct tls_peer anybody = {0};
    return start(t, stream, context, &anybody, deadline_ms);
}

int tls_connect_to(struct task *t, struct stream **stream, struct tls_context *context, struct tls_peer *peer,
                   int64_t deadline_ms) {
    return start(t, stream, context, peer, deadline_ms);
}
