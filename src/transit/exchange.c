#include "transit/exchange.h"

#include "base/limits.h"
#include "io/env.h"
#include "transit/exchange_names.h"
#include "wire/dns.h"
#include "wire/network_list.h"

/* One search. */
struct search {
    struct task *t;
    const struct exchange_query *query;
    struct arena *arena;
    struct exchange *exchange;
    int64_t until_ms;
    /* What kept a name from having an address: the last such reason. */
    struct slice obstacle;
    bool is_obstacle_of_dns;
    /* A name was found to have none. */
    bool is_without_address;
    /* Of names that DNS gave, not of those that were configured. */
    bool is_by_dns;
    /* Of the host that is looked up now. */
    struct slice canonical;
    bool is_host_secure;
};

static void end(struct search *search, enum exchange_result result, const char *status, struct slice reason) {
    search->exchange->result = result;
    search->exchange->status = status;
    search->exchange->reason = reason;
}

static bool is_cancelled(const struct search *search) { return task_is_cancelled(search->t); }

static enum dns_result look_up(struct search *search, struct slice name, uint16_t type,
                               struct dns_answer *answer) {
    int64_t until_ms = env_now_ms(task_env(search->t)) + TRANSIT_LOOKUP_MS;
    if (until_ms > search->until_ms) until_ms = search->until_ms;
    *answer = (struct dns_answer){.result = DNS_SERVFAIL};
    struct dns *dns = *search->query->dns;
    if (!dns) return DNS_SERVFAIL;
    return dns_lookup(search->t, dns, name, type, search->arena, answer, until_ms);
}

static bool is_failure(enum dns_result result) {
    return result != DNS_OK && result != DNS_NO_DATA && result != DNS_NO_SUCH_NAME;
}

/* ---- addresses ---- */

static bool is_own(const struct search *search, const char *address) {
    return network_list_has(search->query->settings->own_addresses, address);
}

static void note_private(struct search *search, struct slice name, const char *address) {
    search->obstacle = arena_printf(search->arena,
                                    "%.*s has the address %s, which is not used without "
                                    "outbound.allow_private",
                                    SLICE_PRINT(name), address);
}

static void add(struct search *search, const struct exchange_name *name, const char *address) {
    struct exchange *exchange = search->exchange;
    if (exchange->count == TRANSIT_ADDRESSES_MAX) return;
    exchange->addresses[exchange->count++] =
        (struct exchange_address){name->name, address, name->port, search->canonical, search->is_host_secure};
}

/* False: it is one of ours. */
static bool take(struct search *search, const struct exchange_name *name, const char *address) {
    const struct courier_settings *settings = search->query->settings;
    if (search->is_by_dns && name->port == settings->port && is_own(search, address)) return false;
    if (search->is_by_dns && !settings->allows_private && network_is_private(address))
        note_private(search, name->name, address);
    else
        add(search, name, address);
    return true;
}

/* The addresses of one name and family, in any order, for equal ones share the load. */
struct addresses {
    const char *texts[TRANSIT_NAME_ADDRESSES_MAX];
    size_t count;
    bool is_secure;
    struct slice canonical;
};

static const char *address_text(struct search *search, struct slice record) {
    struct dns_address address;
    struct buffer text = buffer_new(sizeof((struct peer){0}).address);
    const char *copy = NULL;
    if (dns_address_read(record, &address)) {
        dns_address_text(&address, &text);
        copy = arena_text(search->arena, buffer_slice(&text));
    }
    buffer_free(&text);
    return copy;
}

/* Empty: it is the name itself. */
static struct slice canonical_of(struct search *search, struct slice name, struct slice wire) {
    struct buffer text = buffer_new(4 * DNS_NAME_BYTES_MAX);
    struct slice canonical = SLICE_EMPTY;
    if (dns_name_text(wire, &text) && !slice_equal_nocase(buffer_slice(&text), name))
        canonical = arena_copy(search->arena, buffer_slice(&text));
    buffer_free(&text);
    return canonical;
}

static void look_up_family(struct search *search, struct slice name, uint16_t type,
                           struct addresses *addresses) {
    struct dns_answer answer;
    enum dns_result result = look_up(search, name, type, &answer);
    if (is_failure(result)) {
        search->is_obstacle_of_dns = true;
        search->obstacle = arena_printf(search->arena, "the addresses of %.*s could not be found (%s)",
                                        SLICE_PRINT(name), dns_result_name(result));
    }
    size_t first = answer.count ? env_random_below(task_env(search->t), answer.count) : 0;
    for (size_t i = 0; i < answer.count && addresses->count < TRANSIT_NAME_ADDRESSES_MAX; i++) {
        const char *text = address_text(search, answer.records[(first + i) % answer.count]);
        if (text) addresses->texts[addresses->count++] = text;
    }
    addresses->is_secure = answer.is_secure;
    if (addresses->count) addresses->canonical = canonical_of(search, name, answer.canonical_name);
}

/* Both families in turn, IPv6 first: where one of them leads nowhere the other is next (RFC 8305 4).
   False: the name leads to us. */
static bool take_all(struct search *search, const struct exchange_name *name,
                     const struct addresses families[2]) {
    for (size_t i = 0; i < TRANSIT_NAME_ADDRESSES_MAX; i++)
        for (size_t family = 0; family < 2; family++)
            if (i < families[family].count && !take(search, name, families[family].texts[i])) return false;
    return true;
}

/* A numeric address, in brackets or not. NULL: it is a name. */
static const char *literal_address(struct search *search, struct slice name) {
    struct dns_address address;
    if (name.len > 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']')
        name = slice_sub(name, 1, name.len - 2);
    (void)slice_take_prefix_nocase(&name, SLICE("IPv6:"));
    return dns_address_parse(name, &address) ? arena_text(search->arena, name) : NULL;
}

/* RFC 6761 6.3: of what somebody configured; DNS has no say in whose it is. */
static bool is_this_machine(const struct search *search, struct slice name) {
    return !search->is_by_dns && slice_equal_nocase(name, SLICE("localhost"));
}

/* Of each family that has any. */
static void note_host(struct search *search, const struct addresses families[2]) {
    const struct addresses *with = &families[families[0].count ? 0 : 1];
    search->canonical = with->canonical;
    search->is_host_secure =
        with->count && with->is_secure && (families[1].count == 0 || families[1].is_secure);
}

static bool resolve_name(struct search *search, const struct exchange_name *name) {
    search->canonical = SLICE_EMPTY;
    search->is_host_secure = false;
    const char *literal = literal_address(search, name->name);
    if (literal) return take(search, name, literal);
    if (is_this_machine(search, name->name))
        return take(search, name, "127.0.0.1") && take(search, name, "::1");
    struct addresses families[2] = {0};
    struct slice earlier = search->obstacle;
    size_t before = search->exchange->count;
    search->obstacle = SLICE_EMPTY;
    look_up_family(search, name->name, DNS_AAAA, &families[0]);
    look_up_family(search, name->name, DNS_A, &families[1]);
    note_host(search, families);
    if (!take_all(search, name, families)) return false;
    if (search->exchange->count == before && search->obstacle.len == 0) {
        search->obstacle = arena_printf(search->arena, "%.*s has no address", SLICE_PRINT(name->name));
        search->is_without_address = true;
    }
    if (search->obstacle.len == 0) search->obstacle = earlier;
    return true;
}

/* ---- the list ---- */

static bool is_us(const struct search *search, const struct exchange_name *name) {
    return search->is_by_dns && slice_equal_nocase(name->name, search->query->settings->hostname);
}

/* The names of one preference; we are among them: false, and none of them counts. */
static bool resolve_equals(struct search *search, const struct exchange_names *names, size_t from,
                           size_t to) {
    size_t before = search->exchange->count;
    for (size_t i = from; i < to; i++) {
        if (!is_us(search, &names->items[i]) && resolve_name(search, &names->items[i])) continue;
        search->exchange->count = before;
        return false;
    }
    return true;
}

static void conclude(struct search *search, bool is_cut) {
    if (is_cancelled(search))
        end(search, EXCHANGE_CANCELLED, "4.3.2", SLICE("this server was stopped during the attempt"));
    else if (search->exchange->count)
        end(search, EXCHANGE_FOUND, "", SLICE_EMPTY);
    else if (is_cut) /* RFC 5321 5.1 */
        end(search, EXCHANGE_FAILED, "5.4.6",
            arena_printf(search->arena, "mail for %.*s loops back to this host",
                         SLICE_PRINT(search->query->session->domain)));
    else
        end(search, EXCHANGE_DEFERRED, search->is_obstacle_of_dns ? "4.4.3" : "4.4.4", search->obstacle);
}

/* RFC 5321 5.1: in the order of preference, up to ourselves. */
static void resolve_names(struct search *search, const struct exchange_names *names) {
    size_t from = 0;
    bool is_cut = false;
    while (from < names->count && search->exchange->count < TRANSIT_ADDRESSES_MAX && !is_cancelled(search)) {
        size_t to = from + 1;
        while (to < names->count && names->items[to].preference == names->items[from].preference) to++;
        is_cut = !resolve_equals(search, names, from, to);
        if (is_cut) break;
        from = to;
    }
    conclude(search, is_cut);
}

static void find_by_route(struct search *search, const struct transit_route *route) {
    struct exchange_names names = {0};
    search->exchange->route = route;
    search->is_by_dns = false;
    exchange_names_of_route(&names, task_env(search->t), search->arena, route);
    search->obstacle = SLICE("the route has no hosts");
    resolve_names(search, &names);
}

/* ---- a domain ---- */

static void find_by_domain(struct search *search) {
    struct slice domain = search->query->session->domain;
    struct exchange_names names = {0};
    exchange_names_of_domain(&names, search->arena, domain, search->query->settings->port);
    resolve_names(search, &names);
}

/* RFC 5321 5.1: without an address of its own, too, the domain takes no mail, and that is reported. */
static void find_by_implicit_mx(struct search *search) {
    find_by_domain(search);
    if (search->exchange->result != EXCHANGE_DEFERRED || !search->is_without_address) return;
    end(search, EXCHANGE_FAILED, "5.1.2",
        arena_printf(search->arena, "%.*s has neither an MX record nor an address",
                     SLICE_PRINT(search->query->session->domain)));
}

static void find_by_literal(struct search *search) {
    struct slice domain = search->query->session->domain;
    if (literal_address(search, domain)) {
        find_by_domain(search);
        return;
    }
    end(search, EXCHANGE_FAILED, "5.1.2",
        arena_printf(search->arena, "%.*s is no address that mail could be sent to", SLICE_PRINT(domain)));
}

static void find_by_mx(struct search *search, const struct dns_answer *answer) {
    struct slice domain = search->query->session->domain;
    struct exchange_names names = {0};
    if (exchange_is_null_mx(answer)) { /* RFC 7505 3 */
        end(search, EXCHANGE_FAILED, "5.1.10",
            arena_printf(search->arena, "%.*s takes no mail (null MX)", SLICE_PRINT(domain)));
        return;
    }
    exchange_names_of_mx(&names, task_env(search->t), search->arena, answer, search->query->settings->port);
    const struct transit_route *route = exchange_route_of(&names, search->query->session);
    search->obstacle =
        arena_printf(search->arena, "the MX records of %.*s name no host", SLICE_PRINT(domain));
    if (route)
        find_by_route(search, route);
    else
        resolve_names(search, &names);
}

static void find_by_dns(struct search *search) {
    struct slice domain = search->query->session->domain;
    struct dns_answer answer;
    enum dns_result result = look_up(search, domain, DNS_MX, &answer);
    search->exchange->is_secure = answer.is_secure;
    if (result == DNS_OK) {
        find_by_mx(search, &answer);
    } else if (result == DNS_NO_DATA) {
        find_by_implicit_mx(search);
    } else if (is_cancelled(search)) {
        conclude(search, false);
    } else if (result == DNS_NO_SUCH_NAME) {
        end(search, EXCHANGE_FAILED, "5.1.2",
            arena_printf(search->arena, "the domain %.*s does not exist (NXDOMAIN)", SLICE_PRINT(domain)));
    } else {
        end(search, EXCHANGE_DEFERRED, "4.4.3",
            arena_printf(search->arena, "DNS gave no usable answer for %.*s (%s)", SLICE_PRINT(domain),
                         dns_result_name(result)));
    }
}

void exchange_find(struct task *t, const struct exchange_query *query, struct arena *arena,
                   struct exchange *exchange) {
    struct slice domain = query->session->domain;
    *exchange = (struct exchange){.addresses =
                                      ARENA_NEW_ARRAY(arena, struct exchange_address, TRANSIT_ADDRESSES_MAX)};
    struct search search = {.t = t,
                            .query = query,
                            .arena = arena,
                            .exchange = exchange,
                            .until_ms = env_now_ms(task_env(t)) + TRANSIT_LOOKUPS_MS,
                            .is_by_dns = true};
    if (query->session->route.id)
        find_by_route(&search, &query->session->route);
    else if (domain.len && domain.ptr[0] == '[')
        find_by_literal(&search);
    else
        find_by_dns(&search);
}
