/* Any bytes as a request to the API: a method, a path, a query and a body, a line each. What is read is a
   request of the row that was found: its words, and no others in front. */
#include "app/api/api_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice take_line(struct slice *input) {
    struct slice line = slice_take_until(input, '\n');
    (void)slice_take_byte(input, '\n');
    return line;
}

static void check(const struct api_route *route, const struct admin_request *request) {
    size_t fixed = 0;
    while (fixed < 3 && route->words[fixed]) {
        ASSERT(fixed < request->word_count);
        ASSERT(slice_equal(request->words[fixed], slice_from_text(route->words[fixed])));
        fixed++;
    }
    ASSERT(request->word_count <= fixed + API_FIELDS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new(MIB(8));
    struct slice input = slice_of(data, size);
    struct slice method = take_line(&input);
    struct web_api_call call = {.method =
                                    method.len ? (enum http_method)(method.ptr[0] % 8) : HTTP_METHOD_GET,
                                .path = take_line(&input),
                                .query = take_line(&input)};
    call.body = input;
    struct api_match match = api_routes_match(arena, call.method, call.path);
    struct admin_request request;
    struct slice words = SLICE_EMPTY;
    if (match.route && api_request_read(arena, &match, &call, &request, &words) == API_READ_OK)
        check(match.route, &request);
    else
        ASSERT(!match.route || words.len);
    arena_free(&arena);
    return 0;
}
