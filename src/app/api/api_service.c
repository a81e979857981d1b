#include "app/api/api_service.h"

#include <stdlib.h>

#include "ipc/pack.h"

enum { KEY_ARENA_BYTES = 64 * 1024 };

struct api_error {
    unsigned status;
    const char *code;
    const char *words;
};

static const struct api_error bad_request = {400, "bad_request", "this server does not know that request"};
static const struct api_error bad_key = {
    401, "bad_key", "this key opens nothing; posthaste api key list shows those that do"};
static const struct api_error not_now = {503, "unavailable",
                                         "the store cannot look at the key now; try again"};
static const struct api_error low_scope = {403, "scope", "the key's scope does not allow this"};

/* What a verb says when it fails (admin_failure), and what HTTP says of it. Without a code, what was asked
   for was not well said. */
static const struct {
    const char *code;
    unsigned status;
} statuses[] = {{"not_found", 404}, {"exists", 409}, {"refused", 422}, {"full", 507},
                {"busy", 503},      {"failed", 500}, {"denied", 403}};

static unsigned status_of(const json_t *document) {
    const char *code = json_string_value(json_object_get(document, "code"));
    if (!json_object_get(document, "error")) return 200;
    for (size_t i = 0; code && i < sizeof statuses / sizeof statuses[0]; i++)
        if (strcmp(code, statuses[i].code) == 0) return statuses[i].status;
    return 400;
}

static bool is_of(const struct admin_request *request, const struct api_route *route) {
    for (size_t i = 0; i < sizeof route->words / sizeof route->words[0] && route->words[i]; i++) {
        struct slice word = slice_from_text(route->words[i]);
        if (i >= request->word_count || !slice_equal(request->words[i], word)) return false;
    }
    return true;
}

/* NULL: it may be done. */
static const struct api_error *check(struct task *t, const struct admin_context *context, struct slice token,
                                     const struct api_route *route, const struct admin_request *request) {
    struct api_key key;
    struct arena *arena = arena_new(KEY_ARENA_BYTES);
    enum store_result result = engine_api_key_check(t, context->engine, arena, token, &key);
    arena_free(&arena);
    if (result != STORE_OK) return result == STORE_DENIED ? &bad_key : &not_now;
    if (!route || !is_of(request, route)) return &bad_request;
    return key.scope < route->scope ? &low_scope : NULL;
}

static void write_document(json_t *document, struct buffer *out) {
    char *text = json_dumps(document, JSON_COMPACT);
    if (!text) FATAL("out of memory for an answer");
    buffer_append_text(out, text);
    free(text);
    json_decref(document);
}

void api_service_answer(struct task *t, const struct admin_context *context, struct slice token,
                        struct slice body, unsigned *status, struct buffer *out) {
    struct unpacker in = unpacker_of(body);
    struct admin_request request = {0};
    const struct api_route *route = api_route_at((size_t)unpack_number(&in));
    if (!admin_request_unpack(in.rest, &request)) route = NULL;
    const struct api_error *error = check(t, context, token, route, &request);
    json_t *document = error ? json_pack("{s:s, s:s}", "error", error->words, "code", error->code)
                             : admin_execute(t, context, &request);
    *status = error ? error->status : status_of(document);
    write_document(document, out);
}
