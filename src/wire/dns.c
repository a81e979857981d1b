#include "wire/dns.h"

#include "base/limits.h"

enum { GROUPS = 8, V4_BYTES = 4, V6_BYTES = 16 };

static bool take_bytes(struct slice *rest, size_t len, struct slice *bytes) {
    if (rest->len < len) return false;
    *bytes = slice_take(rest, len);
    return true;
}

static bool take_u8(struct slice *rest, uint8_t *number) {
    struct slice bytes;
    if (!take_bytes(rest, 1, &bytes)) return false;
    *number = bytes.ptr[0];
    return true;
}

static bool take_u16(struct slice *rest, uint16_t *number) {
    struct slice bytes;
    if (!take_bytes(rest, 2, &bytes)) return false;
    *number = (uint16_t)(bytes.ptr[0] << 8 | bytes.ptr[1]);
    return true;
}

static bool take_u32(struct slice *rest, uint32_t *number) {
    uint16_t high;
    uint16_t low;
    if (!take_u16(rest, &high) || !take_u16(rest, &low)) return false;
    *number = (uint32_t)high << 16 | low;
    return true;
}

bool dns_name_take(struct slice *rest, struct slice *name) {
    struct slice left = *rest;
    struct slice label;
    uint8_t len;
    do {
        if (!take_u8(&left, &len) || len > DNS_LABEL_BYTES_MAX || !take_bytes(&left, len, &label))
            return false;
        if (rest->len - left.len > DNS_NAME_BYTES_MAX) return false;
    } while (len);
    *name = slice_take(rest, rest->len - left.len);
    return true;
}

static void append_label(struct buffer *out, struct slice label) {
    for (size_t i = 0; i < label.len; i++) {
        uint8_t byte = label.ptr[i];
        bool is_plain = byte > ' ' && byte < 127 && !memchr(".\\\"();@$", byte, 8);
        if (is_plain)
            buffer_append_byte(out, byte);
        else
            buffer_printf(out, "\\%03u", byte);
    }
}

bool dns_name_text(struct slice name, struct buffer *out) {
    struct slice rest = name;
    struct slice whole;
    size_t before = out->len;
    if (!dns_name_take(&rest, &whole) || rest.len) return false;
    for (uint8_t len = whole.ptr[0]; len; len = whole.ptr[0]) {
        if (out->len > before) buffer_append_byte(out, '.');
        whole = slice_skip(whole, 1);
        append_label(out, slice_take(&whole, len));
    }
    if (!buffer_overflowed(out)) return true;
    buffer_truncate(out, before);
    return false;
}

bool dns_mx_read(struct slice data, struct dns_mx *mx) {
    struct dns_mx read;
    if (!take_u16(&data, &read.preference) || !dns_name_take(&data, &read.exchange) || data.len) return false;
    read.is_null = read.exchange.len == 1;
    *mx = read;
    return true;
}

bool dns_txt_join(struct slice data, struct buffer *out) {
    size_t before = out->len;
    bool is_good = data.len > 0;
    while (is_good && data.len) {
        struct slice part;
        uint8_t len;
        is_good = take_u8(&data, &len) && take_bytes(&data, len, &part);
        if (is_good) buffer_append(out, part);
    }
    if (is_good && !buffer_overflowed(out)) return true;
    buffer_truncate(out, before);
    return false;
}

bool dns_tlsa_read(struct slice data, struct dns_tlsa *tlsa) {
    struct dns_tlsa read;
    if (!take_u8(&data, &read.usage) || !take_u8(&data, &read.selector) || !take_u8(&data, &read.matching) ||
        data.len == 0)
        return false;
    read.certificate = data;
    *tlsa = read;
    return true;
}

bool dns_srv_read(struct slice data, struct dns_srv *srv) {
    struct dns_srv read;
    if (!take_u16(&data, &read.priority) || !take_u16(&data, &read.weight) || !take_u16(&data, &read.port) ||
        !dns_name_take(&data, &read.target) || data.len)
        return false;
    *srv = read;
    return true;
}

bool dns_caa_read(struct slice data, struct dns_caa *caa) {
    struct dns_caa read;
    uint8_t len;
    if (!take_u8(&data, &read.flags) || !take_u8(&data, &len) || len == 0 ||
        !take_bytes(&data, len, &read.tag))
        return false;
    read.value = data;
    *caa = read;
    return true;
}

bool dns_soa_read(struct slice data, struct dns_soa *soa) {
    struct dns_soa read;
    if (!dns_name_take(&data, &read.primary) || !dns_name_take(&data, &read.mailbox) ||
        !take_u32(&data, &read.serial) || !take_u32(&data, &read.refresh_s) ||
        !take_u32(&data, &read.retry_s) || !take_u32(&data, &read.expire_s) ||
        !take_u32(&data, &read.minimum_s) || data.len)
        return false;
    *soa = read;
    return true;
}

bool dns_address_read(struct slice data, struct dns_address *address) {
    if (data.len != V4_BYTES && data.len != V6_BYTES) return false;
    *address = (struct dns_address){.len = data.len};
    memcpy(address->bytes, data.ptr, data.len);
    return true;
}

/* Four octets and nothing behind them. */
static bool parse_v4(struct slice text, uint8_t bytes[V4_BYTES]) {
    for (size_t i = 0; i < V4_BYTES; i++) {
        uint64_t octet;
        if (i && !slice_take_byte(&text, '.')) return false;
        bool starts_with_zero = text.len > 1 && text.ptr[0] == '0' && ascii_is_digit(text.ptr[1]);
        if (starts_with_zero || !slice_take_number(&text, 255, &octet)) return false;
        bytes[i] = (uint8_t)octet;
    }
    return text.len == 0;
}

static int hex_value(uint8_t c) {
    if (ascii_is_digit(c)) return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_group(struct slice *text, uint8_t bytes[2]) {
    unsigned value = 0;
    size_t digits = 0;
    while (digits < 4 && text->len && hex_value(text->ptr[0]) >= 0) {
        value = value << 4 | (unsigned)hex_value(text->ptr[0]);
        *text = slice_skip(*text, 1);
        digits++;
    }
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
    return digits > 0;
}

/* Groups between single colons, the last two perhaps as IPv4. Bytes written, or SIZE_MAX. */
static size_t parse_groups(struct slice text, uint8_t *bytes, size_t room) {
    size_t len = 0;
    while (text.len) {
        if (len && !slice_take_byte(&text, ':')) return SIZE_MAX;
        if (slice_find_byte(text, ':') == SLICE_NOT_FOUND && slice_find_byte(text, '.') != SLICE_NOT_FOUND)
            return room - len >= V4_BYTES && parse_v4(text, bytes + len) ? len + V4_BYTES : SIZE_MAX;
        if (room - len < 2 || !take_group(&text, bytes + len)) return SIZE_MAX;
        len += 2;
    }
    return len;
}

/* RFC 4291 2.2. */
static bool parse_v6(struct slice text, uint8_t bytes[V6_BYTES]) {
    size_t gap = slice_find(text, SLICE("::"));
    if (gap == SLICE_NOT_FOUND) return parse_groups(text, bytes, V6_BYTES) == V6_BYTES;
    struct slice left = slice_sub(text, 0, gap);
    uint8_t tail[V6_BYTES];
    size_t before = parse_groups(left, bytes, V6_BYTES);
    size_t after = parse_groups(slice_skip(text, gap + 2), tail, V6_BYTES);
    if (before == SIZE_MAX || after == SIZE_MAX || slice_find_byte(left, '.') != SLICE_NOT_FOUND)
        return false;
    if (before + after > V6_BYTES - 2) return false;
    memset(bytes + before, 0, V6_BYTES - before - after);
    memcpy(bytes + V6_BYTES - after, tail, after);
    return true;
}

bool dns_address_parse(struct slice text, struct dns_address *address) {
    struct dns_address parsed = {0};
    bool is_v6 = slice_find_byte(text, ':') != SLICE_NOT_FOUND;
    parsed.len = is_v6 ? V6_BYTES : V4_BYTES;
    if (!(is_v6 ? parse_v6(text, parsed.bytes) : parse_v4(text, parsed.bytes))) return false;
    *address = parsed;
    return true;
}

static void v4_text(const uint8_t *bytes, struct buffer *out) {
    buffer_printf(out, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
}

static unsigned group_of(const struct dns_address *address, size_t i) {
    return (unsigned)address->bytes[2 * i] << 8 | address->bytes[2 * i + 1];
}

/* The longest run of at least two zero groups, the first of equals. */
static void find_zeros(const struct dns_address *address, size_t *start, size_t *len) {
    size_t run = 0;
    *start = GROUPS;
    *len = 1;
    for (size_t i = 0; i < GROUPS; i++) {
        run = group_of(address, i) ? 0 : run + 1;
        if (run <= *len) continue;
        *len = run;
        *start = i + 1 - run;
    }
}

static bool is_mapped(const struct dns_address *address) {
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    return address->len == V6_BYTES && memcmp(address->bytes, prefix, sizeof prefix) == 0;
}

void dns_address_text(const struct dns_address *address, struct buffer *out) {
    size_t zeros;
    size_t zero_count;
    if (address->len == V4_BYTES) {
        v4_text(address->bytes, out);
        return;
    }
    if (is_mapped(address)) {
        buffer_append_text(out, "::ffff:");
        v4_text(address->bytes + 12, out);
        return;
    }
    find_zeros(address, &zeros, &zero_count);
    for (size_t i = 0; i < GROUPS;) {
        if (i == zeros) {
            buffer_append_text(out, "::");
            i += zero_count;
            continue;
        }
        if (i && i != zeros + zero_count) buffer_append_byte(out, ':');
        buffer_printf(out, "%x", group_of(address, i++));
    }
}

struct dns_address dns_address_unmapped(struct dns_address address) {
    if (!is_mapped(&address)) return address;
    struct dns_address v4 = {.len = V4_BYTES};
    memcpy(v4.bytes, address.bytes + 12, V4_BYTES);
    return v4;
}

void dns_address_reversed(const struct dns_address *address, struct buffer *out) {
    for (size_t i = address->len; i-- > 0;) {
        uint8_t byte = address->bytes[i];
        if (address->len == V4_BYTES)
            buffer_printf(out, "%u.", byte);
        else
            buffer_printf(out, "%x.%x.", byte & 15u, byte >> 4);
    }
}

void dns_reverse_name(const struct dns_address *address, struct buffer *out) {
    dns_address_reversed(address, out);
    buffer_append_text(out, address->len == V4_BYTES ? "in-addr.arpa" : "ip6.arpa");
}
