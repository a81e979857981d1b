#include "base/encode.h"

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char hex_digits[] = "0123456789abcdef";

void base64_encode(struct buffer *out, struct slice bytes) {
    for (; bytes.len; bytes = slice_skip(bytes, 3)) {
        uint32_t b0 = bytes.ptr[0];
        uint32_t b1 = bytes.len > 1 ? bytes.ptr[1] : 0;
        uint32_t b2 = bytes.len > 2 ? bytes.ptr[2] : 0;
        uint32_t group = b0 << 16 | b1 << 8 | b2;
        char text[4] = {base64_digits[group >> 18], base64_digits[group >> 12 & 63],
                        bytes.len > 1 ? base64_digits[group >> 6 & 63] : '=',
                        bytes.len > 2 ? base64_digits[group & 63] : '='};
        buffer_append(out, slice_of(text, 4));
    }
}

void base64url_encode(struct buffer *out, struct slice bytes) {
    size_t from = out->len;
    base64_encode(out, bytes);
    while (out->len > from && out->ptr[out->len - 1] == '=') out->len--;
    for (size_t i = from; i < out->len; i++)
        if (out->ptr[i] == '+' || out->ptr[i] == '/') out->ptr[i] = out->ptr[i] == '+' ? '-' : '_';
}

static int base64_value(uint8_t c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    return c == '/' ? 63 : -1;
}

/* One group of 2 to 4 digits, without padding. */
static bool decode_group(struct buffer *out, struct slice digits) {
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        int value = i < digits.len ? base64_value(digits.ptr[i]) : 0;
        if (value < 0) return false;
        group = group << 6 | (uint32_t)value;
    }
    uint8_t bytes[3] = {(uint8_t)(group >> 16), (uint8_t)(group >> 8), (uint8_t)group};
    size_t len = digits.len - 1;
    for (size_t i = len; i < 3; i++)
        if (bytes[i]) return false;
    buffer_append(out, slice_of(bytes, len));
    return true;
}

bool base64_decode(struct buffer *out, struct slice text) {
    size_t before = out->len;
    bool good = text.len % 4 == 0;
    while (good && text.len) {
        struct slice digits = slice_take(&text, 4);
        if (text.len == 0 && digits.ptr[3] == '=') digits.len--;
        if (digits.len == 3 && digits.ptr[2] == '=') digits.len--;
        good = decode_group(out, digits);
    }
    if (!good) buffer_truncate(out, before);
    return good;
}

void hex_encode(struct buffer *out, struct slice bytes) {
    for (size_t i = 0; i < bytes.len; i++) {
        char text[2] = {hex_digits[bytes.ptr[i] >> 4], hex_digits[bytes.ptr[i] & 15]};
        buffer_append(out, slice_of(text, 2));
    }
}

static int hex_value(uint8_t c) {
    if (ascii_is_digit(c)) return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_decode(struct buffer *out, struct slice text) {
    size_t before = out->len;
    bool good = text.len % 2 == 0;
    for (size_t i = 0; good && i < text.len; i += 2) {
        int high = hex_value(text.ptr[i]);
        int low = hex_value(text.ptr[i + 1]);
        good = high >= 0 && low >= 0;
        if (good) buffer_append_byte(out, (uint8_t)(high << 4 | low));
    }
    if (!good) buffer_truncate(out, before);
    return good;
}
