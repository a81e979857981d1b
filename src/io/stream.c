#include "io/stream.h"

void stream_tell_gone(struct stream *stream) {
    struct waker once = stream->on_gone;
    stream->on_gone = (struct waker){0};
    if (once.call) once.call(once.context);
}

void stream_close(struct stream **stream) {
    if (!*stream) return;
    struct stream *closing = *stream;
    *stream = NULL;
    stream_tell_gone(closing);
    closing->ops->close(closing);
}

struct handle stream_detach(struct stream **stream) {
    struct stream *leaving = *stream;
    *stream = NULL;
    stream_tell_gone(leaving);
    return leaving->ops->detach(leaving);
}

void stream_watch_readable(struct stream *stream, struct waker waker) {
    stream->on_readable = waker;
    stream->ops->watch(stream, STREAM_READABLE);
}

void stream_watch_writable(struct stream *stream, struct waker waker) {
    stream->on_writable = waker;
    stream->ops->watch(stream, STREAM_WRITABLE);
}

void stream_unwatch(struct stream *stream) {
    stream->on_readable = (struct waker){0};
    stream->on_writable = (struct waker){0};
}

static int error_of(enum wait_result result) { return result == WAIT_TIMEOUT ? -ETIMEDOUT : -ECANCELED; }

ssize_t stream_read(struct task *t, struct stream *stream, void *bytes, size_t len, int64_t deadline_ms) {
    for (;;) {
        ssize_t got = stream->ops->read(stream, bytes, len);
        if (got != -EAGAIN) return got;
        stream_watch_readable(stream, (struct waker){task_wake_callback, t});
        enum wait_result result = task_wait(t, deadline_ms);
        stream->on_readable = (struct waker){0};
        if (result != WAIT_OK) return error_of(result);
    }
}

int stream_write(struct task *t, struct stream *stream, struct slice bytes, int64_t deadline_ms) {
    while (bytes.len) {
        ssize_t written = stream->ops->write(stream, bytes);
        if (written >= 0) {
            bytes = slice_skip(bytes, (size_t)written);
            continue;
        }
        if (written != -EAGAIN) return (int)written;
        stream_watch_writable(stream, (struct waker){task_wake_callback, t});
        enum wait_result result = task_wait(t, deadline_ms);
        stream->on_writable = (struct waker){0};
        if (result != WAIT_OK) return error_of(result);
    }
    return 0;
}

int stream_connect(struct task *t, struct env *env, const struct connect_request *request,
                   int64_t deadline_ms, struct stream **stream) {
    int result = env->ops->connect_start(env, request, stream);
    if (result) return result;
    /* A write of nothing succeeds once the connection stands, and tells the error when it failed. */
    for (;;) {
        ssize_t written = (*stream)->ops->write(*stream, SLICE_EMPTY);
        if (written >= 0) return 0;
        enum wait_result waited = WAIT_OK;
        if (written == -EAGAIN) {
            stream_watch_writable(*stream, (struct waker){task_wake_callback, t});
            waited = task_wait(t, deadline_ms);
            (*stream)->on_writable = (struct waker){0};
        }
        if (written == -EAGAIN && waited == WAIT_OK) continue;
        stream_close(stream);
        return written == -EAGAIN ? error_of(waited) : (int)written;
    }
}

struct listener *listener_adopt(struct env *env, struct handle handle,
                                void (*on_accept)(void *context, struct stream *stream), void *context) {
    struct listener *listener = env->ops->listener_adopt(env, handle);
    listener->on_accept = on_accept;
    listener->context = context;
    return listener;
}

void listener_close(struct listener **listener) {
    if (!*listener) return;
    (*listener)->close(*listener);
    *listener = NULL;
}
