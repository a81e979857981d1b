#include "sim_zone.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "wire/dns.h"

enum { TTL_S = 60, STRING_BYTES_MAX = 255, DATA_BYTES_MAX = 65535 };

static void append_name(struct buffer *out, struct slice name, bool is_lower) {
    while (name.len && !slice_equal(name, SLICE("."))) {
        struct slice label = slice_take_until(&name, '.');
        (void)slice_take_byte(&name, '.');
        buffer_append_byte(out, (uint8_t)label.len);
        for (size_t i = 0; i < label.len; i++)
            buffer_append_byte(out, is_lower ? ascii_lower(label.ptr[i]) : label.ptr[i]);
    }
    buffer_append_byte(out, 0);
}

static void append_mx(struct buffer *out, struct slice text) {
    uint64_t preference;
    ASSERT(slice_take_number(&text, UINT16_MAX, &preference));
    buffer_append_byte(out, (uint8_t)(preference >> 8));
    buffer_append_byte(out, (uint8_t)preference);
    append_name(out, slice_trim(text), true);
}

static void append_text(struct buffer *out, struct slice text) {
    do {
        struct slice part = slice_take(&text, STRING_BYTES_MAX);
        buffer_append_byte(out, (uint8_t)part.len);
        buffer_append(out, part);
    } while (text.len);
}

static void append_address(struct buffer *out, struct slice text) {
    struct dns_address address;
    ASSERT(dns_address_parse(text, &address));
    buffer_append(out, slice_of(address.bytes, address.len));
}

static uint16_t append_data(struct buffer *out, struct slice type, struct slice text) {
    if (slice_equal(type, SLICE("A")) || slice_equal(type, SLICE("AAAA"))) {
        append_address(out, text);
        return out->len == 4 ? DNS_A : DNS_AAAA;
    }
    if (slice_equal(type, SLICE("MX"))) {
        append_mx(out, text);
        return DNS_MX;
    }
    if (slice_equal(type, SLICE("PTR")) || slice_equal(type, SLICE("CNAME"))) {
        append_name(out, text, type.len == 5);
        return type.len == 5 ? DNS_CNAME : DNS_PTR;
    }
    if (slice_equal(type, SLICE("TXT"))) append_text(out, text);
    return DNS_TXT;
}

static enum dns_result failure_of(struct slice type) {
    if (slice_equal(type, SLICE("SERVFAIL"))) return DNS_SERVFAIL;
    if (slice_equal(type, SLICE("TIMEOUT"))) return DNS_TIMEOUT;
    return slice_equal(type, SLICE("BOGUS")) ? DNS_BOGUS : DNS_OK;
}

void sim_zone_add(struct sim_world *world, const char *name, const char *type, struct slice text) {
    struct buffer data = buffer_new(DATA_BYTES_MAX);
    enum dns_result failure = failure_of(slice_from_text(type));
    if (failure != DNS_OK) {
        sim_dns_fail(world, name, failure);
        return;
    }
    uint16_t number = append_data(&data, slice_from_text(type), text);
    ASSERT(!buffer_overflowed(&data));
    sim_dns_add(world, name, number, data.len ? buffer_slice(&data) : SLICE(""), TTL_S);
    buffer_free(&data);
}

void sim_zone_line(struct sim_world *world, const char *line) {
    struct slice rest = slice_from_text(line);
    struct arena *arena = arena_new(DATA_BYTES_MAX);
    const char *name = arena_text(arena, slice_take_until(&rest, ' '));
    (void)slice_take_byte(&rest, ' ');
    const char *type = arena_text(arena, slice_take_until(&rest, ' '));
    (void)slice_take_byte(&rest, ' ');
    sim_zone_add(world, name, type, rest);
    arena_free(&arena);
}
