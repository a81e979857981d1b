/* The API's table: every row is found by its own path, leads to a verb that there is, and says what it takes.
 */
#include "app/api/api_request.h"
#include "test.h"

enum { ARENA_BYTES = 1 << 20 };

/* The row's path with something in each of its places. */
static struct slice example_of(struct arena *arena, const struct api_route *route) {
    struct buffer text = buffer_new(1000);
    bool is_inside = false;
    for (const char *at = route->path; *at; at++) {
        if (*at == '{') buffer_append_text(&text, "some@thing.test");
        is_inside = *at == '{' || (is_inside && *at != '}');
        if (!is_inside && *at != '}') buffer_append_byte(&text, (uint8_t)*at);
    }
    struct slice path = arena_copy(arena, buffer_slice(&text));
    buffer_free(&text);
    return path;
}

static void every_row_is_found_by_its_path(void **state) {
    struct arena *arena = arena_new(ARENA_BYTES);
    for (size_t i = 0; i < api_route_count(); i++) {
        const struct api_route *route = api_route_at(i);
        struct api_match match = api_routes_match(arena, route->method, example_of(arena, route));
        if (match.route != route) fail_msg("%s", route->path);
        assert_int_equal(api_route_index(route), i);
    }
    assert_null(api_route_at(api_route_count()));
    arena_free(&arena);
}

/* What stands in the path is asked for in the order of its places. */
static void every_place_in_a_path_has_a_field(void **state) {
    for (size_t i = 0; i < api_route_count(); i++) {
        const struct api_route *route = api_route_at(i);
        struct slice path = slice_from_text(route->path);
        for (size_t k = 0; k < API_FIELDS_MAX && route->fields[k].name; k++) {
            const struct api_field *field = &route->fields[k];
            if (field->source != API_PATH) continue;
            (void)slice_take_until(&path, '{');
            (void)slice_take_byte(&path, '{');
            if (!slice_equal(slice_take_until(&path, '}'), slice_from_text(field->name)))
                fail_msg("%s: %s", route->path, field->name);
        }
        (void)slice_take_until(&path, '{');
        if (path.len) fail_msg("%s has a place without a field", route->path);
    }
}

static void a_word_in_the_path_comes_before_any(void **state) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct api_match match = api_routes_match(arena, HTTP_METHOD_GET, SLICE("/api/v1/reports/summary"));
    assert_string_equal(match.route->path, "/api/v1/reports/summary");
    match = api_routes_match(arena, HTTP_METHOD_GET, SLICE("/api/v1/reports/5"));
    assert_string_equal(match.route->path, "/api/v1/reports/{id}");
    assert_true(slice_equal(match.parts[0], SLICE("5")));
    arena_free(&arena);
}

static void what_is_left_out_has_its_word(void **state) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct web_api_call call = {
        .method = HTTP_METHOD_GET, .path = SLICE("/api/v1/reports"), .query = SLICE("days=30")};
    struct api_match match = api_routes_match(arena, call.method, call.path);
    struct admin_request request;
    struct slice words;
    assert_int_equal(api_request_read(arena, &match, &call, &request, &words), API_READ_OK);
    assert_int_equal(request.word_count, 4);
    assert_int_equal(request.words[2].len, 0);
    assert_true(slice_equal(request.words[3], SLICE("30")));
    call.query = SLICE("days=soon");
    assert_int_equal(api_request_read(arena, &match, &call, &request, &words), API_READ_BAD);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_found_by_its_path),
        cmocka_unit_test(every_place_in_a_path_has_a_field),
        cmocka_unit_test(a_word_in_the_path_comes_before_any),
        cmocka_unit_test(what_is_left_out_has_its_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
