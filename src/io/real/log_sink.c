#include "io/real/log_sink.h"

#include <time.h>
#include <unistd.h>

enum { LINE_BYTES_MAX = 8192 };

static int64_t sink_wall_ms(void *context) {
    (void)context;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One write a line, so that the lines of several processes do not mix. */
static void sink_write(void *context, struct slice line) {
    (void)context;
    uint8_t bytes[LINE_BYTES_MAX];
    size_t len = line.len < sizeof bytes ? line.len : sizeof bytes - 1;
    memcpy(bytes, line.ptr, len);
    bytes[len] = '\n';
    (void)!write(STDERR_FILENO, bytes, len + 1);
}

void log_sink_init(struct log_sink *sink, const char *role) {
    sink->log = (struct log){sink_write, sink_wall_ms, sink, role, LOG_LEVEL_INFO};
}
