#include "imap/imap_session.h"

#include <stdlib.h>

void imap_session_set_tag(struct imap_session *session, struct slice tag) {
    free(session->tag);
    session->tag = tag.len ? strndup((const char *)tag.ptr, tag.len) : NULL;
    if (tag.len && !session->tag) FATAL("out of memory for a tag");
}

void imap_session_unselect(struct imap_session *session) {
    if (!session->view) return;
    imap_view_leave(session->server, &session->view, &session->in_view);
    uid_set_free(&session->uids);
    uid_set_free(&session->saved);
    session->modseq = 0;
    session->keyword_count = 0;
    session->is_read_only = false;
}

bool imap_relieve(struct task *t, struct imap_session *session) {
    return conn_relieve(t, &session->conn) == 0 && !session->conn.is_closing && !task_is_cancelled(t);
}

enum store_result imap_call_mailbox(struct imap_call *call, struct slice name, struct mailbox *mailbox) {
    struct imap_session *session = call->session;
    return reader_mailbox_find(session->server->reader, call->work, session->account, name, mailbox);
}

static struct uid_range *ranges_alloc(struct imap_call *call, size_t count) {
    return arena_try_alloc(call->work, (count + 1) * sizeof(struct uid_range));
}

bool imap_call_ranges(struct imap_call *call, const struct uid_set *set, struct uid_ranges *ranges) {
    size_t count = 0;
    struct number_range range;
    for (struct uid_set_cursor cursor = {0}; uid_set_next(set, &cursor, &range);) count++;
    struct uid_range *copy = ranges_alloc(call, count);
    if (!copy) return false;
    *ranges = (struct uid_ranges){copy, count};
    for (struct uid_set_cursor cursor = {0}; uid_set_next(set, &cursor, &range); copy++)
        *copy = (struct uid_range){range.first, range.last};
    return true;
}

bool imap_call_targets(struct imap_call *call, struct imap_sequence *sequence, struct uid_ranges *targets) {
    struct imap_session *session = call->session;
    if (sequence->saved_result) return imap_call_ranges(call, &session->saved, targets);
    uint32_t last_uid = uid_set_last(&session->uids);
    imap_sequence_normalise(sequence, call->command->uid ? last_uid : uid_set_count(&session->uids));
    if (!call->command->uid) imap_sequence_to_uids(sequence, &session->uids);
    struct uid_range *ranges = ranges_alloc(call, sequence->count);
    if (!ranges) return false;
    size_t count = 0;
    for (size_t i = 0; i < sequence->count && sequence->ranges[i].first <= last_uid; i++) {
        struct number_range range = sequence->ranges[i];
        ranges[count++] = (struct uid_range){range.first, range.last < last_uid ? range.last : last_uid};
    }
    *targets = (struct uid_ranges){ranges, count};
    return true;
}

struct imap_answer imap_answer_of(enum store_result result) {
    switch (result) {
    case STORE_NOT_FOUND:
        return ANSWER_NO("NONEXISTENT", "No such mailbox");
    case STORE_EXISTS:
        return ANSWER_NO("ALREADYEXISTS", "There is a mailbox of this name");
    case STORE_OVER_QUOTA:
        return ANSWER_NO("OVERQUOTA", "The account has no room left for this");
    case STORE_REFUSED:
        return ANSWER_NO("CANNOT", "This cannot be done");
    case STORE_FULL:
        return ANSWER_NO("UNAVAILABLE", "The disk is full, try again later");
    case STORE_BUSY:
    case STORE_GONE:
        return ANSWER_NO("UNAVAILABLE", "Not possible now, try again later");
    default:
        return ANSWER_NO("SERVERBUG", "Storage failed");
    }
}

struct imap_answer imap_answer_of_target(enum store_result result) {
    if (result == STORE_NOT_FOUND) return ANSWER_NO("TRYCREATE", "No such mailbox");
    return imap_answer_of(result);
}
