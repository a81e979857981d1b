#include "app/api_routes.h"

#define ADDRESS(HELP) \
    { "address", API_PATH, API_WORD, false, true, NULL, HELP }
#define ID(HELP) \
    { "id", API_PATH, API_WORD, false, true, NULL, HELP }
#define NAME(HELP) \
    { "name", API_PATH, API_WORD, false, true, NULL, HELP }
#define TEXT(NAME, SOURCE, IS_REQUIRED, OTHERWISE, HELP) \
    { NAME, SOURCE, API_WORD, false, IS_REQUIRED, OTHERWISE, HELP }
#define DOMAIN_AND_DAYS                                               \
    TEXT("domain", API_QUERY, false, "", "only of this domain"), {    \
        "days", API_QUERY, API_WORD, true, false, "7", "how far back" \
    }

static const struct api_route rows[] = {
    {HTTP_METHOD_GET, "/api/v1/status", API_SCOPE_READ, {"status"}, {{0}}, "The store and its roles"},

    {HTTP_METHOD_GET, "/api/v1/accounts", API_SCOPE_ADMIN, {"account", "list"}, {{0}}, "All accounts"},
    {HTTP_METHOD_POST,
     "/api/v1/accounts",
     API_SCOPE_ADMIN,
     {"account", "add"},
     {TEXT("address", API_BODY, true, NULL, "user@example.test, at a domain of ours"),
      {"password", API_BODY, API_PASSWORD, false, true, NULL, "up to 1024 bytes"},
      {"quota_bytes", API_BODY, API_QUOTA, true, false, NULL, "0: no limit"}},
     "Add an account with its mailboxes"},
    {HTTP_METHOD_PUT,
     "/api/v1/accounts/{address}/password",
     API_SCOPE_ADMIN,
     {"account", "password"},
     {ADDRESS("the account's"), {"password", API_BODY, API_PASSWORD, false, true, NULL, "the new one"}},
     "Change an account's password"},
    {HTTP_METHOD_DELETE,
     "/api/v1/accounts/{address}",
     API_SCOPE_ADMIN,
     {"account", "remove"},
     {ADDRESS("the account's")},
     "Remove an account with all its mail"},

    {HTTP_METHOD_GET, "/api/v1/aliases", API_SCOPE_ADMIN, {"alias", "list"}, {{0}}, "All aliases"},
    {HTTP_METHOD_POST,
     "/api/v1/aliases",
     API_SCOPE_ADMIN,
     {"alias", "add"},
     {TEXT("address", API_BODY, true, NULL, "user@example.test, or @example.test for all others"),
      TEXT("target", API_BODY, true, NULL, "where its mail goes")},
     "Add a target to an alias"},
    {HTTP_METHOD_DELETE,
     "/api/v1/aliases/{address}",
     API_SCOPE_ADMIN,
     {"alias", "remove"},
     {ADDRESS("the alias"), TEXT("target", API_QUERY, false, NULL, "only this target")},
     "Remove an alias, or one of its targets"},

    {HTTP_METHOD_GET, "/api/v1/domains", API_SCOPE_ADMIN, {"domain", "list"}, {{0}}, "Our domains"},
    {HTTP_METHOD_POST,
     "/api/v1/domains",
     API_SCOPE_ADMIN,
     {"domain", "add"},
     {TEXT("name", API_BODY, true, NULL, "example.test")},
     "Add a domain"},
    {HTTP_METHOD_DELETE,
     "/api/v1/domains/{name}",
     API_SCOPE_ADMIN,
     {"domain", "remove"},
     {NAME("the domain")},
     "Remove a domain that has no accounts and aliases"},

    {HTTP_METHOD_GET,
     "/api/v1/queue/{id}",
     API_SCOPE_READ,
     {"queue", "show"},
     {ID("of a message")},
     "A message on its way"},
    {HTTP_METHOD_POST,
     "/api/v1/queue/{id}/hold",
     API_SCOPE_WRITE,
     {"queue", "hold"},
     {ID("of a message")},
     "Keep it back"},
    {HTTP_METHOD_POST,
     "/api/v1/queue/{id}/release",
     API_SCOPE_WRITE,
     {"queue", "release"},
     {ID("of a message")},
     "Let it go on"},
    {HTTP_METHOD_POST,
     "/api/v1/queue/{id}/retry",
     API_SCOPE_WRITE,
     {"queue", "retry"},
     {ID("of a message")},
     "Try it now"},
    {HTTP_METHOD_POST,
     "/api/v1/queue/{id}/bounce",
     API_SCOPE_WRITE,
     {"queue", "bounce"},
     {ID("of a message")},
     "Give it up, and tell its sender"},
    {HTTP_METHOD_DELETE,
     "/api/v1/queue/{id}",
     API_SCOPE_WRITE,
     {"queue", "remove"},
     {ID("of a message")},
     "Give it up, and tell nobody"},
    {HTTP_METHOD_GET,
     "/api/v1/trace/{id}",
     API_SCOPE_READ,
     {"trace"},
     {ID("of a message, or a Message-ID")},
     "What became of a message, step by step"},

    {HTTP_METHOD_GET,
     "/api/v1/routes",
     API_SCOPE_ADMIN,
     {"route", "list"},
     {{0}},
     "Routes through other hosts"},
    {HTTP_METHOD_GET,
     "/api/v1/routes/{name}",
     API_SCOPE_ADMIN,
     {"route", "show"},
     {NAME("of a route")},
     "A route"},
    {HTTP_METHOD_POST,
     "/api/v1/routes/{name}/enable",
     API_SCOPE_ADMIN,
     {"route", "enable"},
     {NAME("of a route")},
     "Use a route"},
    {HTTP_METHOD_POST,
     "/api/v1/routes/{name}/disable",
     API_SCOPE_ADMIN,
     {"route", "disable"},
     {NAME("of a route")},
     "Do not use a route"},
    {HTTP_METHOD_DELETE,
     "/api/v1/routes/{name}",
     API_SCOPE_ADMIN,
     {"route", "remove"},
     {NAME("of a route")},
     "Remove a route"},

    {HTTP_METHOD_GET,
     "/api/v1/reports",
     API_SCOPE_READ,
     {"reports", "list"},
     {DOMAIN_AND_DAYS},
     "Reports of others about our mail"},
    {HTTP_METHOD_GET,
     "/api/v1/reports/summary",
     API_SCOPE_READ,
     {"reports", "summary"},
     {DOMAIN_AND_DAYS},
     "What they say, added up"},
    {HTTP_METHOD_GET,
     "/api/v1/reports/{id}",
     API_SCOPE_READ,
     {"reports", "show"},
     {ID("of a report")},
     "One report"},

    {HTTP_METHOD_GET,
     "/api/v1/certificate",
     API_SCOPE_READ,
     {"certificate", "status"},
     {{0}},
     "The certificate that ACME brought"},
};

size_t api_route_count(void) { return sizeof rows / sizeof rows[0]; }

const struct api_route *api_route_at(size_t index) { return index < api_route_count() ? &rows[index] : NULL; }

size_t api_route_index(const struct api_route *route) { return (size_t)(route - rows); }

/* ---- finding one ---- */

/* Segment for segment; an "{...}" takes any that is not empty. */
static bool path_matches(const char *pattern, struct slice path, struct api_match *match) {
    struct slice left = slice_from_text(pattern);
    match->part_count = 0;
    while (left.len && path.len) {
        (void)slice_take_byte(&left, '/');
        if (!slice_take_byte(&path, '/')) return false;
        struct slice wanted = slice_take_until(&left, '/');
        struct slice found = slice_take_until(&path, '/');
        bool is_any = wanted.len && wanted.ptr[0] == '{';
        if (found.len == 0 || (!is_any && !slice_equal(wanted, found))) return false;
        if (is_any) match->parts[match->part_count++] = found;
    }
    return left.len == 0 && path.len == 0;
}

static void allow(struct arena *arena, struct slice *list, enum http_method method) {
    struct slice name = http_method_name(method);
    *list = list->len ? arena_printf(arena, "%.*s, %.*s", SLICE_PRINT(*list), SLICE_PRINT(name)) : name;
}

/* A row whose path has the word itself comes before one that takes any. */
static bool is_better(const struct api_match *found, const struct api_match *so_far) {
    return !so_far->route || found->part_count < so_far->part_count;
}

struct api_match api_routes_match(struct arena *arena, enum http_method method, struct slice path) {
    struct api_match best = {0};
    struct slice allowed = SLICE_EMPTY;
    for (size_t i = 0; i < api_route_count(); i++) {
        struct api_match match = {.route = &rows[i]};
        if (!path_matches(rows[i].path, path, &match)) continue;
        allow(arena, &allowed, rows[i].method);
        if (rows[i].method == method && is_better(&match, &best)) best = match;
    }
    if (!best.route) best.allow = allowed;
    return best;
}
