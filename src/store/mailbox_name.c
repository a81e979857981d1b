#include "store/mailbox_name.h"

#include "base/limits.h"

static const struct slice inbox = SLICE_INIT("INBOX");

/* Length of the UTF-8 sequence at the front (RFC 3629 4), or 0. */
static size_t utf8_sequence(struct slice text) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = text.ptr[0];
    size_t len = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
    if (len == 0 || len > text.len) return 0;
    uint32_t code = len == 1 ? first : first & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if (text.ptr[i] >> 6 != 2) return 0;
        code = code << 6 | (text.ptr[i] & 0x3f);
    }
    bool is_good = code >= least[len] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    bool is_control = code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029;
    return is_good && !is_control ? len : 0;
}

static bool is_text(struct slice text) {
    while (text.len) {
        size_t len = utf8_sequence(text);
        if (len == 0) return false;
        text = slice_skip(text, len);
    }
    return true;
}

static bool has_good_levels(struct slice name) {
    size_t levels = 0;
    if (name.len == 0 || name.ptr[name.len - 1] == '/') return false;
    while (name.len) {
        if (slice_take_until(&name, '/').len == 0 || ++levels > STORE_MAILBOX_LEVELS_MAX) return false;
        (void)slice_take_byte(&name, '/');
    }
    return true;
}

bool mailbox_name_read(struct arena *arena, struct slice text, struct slice *name) {
    if (text.len > IMAP_MAILBOX_NAME_BYTES_MAX || !has_good_levels(text) || !is_text(text)) return false;
    uint8_t *copy = arena_try_alloc(arena, text.len);
    if (!copy) return false;
    memcpy(copy, text.ptr, text.len);
    *name = slice_of(copy, text.len);
    struct slice rest = text;
    if (slice_equal_nocase(slice_take_until(&rest, '/'), inbox)) memcpy(copy, inbox.ptr, inbox.len);
    return true;
}

bool mailbox_name_is_inbox(struct slice name) { return slice_equal_nocase(name, inbox); }

bool mailbox_name_is_below(struct slice name, struct slice parent) {
    return slice_starts(name, parent) && (name.len == parent.len || name.ptr[parent.len] == '/');
}
