/*
 * The routes of the JSON API (docs/api.md): a table, one row for what can be done to one thing. Each row is a
 * verb of administration (app/admin/admin.h) with the places its words come from, so that the API, the
 * command line and
 * `--json` say the same. The edge finds the row and fills in the words (api_request.h); the store looks
 * whether the row, its words and the key's scope belong together (api_service.h). The document for other
 * programs (OpenAPI 3.1) is written from the same table.
 */
#ifndef APP_API_ROUTES_H
#define APP_API_ROUTES_H

#include "app/admin/admin.h"
#include "store/api_key.h"
#include "wire/http_request.h"

enum { API_FIELDS_MAX = 12, API_PATH_PARTS_MAX = 8 };

enum api_source {
    /* "{name}" in the path. */
    API_PATH,
    API_QUERY,
    /* A member of the body, which is one JSON object. */
    API_BODY,
};
enum api_use {
    /* The next of the request's words. */
    API_WORD,
    API_PASSWORD,
    API_QUOTA,
    /* The row's `pack` reads it; a value of any kind. */
    API_DETAIL,
};
struct api_field {
    /* NULL: there are no more. */
    const char *name;
    enum api_source source;
    enum api_use use;
    bool is_number;
    bool is_required;
    /* The word where it is not given; NULL: none. */
    const char *otherwise;
    const char *help;
};

struct api_route {
    enum http_method method;
    const char *path;
    enum api_scope scope;
    /* The words that the request begins with. */
    const char *words[3];
    struct api_field fields[API_FIELDS_MAX];
    /* In a few words, for the document. */
    const char *summary;
    /* Makes details of the body (api_pack.h), or NULL. */
    bool (*pack)(struct arena *arena, const json_t *body, struct buffer *details, struct slice *words);
};

size_t api_route_count(void);
/* NULL: there is no such row. */
const struct api_route *api_route_at(size_t index);
size_t api_route_index(const struct api_route *route);

/* What the path says in its "{...}", in their order. */
struct api_match {
    const struct api_route *route;
    struct slice parts[API_PATH_PARTS_MAX];
    size_t part_count;
    /* Where the path is known and the method is not: "GET, DELETE"; else empty. */
    struct slice allow;
};
/* `route` is NULL where there is none. `allow` is in `arena`. */
struct api_match api_routes_match(struct arena *arena, enum http_method method, struct slice path);

/* The OpenAPI document, new. */
json_t *api_openapi(void);

#endif
