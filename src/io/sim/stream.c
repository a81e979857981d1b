/*
 * What a process sees of its side of a link: a stream. Wakers are called from an event of the
 * stream's own, so never from inside the call that made it ready.
 */
#include <stdlib.h>

#include "io/sim/link.h"

enum { WAKE_US_MAX = 30 };

struct sim_stream {
    struct stream stream;
    struct sim_descriptor *descriptor;
    struct list in_process;
    struct sim_event ready;
};

static struct sim_stream *sim_stream_of(struct stream *stream) {
    return CONTAINER_OF(stream, struct sim_stream, stream);
}

/* NULL: the process is dead. */
static struct sim_side *side_of(struct stream *stream) {
    return sim_side_of(sim_stream_of(stream)->descriptor);
}

static ssize_t sim_stream_read(struct stream *stream, void *bytes, size_t len) {
    struct sim_side *side = side_of(stream);
    return side ? sim_side_receive(side, bytes, len) : -ECANCELED;
}

static ssize_t connect_state(const struct sim_side *side) {
    if (side->error) return side->error;
    return side->link->state == LINK_OPEN || side == &side->link->sides[1] ? 0 : -EAGAIN;
}

static ssize_t send_in_step(struct stream *stream, struct slice bytes, struct sim_object *object) {
    struct sim_process *process = sim_process_of(stream->env);
    struct sim_side *side = side_of(stream);
    if (!side) return -ECANCELED;
    if (bytes.len == 0) return connect_state(side);
    enum sim_verdict verdict = sim_step_begin(process);
    if (verdict != VERDICT_LIVE) {
        /* It dies before, within or after the write. */
        struct slice part =
            slice_sub(bytes, 0, (size_t)sim_world_random(sim_world_of(stream->env), bytes.len + 1));
        if (part.len) (void)sim_side_send(side, part, object);
        sim_step_end(process, verdict);
        return -ECANCELED;
    }
    return sim_side_send(side, bytes, object);
}

static ssize_t sim_stream_write(struct stream *stream, struct slice bytes) {
    return send_in_step(stream, bytes, NULL);
}

static ssize_t sim_stream_send_handle(struct stream *stream, struct slice bytes, struct handle handle) {
    struct sim_side *side = side_of(stream);
    struct sim_object *object = sim_descriptor_of(handle)->object;
    if (!side || !object) return -ECANCELED;
    if (!side->link->is_local) return -EOPNOTSUPP;
    return send_in_step(stream, bytes, object);
}

static bool sim_stream_take_handle(struct stream *stream, struct handle *handle) {
    struct sim_side *side = side_of(stream);
    struct sim_object *object = side ? sim_side_take_gift(side) : NULL;
    if (!object) return false;
    *handle = sim_handle_of(sim_descriptor_new(sim_process_of(stream->env), object));
    return true;
}

static void ready_soon(struct sim_stream *s, int64_t delay_us) {
    struct sim_world *world = sim_world_of(s->stream.env);
    if (!s->stream.on_readable.call && !s->stream.on_writable.call) return;
    int64_t at_us = world->now_us + delay_us + sim_random_between(world, 0, WAKE_US_MAX);
    if (sim_event_is_set(&s->ready) && s->ready.at_us <= at_us) return;
    sim_event_set(world, &s->ready, at_us - world->now_us);
}

static void sim_stream_watch(struct stream *stream, unsigned events) {
    struct sim_side *side = side_of(stream);
    bool is_ready = !side || (events & STREAM_READABLE && sim_side_is_readable(side)) ||
                    (events & STREAM_WRITABLE && sim_side_is_writable(side));
    if (is_ready) ready_soon(sim_stream_of(stream), 0);
}

void sim_side_changed(struct sim_side *side, int64_t delay_us) {
    if (side->stream) ready_soon(side->stream, delay_us);
}

static bool take_waker(struct waker *waker, struct waker *taken) {
    *taken = *waker;
    *waker = (struct waker){0};
    return taken->call;
}

static void stream_ready(struct sim_event *event) {
    struct sim_stream *s = CONTAINER_OF(event, struct sim_stream, ready);
    struct sim_side *side = side_of(&s->stream);
    struct waker waker;
    bool is_readable = !side || sim_side_is_readable(side);
    bool is_writable = !side || sim_side_is_writable(side);
    /* One waker a turn: it may close the stream. */
    if (is_writable && take_waker(&s->stream.on_writable, &waker)) {
        if (is_readable) ready_soon(s, 0);
        waker.call(waker.context);
        return;
    }
    if (is_readable && take_waker(&s->stream.on_readable, &waker)) waker.call(waker.context);
}

static void stream_free(struct sim_stream *s) {
    sim_event_cancel(sim_world_of(s->stream.env), &s->ready);
    list_remove(&s->in_process);
    free(s);
}

static struct handle sim_stream_detach(struct stream *stream) {
    struct sim_stream *s = sim_stream_of(stream);
    struct sim_side *side = side_of(stream);
    if (side && side->stream == s) side->stream = NULL;
    struct handle handle = sim_handle_of(s->descriptor);
    stream_free(s);
    return handle;
}

static void sim_stream_close(struct stream *stream) {
    sim_descriptor_close(sim_descriptor_of(sim_stream_detach(stream)));
}

static void sim_stream_shutdown(struct stream *stream) {
    struct sim_side *side = side_of(stream);
    if (side) sim_side_end(side);
}

/* What the other side sees. */
static void sim_stream_local(struct stream *stream, char address[STREAM_ADDRESS_BYTES]) {
    struct sim_side *side = side_of(stream);
    if (side && !side->link->is_local)
        memcpy(address, sim_other_side(side)->peer.address, STREAM_ADDRESS_BYTES);
}

static const struct stream_ops sim_stream_ops = {
    .read = sim_stream_read,
    .write = sim_stream_write,
    .watch = sim_stream_watch,
    .send_handle = sim_stream_send_handle,
    .take_handle = sim_stream_take_handle,
    .detach = sim_stream_detach,
    .local = sim_stream_local,
    .shutdown = sim_stream_shutdown,
    .close = sim_stream_close,
};

struct stream *sim_stream_adopt(struct env *env, struct handle handle) {
    struct sim_stream *s = sim_alloc(sizeof *s);
    s->stream.ops = &sim_stream_ops;
    s->stream.env = env;
    s->descriptor = sim_descriptor_of(handle);
    ASSERT(s->descriptor && &s->descriptor->process->env == env);
    sim_event_init(&s->ready, stream_ready);
    list_append(&sim_process_of(env)->streams, &s->in_process);
    struct sim_side *side = side_of(&s->stream);
    if (side) {
        s->stream.peer = side->peer;
        side->stream = s;
    }
    return &s->stream;
}

void sim_streams_wake(struct sim_process *process) {
    LIST_EACH(&process->streams, s, struct sim_stream, in_process) ready_soon(s, 0);
}

void sim_streams_free(struct sim_process *process) {
    LIST_EACH(&process->streams, s, struct sim_stream, in_process) sim_stream_close(&s->stream);
}
