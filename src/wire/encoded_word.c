#include "wire/encoded_word.h"

#include "wire/charset.h"
#include "wire/header.h"
#include "wire/transfer.h"

enum { CHARSET_BYTES_MAX = 64 };

struct word {
    struct slice charset;
    uint8_t encoding;
    struct slice text;
};

/* RFC 2047 2: "=?" charset ["*" language] "?" encoding "?" text "?=". */
static bool take_word(struct slice *rest, struct word *word) {
    struct slice ahead = *rest;
    if (!slice_take_prefix(&ahead, SLICE("=?"))) return false;
    size_t end = slice_find_byte(slice_sub(ahead, 0, CHARSET_BYTES_MAX), '?');
    if (end == SLICE_NOT_FOUND || end == 0) return false;
    word->charset = slice_take(&ahead, end);
    /* RFC 2231 5: a language may follow the charset. */
    word->charset = slice_take_until(&word->charset, '*');
    if (ahead.len < 3 || ahead.ptr[2] != '?') return false;
    word->encoding = ascii_lower(ahead.ptr[1]);
    if (word->encoding != 'b' && word->encoding != 'q') return false;
    ahead = slice_skip(ahead, 3);
    word->text = slice_take_until(&ahead, '?');
    if (!slice_take_prefix(&ahead, SLICE("?="))) return false;
    *rest = ahead;
    return true;
}

/* RFC 2047 4.2: "_" is a space, whatever the charset. */
static void decode_q(struct slice text, struct buffer *out) {
    struct transfer_decoder decoder = transfer_decoder_new(TRANSFER_QUOTED_PRINTABLE);
    while (text.len) {
        struct slice run = slice_take_until(&text, '_');
        transfer_decode(&decoder, run, out);
        if (slice_take_byte(&text, '_')) transfer_decode(&decoder, SLICE("=20"), out);
    }
    transfer_finish(&decoder, out);
    transfer_decoder_free(&decoder);
}

static void decode_b(struct slice text, struct buffer *out) {
    struct transfer_decoder decoder = transfer_decoder_new(TRANSFER_BASE64);
    transfer_decode(&decoder, text, out);
    transfer_finish(&decoder, out);
    transfer_decoder_free(&decoder);
}

/* A run of adjacent words of one charset: its bytes, not yet characters. */
struct run {
    struct slice charset;
    struct buffer bytes;
};

static void flush_run(struct run *run, struct buffer *out) {
    if (run->bytes.len) charset_to_utf8(run->charset, buffer_slice(&run->bytes), out);
    buffer_clear(&run->bytes);
    run->charset = SLICE_EMPTY;
}

static void add_word(struct run *run, const struct word *word, struct buffer *out) {
    if (!slice_equal_nocase(run->charset, word->charset)) flush_run(run, out);
    run->charset = word->charset;
    if (word->encoding == 'q')
        decode_q(word->text, &run->bytes);
    else
        decode_b(word->text, &run->bytes);
}

static bool is_blank(struct slice text) { return slice_trim(text).len == 0; }

static void append_plain(struct slice text, struct buffer *out) {
    if (text.len) charset_to_utf8(SLICE_EMPTY, text, out);
}

void encoded_word_decode(struct buffer *out, struct slice text) {
    struct run run = {.bytes = buffer_new(text.len + 1)};
    struct slice plain = slice_of(text.ptr, 0);
    bool after_word = false;
    while (text.len) {
        struct word word;
        if (!take_word(&text, &word)) {
            size_t next = slice_find_byte(slice_skip(text, 1), '=');
            plain.len += slice_take(&text, next == SLICE_NOT_FOUND ? text.len : next + 1).len;
            continue;
        }
        if (plain.len && !(after_word && is_blank(plain))) {
            flush_run(&run, out);
            append_plain(plain, out);
        }
        add_word(&run, &word, out);
        after_word = true;
        plain = slice_of(text.ptr, 0);
    }
    flush_run(&run, out);
    append_plain(plain, out);
    buffer_free(&run.bytes);
}

void encoded_word_decode_field(struct buffer *out, struct slice value) {
    struct buffer flat = buffer_new(value.len + 1);
    header_unfold(&flat, value);
    encoded_word_decode(out, buffer_slice(&flat));
    buffer_free(&flat);
}
