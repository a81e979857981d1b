/*
 * How many connections there are from one address. An IPv6 host usually owns a /64, so that
 * is what counts as one. Counts live in a map only while they are not zero.
 */
#include <arpa/inet.h>

#include "smtp/smtp_session.h"

enum { IPV6_NETWORK_BYTES = 8, IPV4_NETWORK_BYTES = 3 };

/* The address, or its /64, written to `network`. Empty for local sockets, which are not counted. */
static struct slice key_of(const struct peer *peer, struct in6_addr *network) {
    if (inet_pton(AF_INET6, peer->address, network) == 1) return slice_of(network, IPV6_NETWORK_BYTES);
    return slice_from_text(peer->address);
}

struct slice smtp_network_of(struct arena *arena, const struct peer *peer) {
    struct in6_addr network;
    struct in_addr address;
    if (inet_pton(AF_INET6, peer->address, &network) == 1)
        return arena_copy(arena, slice_of(&network, IPV6_NETWORK_BYTES));
    if (inet_pton(AF_INET, peer->address, &address) == 1)
        return arena_copy(arena, slice_of(&address, IPV4_NETWORK_BYTES));
    return SLICE_EMPTY;
}

/* The count is the value itself, so that nothing is allocated. */
static size_t count_of(const struct smtp_server *server, struct slice key) {
    return (size_t)(uintptr_t)map_get(server->addresses, key);
}

bool smtp_admission_enter(struct smtp_server *server, const struct peer *peer) {
    const struct smtp_settings *settings = &server->settings;
    if (settings->connections_max && server->login->group->count > settings->connections_max) return false;
    struct in6_addr network;
    struct slice key = key_of(peer, &network);
    if (key.len == 0) return true;
    size_t count = count_of(server, key);
    if (settings->connections_per_address_max && count >= settings->connections_per_address_max) return false;
    (void)map_put(server->addresses, key, (void *)(uintptr_t)(count + 1));
    return true;
}

void smtp_admission_leave(struct smtp_server *server, const struct peer *peer) {
    struct in6_addr network;
    struct slice key = key_of(peer, &network);
    if (key.len == 0) return;
    size_t count = count_of(server, key);
    ASSERT(count > 0);
    if (count == 1)
        (void)map_remove(server->addresses, key);
    else
        (void)map_put(server->addresses, key, (void *)(uintptr_t)(count - 1));
}
