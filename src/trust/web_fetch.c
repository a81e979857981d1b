#include "trust/web_fetch.h"

#include <arpa/inet.h>

#include "base/limits.h"
#include "wire/dns.h"
#include "wire/network_list.h"

struct found {
    const char *addresses[FETCH_ADDRESSES_MAX];
    size_t count;
    /* What DNS did not say, and what it said and is not used; DNS_OK, NULL: nothing. */
    enum dns_result trouble;
    const char *refused;
};

static const char *address_text(struct arena *arena, struct slice record) {
    struct dns_address address;
    if (!dns_address_read(record, &address)) return NULL;
    struct buffer text = buffer_new(64);
    dns_address_text(&address, &text);
    const char *copy = arena_text(arena, buffer_slice(&text));
    buffer_free(&text);
    return copy;
}

static void look_up(struct task *t, const struct web_world *world, struct slice host, uint16_t type,
                    struct found *found) {
    struct dns_answer answer;
    enum dns_result result = trust_look_up(t, world->lookups, host, type, &answer);
    if (trust_is_unsure(result)) found->trouble = result;
    if (result != DNS_OK) return;
    /* Half for each family. */
    size_t most = found->count + FETCH_ADDRESSES_MAX / 2;
    for (size_t i = 0; i < answer.count && found->count < most; i++) {
        const char *text = address_text(world->lookups->arena, answer.records[i]);
        if (!text) continue;
        if (world->allows_private || !network_is_private(text))
            found->addresses[found->count++] = text;
        else
            found->refused = text;
    }
}

static struct slice words_of_search(struct arena *arena, struct slice host, const struct found *found) {
    if (found->refused)
        return arena_printf(arena, "%.*s has the address %s, which is not used", SLICE_PRINT(host),
                            found->refused);
    if (found->trouble != DNS_OK)
        return arena_printf(arena, "the addresses of %.*s could not be found (%s)", SLICE_PRINT(host),
                            dns_result_name(found->trouble));
    return arena_printf(arena, "%.*s has no address", SLICE_PRINT(host));
}

static struct slice words_of_fetch(struct arena *arena, struct slice host,
                                   const struct fetch_answer *answer) {
    switch (answer->result) {
    case FETCH_OK:
        return SLICE_EMPTY;
    case FETCH_UNREACHABLE:
        return arena_printf(arena, "no connection to the web server of %.*s could be made",
                            SLICE_PRINT(host));
    case FETCH_UNTRUSTED:
        return arena_printf(arena, "the certificate of the web server of %.*s is not good: %s",
                            SLICE_PRINT(host), answer->fault ? answer->fault : "");
    case FETCH_TLS_FAILED:
        return arena_printf(arena, "no TLS could be agreed on with the web server of %.*s",
                            SLICE_PRINT(host));
    case FETCH_TOO_LARGE:
        return arena_printf(arena, "the answer of the web server of %.*s is too large", SLICE_PRINT(host));
    case FETCH_TIMEOUT:
        return arena_printf(arena, "the web server of %.*s did not answer in time", SLICE_PRINT(host));
    case FETCH_CANCELLED:
        return SLICE("this server was stopped meanwhile");
    default:
        return arena_printf(arena, "the answer of the web server of %.*s cannot be understood",
                            SLICE_PRINT(host));
    }
}

/* Between "://" and what follows; of "[::1]:443" what is in the brackets. */
static struct slice host_of(struct slice url) {
    struct slice rest = slice_skip(url, slice_find(url, SLICE("://")));
    (void)slice_take_prefix(&rest, SLICE("://"));
    rest = slice_take_until(&rest, '/');
    if (slice_take_byte(&rest, '[')) return slice_take_until(&rest, ']');
    return slice_take_until(&rest, ':');
}

static bool is_numeric(const char *host) {
    uint8_t bytes[16];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static void find(struct task *t, const struct web_world *world, struct slice host, struct found *found) {
    const char *text = arena_text(world->lookups->arena, host);
    if (!is_numeric(text)) {
        look_up(t, world, host, DNS_A, found);
        look_up(t, world, host, DNS_AAAA, found);
        return;
    }
    if (world->allows_private || !network_is_private(text))
        found->addresses[found->count++] = text;
    else
        found->refused = text;
}

void web_ask(struct task *t, const struct web_world *world, const struct fetch_request *wanted,
             int64_t deadline_ms, struct web_fetched *fetched) {
    struct arena *arena = world->lookups->arena;
    struct slice host = host_of(wanted->url);
    struct found found = {.trouble = DNS_OK};
    *fetched = (struct web_fetched){.answer = {.result = FETCH_UNREACHABLE}};
    find(t, world, host, &found);
    if (found.count == 0) {
        fetched->reason = words_of_search(arena, host, &found);
        return;
    }
    struct fetch_request request = *wanted;
    request.addresses = found.addresses;
    request.address_count = found.count;
    request.port = world->port;
    request.roots_pem = world->roots_pem;
    (void)fetch_run(t, &request, arena, &fetched->answer, deadline_ms);
    fetched->reason = words_of_fetch(arena, host, &fetched->answer);
}

void web_fetch(struct task *t, const struct web_world *world, struct slice host, const char *path,
               size_t bytes_max, int64_t deadline_ms, struct web_fetched *fetched) {
    struct fetch_request wanted = {
        .method = "GET",
        .url = arena_printf(world->lookups->arena, "https://%.*s%s", SLICE_PRINT(host), path),
        .body_bytes_max = bytes_max};
    web_ask(t, world, &wanted, deadline_ms, fetched);
}

enum { POST_ANSWER_BYTES_MAX = 64 * 1024 };

void web_post(struct task *t, const struct web_world *world, struct slice url, struct slice content_type,
              struct slice body, int64_t deadline_ms, struct web_fetched *fetched) {
    struct fetch_field type = {SLICE("Content-Type"), content_type};
    struct fetch_request request = {.method = "POST",
                                    .url = url,
                                    .fields = &type,
                                    .field_count = 1,
                                    .body = body,
                                    .body_bytes_max = POST_ANSWER_BYTES_MAX};
    web_ask(t, world, &request, deadline_ms, fetched);
}
