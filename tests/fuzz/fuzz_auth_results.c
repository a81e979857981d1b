/*
 * Authentication-Results: any value is read within its limits; what was read and is written again reads the
 * same; a field that names our host as we would write it is always taken for ours.
 */
#include "base/fatal.h"
#include "wire/auth_results.h"
#include "wire/wire_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct slice host = SLICE_INIT("mx.example.test");

/* Written values are cleaned and cut. */
static bool is_same(struct slice written, struct slice read) {
    struct buffer cleaned = buffer_new(4 * AUTH_TEXT_BYTES_MAX);
    wire_text_clean(&cleaned, slice_sub(written, 0, AUTH_TEXT_BYTES_MAX), true);
    bool is_equal = slice_equal(buffer_slice(&cleaned), read);
    buffer_free(&cleaned);
    return is_equal;
}

static void check_there_and_back(struct arena *arena, const struct auth_result *result) {
    struct buffer out = buffer_new(AUTH_RESULTS_BYTES_MAX);
    struct auth_results_writer writer = auth_results_begin(&out, host);
    auth_results_method(&writer, "spf", "fail", result->reason, result->reason);
    for (size_t i = 0; i < result->property_count; i++)
        auth_results_property(&writer, "smtp.mailfrom", result->properties[i].value);
    auth_results_end(&writer);
    ASSERT(!buffer_overflowed(&out));
    struct slice value = slice_skip(buffer_slice(&out), slice_find_byte(buffer_slice(&out), ':') + 1);
    struct auth_results_reader reader;
    struct auth_result again;
    ASSERT(auth_results_is_of(value, host));
    ASSERT(auth_results_read(arena, value, &reader) && slice_equal(reader.id, host));
    ASSERT(auth_results_next(&reader, &again));
    ASSERT(is_same(result->reason, again.reason));
    for (size_t i = 0, j = 0; i < result->property_count; i++)
        if (result->properties[i].value.len)
            ASSERT(is_same(result->properties[i].value, again.properties[j++].value));
    ASSERT(!auth_results_next(&reader, &again));
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice value = slice_of(data, size);
    struct arena *arena = arena_new(2 * size + KIB(64));
    struct arena *scratch = arena_new(KIB(64));
    struct auth_results_reader reader;
    struct auth_result result;
    if (auth_results_read(arena, value, &reader)) {
        ASSERT(reader.id.len && reader.id.len <= size);
        if (slice_equal_nocase(reader.id, host)) ASSERT(auth_results_is_of(value, host));
        for (int i = 0; auth_results_next(&reader, &result); i++) {
            ASSERT(result.method.len && result.result.len && result.property_count <= AUTH_PROPERTIES_MAX);
            if (i < 4) check_there_and_back(scratch, &result);
            arena_reset(scratch);
        }
    }
    arena_free(&scratch);
    arena_free(&arena);
    return 0;
}
