/* Strangers' text made into lines: fields that are folded, paragraphs that are wrapped. */
#include "transit/report_parts.h"
#include "wire/charset.h"
#include "wire/wire_text.h"

enum {
    LINE_BYTES = 74,
    /* A word that is longer is cut; RFC 5322 2.1.1 allows a line of 998. */
    WORD_BYTES_MAX = 800,
};

static struct slice take_word(struct slice *text) {
    while (slice_take_byte(text, ' ')) continue;
    struct slice word = *text;
    word = utf8_cut(slice_take_until(&word, ' '), WORD_BYTES_MAX);
    *text = slice_skip(*text, word.len);
    return word;
}

/* Words with blanks between; a line that would grow too long ends, and the next begins with `start`. */
static void write_words(struct buffer *out, size_t column, const char *line_end, const char *start,
                        struct slice text) {
    bool is_first = true;
    for (struct slice word = take_word(&text); word.len; word = take_word(&text)) {
        if (!is_first && column + 1 + word.len > LINE_BYTES) {
            buffer_append_text(out, line_end);
            buffer_append_text(out, start);
            column = strlen(start);
        } else if (!is_first) {
            buffer_append_byte(out, ' ');
            column++;
        }
        buffer_append(out, word);
        column += word.len;
        is_first = false;
    }
}

void report_write_field(const struct report *report, struct buffer *out, const char *name,
                        struct slice value) {
    struct buffer clean = buffer_new(value.len * 3 + 1);
    /* Lines of a reply become one. */
    while (value.len) {
        wire_text_clean(&clean, slice_take_until(&value, '\n'), !report->is_utf8);
        if (slice_take_byte(&value, '\n')) buffer_append_byte(&clean, ' ');
    }
    buffer_printf(out, "%s: ", name);
    write_words(out, strlen(name) + 2, "\r\n", " ", buffer_slice(&clean));
    buffer_append(out, SLICE("\r\n"));
    buffer_free(&clean);
}

void report_write_date_field(const struct report *report, struct buffer *out, const char *name, int64_t ms) {
    buffer_printf(out, "%s: ", name);
    date_write(out, (struct date){.utc_ms = ms});
    buffer_append(out, SLICE("\r\n"));
}

static void wrap_line(struct buffer *out, const char *indent, struct slice line) {
    struct buffer clean = buffer_new(line.len * 3 + 1);
    wire_text_clean(&clean, line, false);
    struct slice rest = slice_trim(buffer_slice(&clean));
    if (rest.len) {
        buffer_append_text(out, indent);
        write_words(out, strlen(indent), "\n", indent, rest);
        buffer_append_byte(out, '\n');
    }
    buffer_free(&clean);
}

void report_wrap(struct buffer *out, const char *indent, struct slice text) {
    while (text.len) {
        wrap_line(out, indent, slice_take_until(&text, '\n'));
        (void)slice_take_byte(&text, '\n');
    }
}
