/*
 * IDLE (RFC 2177) is a state of the session: this command ends at once without its tagged
 * reply, the session waits without stack or buffer, and news wakes it (imap_run.c). Nothing
 * is sent to pass the time: phones sleep better so, and TCP knows whether the peer is there.
 */
#include "base/limits.h"
#include "imap/imap_commands.h"

struct imap_answer imap_run_idle(struct task *t, struct imap_call *call) {
    (void)t;
    struct imap_session *session = call->session;
    imap_reply_continue(call->out, SLICE("idling"));
    imap_session_set_tag(session, call->command->tag);
    imap_frame_expect_line(&session->input.frame);
    conn_set_idle_ms(&session->conn, IMAP_IDLE_MS);
    conn_set_silent(&session->conn, true);
    session->is_idling = true;
    return ANSWER_NONE;
}
