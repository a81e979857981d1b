/* What an IMAP server says: whole answers are the same whatever the pieces, and what is read of one lies
   inside of it, within its limits. */
#include "base/limits_sender.h"
#include "wire/imap_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ANSWER_BYTES_MAX = 1 << 20, ARENA_BYTES = 16 << 20 };

static enum imap_answer_frame_state frame_in_pieces(struct slice input, size_t piece, size_t *len) {
    struct imap_answer_frame frame = {0};
    for (size_t there = 0;; there = there + piece < input.len ? there + piece : input.len) {
        enum imap_answer_frame_state state =
            imap_answer_frame(&frame, slice_sub(input, 0, there), ANSWER_BYTES_MAX, len);
        if (state != IMAP_ANSWER_FRAME_MORE || there == input.len) return state;
    }
}

static void check(const struct imap_answer *answer) {
    ASSERT(answer->tag.len <= IMAP_TAG_BYTES_MAX);
    ASSERT(answer->folder.len <= IMAP_MAILBOX_NAME_BYTES_MAX || answer->kind != IMAP_ANSWER_LIST);
    ASSERT(answer->range_count <= IMAP_CLIENT_RANGES_MAX);
    for (size_t i = 0; i < answer->range_count; i++)
        ASSERT(answer->ranges[i].first <= answer->ranges[i].last);
    ASSERT(answer->uid == 0 || answer->items & IMAP_ITEM_UID);
    ASSERT(answer->content.len == 0 || answer->items & IMAP_ITEM_CONTENT);
    ASSERT(slice_find_byte(answer->text, '\n') == SLICE_NOT_FOUND || answer->kind == IMAP_ANSWER_CONTINUE ||
           answer->text.len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    size_t piece = 1 + data[0] % 64;
    struct slice rest = slice_of(data + 1, size - 1);
    struct arena *arena = arena_new(ARENA_BYTES);
    for (;;) {
        size_t len = 0;
        size_t pieces_len = 0;
        struct imap_answer_frame frame = {0};
        struct imap_answer answer;
        enum imap_answer_frame_state state = imap_answer_frame(&frame, rest, ANSWER_BYTES_MAX, &len);
        /* Only the first: many short answers in pieces would be read again and again. */
        if (rest.ptr == data + 1) {
            ASSERT(frame_in_pieces(rest, piece, &pieces_len) == state);
            ASSERT(state != IMAP_ANSWER_FRAME_WHOLE || pieces_len == len);
        }
        if (state != IMAP_ANSWER_FRAME_WHOLE) break;
        ASSERT(len > 0 && len <= rest.len && rest.ptr[len - 1] == '\n');
        if (imap_answer_parse(slice_sub(rest, 0, len), arena, &answer)) check(&answer);
        arena_reset(arena);
        rest = slice_skip(rest, len);
    }
    arena_free(&arena);
    return 0;
}
