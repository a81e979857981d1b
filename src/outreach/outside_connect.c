/* A connection to a host that somebody named: resolved once, checked, and connected to that address. */
#include "base/limits_sender.h"
#include "outreach/outside.h"
#include "resolve/resolver.h"
#include "wire/dns.h"
#include "wire/network_list.h"

enum { ADDRESSES_MAX = 6 };

struct found {
    const char *addresses[ADDRESSES_MAX];
    size_t count;
    /* One that is not used. */
    const char *refused;
    enum dns_result trouble;
};

static void add(const struct outside_world *world, struct arena *arena, struct found *found,
                const struct dns_address *address) {
    struct buffer text = buffer_new(64);
    if (found->count == ADDRESSES_MAX) return;
    dns_address_text(address, &text);
    const char *copy = arena_text(arena, buffer_slice(&text));
    buffer_free(&text);
    if (world->allows_private || !network_is_private(copy))
        found->addresses[found->count++] = copy;
    else
        found->refused = copy;
}

static void look_up(struct task *t, const struct outside_world *world, struct arena *arena, struct slice host,
                    enum dns_type type, struct found *found) {
    struct dns_answer answer;
    struct dns_address address;
    int64_t until_ms = env_now_ms(world->env) + OUTREACH_LOOKUP_MS;
    enum dns_result result =
        resolver_lookup(t, world->resolver, host, (uint16_t)type, arena, &answer, until_ms);
    if (result != DNS_OK && result != DNS_NO_DATA) found->trouble = result;
    for (size_t i = 0; result == DNS_OK && i < answer.count && i < ADDRESSES_MAX / 2; i++)
        if (dns_address_read(answer.records[i], &address)) add(world, arena, found, &address);
}

static void find(struct task *t, const struct outside_world *world, struct arena *arena, struct slice host,
                 struct found *found) {
    struct dns_address address;
    /* RFC 6761 6.3 */
    if (slice_equal_nocase(host, SLICE("localhost"))) host = SLICE("127.0.0.1");
    if (dns_address_parse(host, &address)) {
        add(world, arena, found, &address);
        return;
    }
    look_up(t, world, arena, host, DNS_A, found);
    if (found->trouble != DNS_NO_SUCH_NAME) look_up(t, world, arena, host, DNS_AAAA, found);
}

static struct outside_trouble not_found(struct arena *arena, struct slice host, const struct found *found) {
    if (found->refused)
        return (struct outside_trouble){SENDER_CAUSE_HOST_PRIVATE,
                                        arena_printf(arena, "%.*s is %s", SLICE_PRINT(host), found->refused)};
    if (found->trouble == DNS_CANCELLED) return (struct outside_trouble){SENDER_CAUSE_CANCELLED, SLICE_EMPTY};
    return (struct outside_trouble){
        SENDER_CAUSE_HOST_NOT_FOUND,
        arena_printf(arena, "%.*s: DNS says %s", SLICE_PRINT(host), dns_result_name(found->trouble))};
}

static enum sender_cause cause_of_error(int error) {
    if (error == -ECONNREFUSED) return SENDER_CAUSE_CONNECTION_REFUSED;
    return error == -ECANCELED ? SENDER_CAUSE_CANCELLED : SENDER_CAUSE_NO_ANSWER;
}

bool outside_connect(struct task *t, const struct outside_world *world, struct arena *arena,
                     struct slice host, uint16_t port, struct stream **stream,
                     struct outside_trouble *trouble) {
    struct found found = {.trouble = DNS_NO_DATA};
    *stream = NULL;
    find(t, world, arena, host, &found);
    *trouble = not_found(arena, host, &found);
    for (size_t i = 0; i < found.count; i++) {
        struct connect_request request = {.address = found.addresses[i], .port = port};
        int result =
            stream_connect(t, world->env, &request, env_now_ms(world->env) + OUTREACH_CONNECT_MS, stream);
        if (result == 0) return true;
        *trouble = (struct outside_trouble){cause_of_error(result),
                                            arena_printf(arena, "%.*s, %s port %u: %s", SLICE_PRINT(host),
                                                         found.addresses[i], port, strerror(-result))};
        if (result == -ECANCELED) return false;
    }
    return false;
}
