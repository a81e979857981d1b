#include "store/address.h"

#include "base/limits.h"
#include "wire/address_split.h"

enum { LABEL_BYTES_MAX = 63, DOMAIN_BYTES_MAX = 253 };

bool address_read(struct arena *arena, struct slice text, struct address *address) {
    if (text.len > STORE_ADDRESS_BYTES_MAX) return false;
    uint8_t *lower = arena_try_alloc(arena, text.len);
    if (!lower) return false;
    for (size_t i = 0; i < text.len; i++) lower[i] = ascii_lower(text.ptr[i]);
    address->whole = slice_of(lower, text.len);
    return address_split(address->whole, &address->local, &address->domain) && address->domain.len > 0;
}

static bool is_local_byte(uint8_t c) {
    static const struct slice others = SLICE_INIT("!#$%&'*+-/=?^_`{|}~");
    return ascii_is_alpha(c) || ascii_is_digit(c) || c >= 0x80 ||
           slice_find_byte(others, c) != SLICE_NOT_FOUND;
}

static bool is_dot_string(struct slice local) {
    bool after_dot = true;
    for (size_t i = 0; i < local.len; i++) {
        bool is_dot = local.ptr[i] == '.';
        if (is_dot ? after_dot : !is_local_byte(local.ptr[i])) return false;
        after_dot = is_dot;
    }
    return !after_dot;
}

bool address_is_plain(const struct address *address) {
    return is_dot_string(address->local) && domain_is_proper(address->domain);
}

bool address_is_proper(const struct address *address) {
    return address->local.len <= STORE_LOCAL_PART_BYTES_MAX && address_is_plain(address);
}

static bool is_label(struct slice label) {
    if (label.len == 0 || label.len > LABEL_BYTES_MAX) return false;
    if (label.ptr[0] == '-' || label.ptr[label.len - 1] == '-') return false;
    for (size_t i = 0; i < label.len; i++) {
        uint8_t c = label.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !ascii_is_digit(c) && c != '-') return false;
    }
    return true;
}

bool domain_is_proper(struct slice name) {
    if (name.len == 0 || name.len > DOMAIN_BYTES_MAX || name.ptr[name.len - 1] == '.') return false;
    while (name.len) {
        if (!is_label(slice_take_until(&name, '.'))) return false;
        (void)slice_take_byte(&name, '.');
    }
    return true;
}

struct slice address_base(struct slice local) {
    size_t at = slice_find_byte(local, '+');
    return at == SLICE_NOT_FOUND || at == 0 ? local : slice_sub(local, 0, at);
}
