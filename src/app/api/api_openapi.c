/* The API's document (OpenAPI 3.1), written from its table of routes. */
#include <ctype.h>

#include "app/api/api_routes.h"

static json_t *schema_of(const struct api_field *field) {
    /* What a row's `pack` reads is described in words. */
    json_t *schema = field->use == API_DETAIL && field->source == API_BODY
                         ? json_object()
                         : json_pack("{s:s}", "type", field->is_number ? "integer" : "string");
    if (field->use == API_PASSWORD) json_object_set_new(schema, "writeOnly", json_true());
    return schema;
}

static json_t *parameter_of(const struct api_field *field) {
    return json_pack("{s:s, s:s, s:b, s:s, s:o}", "name", field->name, "in",
                     field->source == API_PATH ? "path" : "query", "required", (int)field->is_required,
                     "description", field->help, "schema", schema_of(field));
}

static json_t *parameters_of(const struct api_route *route) {
    json_t *list = json_array();
    for (size_t i = 0; i < API_FIELDS_MAX && route->fields[i].name; i++)
        if (route->fields[i].source != API_BODY) json_array_append_new(list, parameter_of(&route->fields[i]));
    return list;
}

static void add_member(const struct api_field *field, json_t *members, json_t *required) {
    json_t *schema = schema_of(field);
    json_object_set_new(schema, "description", json_string(field->help));
    json_object_set_new(members, field->name, schema);
    if (field->is_required) json_array_append_new(required, json_string(field->name));
}

/* NULL: it takes none. */
static json_t *body_of(const struct api_route *route) {
    json_t *members = json_object();
    json_t *required = json_array();
    for (size_t i = 0; i < API_FIELDS_MAX && route->fields[i].name; i++)
        if (route->fields[i].source == API_BODY) add_member(&route->fields[i], members, required);
    if (json_object_size(members))
        return json_pack("{s:b, s:{s:{s:{s:s, s:o, s:o, s:b}}}}", "required", json_array_size(required) > 0,
                         "content", "application/json", "schema", "type", "object", "properties", members,
                         "required", required, "additionalProperties", 0);
    json_decref(members);
    json_decref(required);
    return NULL;
}

static json_t *answer(const char *words) {
    return json_pack("{s:s, s:{s:{s:{s:s}}}}", "description", words, "content", "application/json", "schema",
                     "type", "object");
}

static json_t *operation_of(const struct api_route *route) {
    json_t *operation = json_pack("{s:s, s:s, s:o, s:{s:o, s:o}}", "summary", route->summary, "description",
                                  route->scope == API_SCOPE_READ    ? "Needs a key of scope read."
                                  : route->scope == API_SCOPE_WRITE ? "Needs a key of scope write."
                                                                    : "Needs a key of scope admin.",
                                  "parameters", parameters_of(route), "responses", "200",
                                  answer("It is done; or what was asked for"), "default",
                                  answer("An error: {\"error\": words, \"code\": which}"));
    json_t *body = body_of(route);
    if (body) json_object_set_new(operation, "requestBody", body);
    return operation;
}

static void add_route(json_t *paths, const struct api_route *route) {
    char method[16] = {0};
    struct slice name = http_method_name(route->method);
    json_t *path = json_object_get(paths, route->path);
    if (!path) {
        path = json_object();
        json_object_set_new(paths, route->path, path);
    }
    for (size_t i = 0; i < name.len && i < sizeof method - 1; i++) method[i] = (char)tolower(name.ptr[i]);
    json_object_set_new(path, method, operation_of(route));
}

json_t *api_openapi(void) {
    json_t *paths = json_object();
    for (size_t i = 0; i < api_route_count(); i++) add_route(paths, api_route_at(i));
    return json_pack("{s:s, s:{s:s, s:s, s:s}, s:[{s:[]}], s:{s:{s:{s:s, s:s}}}, s:o}", "openapi", "3.1.0",
                     "info", "title", "Posthaste", "version", POSTHASTE_VERSION, "description",
                     "Everything the command line does, over HTTPS.", "security", "key", "components",
                     "securitySchemes", "key", "type", "http", "scheme", "bearer", "paths", paths);
}
