/*
 * The log: a line a fact, as "time level role event key=value ...". A fact has a stable
 * name ("smtp.accepted"), and the message id follows a message from arrival to mailbox.
 * Values from the network are escaped: no raw control byte reaches a log.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/slice.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/* Where lines go; the simulator's differs from the program's. */
struct log {
    /* One whole line, without a newline. Does not wait. */
    void (*write)(void *context, struct slice line);
    /* UTC milliseconds. */
    int64_t (*wall_ms)(void *context);
    void *context;
    const char *role;
    enum log_level least;
};

struct log_field {
    const char *key;
    bool is_text;
    struct slice text;
    int64_t number;
};

#define LOG_TEXT(key, slice) ((struct log_field){(key), true, (slice), 0})
#define LOG_CSTR(key, text) ((struct log_field){(key), true, slice_from_text(text), 0})
#define LOG_NUMBER(key, value) ((struct log_field){(key), false, SLICE_EMPTY, (int64_t)(value)})
/* An id, as 16 hexadecimal digits. */
#define LOG_ID(key, id) ((struct log_field){(key), false, slice_of(NULL, 16), (int64_t)(id)})

/* Writes one fact where the log's level asks for it. `log` may be NULL: then nothing is. */
void log_write(struct log *log, enum log_level level, const char *event, const struct log_field *fields,
               size_t count);

#define LOG_FACT(log, level, event, ...)                                        \
    log_write((log), (level), (event), (const struct log_field[]){__VA_ARGS__}, \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
#define LOG_INFO(log, event, ...) LOG_FACT(log, LOG_LEVEL_INFO, event, __VA_ARGS__)
#define LOG_WARN(log, event, ...) LOG_FACT(log, LOG_LEVEL_WARN, event, __VA_ARGS__)
#define LOG_ERROR(log, event, ...) LOG_FACT(log, LOG_LEVEL_ERROR, event, __VA_ARGS__)

#endif
