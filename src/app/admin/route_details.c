#include "app/admin/route_details.h"

#include "base/limits.h"
#include "ipc/pack.h"

void route_details_pack(struct buffer *out, const struct route *route) {
    pack_number(out, route->kind);
    pack_slice(out, route->domain);
    pack_number(out, route->stream);
    pack_number(out, route->ordering);
    pack_number(out, route->tls);
    pack_slice(out, route->user);
    pack_number(out, route->host_count);
    for (size_t i = 0; i < route->host_count; i++) {
        pack_slice(out, route->hosts[i].name);
        pack_number(out, route->hosts[i].port);
        pack_number(out, route->hosts[i].preference);
        pack_number(out, route->hosts[i].weight);
    }
}

bool route_details_unpack(struct slice details, struct arena *arena, struct route *route) {
    struct unpacker in = unpacker_of(details);
    *route = (struct route){.kind = (enum route_kind)unpack_number_max(&in, ROUTE_KINDS - 1)};
    route->domain = unpack_slice(&in);
    route->stream = (enum queue_stream)unpack_number_max(&in, QUEUE_STREAMS - 1);
    route->ordering = (uint32_t)unpack_number_max(&in, UINT32_MAX);
    route->tls = (enum route_tls)unpack_number_max(&in, ROUTE_TLS_MODES - 1);
    route->user = unpack_slice(&in);
    route->host_count = unpack_number_max(&in, ROUTE_HOSTS_MAX);
    route->hosts = ARENA_NEW_ARRAY(arena, struct route_host, route->host_count);
    for (size_t i = 0; i < route->host_count; i++) {
        route->hosts[i].name = unpack_slice(&in);
        route->hosts[i].port = (uint16_t)unpack_number_max(&in, UINT16_MAX);
        route->hosts[i].preference = (uint32_t)unpack_number_max(&in, UINT32_MAX);
        route->hosts[i].weight = (uint32_t)unpack_number_max(&in, UINT32_MAX);
    }
    return unpack_is_done(&in);
}

void route_test_details_pack(struct buffer *out, const struct route_test_details *details) {
    pack_slice(out, details->from);
    pack_slice(out, details->to);
}

bool route_test_details_unpack(struct slice bytes, struct route_test_details *details) {
    struct unpacker in = unpacker_of(bytes);
    details->from = unpack_slice(&in);
    details->to = unpack_slice(&in);
    return unpack_is_done(&in);
}
