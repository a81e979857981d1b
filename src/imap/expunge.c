/* EXPUNGE and UID EXPUNGE (RFC 9051 6.4.3, 6.4.9). The sync point tells what went. */
#include "imap/imap_commands.h"

/* RFC 7162 3.2.8, 3.2.9 */
struct imap_answer imap_answer_expunged(struct imap_call *call, uint64_t modseq, struct slice text) {
    struct imap_answer answer = {IMAP_REPLY_OK, false, SLICE_EMPTY, text};
    if (modseq && (call->session->enabled & IMAP_ENABLE_QRESYNC))
        answer.code = arena_printf(call->work, "HIGHESTMODSEQ %llu", (unsigned long long)modseq);
    return answer;
}

struct imap_answer imap_run_expunge(struct task *t, struct imap_call *call) {
    struct imap_session *session = call->session;
    struct uid_range all = {1, UINT32_MAX};
    struct uid_ranges uids = {&all, 1};
    if (call->command->uid && !imap_call_targets(call, &call->command->expunge.uids, &uids))
        return ANSWER_NO("LIMIT", "Too many messages at once");
    if (uids.count == 0) return ANSWER_OK("None of them is there");
    uint64_t modseq = 0;
    enum store_result result =
        store_expunge(t, session->server->store, session->view->mailbox, uids, true, &modseq);
    if (result != STORE_OK) return imap_answer_of(result);
    call->own_modseq = modseq;
    return imap_answer_expunged(call, modseq, SLICE("Expunged"));
}
