#include "store/contact_address.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "base/limits.h"
#include "wire/address_split.h"
#include "wire/charset.h"
#include "wire/smtp_address.h"

static const char *const fault_texts[] = {
    [CONTACT_ADDRESS_OK] = "is an address",
    [CONTACT_ADDRESS_EMPTY] = "there is no address; fill it in, or leave the row out",
    [CONTACT_ADDRESS_CONTROL] = "the address has a line break or another control character; take it out",
    [CONTACT_ADDRESS_NO_AT] =
        "is no address: it has no @ with a name before it; write it as name@example.org",
    [CONTACT_ADDRESS_SEVERAL] = "is more than one address; give each a row of its own",
    [CONTACT_ADDRESS_LOCAL_PART] =
        "what stands before the @ cannot be in an address; look for blanks and typing errors",
    [CONTACT_ADDRESS_DOMAIN] = "what stands behind the @ is no domain name such as example.org",
    [CONTACT_ADDRESS_LONG] = "is longer than an address may be",
};

const char *contact_address_fault_text(enum contact_address_fault fault) { return fault_texts[fault]; }

/* Blanks that spreadsheets leave: no-break and zero-width space, and a byte order mark. */
static const struct slice blanks[] = {SLICE_INIT("\xc2\xa0"), SLICE_INIT("\xe2\x80\x8b"),
                                      SLICE_INIT("\xef\xbb\xbf")};

static bool take_blank(struct slice *text) {
    for (size_t i = 0; i < sizeof blanks / sizeof blanks[0]; i++) {
        if (slice_take_prefix(text, blanks[i])) return true;
        if (!slice_ends_nocase(*text, blanks[i])) continue;
        text->len -= blanks[i].len;
        return true;
    }
    return false;
}

static struct slice trim(struct slice text) {
    do text = slice_trim(text);
    while (take_blank(&text));
    return text;
}

static bool has_control(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] == 0x7f) return true;
    return false;
}

/* "Ann Lee <ann@example.org>", "mailto:ann@example.org?subject=x". */
static struct slice unwrap(struct slice text) {
    size_t open = slice_find_last_byte(text, '<');
    if (open != SLICE_NOT_FOUND && text.ptr[text.len - 1] == '>')
        text = trim(slice_sub(text, open + 1, text.len - open - 2));
    if (slice_take_prefix_nocase(&text, SLICE("mailto:"))) text = slice_take_until(&text, '?');
    return trim(text);
}

static size_t count_byte(struct slice text, uint8_t byte) {
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) count += text.ptr[i] == byte;
    return count;
}

/* RFC 5322 3.2.3 specials, and blanks. */
static bool has_special(struct slice local) {
    for (size_t i = 0; i < local.len; i++)
        if (memchr(" ()<>[]:;,\\\"", local.ptr[i], 12)) return true;
    return false;
}

static enum contact_address_fault fault_of(enum smtp_address_error error, struct slice text) {
    bool is_several = count_byte(text, '@') > 1;
    switch (error) {
    case SMTP_ADDRESS_OK:
        return CONTACT_ADDRESS_OK;
    case SMTP_ADDRESS_LOCAL_PART_TOO_LONG:
    case SMTP_ADDRESS_DOMAIN_TOO_LONG:
    case SMTP_ADDRESS_TOO_LONG:
    case SMTP_ADDRESS_OVER_BUDGET:
        return CONTACT_ADDRESS_LONG;
    case SMTP_ADDRESS_DOMAIN_INVALID:
    case SMTP_ADDRESS_LITERAL_INVALID:
        return CONTACT_ADDRESS_DOMAIN;
    default:
        break;
    }
    size_t at = slice_find_byte(text, '@');
    if (at == SLICE_NOT_FOUND || at == 0) return CONTACT_ADDRESS_NO_AT;
    if (is_several) return CONTACT_ADDRESS_SEVERAL;
    bool is_local_good = error == SMTP_ADDRESS_DOMAIN_MISSING && !has_special(slice_sub(text, 0, at));
    return is_local_good ? CONTACT_ADDRESS_DOMAIN : CONTACT_ADDRESS_LOCAL_PART;
}

void contact_address_lower(struct slice text, struct buffer *out) {
    int32_t at = 0;
    while (at < (int32_t)text.len) {
        UChar32 code;
        uint8_t bytes[4];
        U8_NEXT(text.ptr, at, (int32_t)text.len, code);
        if (code < 0) continue;
        buffer_append(out, slice_of(bytes, utf8_encode((uint32_t)u_tolower(code), bytes)));
    }
}

static enum contact_address_fault keep(struct arena *arena, struct smtp_address *parsed,
                                       struct slice *address, struct slice *domain) {
    struct buffer local = buffer_new(2 * (size_t)STORE_ADDRESS_BYTES_MAX);
    struct buffer whole = buffer_new(2 * (size_t)STORE_ADDRESS_BYTES_MAX);
    contact_address_lower(parsed->local_part, &local);
    parsed->local_part = buffer_slice(&local);
    smtp_address_write(&whole, parsed, true);
    bool is_good = !buffer_overflowed(&whole) && whole.len <= STORE_ADDRESS_BYTES_MAX &&
                   arena_try_copy(arena, buffer_slice(&whole), address);
    buffer_free(&local);
    buffer_free(&whole);
    if (!is_good) return CONTACT_ADDRESS_LONG;
    *domain = contact_address_domain(*address);
    return CONTACT_ADDRESS_OK;
}

enum contact_address_fault contact_address_read(struct arena *arena, struct slice text, struct slice *address,
                                                struct slice *domain, struct slice *written) {
    struct smtp_address parsed;
    text = trim(text);
    if (has_control(text)) return CONTACT_ADDRESS_CONTROL;
    if (text.len) text = unwrap(text);
    if (text.len == 0) return CONTACT_ADDRESS_EMPTY;
    if (text.len > STORE_ADDRESS_BYTES_MAX) return CONTACT_ADDRESS_LONG;
    enum contact_address_fault fault = fault_of(smtp_address_parse(arena, text, &parsed), text);
    if (fault) return fault;
    if (parsed.is_literal || slice_find_byte(parsed.domain_ascii, '.') == SLICE_NOT_FOUND)
        return CONTACT_ADDRESS_DOMAIN;
    if (!arena_try_copy(arena, text, written)) return CONTACT_ADDRESS_LONG;
    return keep(arena, &parsed, address, domain);
}

struct slice contact_address_domain(struct slice address) {
    return address_split_domain(address);
}

static bool is_domain_byte(uint8_t c) {
    return (c >= 'a' && c <= 'z') || ascii_is_digit(c) || c == '-' || c == '_' || c == '.';
}

bool contact_address_is_normal(struct slice address) {
    struct slice domain = contact_address_domain(address);
    if (domain.len == 0 || address.len > STORE_ADDRESS_BYTES_MAX || address.ptr[0] == '@') return false;
    size_t local_bytes = address.len - domain.len - 1;
    for (size_t i = 0; i < local_bytes; i++) {
        uint8_t c = address.ptr[i];
        if (c < ' ' || c == 0x7f || ascii_lower(c) != c) return false;
    }
    for (size_t i = 0; i < domain.len; i++)
        if (!is_domain_byte(domain.ptr[i])) return false;
    return slice_find_byte(domain, '.') != SLICE_NOT_FOUND && utf8_valid(address);
}
