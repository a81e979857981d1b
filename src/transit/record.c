#include "transit/record.h"

#include <stdio.h>

#include "base/limits.h"

enum { LINE_BYTES_MAX = 512, ANSWER_BYTES_MAX = 400, MARK_BYTES = 8 };

struct record record_new(struct env *env) {
    return (struct record){.env = env, .text = buffer_new(FLIGHT_RECORD_BYTES_MAX)};
}

void record_free(struct record *record) { buffer_free(&record->text); }

void record_begin(struct record *record) {
    buffer_clear(&record->text);
    record->began_ms = env_now_ms(record->env);
    record->began_wall_ms = env_wall_ms(record->env);
    record->is_full = false;
}

static void append_line(struct record *record, struct slice line) {
    if (record->is_full) return;
    struct buffer *text = &record->text;
    int64_t ms = env_now_ms(record->env) - record->began_ms;
    record->is_full = text->len + line.len + LINE_BYTES_MAX / 16 + MARK_BYTES > FLIGHT_RECORD_BYTES_MAX;
    if (record->is_full) {
        buffer_append_text(text, "...\n");
        return;
    }
    buffer_printf(text, "%lld ", (long long)ms);
    buffer_append(text, line);
    buffer_append_byte(text, '\n');
}

void record_line(struct record *record, const char *format, ...) {
    char line[LINE_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (len < 0) return;
    append_line(record, slice_of(line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1));
}

/* The challenges of an exchange are nobody's business. */
static bool is_secret(enum smtp_client_stage stage, const struct smtp_answer *answer) {
    return stage == SMTP_STAGE_AUTH && answer->code / 100 == 3;
}

void record_answer(struct record *record, enum smtp_client_stage stage, const struct smtp_answer *answer) {
    struct buffer line = buffer_new(LINE_BYTES_MAX);
    buffer_printf(&line, "%s: %u", smtp_client_stage_name(stage), answer->code);
    if (answer->enhanced.class)
        buffer_printf(&line, " %u.%u.%u", answer->enhanced.class, answer->enhanced.subject,
                      answer->enhanced.detail);
    struct slice text = is_secret(stage, answer) ? SLICE_EMPTY : slice_sub(answer->text, 0, ANSWER_BYTES_MAX);
    const char *before = " ";
    while (text.len) {
        buffer_append_text(&line, before);
        buffer_append(&line, slice_take_until(&text, '\n'));
        (void)slice_take_byte(&text, '\n');
        before = " / ";
    }
    /* Many short lines may be more than fits: what fits stands. */
    append_line(record, buffer_slice(&line));
    buffer_free(&line);
}

struct slice record_text(const struct record *record) {
    return buffer_slice(&record->text);
}
