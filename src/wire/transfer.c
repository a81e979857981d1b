#include "wire/transfer.h"

/* A run of blanks longer than this is not held back: no line of that length is honest. */
enum { BLANKS_MAX = 1000 };

enum transfer_encoding transfer_encoding_of(struct slice name) {
    name = slice_trim(name);
    if (slice_equal_nocase(name, SLICE("base64"))) return TRANSFER_BASE64;
    if (slice_equal_nocase(name, SLICE("quoted-printable"))) return TRANSFER_QUOTED_PRINTABLE;
    return TRANSFER_IDENTITY;
}

struct transfer_decoder transfer_decoder_new(enum transfer_encoding encoding) {
    return (struct transfer_decoder){.encoding = encoding, .blanks = buffer_new(BLANKS_MAX)};
}

void transfer_decoder_free(struct transfer_decoder *decoder) { buffer_free(&decoder->blanks); }

static int base64_digit(uint8_t c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+' || c == '-') return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

/* Two or three digits of a group make one or two bytes; RFC 2045 6.8: then comes padding. */
static void flush_group(struct transfer_decoder *decoder, struct buffer *out) {
    if (decoder->digits >= 2) {
        uint32_t group = decoder->group << 6 * (4 - decoder->digits);
        uint8_t bytes[2] = {(uint8_t)(group >> 16), (uint8_t)(group >> 8)};
        buffer_append(out, slice_of(bytes, decoder->digits - 1));
    }
    decoder->digits = 0;
    decoder->group = 0;
}

static void decode_base64(struct transfer_decoder *decoder, struct slice bytes, struct buffer *out) {
    for (size_t i = 0; i < bytes.len; i++) {
        int digit = base64_digit(bytes.ptr[i]);
        if (bytes.ptr[i] == '=') flush_group(decoder, out);
        if (digit < 0) continue;
        decoder->group = decoder->group << 6 | (uint32_t)digit;
        if (++decoder->digits < 4) continue;
        uint8_t three[3] = {(uint8_t)(decoder->group >> 16), (uint8_t)(decoder->group >> 8),
                            (uint8_t)decoder->group};
        buffer_append(out, slice_of(three, 3));
        decoder->digits = 0;
        decoder->group = 0;
    }
}

static int hex_digit(uint8_t c) {
    if (ascii_is_digit(c)) return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void flush_blanks(struct transfer_decoder *decoder, struct buffer *out) {
    buffer_append(out, buffer_slice(&decoder->blanks));
    buffer_clear(&decoder->blanks);
}

/* The escape is no escape: it stands for itself. */
static void flush_escape(struct transfer_decoder *decoder, struct buffer *out) {
    buffer_append(out, slice_of(decoder->escape, decoder->escape_len));
    decoder->escape_len = 0;
}

static void decode_quoted_byte(struct transfer_decoder *decoder, uint8_t c, struct buffer *out);

/* RFC 2045 6.7: "=" with two digits, or at the end of a line, where blanks may stand before it. */
static void decode_escape(struct transfer_decoder *decoder, uint8_t c, struct buffer *out) {
    uint8_t first = decoder->escape_len > 1 ? decoder->escape[1] : c;
    if (c == '\n' && (decoder->escape_len == 1 || first == '\r')) {
        decoder->escape_len = 0;
        return;
    }
    if (decoder->escape_len == 1 && (c == ' ' || c == '\t')) return;
    if (decoder->escape_len == 1 && (c == '\r' || hex_digit(c) >= 0)) {
        decoder->escape[decoder->escape_len++] = c;
        return;
    }
    if (decoder->escape_len == 2 && hex_digit(first) >= 0 && hex_digit(c) >= 0) {
        buffer_append_byte(out, (uint8_t)(hex_digit(first) << 4 | hex_digit(c)));
        decoder->escape_len = 0;
        return;
    }
    flush_escape(decoder, out);
    decode_quoted_byte(decoder, c, out);
}

static void decode_quoted_byte(struct transfer_decoder *decoder, uint8_t c, struct buffer *out) {
    if (decoder->escape_len) {
        decode_escape(decoder, c, out);
    } else if (c == ' ' || c == '\t' || c == '\r') {
        if (decoder->blanks.len == BLANKS_MAX) flush_blanks(decoder, out);
        buffer_append_byte(&decoder->blanks, c);
    } else if (c == '\n') {
        /* RFC 2045 6.7 (3): blanks at the end of a line were added on the way. */
        bool has_return = decoder->blanks.len && decoder->blanks.ptr[decoder->blanks.len - 1] == '\r';
        buffer_clear(&decoder->blanks);
        buffer_append(out, has_return ? SLICE("\r\n") : SLICE("\n"));
    } else {
        flush_blanks(decoder, out);
        if (c == '=')
            decoder->escape[decoder->escape_len++] = c;
        else
            buffer_append_byte(out, c);
    }
}

void transfer_decode(struct transfer_decoder *decoder, struct slice bytes, struct buffer *out) {
    if (decoder->encoding == TRANSFER_IDENTITY) buffer_append(out, bytes);
    if (decoder->encoding == TRANSFER_BASE64) decode_base64(decoder, bytes, out);
    if (decoder->encoding != TRANSFER_QUOTED_PRINTABLE) return;
    for (size_t i = 0; i < bytes.len; i++) decode_quoted_byte(decoder, bytes.ptr[i], out);
}

void transfer_finish(struct transfer_decoder *decoder, struct buffer *out) {
    if (decoder->encoding == TRANSFER_BASE64) flush_group(decoder, out);
    if (decoder->encoding != TRANSFER_QUOTED_PRINTABLE) return;
    buffer_clear(&decoder->blanks);
    /* A soft break that ends the text is nothing; half an escape is text. */
    if (decoder->escape_len > 1 && decoder->escape[1] != '\r') flush_escape(decoder, out);
    decoder->escape_len = 0;
}
