#include "login/admission.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/map.h"

enum { IPV6_NETWORK_BYTES = 8, KEY_BYTES_MAX = sizeof(struct in6_addr) };

struct admission {
    struct admission_limits limits;
    /* Counts by address, only while they are not zero; the count is the value itself. */
    struct map *addresses;
    size_t count;
};

/* What a stream that was admitted gives back. */
struct ticket {
    struct admission *admission;
    uint8_t key[KEY_BYTES_MAX];
    size_t key_bytes;
};

/* The address's bytes, of an IPv6 one the network's. Local sockets have none and share a key. */
static void key_of(const struct peer *peer, struct ticket *ticket) {
    if (inet_pton(AF_INET6, peer->address, ticket->key) == 1)
        ticket->key_bytes = IPV6_NETWORK_BYTES;
    else if (inet_pton(AF_INET, peer->address, ticket->key) == 1)
        ticket->key_bytes = sizeof(struct in_addr);
    else
        ticket->key_bytes = 1;
}

static size_t count_of(const struct admission *admission, struct slice key) {
    return (size_t)(uintptr_t)map_get(admission->addresses, key);
}

static void set_count(struct admission *admission, struct slice key, size_t count) {
    if (count)
        (void)map_put(admission->addresses, key, (void *)(uintptr_t)count);
    else
        (void)map_remove(admission->addresses, key);
}

struct admission_limits admission_limits_default(void) {
    return (struct admission_limits){EDGE_CONNECTIONS_MAX, EDGE_CONNECTIONS_PER_ADDRESS_MAX,
                                     EDGE_CONNECTIONS_FROM_LOOPBACK_MAX};
}

struct admission *admission_new(struct env *env, const struct admission_limits *limits) {
    struct admission *admission = calloc(1, sizeof *admission);
    if (!admission) FATAL("out of memory for admission");
    admission->limits = *limits;
    admission->addresses = map_new(env_random_u64(env));
    return admission;
}

void admission_free(struct admission **admission) {
    if (!*admission) return;
    ASSERT((*admission)->count == 0);
    map_free(&(*admission)->addresses);
    free(*admission);
    *admission = NULL;
}

size_t admission_count(const struct admission *admission) { return admission->count; }

static void leave(void *context) {
    struct ticket *ticket = context;
    struct admission *admission = ticket->admission;
    struct slice key = slice_of(ticket->key, ticket->key_bytes);
    size_t count = count_of(admission, key);
    ASSERT(count > 0 && admission->count > 0);
    set_count(admission, key, count - 1);
    admission->count--;
    free(ticket);
}

void admission_enter_beyond(struct admission *admission, struct stream *stream) {
    struct ticket *ticket = calloc(1, sizeof *ticket);
    if (!ticket) FATAL("out of memory for a connection");
    ticket->admission = admission;
    key_of(&stream->peer, ticket);
    struct slice key = slice_of(ticket->key, ticket->key_bytes);
    set_count(admission, key, count_of(admission, key) + 1);
    admission->count++;
    stream->on_gone = (struct waker){leave, ticket};
}

enum admission_result admission_enter(struct admission *admission, struct stream *stream) {
    const struct admission_limits *limits = &admission->limits;
    struct ticket ticket = {.admission = admission};
    key_of(&stream->peer, &ticket);
    size_t count = count_of(admission, slice_of(ticket.key, ticket.key_bytes));
    if (count >= (stream->peer.is_loopback ? limits->from_loopback_max : limits->per_address_max))
        return ADMISSION_CROWD;
    if (admission->count >= limits->connections_max) return ADMISSION_FULL;
    admission_enter_beyond(admission, stream);
    return ADMISSION_OK;
}
