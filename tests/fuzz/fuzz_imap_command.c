/*
 * Whatever is parsed renders to a command that parses, and renders to the same bytes again; what
 * is not parsed says why. The first byte chooses the form of mailbox names.
 */
#include "base/limits.h"
#include "imap_render.h"
#include "wire/imap_command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(const struct imap_command *command) {
    size_t len = strnlen(command->error_text, sizeof command->error_text);
    ASSERT(len > 0 && len < sizeof command->error_text);
    for (size_t i = 0; i < len; i++) ASSERT(command->error_text[i] >= ' ' && command->error_text[i] < 0x7f);
}

static void check_round_trip(const struct imap_command *command, bool utf8) {
    struct buffer first = buffer_new(MIB(1)), second = buffer_new(MIB(1));
    struct arena *arena = arena_new(MIB(16));
    struct imap_command again;
    imap_render(&first, command, utf8);
    enum imap_parse_error error = imap_command_parse(buffer_slice(&first), arena, utf8, &again);
    if (error) FATAL("%.*s gave %s", SLICE_PRINT(buffer_slice(&first)), again.error_text);
    imap_render(&second, &again, utf8);
    if (!slice_equal(buffer_slice(&first), buffer_slice(&second)))
        FATAL("%.*s became %.*s", SLICE_PRINT(buffer_slice(&first)), SLICE_PRINT(buffer_slice(&second)));
    ASSERT(command->kind == again.kind && command->uid == again.uid);
    arena_free(&arena);
    buffer_free(&first);
    buffer_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1 || size > IMAP_COMMAND_BYTES_MAX) return 0;
    bool utf8 = data[0] & 1;
    struct arena *arena = arena_new(IMAP_COMMAND_ARENA_BYTES_MAX);
    struct imap_command command;
    if (imap_command_parse(slice_of(data + 1, size - 1), arena, utf8, &command))
        check_error(&command);
    else
        check_round_trip(&command, utf8);
    arena_free(&arena);
    return 0;
}
