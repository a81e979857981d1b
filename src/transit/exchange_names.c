#include "transit/exchange_names.h"

#include <stdlib.h>

#include "base/limits.h"
#include "wire/dns.h"

/* One to be sorted: by preference, then by a number that was drawn for it. */
struct candidate {
    struct slice wire;
    const struct transit_host *host;
    uint32_t preference;
    uint64_t draw;
};

static int compare(const void *one, const void *other) {
    const struct candidate *a = one;
    const struct candidate *b = other;
    if (a->preference != b->preference) return a->preference < b->preference ? -1 : 1;
    if (a->draw != b->draw) return a->draw < b->draw ? -1 : 1;
    return 0;
}

static struct exchange_name *append(struct exchange_names *names, struct slice name, uint32_t preference,
                                    uint16_t port) {
    struct exchange_name *added = &names->items[names->count++];
    *added = (struct exchange_name){name, preference, port};
    return added;
}

/* ---- MX ---- */

bool exchange_is_null_mx(const struct dns_answer *answer) {
    struct dns_mx mx;
    return answer->count == 1 && dns_mx_read(answer->records[0], &mx) && mx.is_null;
}

static void append_wire_name(struct exchange_names *names, struct arena *arena,
                             const struct candidate *candidate, uint16_t port) {
    struct buffer text = buffer_new(4 * DNS_NAME_BYTES_MAX);
    if (dns_name_text(candidate->wire, &text))
        (void)append(names, arena_copy(arena, buffer_slice(&text)), candidate->preference, port);
    buffer_free(&text);
}

void exchange_names_of_mx(struct exchange_names *names, struct env *env, struct arena *arena,
                          const struct dns_answer *answer, uint16_t port) {
    struct candidate *found = ARENA_NEW_ARRAY(arena, struct candidate, TRANSIT_MX_MAX);
    size_t count = 0;
    for (size_t i = 0; i < answer->count && count < TRANSIT_MX_MAX; i++) {
        struct dns_mx mx;
        if (!dns_mx_read(answer->records[i], &mx) || mx.is_null) continue;
        found[count++] = (struct candidate){mx.exchange, NULL, mx.preference, env_random_u64(env)};
    }
    qsort(found, count, sizeof *found, compare);
    names->items = ARENA_NEW_ARRAY(arena, struct exchange_name, TRANSIT_MX_NAMES_MAX);
    for (size_t i = 0; i < count && names->count < TRANSIT_MX_NAMES_MAX; i++)
        append_wire_name(names, arena, &found[i], port);
}

void exchange_names_of_domain(struct exchange_names *names, struct arena *arena, struct slice domain,
                              uint16_t port) {
    names->items = ARENA_NEW_ARRAY(arena, struct exchange_name, 1);
    (void)append(names, domain, 0, port);
}

/* ---- routes ---- */

/* Draws one of the equal ones for the next place: each by its weight, of weight 0 seldom. */
static size_t draw(struct env *env, const struct candidate *equals, size_t count) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += equals[i].host->weight;
    uint64_t mark = env_random_below(env, sum + 1);
    size_t drawn = 0;
    for (uint64_t passed = equals[0].host->weight; passed < mark; passed += equals[drawn].host->weight)
        drawn++;
    return drawn;
}

static void order_equals(struct env *env, struct candidate *equals, size_t count) {
    for (size_t place = 0; place < count; place++) {
        size_t drawn = place + draw(env, equals + place, count - place);
        struct candidate kept = equals[place];
        equals[place] = equals[drawn];
        equals[drawn] = kept;
    }
}

void exchange_names_of_route(struct exchange_names *names, struct env *env, struct arena *arena,
                             const struct transit_route *route) {
    size_t count = route->host_count < TRANSIT_HOSTS_MAX ? route->host_count : TRANSIT_HOSTS_MAX;
    struct candidate *found = ARENA_NEW_ARRAY(arena, struct candidate, count);
    for (size_t i = 0; i < count; i++)
        found[i] = (struct candidate){.host = &route->hosts[i], .preference = route->hosts[i].preference};
    qsort(found, count, sizeof *found, compare);
    for (size_t from = 0, to = 0; from < count; from = to) {
        while (to < count && found[to].preference == found[from].preference) to++;
        order_equals(env, found + from, to - from);
    }
    names->items = ARENA_NEW_ARRAY(arena, struct exchange_name, count);
    for (size_t i = 0; i < count; i++)
        (void)append(names, found[i].host->name, found[i].preference, found[i].host->port);
}

/* Whole labels: "example.com" takes mx.example.com and itself, and not myexample.com. */
static bool ends_in(struct slice name, struct slice suffix) {
    (void)slice_take_byte(&suffix, '.');
    if (suffix.len == 0 || !slice_ends_nocase(name, suffix)) return false;
    return name.len == suffix.len || name.ptr[name.len - suffix.len - 1] == '.';
}

const struct transit_route *exchange_route_of(const struct exchange_names *names,
                                              const struct transit_session *session) {
    for (size_t i = 0; i < names->count && names->items[i].preference == names->items[0].preference; i++)
        for (size_t j = 0; j < session->mx_route_count; j++)
            if (ends_in(names->items[i].name, session->mx_routes[j].suffix))
                return &session->mx_routes[j].route;
    return NULL;
}
