/*
 * STORE (RFC 9051 6.4.6) and its UNCHANGEDSINCE (RFC 7162 3.1.3). The command answers for its own
 * change: all its messages, or with .SILENT none; the sync point leaves that change out and tells
 * what others did meanwhile.
 */
#include "imap/imap_commands.h"
#include "imap/imap_sync.h"

static enum flag_operation operation_of(enum imap_store_mode mode) {
    switch (mode) {
    case IMAP_STORE_ADD:
        return FLAGS_ADD;
    case IMAP_STORE_REMOVE:
        return FLAGS_REMOVE;
    default:
        return FLAGS_SET;
    }
}

static enum store_result change_flags(struct task *t, struct imap_call *call, struct uid_ranges uids,
                                      struct flag_result *result) {
    const struct imap_store *store = &call->command->store;
    struct imap_session *session = call->session;
    if (store->has_unchanged_since) session->enabled |= IMAP_ENABLE_CONDSTORE;
    struct flag_change change = {
        .mailbox = session->view->mailbox,
        .uids = uids,
        .operation = operation_of(store->mode),
        .flags = store->flags.system,
        .keywords = store->flags.keywords,
        .keyword_count = store->flags.keyword_count,
        .unchanged_since = store->has_unchanged_since ? store->unchanged_since : UINT64_MAX,
    };
    return store_flags(t, session->server->store, call->work, &change, result);
}

/* RFC 7162 3.1.3: even .SILENT tells a CONDSTORE client the new modseq. */
static bool report_own(struct task *t, struct imap_call *call, struct uid_ranges uids, uint64_t modseq) {
    bool is_silent = call->command->store.silent;
    if (is_silent && !imap_is_condstore(call->session)) return true;
    struct imap_flag_report report = {uids, !is_silent, is_silent ? modseq - 1 : 0, 0};
    return imap_report_flags(t, call, &report);
}

/* RFC 7162 3.1.3: [MODIFIED 7,9], as numbers or UIDs like those of the command. */
static struct imap_answer modified(struct imap_call *call, struct uid_ranges unchanged) {
    const struct uid_set *view = &call->session->uids;
    struct buffer code = buffer_new(MIB(1));
    buffer_append_text(&code, "MODIFIED");
    char before = ' ';
    for (size_t i = 0; i < unchanged.count; i++) {
        struct number_range range = {unchanged.ranges[i].first, unchanged.ranges[i].last};
        if (!call->command->uid)
            range = (struct number_range){uid_set_rank(view, range.first), uid_set_rank(view, range.last)};
        if (range.first == 0 || range.last == 0) continue;
        buffer_append_byte(&code, (uint8_t)before);
        imap_reply_ranges(&code, &range, 1);
        before = ',';
    }
    struct slice copy = SLICE("MODIFIED");
    if (!buffer_overflowed(&code) && !arena_try_copy(call->work, buffer_slice(&code), &copy))
        copy = SLICE("MODIFIED");
    buffer_free(&code);
    return (struct imap_answer){IMAP_REPLY_OK, false, copy, SLICE("Others changed some of them before")};
}

struct imap_answer imap_run_store(struct task *t, struct imap_call *call) {
    struct uid_ranges uids;
    if (!imap_call_targets(call, &call->command->store.messages, &uids))
        return ANSWER_NO("LIMIT", "Too many messages at once");
    if (uids.count == 0) return ANSWER_OK("None of them is there");
    struct flag_result result = {0};
    enum store_result stored = change_flags(t, call, uids, &result);
    if (stored != STORE_OK) return imap_answer_of(stored);
    if (result.is_changed) call->own_modseq = result.modseq;
    call->changed_only_flags = true;
    if (!report_own(t, call, uids, result.modseq)) return ANSWER_NONE;
    if (result.keywords_full) return ANSWER_NO("LIMIT", "The mailbox can hold no more keywords");
    if (result.unchanged.count) return modified(call, result.unchanged);
    return ANSWER_OK("Stored");
}
