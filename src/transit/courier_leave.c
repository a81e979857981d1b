#include "transit/courier_leave.h"

enum { QUESTION_BYTES = 64 };

bool courier_may_leave(struct task *t, struct courier_session *session, const struct outgoing *outgoing,
                       bool is_again) {
    struct buffer question = buffer_new(QUESTION_BYTES);
    struct ipc_answer answer;
    struct transit_leave leave = {session->order.session, outgoing->message, is_again};
    int64_t until_ms = env_now_ms(session->courier->env) + TRANSIT_LEAVE_MS;
    if (!(outgoing->properties & OUTGOING_ASKS)) return true;
    transit_leave_pack(&question, &leave);
    bool is_answered =
        courier_ask(t, session->courier, TRANSIT_LEAVE, buffer_slice(&question), false, until_ms, &answer);
    buffer_free(&question);
    if (!is_answered) return false;
    struct unpacker in = unpacker_of(buffer_slice(&answer.body));
    bool may_leave = unpack_bool(&in) && unpack_is_done(&in);
    ipc_answer_free(&answer);
    return may_leave;
}
