#include "app/tool/tool_hosts.h"

#include <stdlib.h>

#include "base/limits.h"
#include "wire/dns.h"

enum { SMTP_PORT = 25 };

static struct slice name_text(struct arena *arena, struct slice wire) {
    struct buffer text = buffer_new((size_t)4 * DNS_NAME_BYTES_MAX);
    struct slice copy = dns_name_text(wire, &text) ? arena_copy(arena, buffer_slice(&text)) : SLICE_EMPTY;
    buffer_free(&text);
    return copy;
}

static int compare(const void *one, const void *other) {
    const struct tool_host *a = one;
    const struct tool_host *b = other;
    return (a->preference > b->preference) - (a->preference < b->preference);
}

static void add(struct tool_hosts *hosts, struct slice name, uint32_t preference) {
    struct tool_host *host = &hosts->items[hosts->count++];
    *host = (struct tool_host){.preference = preference, .trouble = DNS_OK};
    host->host = (struct dane_host){.name = name, .is_name_secure = hosts->is_secure, .port = SMTP_PORT};
}

static void take_mx(struct arena *arena, struct tool_hosts *hosts, const struct dns_answer *answer) {
    for (size_t i = 0; i < answer->count && hosts->count < TRANSIT_MX_NAMES_MAX; i++) {
        struct dns_mx mx;
        if (!dns_mx_read(answer->records[i], &mx)) continue;
        if (mx.is_null) hosts->is_null = answer->count == 1;
        struct slice name = mx.is_null ? SLICE_EMPTY : name_text(arena, mx.exchange);
        if (name.len) add(hosts, name, mx.preference);
    }
    qsort(hosts->items, hosts->count, sizeof *hosts->items, compare);
}

/* Each family that there is has to be vouched for. */
static void look_up_addresses(struct task *t, struct tool_world *world, struct tool_host *host) {
    static const uint16_t types[] = {DNS_AAAA, DNS_A};
    bool is_secure = true;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct dns_answer answer;
        enum dns_result result = trust_look_up(t, &world->lookups, host->host.name, types[i], &answer);
        if (trust_is_unsure(result)) host->trouble = result;
        if (result != DNS_OK) continue;
        host->has_address = true;
        is_secure &= answer.is_secure;
        struct slice canonical = name_text(world->lookups.arena, answer.canonical_name);
        if (!slice_equal_nocase(canonical, host->host.name)) host->host.canonical = canonical;
    }
    host->host.is_address_secure = host->has_address && is_secure;
}

struct tool_hosts tool_hosts_find(struct task *t, struct tool_world *world, struct slice domain,
                                  bool with_addresses) {
    struct arena *arena = world->lookups.arena;
    struct dns_answer answer;
    struct tool_hosts hosts = {.items = ARENA_NEW_ARRAY(arena, struct tool_host, TRANSIT_MX_NAMES_MAX)};
    hosts.result = trust_look_up(t, &world->lookups, domain, DNS_MX, &answer);
    hosts.is_secure = answer.is_secure;
    hosts.is_implicit = hosts.result == DNS_NO_DATA;
    if (hosts.result == DNS_OK) take_mx(arena, &hosts, &answer);
    if (hosts.is_implicit) add(&hosts, domain, 0);
    for (size_t i = 0; with_addresses && i < hosts.count; i++) look_up_addresses(t, world, &hosts.items[i]);
    return hosts;
}
