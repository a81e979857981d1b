/*
 * What a message is to campaigns (intake/judge.h), found out here before the store has it: where strangers'
 * bytes can do the least harm. Only for accounts that the store asks it for; whatever is wrong with the
 * message, it is taken as any other.
 */
#include "base/limits_campaign.h"
#include "filter/body_pieces.h"
#include "intake/judge.h"
#include "smtp/smtp_reception.h"

/* The beginning of the message, as far as it is looked at. */
static void read_beginning(struct task *t, const struct body_source *body, struct buffer *message) {
    struct body_pieces *pieces = body_pieces_open(body->packed, body->file, body->spool_bytes);
    struct buffer raw = buffer_new(BODY_FRAME_BYTES);
    while (pieces && message->len < JUDGE_BYTES_MAX && body_pieces_next(pieces, &raw) == BODY_PIECES_MORE) {
        buffer_append(message, slice_sub(buffer_slice(&raw), 0, JUDGE_BYTES_MAX - message->len));
        if (task_yield(t) != WAIT_OK) break;
    }
    buffer_free(&raw);
    body_pieces_free(&pieces);
}

static struct slice token_of(const struct smtp_transaction *transaction) {
    for (size_t i = 0; i < transaction->addresses.count; i++) {
        struct slice token = judge_token_of(transaction->addresses.items[i]);
        if (token.len) return token;
    }
    return SLICE_EMPTY;
}

void smtp_judge(struct task *t, struct smtp_session *session, struct delivery *delivery,
                struct buffer *judged) {
    const struct smtp_transaction *transaction = session->transaction;
    if (!transaction->is_judged) return;
    struct arena *arena = arena_new(JUDGE_ARENA_BYTES);
    struct buffer message = buffer_new(JUDGE_BYTES_MAX);
    struct answer_facts facts;
    read_beginning(t, &delivery->body, &message);
    judge_message(arena, buffer_slice(&message), token_of(transaction), &facts);
    answer_facts_pack(judged, &facts);
    if (!buffer_overflowed(judged)) delivery->judged = buffer_slice(judged);
    buffer_free(&message);
    arena_free(&arena);
}
