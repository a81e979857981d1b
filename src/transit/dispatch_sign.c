/* The remote role's questions about signing (transit/sign_protocol.h). */
#include "store/engine_dkim.h"
#include "transit/scheduler_state.h"
#include "transit/sign_protocol.h"

enum { SIGN_ARENA_BYTES = 256 * 1024 };

/* The session has that message in hand, or NULL. Looked up anew after each wait. */
static struct site_session *session_of(struct scheduler *scheduler, uint64_t id, uint64_t message) {
    struct site_session *session = map_get_id(scheduler->sessions, id);
    return session && message && session->message == message ? session : NULL;
}

static enum transit_sign_result result_of(enum store_result result) {
    if (result == STORE_OK) return TRANSIT_SIGN_OK;
    return result == STORE_NOT_FOUND ? TRANSIT_SIGN_AGAIN : TRANSIT_SIGN_LATER;
}

/* What it may have signed from now on. */
static void note_signers(struct site_session *session, const struct dkim_signers *signers) {
    memset(session->signing_keys, 0, sizeof session->signing_keys);
    for (size_t i = 0; i < signers->count; i++) session->signing_keys[i] = signers->signers[i].key;
    session->signed_message = session->message;
}

static void find_signers(struct task *t, struct scheduler *scheduler, struct arena *arena,
                         const struct transit_signers_question *question, struct transit_signers *answer) {
    *answer = (struct transit_signers){.result = TRANSIT_SIGN_LATER};
    if (!session_of(scheduler, question->session, question->message)) return;
    enum store_result result =
        question->is_seal
            ? engine_dkim_sealers(t, scheduler->engine, arena, question->message, &answer->signers)
            : engine_dkim_signers(t, scheduler->engine, arena, question->message, question->from,
                                  &answer->signers);
    struct site_session *session = session_of(scheduler, question->session, question->message);
    if (result != STORE_OK || !session) {
        answer->signers = (struct dkim_signers){0};
        return;
    }
    answer->result = TRANSIT_SIGN_OK;
    note_signers(session, &answer->signers);
}

void dispatch_signers(struct task *t, struct scheduler *scheduler, struct unpacker *in, struct buffer *out) {
    struct transit_signers_question question = {0};
    struct transit_signers answer;
    transit_signers_question_unpack(in, &question);
    if (!unpack_is_done(in)) return;
    struct arena *arena = arena_new(SIGN_ARENA_BYTES);
    find_signers(t, scheduler, arena, &question, &answer);
    transit_signers_pack(out, &answer);
    arena_free(&arena);
}

static bool may_sign(struct scheduler *scheduler, const struct transit_sign *sign) {
    const struct site_session *session = session_of(scheduler, sign->session, sign->message);
    if (!session || session->signed_message != sign->message) return false;
    for (size_t i = 0; i < sign->count; i++) {
        bool is_named = false;
        for (size_t k = 0; k < DKIM_ALGORITHMS; k++)
            is_named |= sign->digests[i].key && sign->digests[i].key == session->signing_keys[k];
        if (!is_named) return false;
    }
    return true;
}

void dispatch_sign(struct task *t, struct scheduler *scheduler, struct unpacker *in, struct buffer *out) {
    struct transit_sign sign = {0};
    struct transit_signatures answer = {.result = TRANSIT_SIGN_AGAIN};
    transit_sign_unpack(in, &sign);
    if (!unpack_is_done(in)) return;
    struct arena *arena = arena_new(SIGN_ARENA_BYTES);
    if (may_sign(scheduler, &sign))
        answer.result = result_of(engine_dkim_sign(t, scheduler->engine, arena, sign.domain, sign.digests,
                                                   sign.count, answer.signatures));
    if (answer.result == TRANSIT_SIGN_OK) answer.count = sign.count;
    transit_signatures_pack(out, &answer);
    arena_free(&arena);
}
