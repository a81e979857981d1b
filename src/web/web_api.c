#include "web/web_api.h"

#include "wire/http_reply.h"

#define JSON_TYPE "application/json"

static void fail(struct web_response *response, unsigned status, const char *code, const char *words) {
    response->status = status;
    buffer_clear(&response->body);
    buffer_printf(&response->body, "{\"error\":\"%s\",\"code\":\"%s\"}", words, code);
}

/* RFC 6750 2.1; the scheme's name in any case (RFC 9110 11.1). Empty: there is none. */
static struct slice token_of(const struct http_request *request) {
    const struct http_field *field = http_request_field(request, SLICE("Authorization"));
    struct slice value = field ? field->value : SLICE_EMPTY;
    if (!slice_starts_nocase(value, SLICE("Bearer "))) return SLICE_EMPTY;
    return slice_trim(slice_skip(value, sizeof "Bearer " - 1));
}

/* Where there is a body it is JSON, and says so: what a form of a foreign page can send is not. */
static bool is_json(const struct web_exchange *exchange) {
    const struct http_field *field = http_request_field(exchange->request, SLICE("Content-Type"));
    if (exchange->body.len == 0) return true;
    struct slice type = field ? field->value : SLICE_EMPTY;
    struct slice name = slice_trim(slice_take_until(&type, ';'));
    return slice_equal_nocase(name, SLICE(JSON_TYPE));
}

static void finish(struct web_response *response) {
    if (response->status == HTTP_UNAUTHORIZED) response->challenge = SLICE("Bearer realm=\"posthaste\"");
    if (buffer_overflowed(&response->body))
        fail(response, 500, "too_long", "the answer is too long: ask for less at a time (limit, after)");
    buffer_append_byte(&response->body, '\n');
}

void web_api_run(struct task *t, const struct web_exchange *exchange, struct web_response *response) {
    const struct web_server *server = exchange->server;
    struct web_api_call call = {.method = exchange->request->method,
                                .path = exchange->path,
                                .query = exchange->request->query,
                                .token = token_of(exchange->request),
                                .body = exchange->body,
                                .is_json = is_json(exchange)};
    response->content_type = JSON_TYPE;
    if (!server->api)
        fail(response, 404, "not_found", "there is no API here");
    else
        response->status = server->api(t, server->context, &call, &response->body, &response->allow_text);
    response->allow = buffer_slice(&response->allow_text);
    finish(response);
}
