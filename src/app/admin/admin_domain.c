/* What the owner's tools have to know of a domain (app/domain/domain_facts.h): its kind, its keys, who else
 * sends for it. */
#include "app/admin/admin_verbs.h"
#include "app/admin/route_words.h"
#include "base/limits.h"
#include "store/engine_dkim.h"
#include "store/engine_route.h"
#include "wire/dns.h"

/* ---- who else sends for it: routes ---- */

/* Providers by the end of the host's name, and what their customers' SPF records include. */
static const struct {
    struct slice host;
    struct slice term;
} providers[] = {{SLICE_INIT("sendgrid.net"), SLICE_INIT("include:sendgrid.net")},
                 {SLICE_INIT("mailgun.org"), SLICE_INIT("include:mailgun.org")},
                 {SLICE_INIT("amazonaws.com"), SLICE_INIT("include:amazonses.com")},
                 {SLICE_INIT("postmarkapp.com"), SLICE_INIT("include:spf.mtasv.net")},
                 {SLICE_INIT("mailjet.com"), SLICE_INIT("include:spf.mailjet.com")},
                 {SLICE_INIT("brevo.com"), SLICE_INIT("include:spf.brevo.com")},
                 {SLICE_INIT("gmail.com"), SLICE_INIT("include:_spf.google.com")},
                 {SLICE_INIT("office365.com"), SLICE_INIT("include:spf.protection.outlook.com")}};

/* A smarthost of the owner's own sends from its own address, as far as that can be told from here. */
static struct slice term_of(struct arena *arena, struct slice host) {
    struct dns_address address;
    for (size_t i = 0; i < sizeof providers / sizeof providers[0]; i++)
        if (slice_ends_nocase(host, providers[i].host)) return providers[i].term;
    if (!dns_address_parse(host, &address)) return arena_printf(arena, "a:%.*s", SLICE_PRINT(host));
    return arena_printf(arena, "%s:%.*s", address.len == 4 ? "ip4" : "ip6", SLICE_PRINT(host));
}

static bool sends_for(const struct route *route, struct slice domain) {
    if (!route->is_enabled) return false;
    if (route->kind != ROUTE_FOR_SENDER) return true;
    struct slice below = route->domain;
    if (!slice_take_prefix(&below, SLICE("*"))) return slice_equal(route->domain, domain);
    return slice_ends_nocase(domain, below);
}

static bool has_text(const json_t *list, struct slice text) {
    size_t i;
    json_t *item;
    json_array_foreach(list, i,
                       item) if (slice_equal(slice_from_text(json_string_value(item)), text)) return true;
    return false;
}

static void add_terms(struct admin *admin, const struct route *route, json_t *terms) {
    for (size_t i = 0; i < route->host_count; i++) {
        if (route_host_is_here(route->hosts[i].name)) continue;
        struct slice term = term_of(admin->arena, route->hosts[i].name);
        if (!has_text(terms, term)) (void)json_array_append_new(terms, admin_text(term));
    }
}

/* Of those that take mail whoever it is for. */
static void add_route(const struct route *route, json_t *list) {
    if (route->kind == ROUTE_FOR_RECIPIENT || route->kind == ROUTE_FOR_MX) return;
    (void)json_array_append_new(
        list, json_pack("{s:o, s:s}", "name", admin_text(route->name), "tls", route_tls_name(route->tls)));
}

static enum store_result read_routes(struct admin *admin, struct slice domain, json_t *terms, json_t *list) {
    struct route *routes;
    size_t count;
    enum store_result result = engine_route_list(admin->engine, admin->arena, &routes, &count);
    for (size_t i = 0; result == STORE_OK && i < count; i++) {
        if (!sends_for(&routes[i], domain)) continue;
        add_terms(admin, &routes[i], terms);
        add_route(&routes[i], list);
    }
    return result;
}

/* ---- its keys ---- */

static json_t *key_of(const struct dkim_key *key) {
    return json_pack("{s:o, s:o, s:s}", "selector", admin_text(key->selector), "record",
                     admin_text(key->record), "state", dkim_key_state_word(key->state));
}

static enum store_result read_keys(struct admin *admin, const struct domain *domain, json_t *list) {
    struct dkim_key *keys;
    size_t count;
    if (domain->is_relay) return STORE_OK;
    enum store_result result =
        engine_dkim_list(admin->t, admin->engine, admin->arena, domain->name, &keys, &count);
    for (size_t i = 0; result == STORE_OK && i < count; i++)
        if (keys[i].state != DKIM_KEY_GONE) (void)json_array_append_new(list, key_of(&keys[i]));
    return result;
}

/* ---- the domain ---- */

static enum store_result find_domain(struct admin *admin, struct slice name, struct domain *domain) {
    struct domain *domains;
    size_t count;
    enum store_result result = engine_domain_list(admin->engine, admin->arena, &domains, &count);
    for (size_t i = 0; result == STORE_OK && i < count; i++) {
        if (!slice_equal_nocase(domains[i].name, name)) continue;
        *domain = domains[i];
        return STORE_OK;
    }
    return result == STORE_OK ? STORE_NOT_FOUND : result;
}

json_t *admin_domain_facts(struct admin *admin) {
    struct slice name = admin->request->words[2];
    struct domain domain;
    json_t *terms = json_array();
    json_t *keys = json_array();
    json_t *routes = json_array();
    enum store_result result = find_domain(admin, name, &domain);
    if (result == STORE_OK) result = read_routes(admin, domain.name, terms, routes);
    if (result == STORE_OK) result = read_keys(admin, &domain, keys);
    if (result == STORE_OK)
        return json_pack("{s:o, s:b, s:o, s:o, s:o}", "name", admin_text(domain.name), "relay",
                         domain.is_relay, "keys", keys, "spf", terms, "routes", routes);
    json_decref(terms);
    json_decref(keys);
    json_decref(routes);
    return admin_failure(admin, result, name, "is not one of our domains; posthaste domain list shows them",
                         "");
}
