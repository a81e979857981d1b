#include "wire/imap_string.h"

static void render_literal(struct buffer *out, struct slice text) {
    size_t nuls = 0;
    for (size_t i = 0; i < text.len; i++) nuls += text.ptr[i] == 0;
    buffer_append_byte(out, '{');
    buffer_append_number(out, text.len - nuls);
    buffer_append_text(out, "}\r\n");
    while (text.len) {
        buffer_append(out, slice_take_until(&text, 0));
        text = slice_skip(text, 1);
    }
}

static bool needs_literal(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] >= 0x80 || text.ptr[i] == '\r' || text.ptr[i] == '\n') return true;
    return false;
}

void imap_string_render(struct buffer *out, struct slice text) {
    if (needs_literal(text)) {
        render_literal(out, text);
        return;
    }
    buffer_append_byte(out, '"');
    size_t run = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c != '"' && c != '\\' && c != 0) continue;
        buffer_append(out, slice_sub(text, run, i - run));
        run = i + (c == 0);
        if (c) buffer_append_byte(out, '\\');
    }
    buffer_append(out, slice_skip(text, run));
    buffer_append_byte(out, '"');
}

void imap_nstring_render(struct buffer *out, struct slice text) {
    if (text.ptr)
        imap_string_render(out, text);
    else
        buffer_append_text(out, "NIL");
}
