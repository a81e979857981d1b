/*
 * SELECT, EXAMINE, CLOSE, UNSELECT (RFC 9051 6.3.2, 6.3.3, 6.4.1, 6.4.2), with CONDSTORE and
 * QRESYNC (RFC 7162). A failed SELECT leaves no mailbox selected.
 */
#include "base/limits.h"
#include "imap/imap_commands.h"
#include "imap/imap_flags.h"
#include "imap/imap_sync.h"

/* RFC 3501 6.3.1: [UNSEEN n], where finding it is cheap. */
static void write_first_unseen(struct imap_call *call) {
    struct imap_session *session = call->session;
    uint32_t number = imap_view_first_unseen(session->view, session->server->reader, &session->uids);
    if (number) buffer_printf(call->out, "* OK [UNSEEN %u] First unseen message\r\n", number);
}

static void write_state(struct imap_call *call) {
    struct imap_session *session = call->session;
    const struct imap_view *view = session->view;
    struct imap_keywords keywords;
    session->keyword_count = UINT8_MAX;
    (void)imap_keywords_load(call, &keywords);
    imap_flags_announce(call, &keywords);
    imap_reply_number(call->out, uid_set_count(&session->uids), SLICE("EXISTS"));
    /* docs/decisions/001-no-recent.md */
    imap_reply_number(call->out, 0, SLICE("RECENT"));
    write_first_unseen(call);
    buffer_printf(call->out, "* OK [UIDVALIDITY %u] UIDs are valid\r\n", view->uidvalidity);
    buffer_printf(call->out, "* OK [UIDNEXT %u] Next UID\r\n", view->uidnext);
    buffer_append_text(call->out, "* OK [HIGHESTMODSEQ ");
    buffer_append_number(call->out, session->modseq);
    buffer_append_text(call->out, "] Newest change\r\n");
    /* RFC 8474 4.2 */
    buffer_printf(call->out, "* OK [MAILBOXID (F%016llx)] Mailbox id\r\n", (unsigned long long)view->mailbox);
}

static enum store_result open_view(struct imap_session *session, uint64_t mailbox) {
    session->view = imap_view_join(session->server, mailbox, &session->in_view);
    enum store_result result = imap_view_refresh(session->view, session->server->reader, 0);
    if (result != STORE_OK) {
        imap_session_unselect(session);
        return result;
    }
    session->uids = uid_set_share(session->view->uids);
    session->modseq = session->view->modseq;
    return STORE_OK;
}

/* What a client that was away must be told: messages that are no more, flags that changed. */
static bool resynchronise(struct task *t, struct imap_call *call) {
    struct imap_session *session = call->session;
    struct imap_select *select = &call->command->select;
    /* RFC 7162 3.2.5.1: other UIDs, nothing to compare. */
    if (select->uid_validity != session->view->uidvalidity) return true;
    struct uid_set known = UID_SET_EMPTY;
    uint32_t last_uid = session->view->uidnext - 1;
    struct imap_sequence all = {&(struct number_range){1, last_uid}, last_uid > 0, false};
    struct imap_sequence *asked = select->has_known_uids ? &select->known_uids : &all;
    imap_sequence_normalise(asked, last_uid);
    for (size_t i = 0; i < asked->count && asked->ranges[i].first <= last_uid; i++) {
        struct number_range range = asked->ranges[i];
        if (range.last > last_uid) range.last = last_uid;
        uid_set_append(&known, range);
    }
    imap_report_vanished(call, &known, true);
    uid_set_free(&known);
    struct uid_range each = {1, last_uid};
    struct imap_flag_report report = {{&each, last_uid > 0}, true, select->modseq, 0};
    return imap_report_flags(t, call, &report);
}

/* Selects it and says what it is like, all of it read at one moment. */
static enum store_result open_mailbox(struct imap_call *call, struct mailbox *mailbox) {
    struct imap_session *session = call->session;
    struct imap_select *select = &call->command->select;
    reader_hold(session->server->reader);
    enum store_result result = imap_call_mailbox(call, select->mailbox, mailbox);
    if (result == STORE_OK) result = open_view(session, mailbox->id);
    if (result == STORE_OK) {
        session->is_read_only = call->command->kind == IMAP_COMMAND_EXAMINE;
        if (select->condstore || select->qresync) session->enabled |= IMAP_ENABLE_CONDSTORE;
        write_state(call);
    }
    reader_release(session->server->reader);
    return result;
}

static struct imap_answer select_mailbox(struct task *t, struct imap_call *call) {
    struct imap_session *session = call->session;
    struct imap_select *select = &call->command->select;
    struct mailbox mailbox;
    enum store_result result = open_mailbox(call, &mailbox);
    if (result != STORE_OK) return imap_answer_of(result);
    if (select->qresync && !resynchronise(t, call)) return ANSWER_NONE;
    LOG_FACT(session->server->env->log, LOG_LEVEL_DEBUG, "imap.select", LOG_ID("session", session->id),
             LOG_TEXT("mailbox", mailbox.name), LOG_NUMBER("messages", uid_set_count(&session->uids)));
    if (session->is_read_only)
        return (struct imap_answer){IMAP_REPLY_OK, false, SLICE("READ-ONLY"), SLICE("Examined")};
    return (struct imap_answer){IMAP_REPLY_OK, false, SLICE("READ-WRITE"), SLICE("Selected")};
}

struct imap_answer imap_run_select(struct task *t, struct imap_call *call) {
    struct imap_session *session = call->session;
    /* RFC 7162 3.2.5 */
    if (call->command->select.qresync && !(session->enabled & IMAP_ENABLE_QRESYNC))
        return ANSWER_BAD("Enable QRESYNC first");
    if (session->view) {
        imap_session_unselect(session);
        /* RFC 7162 3.2.11 */
        imap_reply_status(call->out, IMAP_REPLY_OK, SLICE("CLOSED"), SLICE("The mailbox before is closed"));
    }
    return select_mailbox(t, call);
}

/* RFC 9051 6.4.1: expunges without a word. */
struct imap_answer imap_run_close(struct task *t, struct imap_call *call) {
    struct imap_session *session = call->session;
    uint64_t mailbox = session->view->mailbox;
    bool is_read_only = session->is_read_only;
    imap_session_unselect(session);
    if (is_read_only) return ANSWER_OK("Closed");
    struct uid_range all = {1, UINT32_MAX};
    uint64_t modseq = 0;
    enum store_result result =
        store_expunge(t, session->server->store, mailbox, (struct uid_ranges){&all, 1}, true, &modseq);
    /* A mailbox that somebody deleted is as closed as can be. */
    if (result == STORE_NOT_FOUND) return ANSWER_OK("Closed");
    if (result != STORE_OK) return imap_answer_of(result);
    return imap_answer_expunged(call, modseq, SLICE("Closed"));
}

struct imap_answer imap_run_unselect(struct task *t, struct imap_call *call) {
    (void)t;
    imap_session_unselect(call->session);
    return ANSWER_OK("Left as it is");
}
