#include "wire/network_list.h"

#include <arpa/inet.h>

#include "wire/dns.h"

enum { IPV6_BYTES = 16, IPV4_MAPPED_BITS = 96, ADDRESS_TEXT_BYTES = 64 };

/* Both families as IPv6 (RFC 4291 2.5.5.2), so that there is one comparison. */
struct network {
    uint8_t bytes[IPV6_BYTES];
    unsigned bits;
};

static bool read_address(struct slice text, struct network *network, unsigned *bits_max) {
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char copy[ADDRESS_TEXT_BYTES] = {0};
    if (text.len == 0 || text.len >= sizeof copy) return false;
    memcpy(copy, text.ptr, text.len);
    *bits_max = 128;
    if (inet_pton(AF_INET6, copy, network->bytes) == 1) return true;
    *bits_max = 32;
    memcpy(network->bytes, mapped, sizeof mapped);
    return inet_pton(AF_INET, copy, network->bytes + sizeof mapped) == 1;
}

static bool has_host_bits(const struct network *network) {
    for (unsigned bit = network->bits; bit < 8 * IPV6_BYTES; bit++)
        if (network->bytes[bit / 8] & (0x80 >> bit % 8)) return true;
    return false;
}

static bool read_network(struct slice text, struct network *network) {
    struct slice address = slice_take_until(&text, '/');
    unsigned bits_max;
    if (!read_address(address, network, &bits_max)) return false;
    uint64_t bits = bits_max;
    if (slice_take_byte(&text, '/') && !slice_to_number(text, bits_max, &bits)) return false;
    network->bits = (unsigned)bits + (bits_max == 32 ? IPV4_MAPPED_BITS : 0);
    return !has_host_bits(network);
}

static bool network_has(const struct network *network, const struct network *address) {
    size_t whole = network->bits / 8;
    if (memcmp(network->bytes, address->bytes, whole) != 0) return false;
    if (network->bits % 8 == 0) return true;
    uint8_t mask = (uint8_t)(0xff << (8 - network->bits % 8));
    return (network->bytes[whole] & mask) == (address->bytes[whole] & mask);
}

static struct slice take_item(struct slice *rest) {
    struct slice item = slice_trim(slice_take_until(rest, ','));
    (void)slice_take_byte(rest, ',');
    return item;
}

bool network_list_is_valid(struct slice list) {
    struct network network;
    if (list.len == 0) return false;
    while (list.len)
        if (!read_network(take_item(&list), &network)) return false;
    return true;
}

bool network_list_has(struct slice list, const char *address) {
    struct network network;
    struct network peer;
    unsigned bits_max;
    if (!network_list_is_valid(list) || !read_address(slice_from_text(address), &peer, &bits_max))
        return false;
    while (list.len)
        if (read_network(take_item(&list), &network) && network_has(&network, &peer)) return true;
    return false;
}

/* An IPv4 address that packets to this IPv6 address may come out at: of NAT64 by the well-known prefix (RFC
   6052 2.1), of 6to4 (RFC 3056 2). */
static bool read_embedded(const struct dns_address *address, char text[ADDRESS_TEXT_BYTES]) {
    static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};
    static const uint8_t six_to_four[2] = {0x20, 0x02};
    const uint8_t *embedded = NULL;
    if (address->len != IPV6_BYTES) return false;
    if (memcmp(address->bytes, nat64, sizeof nat64) == 0) embedded = address->bytes + sizeof nat64;
    if (memcmp(address->bytes, six_to_four, sizeof six_to_four) == 0)
        embedded = address->bytes + sizeof six_to_four;
    return embedded && inet_ntop(AF_INET, embedded, text, ADDRESS_TEXT_BYTES);
}

/* RFC 6890 2.2 and its registries, and multicast. An IPv4 address in IPv6's clothes is never sent. */
bool network_is_private(const char *address) {
    static const struct slice networks = SLICE_INIT(
        "0.0.0.0/8,10.0.0.0/8,100.64.0.0/10,127.0.0.0/8,169.254.0.0/16,172.16.0.0/12,192.0.0.0/24,"
        "192.0.2.0/24,192.168.0.0/16,198.18.0.0/15,198.51.100.0/24,203.0.113.0/24,224.0.0.0/4,240.0.0.0/4,"
        "::/96,64:ff9b:1::/48,100::/64,2001::/32,2001:2::/48,2001:db8::/32,2001:10::/28,fc00::/7,fe80::/10,"
        "fec0::/10,ff00::/8");
    struct dns_address parsed;
    char embedded[ADDRESS_TEXT_BYTES];
    if (!dns_address_parse(slice_from_text(address), &parsed)) return true;
    if (dns_address_unmapped(parsed).len != parsed.len || network_list_has(networks, address)) return true;
    return read_embedded(&parsed, embedded) && network_list_has(networks, embedded);
}
