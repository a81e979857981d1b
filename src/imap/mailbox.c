/*
 * CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 9051 6.3.4 to 6.3.8, RFC 6154 for uses).
 * The rules of names are the store's: they are never paths, and what cannot be is refused there.
 */
#include "imap/imap_commands.h"

struct use_row {
    uint32_t use;
    enum special_use special_use;
};

static const struct use_row uses[] = {
    {IMAP_USE_DRAFTS, SPECIAL_DRAFTS}, {IMAP_USE_SENT, SPECIAL_SENT},       {IMAP_USE_JUNK, SPECIAL_JUNK},
    {IMAP_USE_TRASH, SPECIAL_TRASH},   {IMAP_USE_ARCHIVE, SPECIAL_ARCHIVE},
};

/* RFC 6154 3: one use at most, and one that we know. */
static bool use_of(uint32_t wanted, enum special_use *special_use) {
    *special_use = SPECIAL_NONE;
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++)
        if (uses[i].use == wanted) *special_use = uses[i].special_use;
    return !wanted || *special_use != SPECIAL_NONE;
}

/* Names are never paths, and shall not look like any: no level is `.` or `..`. */
static bool looks_like_path(struct slice name) {
    while (name.len) {
        struct slice level = slice_take_until(&name, '/');
        if (slice_equal(level, SLICE(".")) || slice_equal(level, SLICE(".."))) return true;
        (void)slice_take_byte(&name, '/');
    }
    return false;
}

struct imap_answer imap_run_create(struct task *t, struct imap_call *call) {
    struct imap_session *session = call->session;
    const struct imap_mailbox *wanted = &call->command->mailbox;
    enum special_use special_use;
    if (!use_of(wanted->uses, &special_use)) return ANSWER_NO("USEATTR", "No mailbox can have this use");
    if (looks_like_path(wanted->name)) return ANSWER_NO("CANNOT", "No mailbox can have this name");
    /* Apple Mail asks for this when it takes INBOX for the prefix of all others. */
    if (slice_equal_nocase(wanted->name, SLICE("INBOX/INBOX")) ||
        slice_equal_nocase(wanted->name, SLICE("INBOX.INBOX")))
        return ANSWER_NO("CANNOT", "There is only one INBOX");
    uint64_t mailbox = 0;
    enum store_result result = store_mailbox_create(t, session->server->store, session->account, wanted->name,
                                                    special_use, &mailbox);
    if (result != STORE_OK) return imap_answer_of(result);
    /* RFC 8474 4.1 */
    struct slice code = arena_printf(call->work, "MAILBOXID (F%016llx)", (unsigned long long)mailbox);
    return (struct imap_answer){IMAP_REPLY_OK, false, code, SLICE("Created")};
}

struct imap_answer imap_run_delete(struct task *t, struct imap_call *call) {
    struct imap_session *session = call->session;
    struct slice name = call->command->mailbox.name;
    struct mailbox mailbox;
    enum store_result result = imap_call_mailbox(call, name, &mailbox);
    if (result == STORE_OK) result = store_mailbox_delete(t, session->server->store, session->account, name);
    if (result == STORE_REFUSED) return ANSWER_NO("HASCHILDREN", "INBOX, or there are mailboxes below it");
    if (result != STORE_OK) return imap_answer_of(result);
    if (session->view && session->view->mailbox == mailbox.id) {
        imap_session_unselect(session);
        imap_reply_status(call->out, IMAP_REPLY_OK, SLICE("CLOSED"), SLICE("The mailbox is no more"));
    }
    return ANSWER_OK("Deleted");
}

struct imap_answer imap_run_rename(struct task *t, struct imap_call *call) {
    struct imap_session *session = call->session;
    const struct imap_rename *names = &call->command->rename;
    if (looks_like_path(names->to)) return ANSWER_NO("CANNOT", "No mailbox can have this name");
    enum store_result result =
        store_mailbox_rename(t, session->server->store, session->account, names->from, names->to);
    return result == STORE_OK ? ANSWER_OK("Renamed") : imap_answer_of(result);
}

struct imap_answer imap_run_subscribe(struct task *t, struct imap_call *call) {
    struct imap_session *session = call->session;
    bool is_subscribed = call->command->kind == IMAP_COMMAND_SUBSCRIBE;
    enum store_result result = store_mailbox_subscribe(t, session->server->store, session->account,
                                                       call->command->mailbox.name, is_subscribed);
    /* RFC 9051 6.3.8: what is no more can be unsubscribed. */
    if (result == STORE_NOT_FOUND && !is_subscribed) result = STORE_OK;
    return result == STORE_OK ? ANSWER_OK("Done") : imap_answer_of(result);
}
