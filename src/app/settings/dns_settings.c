#include "app/settings/dns_settings.h"

#include <arpa/inet.h>
#include <errno.h>

#include "base/limits.h"
#include "io/real/read_file.h"

enum { RESOLV_CONF_BYTES_MAX = 64 * 1024, TRUST_ANCHORS_BYTES_MAX = 64 * 1024, SERVERS_BYTES_MAX = 4096 };

static const char resolv_conf[] = "/etc/resolv.conf";

static bool is_address(struct slice text) {
    char copy[INET6_ADDRSTRLEN + 1];
    uint8_t bytes[16];
    if (text.len >= sizeof copy) return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = 0;
    return inet_pton(AF_INET, copy, bytes) == 1 || inet_pton(AF_INET6, copy, bytes) == 1;
}

void dns_servers_of_resolv_conf(struct slice text, struct buffer *servers) {
    static const bool blank[256] = {[' '] = true, ['\t'] = true};
    size_t count = 0;
    while (text.len && count < DNS_SERVERS_MAX) {
        struct slice line = slice_trim(slice_take_until(&text, '\n'));
        (void)slice_take_byte(&text, '\n');
        if (!slice_take_prefix(&line, SLICE("nameserver")) || slice_take_while(&line, blank).len == 0)
            continue;
        if (!is_address(line)) continue;
        if (count++) buffer_append_byte(servers, ',');
        buffer_append(servers, line);
    }
}

static void servers_of_config(const struct config *config, struct buffer *servers) {
    for (size_t i = 0; i < config->dns_server_count; i++) {
        if (i) buffer_append_byte(servers, ',');
        buffer_append_text(servers, config->dns_servers[i]);
    }
}

/* resolv.conf(5): without a line the server on this machine is asked. */
static void servers_of_system(struct arena *arena, struct buffer *servers) {
    struct slice text;
    if (read_file(arena, resolv_conf, RESOLV_CONF_BYTES_MAX, &text) == 0)
        dns_servers_of_resolv_conf(text, servers);
    if (servers->len == 0) buffer_append_text(servers, "127.0.0.1");
}

static bool read_trust_anchors(struct arena *arena, struct log *log, const char *path, struct slice *anchors,
                               struct slice *error) {
    struct config defaults;
    *anchors = SLICE_EMPTY;
    if (slice_equal(slice_from_text(path), SLICE("none"))) return true;
    int result = read_file(arena, path, TRUST_ANCHORS_BYTES_MAX, anchors);
    if (result == 0) return true;
    config_defaults(&defaults);
    if (result == -ENOENT &&
        slice_equal(slice_from_text(path), slice_from_text(defaults.dns_trust_anchors))) {
        LOG_WARN(log, "dns.no_trust_anchor", LOG_CSTR("missing", path),
                 LOG_CSTR("effect", "DNSSEC and DANE are off; the package dns-root-data has it"));
        return true;
    }
    *error = arena_printf(arena, "dns.trust_anchors: %s: %s", path, strerror(-result));
    return false;
}

bool dns_settings_read(struct arena *arena, struct log *log, const struct config *config,
                       struct role_settings *settings, struct slice *error) {
    struct buffer servers = buffer_new(SERVERS_BYTES_MAX);
    settings->dns_is_system = config->dns_server_count == 0;
    if (settings->dns_is_system)
        servers_of_system(arena, &servers);
    else
        servers_of_config(config, &servers);
    settings->dns_servers = arena_copy(arena, buffer_slice(&servers));
    buffer_free(&servers);
    return read_trust_anchors(arena, log, config->dns_trust_anchors, &settings->dns_trust_anchors, error);
}
