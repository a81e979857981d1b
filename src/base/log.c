#include "base/log.h"

#include <time.h>

#include "base/buffer.h"

/* Most lines are shorter than LINE_BYTES: then nothing has to grow. */
enum { LINE_BYTES = 512, LINE_BYTES_MAX = 4096, VALUE_BYTES_MAX = 512 };

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

static void append_number(struct buffer *line, int64_t number) {
    if (number < 0) buffer_append_byte(line, '-');
    buffer_append_number(line, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

static void append_field(struct buffer *line, const struct log_field *field) {
    buffer_append_byte(line, ' ');
    buffer_append_text(line, field->key);
    buffer_append_byte(line, '=');
    if (field->is_text) {
        struct slice text = slice_sub(field->text, 0, VALUE_BYTES_MAX);
        if (is_plain(text))
            buffer_append(line, text);
        else
            append_quoted(line, text);
    } else if (field->text.len == 16) {
        buffer_append_id(line, (uint64_t)field->number);
    } else {
        append_number(line, field->number);
    }
}

static void append_part(struct buffer *line, int number, size_t digits, char end) {
    buffer_append_padded(line, (uint64_t)number, digits);
    buffer_append_byte(line, (uint8_t)end);
}

static void append_time(struct buffer *line, int64_t wall_ms) {
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    (void)gmtime_r(&seconds, &tm);
    append_part(line, tm.tm_year + 1900, 4, '-');
    append_part(line, tm.tm_mon + 1, 2, '-');
    append_part(line, tm.tm_mday, 2, 'T');
    append_part(line, tm.tm_hour, 2, ':');
    append_part(line, tm.tm_min, 2, ':');
    append_part(line, tm.tm_sec, 2, '.');
    append_part(line, (int)(wall_ms % 1000), 3, 'Z');
}

static void append_word(struct buffer *line, const char *word) {
    buffer_append_byte(line, ' ');
    buffer_append_text(line, word);
}

void log_write(struct log *log, enum log_level level, const char *event, const struct log_field *fields,
               size_t count) {
    if (!log || level < log->least) return;
    struct buffer line = buffer_new(LINE_BYTES_MAX);
    (void)buffer_reserve(&line, LINE_BYTES);
    append_time(&line, log->wall_ms(log->context));
    append_word(&line, level_names[level]);
    append_word(&line, log->role);
    append_word(&line, event);
    for (size_t i = 0; i < count; i++) append_field(&line, &fields[i]);
    log->write(log->context, buffer_slice(&line));
    buffer_free(&line);
}
