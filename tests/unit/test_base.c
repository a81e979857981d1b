/* The ground floor: slices, buffers, arenas, maps, encodings, log lines. */
#include "test.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/map.h"

static void slice_takes_from_the_front(void **state) {
    struct slice s = SLICE("abc 123 x");
    assert_slice(slice_take_until(&s, ' '), "abc");
    assert_true(slice_take_byte(&s, ' '));
    uint64_t number = 0;
    assert_true(slice_take_number(&s, 200, &number));
    assert_int_equal(number, 123);
    assert_slice(s, " x");
}

static void numbers_over_their_maximum_are_refused(void **state) {
    uint64_t number = 7;
    assert_false(slice_to_number(SLICE("4294967296"), UINT32_MAX, &number));
    assert_true(slice_to_number(SLICE("4294967295"), UINT32_MAX, &number));
    assert_false(slice_to_number(SLICE("99999999999999999999999"), UINT64_MAX, &number));
    assert_true(slice_to_number(SLICE("18446744073709551615"), UINT64_MAX, &number));
    assert_false(slice_to_number(SLICE(""), 9, &number));
    assert_false(slice_to_number(SLICE("5x"), 9, &number));
}

static void buffer_stops_at_its_maximum(void **state) {
    struct buffer b = buffer_new(10);
    buffer_append(&b, SLICE("12345678"));
    buffer_append(&b, SLICE("abc"));
    assert_true(buffer_overflowed(&b));
    assert_slice(buffer_slice(&b), "12345678");
    buffer_clear(&b);
    buffer_append(&b, SLICE("abc"));
    assert_false(buffer_overflowed(&b));
    buffer_consume(&b, 1);
    assert_slice(buffer_slice(&b), "bc");
    buffer_free(&b);
}

static void arena_keeps_to_its_budget(void **state) {
    struct arena *arena = arena_new(10000);
    assert_non_null(arena_try_alloc(arena, 9000));
    assert_null(arena_try_alloc(arena, 2000));
    arena_reset(arena);
    assert_int_equal(arena_used_bytes(arena), 0);
    assert_slice(arena_printf(arena, "%d-%s", 5, "x"), "5-x");
    arena_free(&arena);
    assert_null(arena);
}

static void map_finds_what_was_put_after_removals(void **state) {
    struct map *map = map_new(42);
    static int values[1000];
    for (uint64_t i = 0; i < 1000; i++) assert_null(map_put_id(map, i, &values[i]));
    for (uint64_t i = 0; i < 1000; i += 3) assert_ptr_equal(map_remove_id(map, i), &values[i]);
    for (uint64_t i = 0; i < 1000; i++) assert_ptr_equal(map_get_id(map, i), i % 3 ? &values[i] : NULL);
    size_t cursor = 0;
    size_t seen = 0;
    while (map_next(map, &cursor, NULL)) seen++;
    assert_int_equal(seen, map_count(map));
    map_free(&map);
}

static void base64_round_trips_and_refuses_the_rest(void **state) {
    struct buffer text = buffer_new(100);
    struct buffer bytes = buffer_new(100);
    static const char *const vectors[][2] = {{"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
                                             {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < 6; i++) {
        buffer_clear(&text);
        buffer_clear(&bytes);
        base64_encode(&text, slice_from_text(vectors[i][0]));
        assert_slice(buffer_slice(&text), vectors[i][1]);
        assert_true(base64_decode(&bytes, buffer_slice(&text)));
        assert_slice(buffer_slice(&bytes), vectors[i][0]);
    }
    static const char *const bad[] = {"Zg", "Zg=", "Zh==", "Zg==Zg==", "Z===", "====", "Zm9v\n", "Zm 9v==="};
    for (size_t i = 0; i < 8; i++) assert_false(base64_decode(&bytes, slice_from_text(bad[i])));
    buffer_free(&text);
    buffer_free(&bytes);
}

static void keep_line(void *context, struct slice line) {
    buffer_clear(context);
    buffer_append(context, line);
}
static int64_t fixed_time(void *context) { return 1700000000123; }

static void log_lines_never_carry_control_bytes(void **state) {
    struct buffer line = buffer_new(4096);
    struct log log = {keep_line, fixed_time, &line, "edge", LOG_LEVEL_INFO};
    LOG_INFO(&log, "smtp.mail", LOG_TEXT("from", SLICE("a\r\nb\"")), LOG_NUMBER("size", -5),
             LOG_ID("id", 255));
    assert_slice(buffer_slice(&line),
                 "2023-11-14T22:13:20.123Z info edge smtp.mail from=\"a\\x0d\\x0ab\\\"\" "
                 "size=-5 id=00000000000000ff");
    buffer_free(&line);
}

/* The role aborts, and its supervisor starts it again: nobody goes on with half of what they asked for. */
static void an_allocation_that_fails_ends_the_role(void **state) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        struct buffer never = buffer_new(SIZE_MAX);
        (void)buffer_reserve(&never, (size_t)1 << 50);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slice_takes_from_the_front),
        cmocka_unit_test(numbers_over_their_maximum_are_refused),
        cmocka_unit_test(buffer_stops_at_its_maximum),
        cmocka_unit_test(arena_keeps_to_its_budget),
        cmocka_unit_test(map_finds_what_was_put_after_removals),
        cmocka_unit_test(base64_round_trips_and_refuses_the_rest),
        cmocka_unit_test(an_allocation_that_fails_ends_the_role),
        cmocka_unit_test(log_lines_never_carry_control_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
