#include "app/settings/own_addresses.h"

#include "app/settings/orders.h"
#include "io/real/local_addresses.h"

enum { ADDRESSES_BYTES_MAX = 32 * 1024 };

static void append(struct buffer *out, struct slice address) {
    buffer_append_text(out, ", ");
    buffer_append(out, address);
}

/* All of 127/8 is this machine's (RFC 6890 2.2.2), and no interface says so. */
static void append_listened(struct buffer *out, struct slice address) {
    bool is_ipv4 = slice_equal(address, SLICE("0.0.0.0"));
    bool is_ipv6 = slice_equal(address, SLICE("::"));
    if (is_ipv4) append(out, SLICE("127.0.0.0/8"));
    if (is_ipv6) append(out, SLICE("::1"));
    if (is_ipv4 || is_ipv6)
        local_addresses_append(out, is_ipv6);
    else
        append(out, address);
}

struct slice own_addresses(struct arena *arena, const struct config *config) {
    if (config->outbound.port != config->base_port + ports[PORT_SMTP].number) return SLICE_EMPTY;
    struct buffer list = buffer_new(ADDRESSES_BYTES_MAX);
    for (size_t i = 0; i < config->listen_count; i++)
        append_listened(&list, slice_from_text(config->listen[i]));
    /* Without the first separator. */
    struct slice text = buffer_overflowed(&list) ? SLICE_EMPTY : slice_skip(buffer_slice(&list), 2);
    text = arena_copy(arena, text);
    buffer_free(&list);
    return text;
}
