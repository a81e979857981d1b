/*
 * COMPRESS (RFC 4978): from the tagged OK on, everything goes through DEFLATE, both ways
 * (io/deflate.h). Once a session, and only after login: what is told before is not worth it, and a
 * password beside chosen text should not be told by its compressed length. How many sessions of a
 * role have it is limited, because each costs memory while it lasts.
 */
#include "base/limits.h"
#include "imap/imap_commands.h"

struct imap_answer imap_run_compress(struct task *t, struct imap_call *call) {
    struct imap_session *session = call->session;
    if (!slice_equal_nocase(call->command->word, SLICE("DEFLATE")))
        return ANSWER_NO("", "Only DEFLATE is known here");
    if (session->is_compressed) return ANSWER_NO("COMPRESSIONACTIVE", "DEFLATE is active already");
    if (session->server->compressed_count >= IMAP_COMPRESSED_SESSIONS_MAX)
        return ANSWER_NO("LIMIT", "Too many sessions are compressed, go on without");
    /* RFC 4978 3: the client waits for the answer. What came early cannot be told from compressed bytes. */
    if (conn_input(&session->conn).len) return ANSWER_BAD("Wait for the answer to COMPRESS");
    imap_reply_tagged(call->out, call->command->tag, IMAP_REPLY_OK, SLICE_EMPTY, SLICE("DEFLATE active"));
    if (conn_start_deflate(t, &session->conn)) return ANSWER_NONE;
    session->is_compressed = true;
    session->server->compressed_count++;
    LOG_INFO(session->server->env->log, "imap.compressed", LOG_ID("session", session->id));
    return ANSWER_NONE;
}
