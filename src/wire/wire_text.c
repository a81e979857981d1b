#include "wire/wire_text.h"

#include <unicode/utf8.h>

/* Takes one character off the front. Negative: one byte that is no UTF-8 was taken. */
static int32_t take_character(struct slice *text) {
    int32_t at = 0;
    int32_t len = text->len < 4 ? (int32_t)text->len : 4;
    UChar32 character;
    U8_NEXT(text->ptr, at, len, character);
    *text = slice_skip(*text, character < 0 ? 1 : (size_t)at);
    return character;
}

static enum wire_text_kind character_kind(int32_t character) {
    if (character < 0) return WIRE_TEXT_EIGHT_BIT;
    if (character == 0) return WIRE_TEXT_NUL;
    if (character < ' ' || character == 0x7f) return WIRE_TEXT_CONTROL;
    return character < 0x80 ? WIRE_TEXT_ASCII : WIRE_TEXT_UTF8;
}

enum wire_text_kind wire_text_kind(struct slice text) {
    enum wire_text_kind gravest = WIRE_TEXT_ASCII;
    while (text.len) {
        enum wire_text_kind kind = character_kind(take_character(&text));
        if (kind > gravest) gravest = kind;
    }
    return gravest;
}

static bool is_clean(int32_t character, bool ascii_only) {
    if (character < ' ' || character == 0x7f) return false;
    return character < 0x80 || (!ascii_only && character >= 0xa0);
}

void wire_text_clean(struct buffer *out, struct slice text, bool ascii_only) {
    while (text.len) {
        struct slice before = text;
        int32_t character = take_character(&text);
        if (is_clean(character, ascii_only))
            buffer_append(out, slice_sub(before, 0, before.len - text.len));
        else
            buffer_append_byte(out, '?');
    }
}

bool wire_text_is_7bit(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] >= 0x80 || text.ptr[i] == 0) return false;
    return true;
}
