/*
 * A stranger's header passing by: however it is cut, the same comes out; what comes out is what went in
 * without some fields, of which our own reader then finds none; From values are all of them.
 */
#include "base/fatal.h"
#include "wire/auth_results.h"
#include "wire/header.h"
#include "wire/inbound_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct slice host = SLICE_INIT("mx.example.test");

static struct buffer pass(struct inbound_header *header, struct slice rest, size_t piece) {
    struct buffer out = buffer_new(rest.len + AUTH_RESULTS_HELD_BYTES_MAX);
    while (rest.len) {
        inbound_header_write(header, slice_take(&rest, piece), &out);
        ASSERT(!buffer_overflowed(&out));
    }
    inbound_header_finish(header, &out);
    ASSERT(!buffer_overflowed(&out));
    return out;
}

static void check_not_ours(struct slice value) {
    struct arena *arena = arena_new(value.len + KIB(4));
    struct auth_results_reader reader;
    if (auth_results_read(arena, value, &reader)) ASSERT(!slice_equal_nocase(reader.id, host));
    arena_free(&arena);
}

static void check_gone(struct slice message) {
    struct header_field field;
    while (header_next(&message, &field)) {
        ASSERT(!slice_equal_nocase(field.name, SLICE("X-Posthaste-Junk")));
        if (slice_equal_nocase(field.name, SLICE("Authentication-Results"))) check_not_ours(field.value);
    }
}

/* RFC 5322 2.2: our input has CRLF only, and names are followed by their colon on the same line. */
static bool is_canonical(struct slice bytes) {
    bool has_colon = false;
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.ptr[i] == 0) return false;
        if (bytes.ptr[i] == '\n' && (i == 0 || bytes.ptr[i - 1] != '\r')) return false;
        if (bytes.ptr[i] == '\r' && (i + 1 == bytes.len || bytes.ptr[i + 1] != '\n')) return false;
        bool is_line_end = bytes.ptr[i] == '\n';
        if (bytes.ptr[i] == ':') has_colon = true;
        if (is_line_end && !has_colon) return false;
        if (is_line_end && i + 1 < bytes.len && bytes.ptr[i + 1] != ' ' && bytes.ptr[i + 1] != '\t')
            has_colon = bytes.ptr[i + 1] == '\r';
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice message = slice_of(data, size);
    struct inbound_header whole = inbound_header_new(host);
    struct inbound_header cut = inbound_header_new(host);
    struct buffer out = pass(&whole, message, size ? size : 1);
    struct buffer again = pass(&cut, message, size ? data[0] % 7 + 1u : 1);
    ASSERT(slice_equal(buffer_slice(&out), buffer_slice(&again)));
    ASSERT(slice_equal(buffer_slice(&whole.from), buffer_slice(&cut.from)));
    ASSERT(whole.dropped_count == cut.dropped_count && whole.from_count == cut.from_count);
    ASSERT(whole.dropped_count || out.len == size);
    if (is_canonical(message)) check_gone(buffer_slice(&out));
    buffer_free(&out);
    buffer_free(&again);
    inbound_header_free(&whole);
    inbound_header_free(&cut);
    return 0;
}
