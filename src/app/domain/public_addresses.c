/* This host's addresses as others see them (app/domain/domain_facts.h). */
#include "app/domain/domain_facts.h"
#include "io/real/local_addresses.h"
#include "wire/network_list.h"

enum { ADDRESSES_BYTES_MAX = 32 * 1024 };

struct finding {
    struct arena *arena;
    const struct config *config;
    struct dns_address *addresses;
    size_t count;
};

static bool is_there(const struct finding *finding, const struct dns_address *address) {
    for (size_t i = 0; i < finding->count; i++)
        if (finding->addresses[i].len == address->len &&
            memcmp(finding->addresses[i].bytes, address->bytes, address->len) == 0)
            return true;
    return false;
}

static void add(struct finding *finding, struct slice text) {
    struct dns_address address;
    if (finding->count == PUBLISH_ADDRESSES_MAX || !dns_address_parse(text, &address)) return;
    if (!finding->config->outbound.allow_private && network_is_private(arena_text(finding->arena, text)))
        return;
    if (!is_there(finding, &address)) finding->addresses[finding->count++] = address;
}

static void add_list(struct finding *finding, struct slice list) {
    while (list.len) {
        add(finding, slice_trim(slice_take_until(&list, ',')));
        (void)slice_take_byte(&list, ',');
    }
}

static void add_interfaces(struct finding *finding, bool is_ipv6) {
    struct buffer list = buffer_new(ADDRESSES_BYTES_MAX);
    local_addresses_append(&list, is_ipv6);
    add_list(finding, buffer_slice(&list));
    buffer_free(&list);
}

static void add_listened(struct finding *finding, struct slice address) {
    bool is_any4 = slice_equal(address, SLICE("0.0.0.0"));
    bool is_any6 = slice_equal(address, SLICE("::"));
    if (is_any4 || is_any6)
        add_interfaces(finding, is_any6);
    else
        add(finding, address);
}

/* What the administrator named counts as it is. */
static size_t named_addresses(struct slice list, struct dns_address *addresses) {
    size_t count = 0;
    while (list.len && count < PUBLISH_ADDRESSES_MAX) {
        if (dns_address_parse(slice_trim(slice_take_until(&list, ',')), &addresses[count])) count++;
        (void)slice_take_byte(&list, ',');
    }
    return count;
}

size_t public_addresses(struct arena *arena, const struct config *config,
                        struct dns_address addresses[PUBLISH_ADDRESSES_MAX]) {
    struct finding finding = {arena, config, addresses, 0};
    size_t named = named_addresses(slice_from_text(config->public_addresses), addresses);
    if (named) return named;
    add(&finding, slice_from_text(config->outbound.source_ipv4));
    add(&finding, slice_from_text(config->outbound.source_ipv6));
    if (finding.count) return finding.count;
    for (size_t i = 0; i < config->listen_count; i++)
        add_listened(&finding, slice_from_text(config->listen[i]));
    return finding.count;
}
