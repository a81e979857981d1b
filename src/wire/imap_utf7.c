/*
 * Decoding is lenient and then checked by encoding the result again: the two have to agree.
 * That is one rule instead of the five that RFC 3501 5.1.3 has.
 */
#include "wire/imap_utf7.h"

#include <unicode/utf16.h>
#include <unicode/utf8.h>

#include "wire/charset.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

struct encoder {
    struct buffer *out;
    uint32_t bits;
    int bit_count;
    bool shifted;
};

struct decoder {
    struct buffer *out;
    uint32_t bits;
    int bit_count;
    uint32_t lead;
};

/* The next code point, or a negative number. */
static int32_t take_code_point(struct slice *utf8) {
    size_t at = 0;
    int32_t code;
    U8_NEXT(utf8->ptr, at, utf8->len, code);
    *utf8 = slice_skip(*utf8, at);
    return code;
}

static void encode_unit(struct encoder *encoder, uint32_t unit) {
    if (!encoder->shifted) buffer_append_byte(encoder->out, '&');
    encoder->shifted = true;
    encoder->bits = (encoder->bits << 16 | unit) & 0x3fffff;
    encoder->bit_count += 16;
    for (; encoder->bit_count >= 6; encoder->bit_count -= 6)
        buffer_append_byte(encoder->out, (uint8_t)digits[encoder->bits >> (encoder->bit_count - 6) & 63]);
}

static void encode_end_shift(struct encoder *encoder) {
    if (!encoder->shifted) return;
    if (encoder->bit_count)
        buffer_append_byte(encoder->out, (uint8_t)digits[encoder->bits << (6 - encoder->bit_count) & 63]);
    buffer_append_byte(encoder->out, '-');
    *encoder = (struct encoder){.out = encoder->out};
}

static void encode_code_point(struct encoder *encoder, uint32_t code) {
    if (code >= 0x20 && code <= 0x7e) {
        encode_end_shift(encoder);
        buffer_append_byte(encoder->out, (uint8_t)code);
        if (code == '&') buffer_append_byte(encoder->out, '-');
    } else if (code <= 0xffff) {
        encode_unit(encoder, code);
    } else {
        encode_unit(encoder, U16_LEAD(code));
        encode_unit(encoder, U16_TRAIL(code));
    }
}

bool imap_utf7_encode(struct slice utf8, struct buffer *out) {
    size_t before = out->len;
    struct encoder encoder = {.out = out};
    int32_t code = 0;
    while (utf8.len && code >= 0) {
        code = take_code_point(&utf8);
        if (code >= 0) encode_code_point(&encoder, (uint32_t)code);
    }
    encode_end_shift(&encoder);
    bool good = code >= 0 && !buffer_overflowed(out);
    if (!good) buffer_truncate(out, before);
    return good;
}

static void append_code_point(struct buffer *out, uint32_t code) {
    uint8_t bytes[4];
    buffer_append(out, slice_of(bytes, utf8_encode(code, bytes)));
}

static bool decode_unit(struct decoder *decoder, uint32_t unit) {
    uint32_t lead = decoder->lead;
    if (lead && !U16_IS_TRAIL(unit)) return false;
    if (!lead && U16_IS_TRAIL(unit)) return false;
    decoder->lead = U16_IS_LEAD(unit) ? unit : 0;
    if (!decoder->lead) append_code_point(decoder->out, lead ? U16_GET_SUPPLEMENTARY(lead, unit) : unit);
    return true;
}

static bool decode_digit(struct decoder *decoder, uint8_t c) {
    const char *digit = c ? strchr(digits, c) : NULL;
    if (!digit) return false;
    decoder->bits = (decoder->bits << 6 | (uint32_t)(digit - digits)) & 0x3fffff;
    decoder->bit_count += 6;
    if (decoder->bit_count < 16) return true;
    decoder->bit_count -= 16;
    return decode_unit(decoder, decoder->bits >> decoder->bit_count & 0xffff);
}

/* Between `&` and `-`. */
static bool decode_shifted(struct slice text, struct buffer *out) {
    if (text.len == 0) buffer_append_byte(out, '&');
    struct decoder decoder = {.out = out};
    for (size_t i = 0; i < text.len; i++)
        if (!decode_digit(&decoder, text.ptr[i])) return false;
    return decoder.lead == 0;
}

static bool decode(struct slice text, struct buffer *out) {
    while (text.len) {
        buffer_append(out, slice_take_until(&text, '&'));
        if (!slice_take_byte(&text, '&')) break;
        if (!decode_shifted(slice_take_until(&text, '-'), out) || !slice_take_byte(&text, '-')) return false;
    }
    return !buffer_overflowed(out);
}

bool imap_utf7_decode(struct slice text, struct buffer *out) {
    size_t before = out->len;
    struct buffer again = buffer_new(text.len);
    bool good = decode(text, out) && imap_utf7_encode(slice_skip(buffer_slice(out), before), &again) &&
                slice_equal(buffer_slice(&again), text);
    buffer_free(&again);
    if (!good) buffer_truncate(out, before);
    return good;
}
