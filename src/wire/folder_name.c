#include "wire/folder_name.h"

#include "wire/imap_utf7.h"

static const struct slice dot = SLICE_INIT("&AC4-");

/* The text in front of the next hidden dot. */
static struct slice take_piece(struct slice *rest) {
    size_t at = slice_find(*rest, dot);
    return slice_take(rest, at == SLICE_NOT_FOUND ? rest->len : at);
}

static bool decode_pieces(struct slice level, struct buffer *out) {
    for (;;) {
        if (!imap_utf7_decode(take_piece(&level), out)) return false;
        if (level.len == 0) return true;
        (void)slice_take_prefix(&level, dot);
        buffer_append_byte(out, '.');
    }
}

bool folder_name_decode_level(struct slice level, struct buffer *out) {
    size_t before = out->len;
    if (level.len == 0) return false;
    if (!decode_pieces(level, out)) {
        buffer_truncate(out, before);
        buffer_append(out, level);
    }
    struct slice decoded = slice_skip(buffer_slice(out), before);
    return !buffer_overflowed(out) && slice_find_byte(decoded, '/') == SLICE_NOT_FOUND;
}

bool folder_name_decode(struct slice name, uint8_t separator, struct buffer *out) {
    for (;;) {
        if (!folder_name_decode_level(slice_take_until(&name, separator), out)) return false;
        if (!slice_take_byte(&name, separator)) return true;
        buffer_append_byte(out, '/');
    }
}

bool folder_name_encode_level(struct slice level, bool hides_dots, struct buffer *out) {
    if (!hides_dots && slice_take_byte(&level, '.')) buffer_append(out, dot);
    if (!hides_dots) return imap_utf7_encode(level, out);
    for (;;) {
        if (!imap_utf7_encode(slice_take_until(&level, '.'), out)) return false;
        if (!slice_take_byte(&level, '.')) return true;
        buffer_append(out, dot);
    }
}
