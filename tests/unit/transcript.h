/*
 * Golden transcripts: a file of lines that a client says and a server answers, replayed against
 * a stream. "C: text" is sent with CRLF, "C- text" without; "S: text" is the server's next line,
 * in which "<any>" stands for anything; "END" expects the end of the connection. Empty lines and
 * lines that begin with "#" are skipped. Lines of the client that stand together go in one
 * write (pipelined), or byte by byte. Include after test.h.
 */
#ifndef TRANSCRIPT_H
#define TRANSCRIPT_H

#include <errno.h>

#include "base/buffer.h"
#include "io/stream.h"

enum transcript_mode { TRANSCRIPT_WHOLE, TRANSCRIPT_BYTES, TRANSCRIPT_MODES };

struct transcript {
    struct stream *stream;
    enum transcript_mode mode;
    const char *name;
    unsigned line_number;
    struct buffer to_send;
    struct buffer received;
};

enum { TRANSCRIPT_WAIT_MS = 10000, TRANSCRIPT_BYTES_MAX = 1 << 24 };

static inline struct slice transcript_load(const char *folder, const char *name, struct buffer *text) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("no transcript %s", path);
    uint8_t *room = buffer_reserve(text, 1 << 20);
    buffer_grew(text, fread(room, 1, 1 << 20, file));
    (void)fclose(file);
    return buffer_slice(text);
}

/* "<any>" matches any run of bytes, as few as the rest of the pattern allows. */
static inline bool transcript_matches(struct slice pattern, struct slice line) {
    size_t at = slice_find(pattern, SLICE("<any>"));
    if (at == SLICE_NOT_FOUND) return slice_equal(pattern, line);
    if (!slice_starts(line, slice_sub(pattern, 0, at))) return false;
    line = slice_skip(line, at);
    pattern = slice_skip(pattern, at + 5);
    for (;;) {
        size_t next = slice_find(pattern, SLICE("<any>"));
        struct slice part = slice_sub(pattern, 0, next == SLICE_NOT_FOUND ? pattern.len : next);
        if (next == SLICE_NOT_FOUND)
            return line.len >= part.len && slice_equal(slice_skip(line, line.len - part.len), part);
        size_t found = slice_find(line, part);
        if (found == SLICE_NOT_FOUND) return false;
        line = slice_skip(line, found + part.len);
        pattern = slice_skip(pattern, next + 5);
    }
}

static inline void transcript_write(struct task *t, struct transcript *play, struct slice bytes) {
    int64_t deadline_ms = env_now_ms(task_env(t)) + TRANSCRIPT_WAIT_MS;
    if (stream_write(t, play->stream, bytes, deadline_ms))
        fail_msg("%s:%u: cannot send", play->name, play->line_number);
}

static inline void transcript_send(struct task *t, struct transcript *play) {
    struct slice bytes = buffer_slice(&play->to_send);
    if (play->mode == TRANSCRIPT_WHOLE) {
        if (bytes.len) transcript_write(t, play, bytes);
    } else {
        for (size_t i = 0; i < bytes.len; i++) {
            transcript_write(t, play, slice_sub(bytes, i, 1));
            assert_int_equal(task_sleep(t, 1), WAIT_OK);
        }
    }
    buffer_clear(&play->to_send);
}

/* More of what the server says; false at the end. */
static inline bool transcript_receive(struct task *t, struct transcript *play) {
    uint8_t *room = buffer_reserve(&play->received, 65536);
    int64_t deadline_ms = env_now_ms(task_env(t)) + TRANSCRIPT_WAIT_MS;
    ssize_t got = stream_read(t, play->stream, room, 65536, deadline_ms);
    if (got == -ETIMEDOUT) fail_msg("%s:%u: the server says nothing", play->name, play->line_number);
    if (got > 0) buffer_grew(&play->received, (size_t)got);
    return got > 0;
}

static inline void transcript_expect(struct task *t, struct transcript *play, struct slice pattern) {
    size_t end = slice_find_crlf(buffer_slice(&play->received));
    while (end == SLICE_NOT_FOUND) {
        if (!transcript_receive(t, play))
            fail_msg("%s:%u: the connection ended", play->name, play->line_number);
        end = slice_find_crlf(buffer_slice(&play->received));
    }
    struct slice line = slice_sub(buffer_slice(&play->received), 0, end);
    if (!transcript_matches(pattern, line))
        fail_msg("%s:%u: got '%.*s', want '%.*s'", play->name, play->line_number, SLICE_PRINT(line),
                 SLICE_PRINT(pattern));
    buffer_consume(&play->received, end + 2);
}

static inline void transcript_expect_end(struct task *t, struct transcript *play) {
    while (play->received.len == 0 && transcript_receive(t, play)) continue;
    if (play->received.len)
        fail_msg("%s:%u: more came: '%.*s'", play->name, play->line_number,
                 SLICE_PRINT(buffer_slice(&play->received)));
}

static inline void transcript_line(struct task *t, struct transcript *play, struct slice line) {
    bool is_raw = slice_starts(line, SLICE("C- "));
    if (is_raw || slice_starts(line, SLICE("C: "))) {
        buffer_append(&play->to_send, slice_skip(line, 3));
        if (!is_raw) buffer_append(&play->to_send, SLICE("\r\n"));
        return;
    }
    if (line.len == 0 || line.ptr[0] == '#') return;
    transcript_send(t, play);
    if (slice_starts(line, SLICE("S: ")) || slice_equal(line, SLICE("S:")))
        transcript_expect(t, play, slice_skip(line, 3));
    else if (slice_equal(line, SLICE("END")))
        transcript_expect_end(t, play);
    else
        fail_msg("%s:%u: not a line of a transcript", play->name, play->line_number);
}

/* Replays `text` on the stream. `name` is for messages. */
static inline void transcript_play(struct task *t, struct stream *stream, const char *name, struct slice text,
                                   enum transcript_mode mode) {
    struct transcript play = {.stream = stream, .mode = mode, .name = name};
    play.to_send = buffer_new(TRANSCRIPT_BYTES_MAX);
    play.received = buffer_new(TRANSCRIPT_BYTES_MAX);
    while (text.len) {
        struct slice line = slice_take_until(&text, '\n');
        (void)slice_take_byte(&text, '\n');
        play.line_number++;
        transcript_line(t, &play, line);
    }
    transcript_send(t, &play);
    buffer_free(&play.to_send);
    buffer_free(&play.received);
}

#endif
