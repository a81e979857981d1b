#include "wire/dnsbl.h"

#include "wire/dns.h"

#define IPV4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static uint32_t number_of(const uint8_t bytes[4]) { return IPV4(bytes[0], bytes[1], bytes[2], bytes[3]); }

static bool is_of_lists(uint32_t address) {
    return address >> 24 == 127 && address >> 8 != IPV4(0, 127, 255, 255);
}

static bool read_answer(struct slice text, uint32_t *answer) {
    struct dns_address address;
    if (!dns_address_parse(text, &address) || address.len != 4) return false;
    *answer = number_of(address.bytes);
    return is_of_lists(*answer);
}

/* "127.0.0.2" or "127.0.0.2-127.0.0.11" */
static bool read_range(struct slice text, struct dnsbl_zone *zone) {
    struct slice first = slice_trim(slice_take_until(&text, '-'));
    bool has_last = slice_take_byte(&text, '-');
    if (!read_answer(first, &zone->first)) return false;
    zone->last = zone->first;
    if (has_last && !read_answer(slice_trim(text), &zone->last)) return false;
    return zone->first <= zone->last;
}

static bool is_label(struct slice label) {
    if (label.len == 0 || label.len > DNS_LABEL_BYTES_MAX) return false;
    for (size_t i = 0; i < label.len; i++)
        if (!ascii_is_alnum(label.ptr[i]) && label.ptr[i] != '-' && label.ptr[i] != '_') return false;
    return true;
}

/* Room is left for the longest address in front of it. */
static bool read_name(struct slice name, struct dnsbl_zone *zone) {
    if (name.len == 0 || name.len + 64 > sizeof zone->name) return false;
    memcpy(zone->name, name.ptr, name.len);
    zone->name_bytes = name.len;
    while (name.len) {
        if (!is_label(slice_take_until(&name, '.'))) return false;
        if (slice_take_byte(&name, '.') && name.len == 0) return false;
    }
    return true;
}

static bool read_zone(struct slice item, struct dnsbl_zone *zone) {
    struct slice name = slice_trim(slice_take_until(&item, '='));
    bool has_range = slice_take_byte(&item, '=');
    *zone = (struct dnsbl_zone){.first = IPV4(127, 0, 0, 2), .last = IPV4(127, 255, 254, 255)};
    return read_name(name, zone) && (!has_range || read_range(item, zone));
}

bool dnsbl_zones_read(struct slice list, struct dnsbl_zone zones[DNSBL_ZONES_MAX], size_t *count) {
    *count = 0;
    while (list.len) {
        struct slice item = slice_trim(slice_take_until(&list, ','));
        (void)slice_take_byte(&list, ',');
        if (*count == DNSBL_ZONES_MAX || !read_zone(item, &zones[*count])) return false;
        (*count)++;
    }
    return true;
}

bool dnsbl_name(const struct dnsbl_zone *zone, struct slice text, struct buffer *out) {
    struct dns_address address;
    if (!dns_address_parse(text, &address)) return false;
    address = dns_address_unmapped(address);
    dns_address_reversed(&address, out);
    buffer_append(out, dnsbl_zone_name(zone));
    return !buffer_overflowed(out);
}

enum dnsbl_verdict dnsbl_judge(const struct dnsbl_zone *zone, const struct slice *records, size_t count) {
    enum dnsbl_verdict verdict = DNSBL_CLEAR;
    for (size_t i = 0; i < count; i++) {
        if (records[i].len != 4) return DNSBL_NO_ANSWER;
        uint32_t answer = number_of(records[i].ptr);
        if (!is_of_lists(answer)) return DNSBL_NO_ANSWER;
        if (answer >= zone->first && answer <= zone->last) verdict = DNSBL_LISTED;
    }
    return verdict;
}
