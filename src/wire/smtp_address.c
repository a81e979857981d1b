#include "wire/smtp_address.h"

#include <arpa/inet.h>
#include <idn2.h>

#include "base/limits.h"
#include "wire/wire_text.h"

/* RFC 5322 3.2.3 atext, and UTF-8 by RFC 6531 3.3. */
static bool is_atext(uint8_t c) {
    return ascii_is_alnum(c) || c >= 0x80 || (c && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool is_domain_byte(uint8_t c) {
    return ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' || c >= 0x80;
}

/* RFC 5321 4.1.2 Dot-string: atoms with single dots between them. */
static bool is_dot_string(struct slice text) {
    bool after_dot = true;
    for (size_t i = 0; i < text.len; i++) {
        bool dot = text.ptr[i] == '.';
        if (dot ? after_dot : !is_atext(text.ptr[i])) return false;
        after_dot = dot;
    }
    return !after_dot;
}

/* RFC 5321 4.1.2 Quoted-string, whose opening quote is at the front. */
static enum smtp_address_error take_quoted_string(struct arena *arena, struct slice *text,
                                                  struct slice *content) {
    size_t room = text->len < SMTP_ADDRESS_BYTES_MAX ? text->len : SMTP_ADDRESS_BYTES_MAX;
    uint8_t *unquoted = arena_try_alloc(arena, room);
    if (!unquoted) return SMTP_ADDRESS_OVER_BUDGET;
    size_t len = 0;
    size_t at = 1;
    for (; at < text->len && text->ptr[at] != '"'; at++) {
        if (text->ptr[at] == '\\') at++;
        if (at == text->len || text->ptr[at] < ' ' || text->ptr[at] == 0x7f) return SMTP_ADDRESS_SYNTAX;
        if (len == room) return SMTP_ADDRESS_TOO_LONG;
        unquoted[len++] = text->ptr[at];
    }
    if (at == text->len) return SMTP_ADDRESS_SYNTAX;
    *text = slice_skip(*text, at + 1);
    *content = slice_of(unquoted, len);
    return SMTP_ADDRESS_OK;
}

static enum smtp_address_error take_dot_string(struct arena *arena, struct slice *text,
                                               struct slice *content) {
    size_t len = 0;
    while (len < text->len && (text->ptr[len] == '.' || is_atext(text->ptr[len]))) len++;
    struct slice taken = slice_take(text, len);
    if (!is_dot_string(taken)) return SMTP_ADDRESS_SYNTAX;
    return arena_try_copy(arena, taken, content) ? SMTP_ADDRESS_OK : SMTP_ADDRESS_OVER_BUDGET;
}

static enum smtp_address_error take_local_part(struct arena *arena, struct slice *text,
                                               struct smtp_address *address) {
    bool quoted = text->len && text->ptr[0] == '"';
    enum smtp_address_error error = quoted ? take_quoted_string(arena, text, &address->local_part)
                                           : take_dot_string(arena, text, &address->local_part);
    if (error) return error;
    /* RFC 5321 4.5.3.1.1 */
    if (address->local_part.len > SMTP_LOCAL_PART_BYTES_MAX) return SMTP_ADDRESS_LOCAL_PART_TOO_LONG;
    enum wire_text_kind kind = wire_text_kind(address->local_part);
    if (kind > WIRE_TEXT_UTF8) return SMTP_ADDRESS_NOT_UTF8;
    address->is_utf8 = kind == WIRE_TEXT_UTF8;
    address->is_quoted = !is_dot_string(address->local_part);
    return SMTP_ADDRESS_OK;
}

/* RFC 1035 2.3.1 with "_"; a label may begin with a digit (RFC 1123 2.1). */
static bool is_label(struct slice label) {
    if (label.len == 0 || label.len > SMTP_LABEL_BYTES_MAX) return false;
    for (size_t i = 0; i < label.len; i++)
        if (!is_domain_byte(label.ptr[i]) || label.ptr[i] >= 0x80) return false;
    return label.ptr[0] != '-' && label.ptr[label.len - 1] != '-';
}

static bool is_host_name(struct slice text) {
    while (true) {
        if (!is_label(slice_take_until(&text, '.'))) return false;
        if (!slice_take_byte(&text, '.')) return true;
    }
}

static bool copy_lower(struct arena *arena, struct slice text, struct slice *lower) {
    uint8_t *bytes = arena_try_alloc(arena, text.len);
    if (!bytes) return false;
    for (size_t i = 0; i < text.len; i++) bytes[i] = ascii_lower(text.ptr[i]);
    *lower = slice_of(bytes, text.len);
    return true;
}

/* Moves a string of libidn2 into the arena and frees it. */
static enum smtp_address_error keep_idn(struct arena *arena, int status, char *text, struct slice *kept) {
    if (status == IDN2_MALLOC) FATAL("out of memory for a domain name");
    if (status != IDN2_OK) return SMTP_ADDRESS_DOMAIN_INVALID;
    bool copied = arena_try_copy(arena, slice_from_text(text), kept);
    idn2_free(text);
    return copied ? SMTP_ADDRESS_OK : SMTP_ADDRESS_OVER_BUDGET;
}

/* RFC 5891 4, mapped as UTS 46 does (lower case, NFC). The Unicode form is taken back from
   the A-labels, so that both always name the same domain. */
static enum smtp_address_error domain_from_unicode(struct arena *arena, struct slice text,
                                                   struct slice *domain, struct slice *domain_ascii) {
    char name[SMTP_DOMAIN_BYTES_MAX + 1];
    memcpy(name, text.ptr, text.len);
    name[text.len] = 0;
    char *ascii = NULL;
    int status = idn2_to_ascii_8z(name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    enum smtp_address_error error = keep_idn(arena, status, ascii, domain_ascii);
    if (error) return error;
    if (domain_ascii->len > SMTP_DOMAIN_BYTES_MAX) return SMTP_ADDRESS_DOMAIN_TOO_LONG;
    memcpy(name, domain_ascii->ptr, domain_ascii->len);
    name[domain_ascii->len] = 0;
    char *unicode = NULL;
    status = idn2_to_unicode_8z8z(name, &unicode, 0);
    return keep_idn(arena, status, unicode, domain);
}

enum smtp_address_error smtp_domain_parse(struct arena *arena, struct slice text, struct slice *domain,
                                          struct slice *domain_ascii) {
    /* RFC 5321 4.5.3.1.2 */
    if (text.len > SMTP_DOMAIN_BYTES_MAX) return SMTP_ADDRESS_DOMAIN_TOO_LONG;
    enum wire_text_kind kind = wire_text_kind(text);
    if (kind == WIRE_TEXT_EIGHT_BIT) return SMTP_ADDRESS_NOT_UTF8;
    if (kind > WIRE_TEXT_EIGHT_BIT) return SMTP_ADDRESS_DOMAIN_INVALID;
    if (kind == WIRE_TEXT_UTF8) {
        enum smtp_address_error error = domain_from_unicode(arena, text, domain, domain_ascii);
        if (error) return error;
    } else if (copy_lower(arena, text, domain)) {
        *domain_ascii = *domain;
    } else {
        return SMTP_ADDRESS_OVER_BUDGET;
    }
    return is_host_name(*domain_ascii) ? SMTP_ADDRESS_OK : SMTP_ADDRESS_DOMAIN_INVALID;
}

/* Bytes to text and back, so that one address has one spelling (RFC 5952). */
enum smtp_address_error smtp_literal_parse(struct arena *arena, struct slice text, struct slice *canonical) {
    if (text.len < 2 || text.ptr[0] != '[' || text.ptr[text.len - 1] != ']')
        return SMTP_ADDRESS_LITERAL_INVALID;
    struct slice inside = slice_sub(text, 1, text.len - 2);
    bool v6 = slice_take_prefix_nocase(&inside, SLICE("IPv6:"));
    char name[INET6_ADDRSTRLEN];
    uint8_t address[16];
    if (inside.len == 0 || inside.len >= sizeof name || slice_find_byte(inside, 0) != SLICE_NOT_FOUND)
        return SMTP_ADDRESS_LITERAL_INVALID;
    memcpy(name, inside.ptr, inside.len);
    name[inside.len] = 0;
    int family = v6 ? AF_INET6 : AF_INET;
    if (inet_pton(family, name, address) != 1) return SMTP_ADDRESS_LITERAL_INVALID;
    if (!inet_ntop(family, address, name, sizeof name)) return SMTP_ADDRESS_LITERAL_INVALID;
    struct buffer written = buffer_new(sizeof name + sizeof "[IPv6:]");
    buffer_printf(&written, "[%s%s]", v6 ? "IPv6:" : "", name);
    bool copied = arena_try_copy(arena, buffer_slice(&written), canonical);
    buffer_free(&written);
    return copied ? SMTP_ADDRESS_OK : SMTP_ADDRESS_OVER_BUDGET;
}

static enum smtp_address_error take_literal(struct arena *arena, struct slice *text,
                                            struct smtp_address *address) {
    size_t close = slice_find_byte(*text, ']');
    if (close == SLICE_NOT_FOUND) return SMTP_ADDRESS_LITERAL_INVALID;
    address->is_literal = true;
    enum smtp_address_error error = smtp_literal_parse(arena, slice_take(text, close + 1), &address->domain);
    address->domain_ascii = address->domain;
    return error;
}

static struct slice take_domain_bytes(struct slice *text) {
    size_t len = 0;
    while (len < text->len && is_domain_byte(text->ptr[len])) len++;
    return slice_take(text, len);
}

static enum smtp_address_error take_domain(struct arena *arena, struct slice *text,
                                           struct smtp_address *address) {
    if (text->len && text->ptr[0] == '[') return take_literal(arena, text, address);
    struct slice name = take_domain_bytes(text);
    if (name.len == 0) return SMTP_ADDRESS_DOMAIN_MISSING;
    if (text->len && text->ptr[0] == '@') return SMTP_ADDRESS_RELAY_FORM;
    if (wire_text_kind(name) != WIRE_TEXT_ASCII) address->is_utf8 = true;
    return smtp_domain_parse(arena, name, &address->domain, &address->domain_ascii);
}

static bool is_postmaster(const struct smtp_address *address) {
    return slice_equal_nocase(address->local_part, SLICE("postmaster"));
}

/* RFC 5321 4.5.3.1.1 and 4.5.3.1.3. What others put into a sender (VERP, SRS, BATV) is longer than a local
   part should be, and is taken as long as the whole fits into a path. */
static enum smtp_address_error check_length(const struct smtp_address *address, size_t len) {
    if (len > SMTP_ADDRESS_BYTES_MAX) return SMTP_ADDRESS_TOO_LONG;
    bool is_long = address->local_part.len > SMTP_LOCAL_PART_USUAL_BYTES_MAX;
    return is_long && len > SMTP_PATH_BYTES_MAX ? SMTP_ADDRESS_LOCAL_PART_TOO_LONG : SMTP_ADDRESS_OK;
}

static enum smtp_address_error take_mailbox(struct arena *arena, struct slice *text, bool bare_postmaster,
                                            struct smtp_address *address) {
    size_t before = text->len;
    enum smtp_address_error error = take_local_part(arena, text, address);
    if (error) return error;
    if (!slice_take_byte(text, '@')) {
        /* RFC 5321 4.1.1.3 */
        if (bare_postmaster && is_postmaster(address)) return SMTP_ADDRESS_OK;
        bool bang = slice_find_byte(address->local_part, '!') != SLICE_NOT_FOUND;
        return bang ? SMTP_ADDRESS_RELAY_FORM : SMTP_ADDRESS_DOMAIN_MISSING;
    }
    error = take_domain(arena, text, address);
    if (error) return error;
    return check_length(address, before - text->len);
}

enum smtp_address_error smtp_address_parse(struct arena *arena, struct slice text,
                                           struct smtp_address *address) {
    *address = (struct smtp_address){.is_null = false};
    enum smtp_address_error error = take_mailbox(arena, &text, false, address);
    if (error) return error;
    return text.len ? SMTP_ADDRESS_SYNTAX : SMTP_ADDRESS_OK;
}

/* RFC 5321 4.1.2 A-d-l: "@a,@b:". */
static enum smtp_address_error take_route(struct arena *arena, struct slice *text,
                                          struct smtp_address *address) {
    struct slice start = *text;
    do {
        if (!slice_take_byte(text, '@')) return SMTP_ADDRESS_SYNTAX;
        if (take_domain_bytes(text).len == 0) return SMTP_ADDRESS_SYNTAX;
    } while (slice_take_byte(text, ','));
    struct slice route = slice_sub(start, 0, start.len - text->len);
    if (!slice_take_byte(text, ':')) return SMTP_ADDRESS_SYNTAX;
    if (wire_text_kind(route) > WIRE_TEXT_UTF8) return SMTP_ADDRESS_NOT_UTF8;
    return arena_try_copy(arena, route, &address->route) ? SMTP_ADDRESS_OK : SMTP_ADDRESS_OVER_BUDGET;
}

enum smtp_address_error smtp_path_take(struct arena *arena, struct slice *text, enum smtp_path_kind kind,
                                       struct smtp_address *address) {
    *address = (struct smtp_address){.is_null = false};
    if (!slice_take_byte(text, '<')) return SMTP_ADDRESS_SYNTAX;
    if (kind == SMTP_PATH_REVERSE && slice_take_byte(text, '>')) {
        address->is_null = true;
        return SMTP_ADDRESS_OK;
    }
    enum smtp_address_error error = SMTP_ADDRESS_OK;
    if (text->len && text->ptr[0] == '@') error = take_route(arena, text, address);
    if (!error) error = take_mailbox(arena, text, kind == SMTP_PATH_FORWARD, address);
    if (error) return error;
    return slice_take_byte(text, '>') ? SMTP_ADDRESS_OK : SMTP_ADDRESS_SYNTAX;
}

static void write_quoted(struct buffer *out, struct slice text) {
    buffer_append_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\') buffer_append_byte(out, '\\');
        buffer_append_byte(out, text.ptr[i]);
    }
    buffer_append_byte(out, '"');
}

void smtp_address_write(struct buffer *out, const struct smtp_address *address, bool ascii_domain) {
    if (address->is_null) return;
    if (address->is_quoted)
        write_quoted(out, address->local_part);
    else
        buffer_append(out, address->local_part);
    struct slice domain = ascii_domain ? address->domain_ascii : address->domain;
    if (domain.len == 0) return;
    buffer_append_byte(out, '@');
    buffer_append(out, domain);
}

bool smtp_address_split_detail(struct slice local_part, struct slice separators, struct slice *user,
                               struct slice *detail) {
    size_t at = 0;
    while (at < local_part.len && slice_find_byte(separators, local_part.ptr[at]) == SLICE_NOT_FOUND) at++;
    bool split = at > 0 && at < local_part.len;
    *user = split ? slice_sub(local_part, 0, at) : local_part;
    *detail = split ? slice_skip(local_part, at + 1) : SLICE_EMPTY;
    return split;
}

bool smtp_address_has_routing(const struct smtp_address *address) {
    struct slice local = address->local_part;
    for (size_t i = 0; i < local.len; i++)
        if (local.ptr[i] == '%' || local.ptr[i] == '!' || local.ptr[i] == '@') return true;
    return false;
}
