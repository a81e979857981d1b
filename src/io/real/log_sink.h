/* Where the program's log goes: standard error, a line at a time. */
#ifndef IO_REAL_LOG_SINK_H
#define IO_REAL_LOG_SINK_H

#include "base/log.h"

struct log_sink {
    struct log log;
};

/* `role` is a static text. */
void log_sink_init(struct log_sink *sink, const char *role);

#endif
