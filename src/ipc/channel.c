#include "ipc/channel.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/map.h"

enum {
    HEADER_BYTES = 16,
    READ_BYTES = 64 * 1024,
    KIND_REQUEST = 0,
    KIND_REPLY = 1,
    KIND_NOTICE = 2,
    KIND_SHIFT = 29,
    HANDLE_BIT = 1u << 28,
    TYPE_MASK = (1 << 28) - 1,
};

/* A frame with a handle waits alone in line, so that the handle leaves with its first byte. */
struct pending_handle {
    struct list link;
    struct handle handle;
    /* Offset of its frame in the stream of bytes written since the stream was attached. */
    uint64_t at;
};

/* Requests in one direction: asked and not yet answered. */
struct load {
    size_t requests;
    size_t bytes;
    size_t handles;
};

struct channel {
    struct env *env;
    const struct channel_handlers *handlers;
    void *context;
    struct stream *stream;
    struct scope scope;
    /* Requests that the peer has not answered, by their numbers and in a list. */
    struct map *calls;
    struct list asked;
    struct load asked_load;
    uint64_t next_call;
    uint64_t generation;
    struct buffer in;
    struct buffer out;
    size_t out_sent;
    uint64_t out_offset;
    struct list handles;
    size_t handle_count;
    struct work flush;
    /* Reads on, after a pause or a turn. */
    struct work input;
    /* Opened when there is room to write again. */
    struct gate room;
    struct gate attached;
    channel_orphan_fn *orphan;
    struct waker lost;
    /* Requests of the peer under way. */
    struct load served_load;
    /* Its next request is not begun before some of what is under way has ended. */
    bool is_paused;
    /* Somebody waits until the peer has answered some of what it was asked. */
    bool has_asked_enough;
    /* The peer reads too little: it is to be cut off. */
    bool is_overrun;
};

struct call {
    struct task *task;
    struct ipc_answer *answer;
    enum ipc_result result;
    bool is_done;
};

/* A request that was sent. Whoever asked may have left: the peer is busy with it all the same. */
struct asked {
    struct list link;
    uint64_t number;
    size_t bytes;
    bool has_handle;
    /* NULL: nobody waits for the answer. */
    struct call *call;
};

struct serving {
    struct ipc_request request;
    struct buffer body;
};

static void flush_work(struct work *work);
static void input_work(struct work *work);
static void readable(void *context);

static size_t unsent_bytes(const struct channel *channel) { return channel->out.len - channel->out_sent; }

/* ---- how much is under way ---- */

static void load_add(struct load *load, size_t bytes, bool has_handle) {
    load->requests++;
    load->bytes += bytes;
    load->handles += has_handle;
}

static void load_take(struct load *load, size_t bytes, bool has_handle) {
    load->requests--;
    load->bytes -= bytes;
    load->handles -= has_handle;
}

/* As much as one side may have of the other's. Both go by the same numbers, so an honest peer's request never
   meets a side that has too much. */
static bool load_is_full(const struct load *load, const struct budgets *budgets) {
    return load->requests >= budgets->ipc_requests || load->bytes >= budgets->ipc_request_bytes ||
           load->handles >= budgets->ipc_request_handles;
}

/* So much less than full that it is worth waking those who wait. */
static bool load_has_room(const struct load *load, const struct budgets *budgets) {
    return 4 * load->requests <= 3 * budgets->ipc_requests &&
           4 * load->bytes <= 3 * budgets->ipc_request_bytes &&
           4 * load->handles <= 3 * budgets->ipc_request_handles;
}

struct channel *channel_new(struct env *env, const struct channel_handlers *handlers, void *context) {
    struct channel *channel = calloc(1, sizeof *channel);
    if (!channel) FATAL("out of memory for a channel");
    channel->env = env;
    channel->handlers = handlers;
    channel->context = context;
    channel->calls = map_new(env_random_u64(env));
    channel->in = buffer_new(IPC_FRAME_BYTES_MAX + READ_BYTES);
    /* What is sent already is taken out when it is half of all. */
    channel->out = buffer_new(4 * (size_t)IPC_UNREAD_BYTES_MAX);
    scope_init(&channel->scope, env);
    list_init(&channel->handles);
    list_init(&channel->asked);
    work_init(&channel->flush, flush_work);
    work_init(&channel->input, input_work);
    gate_init(&channel->room);
    gate_init(&channel->attached);
    return channel;
}

bool channel_is_attached(const struct channel *channel) { return channel->stream != NULL; }

void channel_on_lost(struct channel *channel, struct waker lost) { channel->lost = lost; }

void channel_on_orphan(struct channel *channel, channel_orphan_fn *orphan) { channel->orphan = orphan; }

void ipc_answer_free(struct ipc_answer *answer) { buffer_free(&answer->body); }

static void end_call(struct call *call, enum ipc_result result) {
    call->result = result;
    call->is_done = true;
    task_wake(call->task);
}

static void drop_handles(struct channel *channel) {
    while (!list_empty(&channel->handles)) {
        struct pending_handle *pending = LIST_FIRST(&channel->handles, struct pending_handle, link);
        list_remove(&pending->link);
        handle_close(channel->env, pending->handle);
        free(pending);
    }
    channel->handle_count = 0;
}

/* The request is answered, or nobody is there who will. */
static void asked_free(struct channel *channel, struct asked **asked) {
    load_take(&channel->asked_load, (*asked)->bytes, (*asked)->has_handle);
    list_remove(&(*asked)->link);
    (void)map_remove_id(channel->calls, (*asked)->number);
    free(*asked);
    *asked = NULL;
}

static void end_calls(struct channel *channel) {
    while (!list_empty(&channel->asked)) {
        struct asked *asked = LIST_FIRST(&channel->asked, struct asked, link);
        if (asked->call) end_call(asked->call, IPC_GONE);
        asked_free(channel, &asked);
    }
}

/* The peer is gone: whoever waits for an answer learns it. */
static void lose_stream(struct channel *channel) {
    if (!channel->stream) return;
    stream_unwatch(channel->stream);
    stream_close(&channel->stream);
    work_cancel(&channel->input);
    channel->is_paused = false;
    channel->is_overrun = false;
    buffer_free(&channel->in);
    buffer_free(&channel->out);
    channel->out_sent = 0;
    drop_handles(channel);
    end_calls(channel);
    gate_open(&channel->room);
    if (channel->handlers->gone) channel->handlers->gone(channel->context);
    if (channel->lost.call) channel->lost.call(channel->lost.context);
}

void channel_attach(struct channel *channel, struct stream *stream) {
    lose_stream(channel);
    channel->stream = stream;
    channel->generation++;
    channel->out_offset = 0;
    stream->carries_handles = true;
    stream_watch_readable(stream, (struct waker){readable, channel});
    gate_open(&channel->attached);
}

void channel_close(struct task *t, struct channel **closing) {
    struct channel *channel = *closing;
    if (!channel) return;
    *closing = NULL;
    scope_cancel(&channel->scope);
    lose_stream(channel);
    scope_close(t, &channel->scope);
    work_cancel(&channel->flush);
    work_cancel(&channel->input);
    gate_open(&channel->attached);
    map_free(&channel->calls);
    buffer_free(&channel->in);
    buffer_free(&channel->out);
    free(channel);
}

static void put_u32(uint8_t *at, uint32_t number) { memcpy(at, &number, sizeof number); }
static uint32_t get_u32(const uint8_t *at) {
    uint32_t number;
    memcpy(&number, at, sizeof number);
    return number;
}

static void queue_handle(struct channel *channel, struct handle handle) {
    struct pending_handle *pending = malloc(sizeof *pending);
    if (!pending) FATAL("out of memory for a handle");
    pending->handle = handle;
    pending->at = channel->out_offset + channel->out.len;
    list_append(&channel->handles, &pending->link);
    channel->handle_count++;
}

/* False: the peer has let so much pile up that it is cut off instead, in a turn of its own: whoever
   sends need not expect to lose the channel. */
static bool has_room_for(struct channel *channel, const struct ipc_message *message) {
    if (unsent_bytes(channel) + HEADER_BYTES + message->body.len > channel->env->budgets->ipc_unread_bytes ||
        channel->handle_count >= IPC_UNREAD_HANDLES_MAX)
        channel->is_overrun = true;
    return !channel->is_overrun;
}

static void queue_frame(struct channel *channel, uint32_t kind, uint64_t call,
                        const struct ipc_message *message) {
    ASSERT(message->body.len <= IPC_FRAME_BYTES_MAX - HEADER_BYTES && message->type <= TYPE_MASK);
    uint32_t type = message->type | kind << KIND_SHIFT;
    work_post(channel->env, &channel->flush);
    if (!has_room_for(channel, message)) {
        handle_close(channel->env, message->handle);
        return;
    }
    if (!handle_is_none(message->handle)) {
        type |= HANDLE_BIT;
        queue_handle(channel, message->handle);
    }
    uint8_t header[HEADER_BYTES];
    put_u32(header, (uint32_t)(HEADER_BYTES - 4 + message->body.len));
    put_u32(header + 4, type);
    memcpy(header + 8, &call, sizeof call);
    buffer_append(&channel->out, slice_of(header, sizeof header));
    buffer_append(&channel->out, message->body);
}

/* Writes up to the next handle, or a handle with the first byte of its frame. */
static ssize_t write_some(struct channel *channel) {
    struct slice rest = slice_skip(buffer_slice(&channel->out), channel->out_sent);
    if (list_empty(&channel->handles)) return channel->stream->ops->write(channel->stream, rest);
    struct pending_handle *pending = LIST_FIRST(&channel->handles, struct pending_handle, link);
    uint64_t at = channel->out_offset + channel->out_sent;
    if (at < pending->at)
        return channel->stream->ops->write(channel->stream, slice_sub(rest, 0, pending->at - at));
    ssize_t put = channel->stream->ops->send_handle(channel->stream, slice_sub(rest, 0, 1), pending->handle);
    if (put <= 0) return put;
    list_remove(&pending->link);
    channel->handle_count--;
    handle_close(channel->env, pending->handle);
    free(pending);
    return put;
}

static void writable(void *context) {
    struct channel *channel = context;
    work_post(channel->env, &channel->flush);
}

/* What is sent goes out of memory before it is as much as what is not. */
static void forget_sent(struct channel *channel) {
    if (channel->out_sent * 2 < channel->out.len) return;
    channel->out_offset += channel->out_sent;
    buffer_consume(&channel->out, channel->out_sent);
    channel->out_sent = 0;
    if (channel->out.len == 0 && channel->out.capacity > IPC_FRAME_BYTES_MAX) buffer_free(&channel->out);
}

static void cut(struct channel *channel, const char *reason) {
    LOG_WARN(channel->env->log, "ipc.cut", LOG_CSTR("reason", reason));
    lose_stream(channel);
}

static void resume(struct channel *channel) {
    if (!channel->is_paused || load_is_full(&channel->served_load, channel->env->budgets)) return;
    channel->is_paused = false;
    work_post(channel->env, &channel->input);
}

/* 0, -EAGAIN when the peer has to read first, or another error. */
static ssize_t write_all(struct channel *channel) {
    ssize_t put = 0;
    while (put >= 0 && unsent_bytes(channel)) {
        put = write_some(channel);
        if (put > 0) channel->out_sent += (size_t)put;
    }
    return put < 0 ? put : 0;
}

static void flush_work(struct work *work) {
    struct channel *channel = CONTAINER_OF(work, struct channel, flush);
    if (!channel->stream) return;
    ssize_t result = write_all(channel);
    if (result && result != -EAGAIN) {
        lose_stream(channel);
        return;
    }
    if (channel->is_overrun) {
        cut(channel, "the other role does not read what it is sent");
        return;
    }
    if (result) stream_watch_writable(channel->stream, (struct waker){writable, channel});
    forget_sent(channel);
    if (unsent_bytes(channel) <= channel->env->budgets->ipc_backlog_bytes / 2) gate_open(&channel->room);
}

static void serving_end(struct serving *serving, bool has_handle) {
    struct channel *channel = serving->request.channel;
    load_take(&channel->served_load, serving->body.len, has_handle);
    buffer_free(&serving->body);
    free(serving);
    resume(channel);
}

/* Cancelled or without its peer, a request is served all the same: it owns things. */
void channel_await_room(struct task *t, struct ipc_request *request) {
    struct channel *channel = request->channel;
    while (channel->stream && channel->generation == request->generation &&
           unsent_bytes(channel) > channel->env->budgets->ipc_backlog_bytes)
        if (gate_wait(t, &channel->room, DEADLINE_NONE) != WAIT_OK) return;
}

static void serve_request(struct task *t, void *argument) {
    struct serving *serving = argument;
    struct channel *channel = serving->request.channel;
    channel_await_room(t, &serving->request);
    bool has_handle = !handle_is_none(serving->request.message.handle);
    channel->handlers->request(t, channel->context, &serving->request);
    serving_end(serving, has_handle);
}

static void start_request(struct channel *channel, uint64_t call, const struct ipc_message *message) {
    struct serving *serving = calloc(1, sizeof *serving);
    if (!serving) FATAL("out of memory for a request");
    serving->body = buffer_new(IPC_FRAME_BYTES_MAX);
    buffer_append(&serving->body, message->body);
    serving->request = (struct ipc_request){channel, call, channel->generation, *message};
    serving->request.message.body = buffer_slice(&serving->body);
    load_add(&channel->served_load, message->body.len, !handle_is_none(message->handle));
    if (scope_spawn(&channel->scope, serve_request, serving)) return;
    handle_close(channel->env, message->handle);
    serving_end(serving, !handle_is_none(message->handle));
}

static void take_reply(struct channel *channel, uint64_t number, const struct ipc_message *message) {
    struct asked *asked = map_get_id(channel->calls, number);
    struct call *call = asked ? asked->call : NULL;
    if (asked) asked_free(channel, &asked);
    if (channel->has_asked_enough && load_has_room(&channel->asked_load, channel->env->budgets)) {
        channel->has_asked_enough = false;
        gate_open(&channel->room);
    }
    if (!call) {
        if (channel->orphan)
            channel->orphan(channel->context, message);
        else
            handle_close(channel->env, message->handle);
        return;
    }
    buffer_append(&call->answer->body, message->body);
    call->answer->handle = message->handle;
    end_call(call, IPC_OK);
}

static void dispatch(struct channel *channel, struct slice frame) {
    uint32_t type = get_u32(frame.ptr);
    uint64_t call;
    memcpy(&call, frame.ptr + 4, sizeof call);
    struct ipc_message message = {type & TYPE_MASK, slice_skip(frame, HEADER_BYTES - 4), HANDLE_NONE};
    if (type & HANDLE_BIT && !channel->stream->ops->take_handle(channel->stream, &message.handle))
        message.handle = HANDLE_NONE;
    switch (type >> KIND_SHIFT) {
    case KIND_REQUEST:
        start_request(channel, call, &message);
        break;
    case KIND_REPLY:
        take_reply(channel, call, &message);
        break;
    default:
        if (channel->handlers->notice)
            channel->handlers->notice(channel->context, &message);
        else
            handle_close(channel->env, message.handle);
    }
}

/* It has as much under way here as it may, and asks for more. Answers and notices are always taken: the peer
   may be waiting to be rid of them before it reads what waits here. */
static bool must_wait(const struct channel *channel, struct slice frame) {
    return get_u32(frame.ptr) >> KIND_SHIFT == KIND_REQUEST &&
           load_is_full(&channel->served_load, channel->env->budgets);
}

/* All whole frames of the input, as far as they may be begun. False: the peer speaks nonsense. */
static bool dispatch_frames(struct channel *channel) {
    size_t used = 0;
    channel->is_paused = false;
    while (channel->stream && channel->in.len - used >= 4) {
        struct slice rest = slice_skip(buffer_slice(&channel->in), used);
        uint32_t len = get_u32(rest.ptr);
        if (len < HEADER_BYTES - 4 || len > IPC_FRAME_BYTES_MAX - 4) return false;
        if (rest.len < len + 4) break;
        channel->is_paused = must_wait(channel, slice_skip(rest, 4));
        if (channel->is_paused) break;
        dispatch(channel, slice_sub(rest, 4, len));
        used += len + 4;
    }
    if (channel->stream) buffer_consume(&channel->in, used);
    return true;
}

/* Reads once. Bytes, 0 when there is nothing now or the stream was lost. */
static size_t read_some(struct channel *channel) {
    uint8_t *room = buffer_reserve(&channel->in, READ_BYTES);
    ASSERT(room);
    ssize_t got = channel->stream->ops->read(channel->stream, room, READ_BYTES);
    if (got > 0) {
        buffer_grew(&channel->in, (size_t)got);
        return (size_t)got;
    }
    if (got != -EAGAIN) lose_stream(channel);
    return 0;
}

static void take_input(struct channel *channel) {
    size_t taken = 0;
    for (;;) {
        if (!dispatch_frames(channel)) cut(channel, "the other role sent what is no message");
        if (!channel->stream || channel->is_paused) return;
        if (taken >= channel->env->budgets->ipc_turn_bytes) {
            work_post_later(channel->env, &channel->input);
            return;
        }
        size_t got = read_some(channel);
        if (got == 0) break;
        taken += got;
    }
    if (!channel->stream) return;
    if (channel->in.len == 0 && channel->in.capacity > 2 * READ_BYTES) buffer_free(&channel->in);
    stream_watch_readable(channel->stream, (struct waker){readable, channel});
}

static void readable(void *context) { take_input(context); }

static void input_work(struct work *work) {
    struct channel *channel = CONTAINER_OF(work, struct channel, input);
    if (channel->stream) take_input(channel);
}

static enum ipc_result ipc_result_of(enum wait_result result) {
    return result == WAIT_TIMEOUT ? IPC_TIMEOUT : IPC_CANCELLED;
}

/* Where a request cannot be sent now: what to wait at. */
static struct gate *gate_before(struct channel *channel) {
    const struct budgets *budgets = channel->env->budgets;
    if (!channel->stream) return &channel->attached;
    if (load_is_full(&channel->asked_load, budgets)) {
        channel->has_asked_enough = true;
        return &channel->room;
    }
    return unsent_bytes(channel) > budgets->ipc_backlog_bytes ? &channel->room : NULL;
}

/* Until there is a peer, room to write to it, and room for a request at its end. */
static enum ipc_result wait_for_room(struct task *t, struct channel *channel, int64_t deadline_ms) {
    for (;;) {
        struct gate *gate = gate_before(channel);
        if (!gate) return IPC_OK;
        enum wait_result result = gate_wait(t, gate, deadline_ms);
        if (result != WAIT_OK) return ipc_result_of(result);
    }
}

static void note_asked(struct channel *channel, uint64_t number, const struct ipc_message *message,
                       struct call *call) {
    struct asked *asked = malloc(sizeof *asked);
    if (!asked) FATAL("out of memory for a call");
    *asked = (struct asked){.number = number,
                            .bytes = message->body.len,
                            .has_handle = !handle_is_none(message->handle),
                            .call = call};
    load_add(&channel->asked_load, asked->bytes, asked->has_handle);
    list_append(&channel->asked, &asked->link);
    (void)map_put_id(channel->calls, number, asked);
}

static enum ipc_result ask(struct task *t, struct channel *channel, const struct ipc_message *message,
                           struct ipc_answer *answer, int64_t deadline_ms) {
    struct call call = {.task = t, .answer = answer};
    uint64_t number = ++channel->next_call;
    note_asked(channel, number, message, &call);
    queue_frame(channel, KIND_REQUEST, number, message);
    enum wait_result waited = WAIT_OK;
    while (!call.is_done && waited == WAIT_OK) waited = task_wait(t, deadline_ms);
    struct asked *asked = call.is_done ? NULL : map_get_id(channel->calls, number);
    if (asked) asked->call = NULL;
    return call.is_done ? call.result : ipc_result_of(waited);
}

enum ipc_result channel_call(struct task *t, struct channel *channel, const struct ipc_message *message,
                             struct ipc_answer *answer, int64_t deadline_ms) {
    *answer = (struct ipc_answer){buffer_new(IPC_FRAME_BYTES_MAX), HANDLE_NONE};
    enum ipc_result result = wait_for_room(t, channel, deadline_ms);
    if (result != IPC_OK) {
        handle_close(channel->env, message->handle);
        return result;
    }
    result = ask(t, channel, message, answer, deadline_ms);
    if (result != IPC_OK) buffer_free(&answer->body);
    return result;
}

void channel_notify(struct channel *channel, const struct ipc_message *message) {
    if (channel->stream)
        queue_frame(channel, KIND_NOTICE, 0, message);
    else
        handle_close(channel->env, message->handle);
}

void channel_reply(struct ipc_request *request, struct slice body, struct handle handle) {
    struct channel *channel = request->channel;
    struct ipc_message message = {request->message.type, body, handle};
    if (channel->stream && channel->generation == request->generation)
        queue_frame(channel, KIND_REPLY, request->call, &message);
    else
        handle_close(channel->env, handle);
}

enum ipc_result channel_drain(struct task *t, struct channel *channel, int64_t deadline_ms) {
    while (channel->stream && unsent_bytes(channel)) {
        enum wait_result result = gate_wait(t, &channel->room, deadline_ms);
        if (result != WAIT_OK) return ipc_result_of(result);
    }
    return channel->stream ? IPC_OK : IPC_GONE;
}
