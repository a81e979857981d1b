#include "wire/encoded_word_write.h"

#include "base/encode.h"
#include "wire/charset.h"
#include "wire/wire_text.h"

enum {
    LINE_BYTES = 76,
    /* RFC 2047 2: an encoded word has at most 75 characters. */
    WORD_BYTES = 75,
    AROUND_BYTES = sizeof "=?UTF-8?Q?" - 1 + sizeof "?=" - 1,
    /* Less room than this at the end of a line is not worth beginning a word in. */
    ROOM_BYTES_MIN = 16,
    /* A longer word of ASCII cannot be folded. */
    PLAIN_WORD_BYTES_MAX = 60,
};

static bool is_ascii(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] >= 0x80) return false;
    return true;
}

/* RFC 2047 5 (3): what may stand as it is in a phrase, which is the strictest place. */
static bool is_literal(uint8_t c) { return ascii_is_alnum(c) || (c && strchr("!*+-/", c)); }

static size_t q_length(struct slice text) {
    size_t length = 0;
    for (size_t i = 0; i < text.len; i++) length += is_literal(text.ptr[i]) || text.ptr[i] == ' ' ? 1 : 3;
    return length;
}

static void append_q(struct buffer *out, struct slice text) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        const uint8_t escape[3] = {'=', (uint8_t)digits[c >> 4], (uint8_t)digits[c & 15]};
        if (c == ' ')
            buffer_append_byte(out, '_');
        else if (is_literal(c))
            buffer_append_byte(out, c);
        else
            buffer_append(out, slice_of(escape, sizeof escape));
    }
}

/* Whole characters (RFC 2047 5) of which the word has at most so many. */
static struct slice take_chunk(struct slice *text, size_t room, bool is_q) {
    size_t len = 0;
    size_t cost = 0;
    while (len < text->len) {
        size_t character = utf8_char_len(slice_skip(*text, len), NULL);
        if (character == 0) character = 1;
        size_t more = q_length(slice_sub(*text, len, character));
        if (is_q ? cost + more > room : (len + character + 2) / 3 * 4 > room) break;
        cost += more;
        len += character;
    }
    return slice_take(text, len);
}

static size_t write_word(struct buffer *out, struct slice chunk, bool is_q) {
    size_t before = out->len;
    buffer_append_text(out, is_q ? "=?UTF-8?Q?" : "=?UTF-8?B?");
    if (is_q)
        append_q(out, chunk);
    else
        base64_encode(out, chunk);
    buffer_append_text(out, "?=");
    return out->len - before;
}

static void write_words(struct buffer *out, size_t column, struct slice text) {
    /* base64 takes four for three, but nobody can read it. */
    bool is_q = q_length(text) <= text.len * 2;
    while (text.len) {
        if (column + AROUND_BYTES + ROOM_BYTES_MIN > LINE_BYTES) {
            buffer_append_text(out, "\r\n ");
            column = 1;
        }
        size_t room = LINE_BYTES - column;
        if (room > WORD_BYTES) room = WORD_BYTES;
        column += write_word(out, take_chunk(&text, room - AROUND_BYTES, is_q), is_q);
        if (text.len) column = LINE_BYTES;
    }
}

/* Single blanks between words that fit a line, and nothing that looks like an encoded word. */
static bool is_foldable(struct slice text) {
    size_t word = 0;
    if (!is_ascii(text) || slice_find(text, SLICE("=?")) != SLICE_NOT_FOUND) return false;
    if (text.len && (text.ptr[0] == ' ' || text.ptr[text.len - 1] == ' ')) return false;
    for (size_t i = 0; i < text.len; i++) {
        bool is_blank = text.ptr[i] == ' ';
        if (is_blank && word == 0) return false;
        word = is_blank ? 0 : word + 1;
        if (word > PLAIN_WORD_BYTES_MAX) return false;
    }
    return true;
}

static void write_folded(struct buffer *out, size_t column, struct slice text) {
    bool is_first = true;
    while (text.len) {
        struct slice word = slice_take_until(&text, ' ');
        (void)slice_take_byte(&text, ' ');
        bool is_new_line = !is_first && column + 1 + word.len > LINE_BYTES;
        if (!is_first) buffer_append_text(out, is_new_line ? "\r\n " : " ");
        column = (is_new_line ? 0 : column) + !is_first + word.len;
        buffer_append(out, word);
        is_first = false;
    }
}

static struct buffer cleaned(struct slice text) {
    struct buffer clean = buffer_new(text.len + 1);
    wire_text_clean(&clean, text, false);
    return clean;
}

void encoded_word_write(struct buffer *out, size_t column, struct slice text) {
    struct buffer clean = cleaned(text);
    if (is_foldable(buffer_slice(&clean)))
        write_folded(out, column, buffer_slice(&clean));
    else
        write_words(out, column, buffer_slice(&clean));
    buffer_free(&clean);
}

static bool is_atoms(struct slice name) {
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        if (!ascii_is_alnum(c) && !strchr("!#$%&'*+-/=?^_`{|}~ ", c)) return false;
    }
    return true;
}

static void write_quoted(struct buffer *out, struct slice name) {
    buffer_append_byte(out, '"');
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '"' || name.ptr[i] == '\\') buffer_append_byte(out, '\\');
        buffer_append_byte(out, name.ptr[i]);
    }
    buffer_append_byte(out, '"');
}

void encoded_word_write_name(struct buffer *out, size_t column, struct slice name) {
    struct buffer clean = cleaned(name);
    struct slice text = buffer_slice(&clean);
    if (!is_foldable(text))
        write_words(out, column, text);
    else if (is_atoms(text))
        write_folded(out, column, text);
    else
        write_quoted(out, text);
    buffer_free(&clean);
}
