#include "talk.h"

#include <errno.h>
#include <stdio.h>

#include "host.h"
#include "io/tls.h"

enum { READ_BYTES = 16384, LINE_BYTES_MAX = 4096 };

static int64_t deadline(struct task *t) { return env_now_ms(task_env(t)) + TALK_PATIENCE_MS; }

bool talk_open(struct task *t, struct talk *talk, unsigned host, enum port_kind port, bool is_tls) {
    struct connect_request request = {.address = host_address(host), .port = ports[port].number};
    *talk = (struct talk){.in = buffer_new(TALK_BYTES_MAX)};
    if (stream_connect(t, task_env(t), &request, deadline(t), &talk->stream)) talk->stream = NULL;
    return is_tls ? talk_start_tls(t, talk) : !talk_is_broken(talk);
}

void talk_close(struct talk *talk) {
    stream_close(&talk->stream);
    buffer_free(&talk->in);
}

bool talk_is_broken(const struct talk *talk) { return !talk->stream; }

bool talk_start_tls(struct task *t, struct talk *talk) {
    if (talk_is_broken(talk)) return false;
    buffer_clear(&talk->in);
    talk->taken = 0;
    return tls_connect(t, &talk->stream, NULL, deadline(t)) == 0;
}

void talk_say(struct task *t, struct talk *talk, struct slice bytes) {
    if (!talk_is_broken(talk) && stream_write(t, talk->stream, bytes, deadline(t)))
        stream_close(&talk->stream);
}

static void say_text(struct task *t, struct talk *talk, const char *format, va_list arguments) {
    char text[LINE_BYTES_MAX];
    int len = vsnprintf(text, sizeof text, format, arguments);
    ASSERT(len >= 0 && (size_t)len < sizeof text);
    talk_say(t, talk, slice_of(text, (size_t)len));
}

void talk_printf(struct task *t, struct talk *talk, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say_text(t, talk, format, arguments);
    va_end(arguments);
}

/* Bytes read; 0 when it is broken, or, where only `until_ms` was waited for, when that has come. */
static size_t read_some(struct task *t, struct talk *talk, int64_t until_ms, bool is_patient) {
    if (talk_is_broken(talk)) return 0;
    buffer_consume(&talk->in, talk->taken);
    talk->taken = 0;
    uint8_t *room = buffer_reserve(&talk->in, READ_BYTES);
    ssize_t got = room ? stream_read(t, talk->stream, room, READ_BYTES, until_ms) : -EMSGSIZE;
    if (got > 0) {
        buffer_grew(&talk->in, (size_t)got);
        return (size_t)got;
    }
    if (got != -ETIMEDOUT || is_patient) stream_close(&talk->stream);
    return 0;
}

static bool read_more(struct task *t, struct talk *talk) {
    int64_t asked_ms = env_now_ms(task_env(t));
    size_t got = read_some(t, talk, deadline(t), true);
    int64_t waited_ms = env_now_ms(task_env(t)) - asked_ms;
    if (waited_ms > talk->slowest_ms) talk->slowest_ms = waited_ms;
    return got;
}

/* What was given out leaves the buffer only before more is read: once for many lines. */
static struct slice rest_of(const struct talk *talk) {
    return slice_skip(buffer_slice(&talk->in), talk->taken);
}

static struct slice take(struct talk *talk, size_t len) {
    struct slice taken = slice_sub(rest_of(talk), 0, len);
    talk->taken += len;
    return taken;
}

struct slice talk_line(struct task *t, struct talk *talk) {
    size_t end;
    while ((end = slice_find_crlf(rest_of(talk))) == SLICE_NOT_FOUND)
        if (!read_more(t, talk)) return SLICE_EMPTY;
    struct slice line = take(talk, end + 2);
    return slice_sub(line, 0, end);
}

bool talk_wait(struct task *t, struct talk *talk, int64_t until_ms) {
    while (slice_find_crlf(rest_of(talk)) == SLICE_NOT_FOUND)
        if (!read_some(t, talk, until_ms, false)) return false;
    return true;
}

bool talk_wait_or_wake(struct task *t, struct talk *talk, int64_t until_ms) {
    if (slice_find_crlf(rest_of(talk)) != SLICE_NOT_FOUND) return true;
    if (talk_is_broken(talk)) return false;
    buffer_consume(&talk->in, talk->taken);
    talk->taken = 0;
    uint8_t *room = buffer_reserve(&talk->in, READ_BYTES);
    ssize_t got = room ? talk->stream->ops->read(talk->stream, room, READ_BYTES) : -EMSGSIZE;
    if (got > 0) buffer_grew(&talk->in, (size_t)got);
    if (got == 0 || (got < 0 && got != -EAGAIN)) stream_close(&talk->stream);
    if (got != -EAGAIN) return slice_find_crlf(rest_of(talk)) != SLICE_NOT_FOUND;
    stream_watch_readable(talk->stream, (struct waker){task_wake_callback, t});
    (void)!task_wait(t, until_ms);
    talk->stream->on_readable = (struct waker){0};
    return false;
}

struct slice talk_bytes(struct task *t, struct talk *talk, size_t len) {
    while (talk->in.len - talk->taken < len)
        if (!read_more(t, talk)) return SLICE_EMPTY;
    return take(talk, len);
}

unsigned talk_smtp_reply(struct task *t, struct talk *talk) {
    for (;;) {
        struct slice line = talk_line(t, talk);
        uint64_t code = 0;
        if (talk_is_broken(talk) && line.len == 0) return 0;
        if (!slice_take_number(&line, 599, &code)) return 0;
        if (!slice_starts(line, SLICE("-"))) return (unsigned)code;
    }
}

unsigned talk_smtp(struct task *t, struct talk *talk, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say_text(t, talk, format, arguments);
    va_end(arguments);
    return talk_smtp_reply(t, talk);
}
