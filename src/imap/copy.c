/*
 * COPY and MOVE (RFC 9051 6.4.7, 6.4.8) with COPYUID (RFC 4315 3). The store does each in one
 * commit: all of the messages that are still there, or none. Messages already gone are no error.
 */
#include "base/limits.h"
#include "imap/imap_commands.h"

static uint64_t count_of(struct uid_ranges ranges) {
    uint64_t count = 0;
    for (size_t i = 0; i < ranges.count; i++) count += ranges.ranges[i].last - ranges.ranges[i].first + 1;
    return count;
}

/* COPYUID, or nothing where none was copied. */
static struct slice copy_code(struct imap_call *call, const struct copy_result *result) {
    struct slice code = SLICE_EMPTY;
    uint64_t count = count_of(result->copied);
    struct number_range *from = arena_try_alloc(call->work, (result->copied.count + 1) * sizeof *from);
    if (count == 0 || !from) return code;
    for (size_t i = 0; i < result->copied.count; i++)
        from[i] = (struct number_range){result->copied.ranges[i].first, result->copied.ranges[i].last};
    struct number_range to = {result->first_uid, (uint32_t)(result->first_uid + count - 1)};
    struct buffer text = buffer_new(MIB(4));
    imap_reply_copyuid(&text, result->uidvalidity, from, result->copied.count, &to, 1);
    if (buffer_overflowed(&text) || !arena_try_copy(call->work, buffer_slice(&text), &code))
        code = SLICE_EMPTY;
    buffer_free(&text);
    return code;
}

struct imap_answer imap_run_copy(struct task *t, struct imap_call *call) {
    struct imap_session *session = call->session;
    bool is_move = call->command->kind == IMAP_COMMAND_MOVE;
    struct uid_ranges uids;
    struct mailbox target;
    if (!imap_call_targets(call, &call->command->copy.messages, &uids))
        return ANSWER_NO("LIMIT", "Too many messages at once");
    enum store_result result = imap_call_mailbox(call, call->command->copy.mailbox, &target);
    if (result != STORE_OK) return imap_answer_of_target(result);
    if (uids.count == 0) return ANSWER_OK("None of them is there");
    struct copy_request request = {session->view->mailbox, target.id, uids, is_move};
    struct copy_result copied = {0};
    result = store_copy(t, session->server->store, call->work, &request, &copied);
    if (result != STORE_OK) return imap_answer_of_target(result);
    struct slice code = copy_code(call, &copied);
    if (!is_move) return (struct imap_answer){IMAP_REPLY_OK, false, code, SLICE("Copied")};
    /* RFC 9051 6.4.8: before the EXPUNGEs, which the sync point tells. */
    if (code.len) imap_reply_status(call->out, IMAP_REPLY_OK, code, SLICE("Moved"));
    return ANSWER_OK("Moved");
}
