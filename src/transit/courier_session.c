/* One session: it asks for message after message, and has each attempted. */
#include "transit/courier_state.h"

void courier_session_end(struct courier_session *session, enum transit_session_result result,
                         struct slice reason) {
    if (session->is_over) return;
    session->is_over = true;
    session->end = (struct transit_session_end){result, arena_copy(session->arena, reason)};
}

/* ---- asking for the next ---- */

/* What a cancelled task has to say, for it cannot wait any more itself. */
struct last_word {
    struct courier *courier;
    uint32_t type;
    struct slice question;
    struct task *speaker;
    bool is_said;
};

static void say_last_word(struct task *t, void *argument) {
    struct last_word *word = argument;
    struct ipc_answer answer;
    int64_t until_ms = env_now_ms(word->courier->env) + TRANSIT_STOP_MS;
    if (courier_ask(t, word->courier, word->type, word->question, true, until_ms, &answer))
        ipc_answer_free(&answer);
    word->is_said = true;
    task_wake(word->speaker);
}

static void ask_cancelled(struct task *t, struct courier_session *session, uint32_t type,
                          struct slice question) {
    struct last_word word = {session->courier, type, question, t, false};
    if (!scope_spawn(&session->courier->last_words, say_last_word, &word)) return;
    while (!word.is_said) task_wait_firmly(t);
}

/* True: there is an answer, in session->given. */
static bool ask(struct task *t, struct courier_session *session, uint32_t type, struct slice question,
                bool is_kept) {
    if (!task_is_cancelled(t) &&
        courier_ask(t, session->courier, type, question, is_kept, DEADLINE_NONE, &session->given))
        return true;
    if (is_kept && task_is_cancelled(t)) ask_cancelled(t, session, type, question);
    return false;
}

static bool is_workable(const struct transit_work *work) {
    size_t count = work->outgoing.recipient_count;
    return work->outgoing.message && count > 0 && count <= TRANSIT_RECIPIENTS_MAX;
}

bool courier_session_ask(struct task *t, struct courier_session *session, uint32_t type,
                         struct slice question, bool is_kept, struct transit_work *work) {
    ipc_answer_free(&session->given);
    arena_reset(session->message_arena);
    bool is_answered = ask(t, session, type, question, is_kept);
    session->message = 0;
    if (!is_answered) return false;
    struct unpacker in = unpacker_of(buffer_slice(&session->given.body));
    transit_work_unpack(&in, session->message_arena, work);
    if (!unpack_is_done(&in) || !is_workable(work)) return false;
    session->message = work->outgoing.message;
    return true;
}

bool courier_session_next(struct task *t, struct courier_session *session,
                          const struct settlement *settlement, struct transit_work *work) {
    struct buffer question = buffer_new(IPC_FRAME_BYTES_MAX);
    struct transit_next next = {.session = session->order.session, .is_last = session->is_over};
    if (settlement) next.settlement = *settlement;
    transit_next_pack(&question, &next);
    bool has_work =
        courier_session_ask(t, session, TRANSIT_NEXT, buffer_slice(&question), settlement != NULL, work);
    buffer_free(&question);
    return has_work;
}

/* ---- its run ---- */

void courier_session_run(struct task *t, struct courier_session *session) {
    struct transit_work work;
    struct settlement settlement;
    bool has_work = courier_session_next(t, session, NULL, &work);
    while (has_work) {
        courier_attempt(t, session, &work, &settlement);
        session->messages++;
        if (task_is_cancelled(t) || session->messages >= session->order.messages_max)
            courier_session_end(session, TRANSIT_SESSION_DONE, SLICE_EMPTY);
        has_work = courier_session_next(t, session, &settlement, &work) && !session->is_over;
    }
    courier_disconnect(t, session);
}
