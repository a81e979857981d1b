/* The verbs of routes (app/admin/admin.h). No answer has a password. */
#include "app/admin/admin_verbs.h"
#include "app/admin/route_details.h"
#include "app/admin/route_words.h"
#include "base/limits.h"
#include "store/engine_dkim.h"
#include "store/engine_route.h"
#include "transit/route.h"
#include "wire/address_split.h"

static json_t *done(const char *key, struct slice name) { return json_pack("{s:o}", key, admin_text(name)); }

static struct slice name_of(const struct admin *admin) { return admin->request->words[2]; }

static json_t *failed(struct admin *admin, enum store_result result, const char *refused) {
    if (result == STORE_OVER_QUOTA)
        return admin_error(SLICE("there are 1000 routes, which is as many as can be"));
    return admin_failure(admin, result, name_of(admin), "is not a route; posthaste route list shows them",
                         refused);
}

/* ---- what is there ---- */

static json_t *hosts_of(const struct route *route) {
    json_t *list = json_array();
    for (size_t i = 0; i < route->host_count; i++) {
        const struct route_host *host = &route->hosts[i];
        json_array_append_new(list,
                              json_pack("{s:o, s:I, s:I, s:I}", "host", admin_text(host->name), "port",
                                        (json_int_t)host->port, "preference", (json_int_t)host->preference,
                                        "weight", (json_int_t)host->weight));
    }
    return list;
}

/* What it takes: a domain, a stream, or nothing more to be said. */
static json_t *value_of(const struct route *route) {
    if (route->kind == ROUTE_FOR_STREAM) return json_string(queue_stream_name(route->stream));
    return admin_text(route->domain);
}

static json_t *route_of(const struct route *route) {
    return json_pack("{s:o, s:b, s:s, s:o, s:I, s:s, s:o, s:o}", "name", admin_text(route->name), "enabled",
                     route->is_enabled, "for", route_kind_name(route->kind), "value", value_of(route),
                     "ordering", (json_int_t)route->ordering, "tls", route_tls_name(route->tls), "user",
                     admin_text(route->user), "hosts", hosts_of(route));
}

json_t *admin_route_list(struct admin *admin) {
    struct route *routes;
    size_t count;
    enum store_result result = engine_route_list(admin->engine, admin->arena, &routes, &count);
    if (result != STORE_OK) return admin_failure(admin, result, SLICE("the list"), "", "");
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(list, route_of(&routes[i]));
    return json_pack("{s:o}", "routes", list);
}

json_t *admin_route_show(struct admin *admin) {
    struct route route;
    enum store_result result = engine_route_find(admin->engine, admin->arena, name_of(admin), &route);
    return result == STORE_OK ? json_pack("{s:o}", "route", route_of(&route)) : failed(admin, result, "");
}

/* ---- changes ---- */

json_t *admin_route_add(struct admin *admin) {
    struct route route;
    if (!route_details_unpack(admin->request->details, admin->arena, &route))
        return admin_error(SLICE("this server does not understand that route; is it of another version?"));
    route.name = name_of(admin);
    route.password = admin->request->password;
    route.is_enabled = true;
    enum route_fault fault = route_check(&route);
    if (fault) return admin_error(slice_from_text(route_fault_text(fault)));
    enum store_result result = engine_route_add(admin->t, admin->engine, &route);
    return result == STORE_OK ? done("added", route.name) : failed(admin, result, "cannot be a route");
}

json_t *admin_route_enable(struct admin *admin) {
    bool is_enabled = slice_equal(admin->request->words[1], SLICE("enable"));
    enum store_result result = engine_route_enable(admin->t, admin->engine, name_of(admin), is_enabled);
    return result == STORE_OK ? done(is_enabled ? "enabled" : "disabled", name_of(admin))
                              : failed(admin, result, "");
}

json_t *admin_route_password(struct admin *admin) {
    enum store_result result =
        engine_route_set_password(admin->t, admin->engine, name_of(admin), admin->request->password);
    return result == STORE_OK
               ? done("changed", name_of(admin))
               : failed(admin, result, "has no user, or the password is too long or has control characters");
}

json_t *admin_route_remove(struct admin *admin) {
    enum store_result result = engine_route_remove(admin->t, admin->engine, name_of(admin));
    return result == STORE_OK ? done("removed", name_of(admin)) : failed(admin, result, "");
}

/* ---- a test ---- */

static json_t *steps_of(const struct transit_test_result *result) {
    json_t *list = json_array();
    for (size_t i = 0; i < result->step_count; i++) {
        const struct transit_test_step *step = &result->steps[i];
        json_t *told = json_pack("{s:b, s:I, s:o}", "good", step->is_good, "ms", (json_int_t)step->took_ms,
                                 "text", admin_text(step->text));
        if (step->advice.len) json_object_set_new(told, "advice", admin_text(step->advice));
        json_array_append_new(list, told);
    }
    return list;
}

/* As the sender said, or the postmaster of our first domain. Empty: there is no domain. */
static struct slice sender_of(struct admin *admin, struct slice from) {
    struct domain *domains;
    size_t count;
    if (from.len) return from;
    enum store_result result = engine_domain_list(admin->engine, admin->arena, &domains, &count);
    if (result != STORE_OK || count == 0) return SLICE_EMPTY;
    return arena_printf(admin->arena, "postmaster@%.*s", SLICE_PRINT(domains[0].name));
}

static struct slice domain_of(struct arena *arena, struct slice address) {
    struct slice domain = address_split_domain(address);
    uint8_t *lower = arena_alloc(arena, domain.len + 1);
    for (size_t i = 0; i < domain.len; i++) lower[i] = ascii_lower(domain.ptr[i]);
    return slice_of(lower, domain.len);
}

/* How mail of that sender leaves; by whatever route. */
static json_t *signing_of(struct admin *admin, struct slice sender) {
    struct dkim_signers signers = {0};
    enum store_result result = engine_dkim_signers_of(admin->t, admin->engine, admin->arena,
                                                      domain_of(admin->arena, sender), &signers);
    json_t *selectors = json_array();
    for (size_t i = 0; i < signers.count; i++)
        json_array_append_new(selectors, admin_text(signers.signers[i].selector));
    bool is_signed = result == STORE_OK && signers.count;
    return json_pack("{s:o, s:b, s:o, s:o}", "sender", admin_text(sender), "known", result == STORE_OK,
                     "domain", is_signed ? admin_text(signers.domain) : json_null(), "selectors", selectors);
}

json_t *admin_route_test(struct admin *admin) {
    struct route_test_details details = {SLICE_EMPTY, SLICE_EMPTY};
    struct transit_test_result tested = {0};
    struct route route;
    if (!route_test_details_unpack(admin->request->details, &details))
        return admin_error(SLICE("this server does not understand that test; is it of another version?"));
    if (!admin->context->remote)
        return admin_error(SLICE("no server runs on this folder: start it, for only it may connect"));
    enum store_result result = engine_route_find(admin->engine, admin->arena, name_of(admin), &route);
    if (result != STORE_OK) return failed(admin, result, "");
    struct slice sender = sender_of(admin, details.from);
    switch (route_test(admin->t, admin->context->remote, admin->arena, &route, sender, details.to, &tested)) {
    case ROUTE_TEST_DONE:
        return json_pack("{s:b, s:o, s:o*}", "works", tested.is_good, "steps", steps_of(&tested), "signing",
                         details.to.len ? signing_of(admin, sender) : NULL);
    case ROUTE_TEST_TIMEOUT:
        return admin_error(SLICE("the test took too long and was given up"));
    default:
        return admin_error(SLICE("the remote role went away during the test; try again"));
    }
}
