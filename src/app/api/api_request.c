#include "app/api/api_request.h"

#include <stdlib.h>

#include "app/admin/admin_verbs.h"
#include "base/limits.h"
#include "ipc/pack.h"
#include "wire/http_target.h"
#include "wire/json_depth.h"

/* A document that a verb reads: deeper, and longer. */
enum { DOCUMENT_DEPTH_MAX = 16, DOCUMENT_MEMBERS_MAX = 20000 };
enum {
    REQUEST_ARENA_BYTES = 8 << 20,
    MEMBERS_MAX = 64,
    DETAILS_BYTES_MAX = 2 << 20,
    QUERY_VALUE_BYTES_MAX = HTTP_REQUEST_LINE_BYTES_MAX
};

/* ---- the body ---- */

/* What no route asks for is refused before it is read. */
/* NULL, and *words: it is none. An empty one is as good as {}. */
static json_t *body_read(struct arena *arena, const struct api_route *route, struct slice body,
                         struct slice *words) {
    json_error_t error = {0};
    json_t *read = NULL;
    bool is_good = route->pack ? json_is_modest(body, DOCUMENT_DEPTH_MAX, DOCUMENT_MEMBERS_MAX)
                               : json_is_modest(body, 1, MEMBERS_MAX);
    if (body.len == 0) return json_object();
    if (is_good) read = json_loadb((const char *)body.ptr, body.len, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(read)) return read;
    *words = !is_good ? SLICE("the body is deeper, or has more members, than any request here has")
             : read   ? SLICE("the body is JSON, but not an object")
                      : arena_printf(arena, "the body is not JSON: line %d, column %d: %s", error.line,
                                     error.column, error.text);
    json_decref(read);
    return NULL;
}

static bool is_body_field(const struct api_route *route, const char *name) {
    for (size_t i = 0; i < API_FIELDS_MAX && route->fields[i].name; i++)
        if (route->fields[i].source == API_BODY && strcmp(route->fields[i].name, name) == 0) return true;
    return false;
}

/* The first member that the route does not know. */
static const char *stranger_of(const struct api_route *route, json_t *body) {
    const char *name;
    const json_t *value;
    json_object_foreach(body, name, value) if (!is_body_field(route, name)) return name;
    return NULL;
}

static struct slice text_of(struct arena *arena, const json_t *value) {
    if (json_is_integer(value)) return arena_printf(arena, "%lld", (long long)json_integer_value(value));
    return arena_copy(arena, slice_of(json_string_value(value), json_string_length(value)));
}

/* ---- a field ---- */

struct reading {
    struct arena *arena;
    const struct api_match *match;
    const struct web_api_call *call;
    json_t *body;
    size_t parts_used;
};

enum found { FOUND, FOUND_NONE, FOUND_BAD };

static enum found from_body(struct reading *reading, const struct api_field *field, struct slice *value) {
    const json_t *member = json_object_get(reading->body, field->name);
    if (!member || json_is_null(member)) return FOUND_NONE;
    if (field->use == API_DETAIL) return FOUND;
    if (field->is_number ? !json_is_integer(member) : !json_is_string(member)) return FOUND_BAD;
    *value = text_of(reading->arena, member);
    return FOUND;
}

static enum found from_query(struct reading *reading, const struct api_field *field, struct slice *value) {
    struct buffer text = buffer_new(QUERY_VALUE_BYTES_MAX);
    bool is_there = http_query_value(reading->call->query, slice_from_text(field->name), &text);
    if (is_there) *value = arena_copy(reading->arena, buffer_slice(&text));
    buffer_free(&text);
    return is_there ? FOUND : FOUND_NONE;
}

/* Where the row's `pack` is to read it, which knows the body alone, it is put there. */
static enum found from_path(struct reading *reading, const struct api_field *field, struct slice *value) {
    *value = reading->match->parts[reading->parts_used++];
    if (field->use == API_DETAIL) json_object_set_new(reading->body, field->name, admin_text(*value));
    return FOUND;
}

static enum found field_find(struct reading *reading, const struct api_field *field, struct slice *value) {
    static enum found (*const readers[])(struct reading * reading, const struct api_field *field,
                                         struct slice *value) = {
        [API_PATH] = from_path, [API_QUERY] = from_query, [API_BODY] = from_body};
    uint64_t number;
    enum found found = readers[field->source](reading, field, value);
    if (found == FOUND && field->is_number && !slice_to_number(*value, INT64_MAX, &number)) return FOUND_BAD;
    return found;
}

static bool field_use(const struct api_field *field, struct slice value, struct admin_request *request) {
    switch (field->use) {
    case API_PASSWORD:
        request->password = value;
        return true;
    case API_DETAIL:
        return true;
    case API_QUOTA:
        return slice_to_number(value, INT64_MAX, &request->quota_bytes);
    case API_WORD:
        break;
    }
    if (request->word_count == ADMIN_WORDS_MAX) return false;
    request->words[request->word_count++] = value;
    return true;
}

/* False, and *words: it is missing or wrong. */
static bool field_read(struct reading *reading, const struct api_field *field, struct admin_request *request,
                       struct slice *words) {
    struct slice value = SLICE_EMPTY;
    enum found found = field_find(reading, field, &value);
    if (found == FOUND_NONE && field->is_required) {
        *words = arena_printf(reading->arena, "\"%s\" is missing: %s", field->name, field->help);
        return false;
    }
    if (found == FOUND_NONE && !field->otherwise) return true;
    if (found == FOUND_NONE) value = slice_from_text(field->otherwise);
    if (found != FOUND_BAD && field_use(field, value, request)) return true;
    *words = arena_printf(reading->arena, "\"%s\" must be %s: %s", field->name,
                          field->is_number ? "a number" : "a text", field->help);
    return false;
}

static bool fields_read(struct reading *reading, struct admin_request *request, struct slice *words) {
    const struct api_route *route = reading->match->route;
    const char *stranger = stranger_of(route, reading->body);
    if (stranger) {
        *words = arena_printf(reading->arena, "\"%.100s\" is not known here", stranger);
        return false;
    }
    for (size_t i = 0; i < API_FIELDS_MAX && route->fields[i].name; i++)
        if (!field_read(reading, &route->fields[i], request, words)) return false;
    return true;
}

/* Details live in the arena, as all of the request does. */
static bool details_read(struct reading *reading, struct admin_request *request, struct slice *words) {
    const struct api_route *route = reading->match->route;
    if (!route->pack) return true;
    struct buffer details = buffer_new(DETAILS_BYTES_MAX);
    bool is_good = route->pack(reading->arena, reading->body, &details, words);
    if (is_good && buffer_overflowed(&details)) {
        *words = SLICE("the body is too long");
        is_good = false;
    }
    if (is_good) request->details = arena_copy(reading->arena, buffer_slice(&details));
    buffer_free(&details);
    return is_good;
}

enum api_read api_request_read(struct arena *arena, const struct api_match *match,
                               const struct web_api_call *call, struct admin_request *request,
                               struct slice *words) {
    struct reading reading = {.arena = arena, .match = match, .call = call};
    *request = (struct admin_request){0};
    for (size_t i = 0; i < 3 && match->route->words[i]; i++)
        request->words[request->word_count++] = slice_from_text(match->route->words[i]);
    reading.body = body_read(arena, match->route, call->body, words);
    bool is_good =
        reading.body && fields_read(&reading, request, words) && details_read(&reading, request, words);
    json_decref(reading.body);
    return is_good ? API_READ_OK : API_READ_BAD;
}

/* ---- the answer ---- */

static unsigned say(struct buffer *out, unsigned status, const char *code, struct slice words) {
    json_t *document = json_pack("{s:o, s:s}", "error", admin_text(words), "code", code);
    char *text = json_dumps(document, JSON_COMPACT);
    if (!text) FATAL("out of memory for an answer");
    buffer_append_text(out, text);
    free(text);
    json_decref(document);
    return status;
}

/* A request at work. */
struct asking {
    struct task *t;
    struct store_client *store;
    struct arena *arena;
    const struct web_api_call *call;
    struct buffer *out;
};

/* The number of a route, or of none. */
static unsigned ask_store(struct asking *asking, size_t route, const struct admin_request *request,
                          struct slice *words) {
    unsigned status = 0;
    struct buffer packed = buffer_new(STORE_SPILL_BYTES_MAX);
    pack_number(&packed, route);
    admin_request_pack(&packed, request);
    enum store_result result = store_api_call(asking->t, asking->store, asking->arena, asking->call->token,
                                              buffer_slice(&packed), &status, words);
    buffer_free(&packed);
    if (result == STORE_OK) return status;
    *words = SLICE("{\"error\":\"the store does not answer; try again\",\"code\":\"unavailable\"}");
    return 503;
}

/* Why it cannot be asked for is said to who has a key. To all others the store says what it says of keys: for
   a good one it has nothing but that there is no such route. */
static unsigned refuse(struct asking *asking, unsigned status, const char *code, struct slice words) {
    struct admin_request nothing = {0};
    struct slice said;
    unsigned told = ask_store(asking, api_route_count(), &nothing, &said);
    if (told == 400) return say(asking->out, status, code, words);
    buffer_append(asking->out, said);
    return told;
}

static unsigned ask(struct asking *asking, const struct api_match *match) {
    struct admin_request request;
    struct slice words = SLICE_EMPTY;
    if (!asking->call->is_json)
        return refuse(asking, 415, "not_json",
                      SLICE("the body must be JSON, with Content-Type: application/json"));
    if (api_request_read(asking->arena, match, asking->call, &request, &words) != API_READ_OK)
        return refuse(asking, 400, "bad_request", words);
    unsigned status = ask_store(asking, api_route_index(match->route), &request, &words);
    buffer_append(asking->out, words);
    return status;
}

/* Not even which paths there are is told to who has no key. */
static unsigned answer(struct asking *asking, struct buffer *allow) {
    const struct web_api_call *call = asking->call;
    if (call->token.len == 0)
        return say(asking->out, HTTP_UNAUTHORIZED, "no_key",
                   SLICE("say who asks: Authorization: Bearer KEY; posthaste api key add makes one"));
    struct api_match match = api_routes_match(asking->arena, call->method, call->path);
    if (match.route) return ask(asking, &match);
    if (match.allow.len == 0)
        return refuse(asking, 404, "not_found",
                      SLICE("there is nothing of that name; docs/api.md lists what there is"));
    unsigned status = refuse(asking, 405, "bad_method",
                             arena_printf(asking->arena, "here is %.*s", SLICE_PRINT(match.allow)));
    if (status == 405) buffer_append(allow, match.allow);
    return status;
}

unsigned api_request_answer(struct task *t, struct store_client *store, const struct web_api_call *call,
                            struct buffer *out, struct buffer *allow) {
    struct arena *arena = arena_new(REQUEST_ARENA_BYTES);
    struct asking asking = {t, store, arena, call, out};
    unsigned status = answer(&asking, allow);
    arena_free(&arena);
    return status;
}
