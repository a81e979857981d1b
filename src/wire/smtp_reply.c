#include "wire/smtp_reply.h"

#include "base/limits.h"
#include "wire/wire_text.h"

static const struct smtp_reply replies[SMTP_REPLY_COUNT] = {
#define X(name, code, enhanced, text, closes) {code, SLICE_INIT(enhanced), SLICE_INIT(text), closes},
    SMTP_REPLIES(X)
#undef X
};

struct smtp_reply smtp_reply_named(enum smtp_reply_name name) {
    ASSERT(name < SMTP_REPLY_COUNT);
    return replies[name];
}

struct smtp_reply smtp_reply_with_text(enum smtp_reply_name name, struct slice text) {
    struct smtp_reply reply = smtp_reply_named(name);
    reply.text = text;
    return reply;
}

/* As much of a line as fits, cut behind a space or before a UTF-8 character where there is one. */
static struct slice take_fitting(struct slice *line) {
    if (line->len <= SMTP_REPLY_TEXT_BYTES_MAX) return slice_take(line, line->len);
    size_t fit = SMTP_REPLY_TEXT_BYTES_MAX;
    size_t space = slice_find_last_byte(slice_sub(*line, 0, fit), ' ');
    if (space != SLICE_NOT_FOUND && space > 0) return slice_take(line, space + 1);
    while (fit > SMTP_REPLY_TEXT_BYTES_MAX - 3 && (line->ptr[fit] & 0xc0) == 0x80) fit--;
    return slice_take(line, fit);
}

static void write_line(struct buffer *out, const struct smtp_reply *reply, struct slice text, bool last,
                       bool utf8) {
    buffer_append_number(out, reply->code);
    buffer_append_byte(out, last ? ' ' : '-');
    if (reply->enhanced.len) {
        buffer_append(out, reply->enhanced);
        buffer_append_byte(out, ' ');
    }
    wire_text_clean(out, text, !utf8);
    buffer_append(out, SLICE("\r\n"));
}

void smtp_reply_write(struct buffer *out, const struct smtp_reply *reply, bool utf8) {
    struct slice text = reply->text;
    bool more = true;
    while (more) {
        struct slice line = slice_take_until(&text, '\n');
        more = slice_take_byte(&text, '\n');
        do {
            struct slice piece = take_fitting(&line);
            write_line(out, reply, piece, line.len == 0 && !more, utf8);
        } while (line.len);
    }
}
