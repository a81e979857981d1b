/*
 * Where an incremental reader or writer puts its bytes: a function with its context. It is
 * called with any number of pieces; only their concatenation means something. A sink cannot
 * say no: one with a maximum (a buffer) remembers that it was passed, and is asked at the end.
 */
#ifndef WIRE_BYTE_SINK_H
#define WIRE_BYTE_SINK_H

#include "base/buffer.h"

struct byte_sink {
    /* `bytes` is valid during the call only. */
    void (*write)(void *context, struct slice bytes);
    void *context;
};

static inline void byte_sink_write(struct byte_sink sink, struct slice bytes) {
    if (bytes.len) sink.write(sink.context, bytes);
}

static inline void byte_sink_append_to_buffer(void *buffer, struct slice bytes) {
    buffer_append(buffer, bytes);
}

/* A sink that appends to `buffer`, which keeps its maximum. */
static inline struct byte_sink byte_sink_of_buffer(struct buffer *buffer) {
    return (struct byte_sink){byte_sink_append_to_buffer, buffer};
}

#endif
