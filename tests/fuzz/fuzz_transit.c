/*
 * What the store role and the remote role say to each other about outgoing mail, as bytes: what unpacks is
 * packed to bytes that unpack to the same again. The first byte chooses the message.
 */
#include "store/protocol.h"
#include "transit/protocol.h"
#include "transit/sign_protocol.h"

enum { BYTES_MAX = 1 << 20 };

/* Unpacks `in` and packs it again. False: it does not unpack. */
typedef bool repack_fn(struct arena *arena, struct unpacker *in, struct buffer *out);

#define REPACK(name)                                                                          \
    static bool repack_##name(struct arena *arena, struct unpacker *in, struct buffer *out) { \
        struct transit_##name name;                                                           \
        transit_##name##_unpack(in, arena, &name);                                            \
        if (unpack_is_done(in)) transit_##name##_pack(out, &name);                            \
        return unpack_is_done(in);                                                            \
    }
#define REPACK_PLAIN(name)                                                                    \
    static bool repack_##name(struct arena *arena, struct unpacker *in, struct buffer *out) { \
        struct transit_##name name;                                                           \
        (void)arena;                                                                          \
        transit_##name##_unpack(in, &name);                                                   \
        if (unpack_is_done(in)) transit_##name##_pack(out, &name);                            \
        return unpack_is_done(in);                                                            \
    }

REPACK(session)
REPACK_PLAIN(session_end)
REPACK(next)
REPACK(work)
REPACK_PLAIN(body)
REPACK(report)
REPACK(in_hand)
REPACK(test)
REPACK(test_result)
REPACK_PLAIN(signers_question)
REPACK_PLAIN(signers)
REPACK_PLAIN(sign)
REPACK_PLAIN(signatures)
REPACK_PLAIN(look)

static bool repack_policy(struct arena *arena, struct unpacker *in, struct buffer *out) {
    struct sts_policy policy;
    (void)arena;
    transit_policy_unpack(in, &policy);
    if (unpack_is_done(in)) transit_policy_pack(out, &policy);
    return unpack_is_done(in);
}

static repack_fn *const messages[] = {
    repack_session, repack_session_end, repack_next,       repack_work,        repack_body,
    repack_report,  repack_in_hand,     repack_test,       repack_test_result, repack_signers_question,
    repack_signers, repack_sign,        repack_signatures, repack_look,        repack_policy};

/* A packed number may have been written longer than it needs to be: what is packed again is never longer. */
static bool repack(repack_fn *message, struct arena *arena, struct slice bytes, struct buffer *out) {
    struct unpacker in = unpacker_of(bytes);
    return message(arena, &in, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    repack_fn *message = messages[(uint8_t)(data[0] - '0') % (sizeof messages / sizeof messages[0])];
    struct arena *arena = arena_new((size_t)64 * BYTES_MAX);
    struct buffer once = buffer_new(BYTES_MAX);
    struct buffer twice = buffer_new(BYTES_MAX);
    if (repack(message, arena, slice_of(data + 1, size - 1), &once)) {
        ASSERT(once.len < size);
        ASSERT(repack(message, arena, buffer_slice(&once), &twice));
        ASSERT(slice_equal(buffer_slice(&once), buffer_slice(&twice)));
    }
    buffer_free(&once);
    buffer_free(&twice);
    arena_free(&arena);
    return 0;
}
