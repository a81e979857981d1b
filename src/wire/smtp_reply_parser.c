#include "wire/smtp_reply_parser.h"

#include "base/limits.h"
#include "wire/wire_text.h"

struct smtp_reply_parser smtp_reply_parser_new(void) {
    return (struct smtp_reply_parser){.text = buffer_new(SMTP_REPLY_BYTES_MAX),
                                      .line = buffer_new(SMTP_REPLY_LINE_BYTES_MAX)};
}

void smtp_reply_parser_free(struct smtp_reply_parser *parser) {
    buffer_free(&parser->text);
    buffer_free(&parser->line);
}

void smtp_reply_parser_reset(struct smtp_reply_parser *parser) {
    buffer_clear(&parser->text);
    buffer_clear(&parser->line);
    parser->line_count = 0;
    parser->code = 0;
    parser->enhanced = (struct smtp_enhanced_code){0};
}

/* RFC 5321 4.2: three digits, the first 2 to 5. */
static bool take_code(struct slice *line, unsigned *code) {
    uint64_t number = 0;
    struct slice digits = slice_take(line, 3);
    if (digits.len < 3 || !slice_to_number(digits, 599, &number) || number < 200) return false;
    *code = (unsigned)number;
    return true;
}

/* RFC 3463 2: class "." 1*3digit "." 1*3digit, of the same class as the reply (RFC 2034 4). */
static bool take_enhanced(struct slice *text, unsigned class, struct smtp_enhanced_code *enhanced) {
    struct slice rest = *text;
    uint64_t parts[3] = {0, 0, 0};
    for (size_t i = 0; i < 3; i++) {
        if (i > 0 && !slice_take_byte(&rest, '.')) return false;
        if (!slice_take_number(&rest, 999, &parts[i])) return false;
    }
    if (parts[0] != class || (rest.len && !slice_take_byte(&rest, ' '))) return false;
    *enhanced = (struct smtp_enhanced_code){class, (unsigned)parts[1], (unsigned)parts[2]};
    *text = rest;
    return true;
}

static void append_text(struct smtp_reply_parser *parser, struct slice text) {
    struct smtp_enhanced_code enhanced;
    if (take_enhanced(&text, parser->code / 100, &enhanced) && parser->enhanced.class == 0)
        parser->enhanced = enhanced;
    if (parser->line_count > 1) buffer_append_byte(&parser->text, '\n');
    wire_text_clean(&parser->text, text, false);
}

static enum smtp_reply_parse_status accept_line(struct smtp_reply_parser *parser, struct slice line) {
    unsigned code = 0;
    if (!take_code(&line, &code)) return SMTP_REPLY_PARSE_MALFORMED;
    if (parser->line_count && code != parser->code) return SMTP_REPLY_PARSE_MALFORMED;
    parser->code = code;
    bool more = slice_take_byte(&line, '-');
    if (!more && line.len && !slice_take_byte(&line, ' ')) return SMTP_REPLY_PARSE_MALFORMED;
    if (++parser->line_count > SMTP_REPLY_LINES_MAX) return SMTP_REPLY_PARSE_TOO_LONG;
    append_text(parser, line);
    if (buffer_overflowed(&parser->text)) return SMTP_REPLY_PARSE_TOO_LONG;
    return more ? SMTP_REPLY_PARSE_MORE : SMTP_REPLY_PARSE_COMPLETE;
}

static struct slice without_line_end(struct slice line) {
    line.len--;
    if (line.len && line.ptr[line.len - 1] == '\r') line.len--;
    return line;
}

enum smtp_reply_parse_status smtp_reply_parse(struct smtp_reply_parser *parser, struct slice input,
                                              size_t *consumed) {
    struct slice rest = input;
    enum smtp_reply_parse_status status = SMTP_REPLY_PARSE_MORE;
    while (status == SMTP_REPLY_PARSE_MORE && rest.len) {
        size_t end = slice_find_byte(rest, '\n');
        buffer_append(&parser->line, slice_take(&rest, end == SLICE_NOT_FOUND ? rest.len : end + 1));
        if (buffer_overflowed(&parser->line)) {
            status = SMTP_REPLY_PARSE_LINE_TOO_LONG;
        } else if (end != SLICE_NOT_FOUND) {
            status = accept_line(parser, without_line_end(buffer_slice(&parser->line)));
            buffer_clear(&parser->line);
        }
    }
    *consumed = input.len - rest.len;
    return status;
}
