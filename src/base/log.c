#include "base/log.h"

#include <inttypes.h>
#include <time.h>

#include "base/buffer.h"

enum { LINE_BYTES_MAX = 4096, VALUE_BYTES_MAX = 512 };

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static bool is_plain(struct slice text) {
    if (text.len == 0) return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c <= ' ' || c == '"' || c == '\\' || c == '=' || c >= 0x7f) return false;
    }
    return true;
}

static void append_quoted(struct buffer *line, struct slice text) {
    buffer_append_byte(line, '"');
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == '"' || c == '\\')
            buffer_printf(line, "\\%c", c);
        else if (c < ' ' || c >= 0x7f)
            buffer_printf(line, "\\x%02x", c);
        else
            buffer_append_byte(line, c);
    }
    buffer_append_byte(line, '"');
}

static void append_field(struct buffer *line, const struct log_field *field) {
    buffer_printf(line, " %s=", field->key);
    if (field->is_text) {
        struct slice text = slice_sub(field->text, 0, VALUE_BYTES_MAX);
        if (is_plain(text))
            buffer_append(line, text);
        else
            append_quoted(line, text);
    } else if (field->text.len == 16) {
        buffer_printf(line, "%016" PRIx64, (uint64_t)field->number);
    } else {
        buffer_printf(line, "%" PRId64, field->number);
    }
}

static void append_time(struct buffer *line, int64_t wall_ms) {
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    (void)gmtime_r(&seconds, &tm);
    buffer_printf(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                  tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(wall_ms % 1000));
}

void log_write(struct log *log, enum log_level level, const char *event, const struct log_field *fields,
               size_t count) {
    if (!log || level < log->least) return;
    struct buffer line = buffer_new(LINE_BYTES_MAX);
    append_time(&line, log->wall_ms(log->context));
    buffer_printf(&line, " %s %s %s", level_names[level], log->role, event);
    for (size_t i = 0; i < count; i++) append_field(&line, &fields[i]);
    log->write(log->context, buffer_slice(&line));
    buffer_free(&line);
}
