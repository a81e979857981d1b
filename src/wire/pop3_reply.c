#include "wire/pop3_reply.h"

#include "base/encode.h"
#include "wire/wire_text.h"

void pop3_reply_ok(struct buffer *out, struct slice text) {
    buffer_append(out, SLICE("+OK"));
    if (text.len) buffer_append_byte(out, ' ');
    wire_text_clean(out, text, false);
    buffer_append(out, SLICE("\r\n"));
}

static const struct slice code_texts[] = {
    [POP3_CODE_NONE] = SLICE_INIT(""),
    [POP3_CODE_IN_USE] = SLICE_INIT("[IN-USE] "),
    [POP3_CODE_LOGIN_DELAY] = SLICE_INIT("[LOGIN-DELAY] "),
    [POP3_CODE_SYSTEM_TEMPORARY] = SLICE_INIT("[SYS/TEMP] "),
    [POP3_CODE_SYSTEM_PERMANENT] = SLICE_INIT("[SYS/PERM] "),
    [POP3_CODE_AUTH] = SLICE_INIT("[AUTH] "),
    [POP3_CODE_UTF8] = SLICE_INIT("[UTF8] "),
};

void pop3_reply_error(struct buffer *out, enum pop3_response_code code, struct slice text) {
    ASSERT(code < sizeof code_texts / sizeof code_texts[0]);
    buffer_append(out, SLICE("-ERR "));
    buffer_append(out, code_texts[code]);
    wire_text_clean(out, text, false);
    buffer_append(out, SLICE("\r\n"));
}

void pop3_reply_challenge(struct buffer *out, struct slice challenge) {
    buffer_append(out, SLICE("+ "));
    base64_encode(out, challenge);
    buffer_append(out, SLICE("\r\n"));
}

void pop3_reply_line(struct buffer *out, struct slice text) {
    if (text.len && text.ptr[0] == '.') buffer_append_byte(out, '.');
    wire_text_clean(out, text, false);
    buffer_append(out, SLICE("\r\n"));
}

void pop3_reply_end(struct buffer *out) { buffer_append(out, SLICE(".\r\n")); }

struct pop3_top pop3_top_new(uint32_t body_line_count) {
    return (struct pop3_top){
        .writer = smtp_data_writer_new(), .lines = canonical_lines_new(), .lines_left = body_line_count};
}

/* Counts one whole line. */
static void count_line(struct pop3_top *top, bool is_blank) {
    if (top->in_body)
        top->lines_left--;
    else
        top->in_body = is_blank;
    top->is_full = top->in_body && top->lines_left == 0;
}

/* Takes one line, or the part of one that there is, off canonical text. */
static struct slice take_line(struct pop3_top *top, struct slice *text) {
    size_t lf = slice_find_byte(*text, '\n');
    struct slice line = slice_take(text, lf == SLICE_NOT_FOUND ? text->len : lf + 1);
    bool is_blank = !top->in_line && (line.ptr[0] == '\r' || line.ptr[0] == '\n');
    top->in_line = lf == SLICE_NOT_FOUND;
    if (!top->in_line) count_line(top, is_blank);
    return line;
}

struct topping {
    struct pop3_top *top;
    struct byte_sink sink;
};

/* A sink for canonical_lines, which gives CRLF whole: a piece never ends inside one. */
static void write_top(void *context, struct slice text) {
    struct topping *topping = context;
    struct slice rest = text;
    while (rest.len && !topping->top->is_full) (void)take_line(topping->top, &rest);
    smtp_data_write(&topping->top->writer, slice_sub(text, 0, text.len - rest.len), topping->sink);
}

void pop3_top_write(struct pop3_top *top, struct slice message, struct byte_sink sink) {
    struct topping topping = {top, sink};
    canonical_lines_write(&top->lines, message, (struct byte_sink){write_top, &topping});
}

void pop3_top_finish(struct pop3_top *top, struct byte_sink sink) {
    struct topping topping = {top, sink};
    canonical_lines_finish(&top->lines, (struct byte_sink){write_top, &topping});
    if (!top->in_body) smtp_data_write(&top->writer, SLICE("\r\n"), sink);
    smtp_data_finish(&top->writer, sink);
}
