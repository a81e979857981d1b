/* Fields, encoded words, parameters, charsets and HTML: what comes out is UTF-8, and bounded. */
#include "base/limits.h"
#include "wire/charset.h"
#include "wire/encoded_word.h"
#include "wire/header.h"
#include "wire/html_text.h"
#include "wire/message_id.h"
#include "wire/parameter.h"
#include "wire/received.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_value(struct slice value, struct buffer *out) {
    struct arena *arena = arena_new(1 << 20);
    struct media media;
    buffer_clear(out);
    encoded_word_decode_field(out, value);
    ASSERT(utf8_valid(buffer_slice(out)));
    if (media_parse(arena, value, &media) == PARAMETER_OK) {
        ASSERT(media.parameters.count <= MIME_PARAMETERS_MAX);
        buffer_clear(out);
        (void)parameter_decode(&media.parameters, SLICE("filename"), out);
        (void)parameter_decode(&media.parameters, SLICE("name"), out);
        ASSERT(utf8_valid(buffer_slice(out)));
    }
    struct slice id;
    while (message_id_next(&value, &id)) ASSERT(id.len > 0);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buffer out = buffer_new(1 << 20);
    struct slice rest = slice_of(data, size);
    struct header_field field;
    while (header_next(&rest, &field)) check_value(field.value, &out);
    check_value(slice_of(data, size), &out);
    bool is_within = received_is_from_within(slice_of(data, size), SLICE("10.0.0.0/8"));
    ASSERT(is_within || !received_is_from_within(slice_of(data, size), SLICE("10.0.0.0/9")));
    struct buffer utf8 = buffer_new(1 << 20);
    charset_to_utf8(slice_sub(slice_of(data, size), 0, size % 20), slice_of(data, size), &utf8);
    ASSERT(utf8_valid(buffer_slice(&utf8)));
    buffer_clear(&out);
    html_text_append(&out, buffer_slice(&utf8));
    ASSERT(utf8_valid(buffer_slice(&out)));
    buffer_free(&utf8);
    buffer_free(&out);
    return 0;
}
