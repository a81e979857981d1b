#include "app/cli/message_source.h"

#include <errno.h>

#include "app/cli/admin_client.h"
#include "base/encode.h"
#include "base/limits.h"
#include "io/real/read_file.h"
#include "store/body_pack.h"
#include "wire/header.h"

enum { SOURCE_BYTES_MAX = 512 * 1024 * 1024 };

/* ---- one that waits ---- */

/* The bytes of one piece, or SIZE_MAX: it was said why there is none. */
static size_t take_piece(struct cli *cli, struct slice name, struct buffer *packed) {
    struct admin_request request = {
        .words = {SLICE("queue"), SLICE("body"), name, arena_printf(cli->arena, "%zu", packed->len)},
        .word_count = 4};
    json_t *answer = admin_ask(cli->data, &request);
    const char *error = json_string_value(json_object_get(answer, "error"));
    const char *text = json_string_value(json_object_get(answer, "packed"));
    size_t bytes = (size_t)json_integer_value(json_object_get(answer, "bytes"));
    if (error || !text || !base64_decode(packed, slice_from_text(text))) {
        (void)cli_fail("%s", error ? error : "the server answers what cannot be read");
        bytes = SIZE_MAX;
    }
    json_decref(answer);
    return bytes;
}

static bool unpack_all(struct slice packed, const struct body_index *index, struct buffer *raw) {
    struct body_unpacker *unpacker = body_unpacker_new();
    bool is_good = true;
    uint64_t offset = 0;
    for (uint32_t i = 0; is_good && i < index->frame_count; i++) {
        uint32_t len = body_index_length(index, i);
        is_good = body_unpack_frame(unpacker, slice_sub(packed, offset, len), raw) == BODY_UNPACK_OK;
        offset += len;
    }
    body_unpacker_free(&unpacker);
    return is_good && !buffer_overflowed(raw);
}

static bool unpack(struct slice packed, struct buffer *raw) {
    struct body_index index;
    uint64_t index_bytes;
    if (packed.len < 4 ||
        body_index_bytes(slice_skip(packed, packed.len - 4), packed.len, &index_bytes) != BODY_UNPACK_OK)
        return false;
    struct slice tail = slice_skip(packed, packed.len - (size_t)index_bytes);
    return body_index_read(tail, packed.len, &index) == BODY_UNPACK_OK && unpack_all(packed, &index, raw);
}

static int read_waiting(struct cli *cli, struct slice name, struct slice *message) {
    struct buffer packed = buffer_new(SOURCE_BYTES_MAX);
    struct buffer raw = buffer_new(SOURCE_BYTES_MAX);
    size_t got;
    do got = take_piece(cli, name, &packed);
    while (got > 0 && got != SIZE_MAX);
    int status = got == SIZE_MAX ? EXIT_FAILED
                 : unpack(buffer_slice(&packed), &raw)
                     ? EXIT_DONE
                     : cli_fail("%.*s: it cannot be read", SLICE_PRINT(name));
    if (status == EXIT_DONE) *message = arena_copy(cli->arena, buffer_slice(&raw));
    buffer_free(&packed);
    buffer_free(&raw);
    return status;
}

/* ---- either ---- */

/* RFC 5321 4.4: what delivery put in front. */
static void take_return_path(struct slice *message, struct slice *sender, bool *has_sender) {
    struct slice rest = *message;
    struct header_field field;
    *has_sender = header_next(&rest, &field) && slice_equal_nocase(field.name, SLICE("Return-Path"));
    if (!*has_sender) return;
    *message = rest;
    (void)slice_take_until(&field.value, '<');
    (void)slice_take_byte(&field.value, '<');
    *sender = slice_take_until(&field.value, '>');
}

int message_source_read(struct cli *cli, struct slice name, struct slice *message, struct slice *sender,
                        bool *has_sender) {
    int result = read_file(cli->arena, arena_text(cli->arena, name), SOURCE_BYTES_MAX, message);
    if (result == -ENOENT && cli->data) {
        int status = read_waiting(cli, name, message);
        if (status) return status;
    } else if (result)
        return cli_fail("%.*s: %s", SLICE_PRINT(name), strerror(-result));
    take_return_path(message, sender, has_sender);
    return EXIT_DONE;
}
