#include "imap/imap_sync.h"

#include <stdlib.h>

#include "base/limits.h"
#include "imap/imap_flags.h"

/* What a client was not told it would never hear of: it comes back, and asks from where it was. */
static void mailbox_gone(struct imap_session *session, enum store_result result) {
    bool is_deleted = result == STORE_NOT_FOUND;
    imap_reply_bye(&session->conn.out, is_deleted ? SLICE("The selected mailbox was deleted")
                                                  : SLICE("The selected mailbox cannot be read"));
    conn_close(&session->conn);
}

/* ---- flags ---- */

struct report_state {
    struct imap_call *call;
    const struct imap_flag_report *report;
    struct imap_keywords keywords;
};

static void report_entry(struct report_state *state, const struct entry *entry) {
    struct imap_session *session = state->call->session;
    const struct imap_flag_report *report = state->report;
    uint32_t number = uid_set_rank(&session->uids, entry->uid);
    if (number == 0 || entry->modseq <= report->above_modseq || entry->modseq == report->except_modseq)
        return;
    imap_keywords_cover(state->call, &state->keywords, entry->flags);
    struct buffer *out = state->call->out;
    bool with_modseq = imap_is_condstore(session);
    imap_reply_fetch_begin(out, number);
    /* RFC 7162 3.2.4: with QRESYNC always the UID. */
    if (state->call->command->uid || with_modseq) {
        buffer_append(out, SLICE("UID "));
        buffer_append_number(out, entry->uid);
        buffer_append_byte(out, ' ');
    }
    if (report->with_flags) {
        buffer_append(out, SLICE("FLAGS "));
        imap_flags_write(out, entry->flags, &state->keywords);
    }
    if (with_modseq) {
        buffer_append_text(out, report->with_flags ? " MODSEQ (" : "MODSEQ (");
        buffer_append_number(out, entry->modseq);
        buffer_append_byte(out, ')');
    }
    buffer_append(out, SLICE(")\r\n"));
}

static bool report_batches(struct task *t, struct report_state *state, struct arena *batch) {
    struct imap_session *session = state->call->session;
    for (uint32_t from = 1;;) {
        struct entry *entries;
        size_t count = 0;
        arena_reset(batch);
        enum store_result result =
            reader_entries(session->server->reader, batch, session->view->mailbox, state->report->uids, from,
                           ENTRY_ONLY_FLAGS, IMAP_BATCH_ENTRIES, &entries, &count);
        if (result != STORE_OK) mailbox_gone(session, result);
        if (result != STORE_OK || count == 0) return result == STORE_OK;
        for (size_t i = 0; i < count; i++) report_entry(state, &entries[i]);
        from = entries[count - 1].uid + 1;
        if (!imap_relieve(t, session)) return false;
        if (from == 0 || count < IMAP_BATCH_ENTRIES) return true;
        if (task_yield(t) == WAIT_CANCELLED) return false;
    }
}

bool imap_report_flags(struct task *t, struct imap_call *call, const struct imap_flag_report *report) {
    if (report->uids.count == 0) return true;
    struct report_state state = {call, report, {NULL, 0}};
    (void)imap_keywords_load(call, &state.keywords);
    struct arena *batch = arena_new(call->session->server->env->budgets->imap_batch_bytes);
    bool is_alive = report_batches(t, &state, batch);
    arena_free(&batch);
    return is_alive;
}

static int compare_uids(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

/* The UIDs of a batch of flag changes as ranges, in the batch's arena. */
static struct uid_ranges changed_uids(struct imap_changes *walk, uint32_t last_uid, uint64_t own_modseq) {
    uint32_t *uids = arena_alloc(walk->arena, (walk->count + 1) * sizeof *uids);
    struct uid_range *ranges = arena_alloc(walk->arena, (walk->count + 1) * sizeof *ranges);
    size_t found = 0;
    for (size_t i = 0; i < walk->count; i++) {
        const struct change *change = &walk->changes[i];
        bool is_told = change->kind != CHANGE_FLAGS || change->modseq == own_modseq || change->uid > last_uid;
        if (!is_told) uids[found++] = change->uid;
    }
    if (found) qsort(uids, found, sizeof *uids, compare_uids);
    size_t count = 0;
    for (size_t i = 0; i < found; i++) {
        if (count && uids[i] <= ranges[count - 1].last + 1)
            ranges[count - 1].last = uids[i];
        else
            ranges[count++] = (struct uid_range){uids[i], uids[i]};
    }
    return (struct uid_ranges){ranges, count};
}

/* Flags that changed above a modseq, of messages up to `last_uid`. */
static void tell_flags(struct task *t, struct imap_call *call, uint64_t modseq, uint32_t last_uid) {
    struct imap_session *session = call->session;
    struct arena *arena = arena_new(MIB(1));
    struct imap_changes walk = {
        session->server->reader, arena, session->view->mailbox, modseq, NULL, 0, false};
    enum store_result result;
    while ((result = imap_changes_next(&walk)) == STORE_OK && walk.count) {
        struct imap_flag_report report = {changed_uids(&walk, last_uid, call->own_modseq), true, 0, 0};
        if (!imap_report_flags(t, call, &report)) break;
    }
    arena_free(&arena);
    if (result != STORE_OK && result != STORE_REFUSED) mailbox_gone(session, result);
    if (result != STORE_REFUSED || last_uid == 0) return;
    struct uid_range all = {1, last_uid};
    struct imap_flag_report report = {{&all, 1}, true, modseq, call->own_modseq};
    (void)imap_report_flags(t, call, &report);
}

/* ---- which messages there are ---- */

void imap_report_vanished(struct imap_call *call, const struct uid_set *known, bool is_earlier) {
    struct uid_set_difference walk = uid_set_difference_start(known, &call->session->uids);
    struct number_range range;
    bool is_first = true;
    for (; uid_set_difference_next(&walk, &range); is_first = false) {
        buffer_append_text(call->out, !is_first ? "," : is_earlier ? "* VANISHED (EARLIER) " : "* VANISHED ");
        imap_reply_ranges(call->out, &range, 1);
    }
    if (!is_first) buffer_append_text(call->out, "\r\n");
}

/* RFC 9051 7.5.1: each EXPUNGE counts for the numbers of the next. */
static bool tell_expunges(struct task *t, struct imap_call *call, const struct uid_set *known) {
    struct uid_set_difference walk = uid_set_difference_start(known, &call->session->uids);
    struct number_range range;
    for (uint32_t gone = 0; uid_set_difference_next(&walk, &range);) {
        uint32_t number = uid_set_rank(known, range.first) - gone;
        for (uint64_t uid = range.first; uid <= range.last; uid++) {
            imap_reply_number(call->out, number, SLICE("EXPUNGE"));
            if (!imap_relieve(t, call->session)) return false;
        }
        gone += range.last - range.first + 1;
    }
    return true;
}

/* What the client will know: all of the view, or, where nothing may go, what it knows with what is new. */
static struct uid_set known_next(const struct imap_session *session, bool with_expunge) {
    if (with_expunge) return uid_set_share(session->view->uids);
    struct uid_set next = uid_set_share(session->uids);
    struct uid_set_difference walk = uid_set_difference_start(&session->view->uids, &session->uids);
    struct number_range range;
    while (uid_set_difference_next(&walk, &range))
        if (range.first > uid_set_last(&next)) uid_set_append(&next, range);
    return next;
}

static bool tell_messages(struct task *t, struct imap_call *call, const struct uid_set *known) {
    struct imap_session *session = call->session;
    if (known->body == session->uids.body) return true;
    if (session->enabled & IMAP_ENABLE_QRESYNC)
        imap_report_vanished(call, known, false);
    else if (!tell_expunges(t, call, known))
        return false;
    if (uid_set_last(&session->uids) > uid_set_last(known))
        imap_reply_number(call->out, uid_set_count(&session->uids), SLICE("EXISTS"));
    return true;
}

void imap_sync(struct task *t, struct imap_call *call, bool with_expunge) {
    struct imap_session *session = call->session;
    if (!session->view) return;
    enum store_result result = imap_view_refresh(session->view, session->server->reader,
                                                 call->changed_only_flags ? call->own_modseq : 0);
    if (result != STORE_OK) {
        mailbox_gone(session, result);
        return;
    }
    struct uid_set known = session->uids;
    uint64_t modseq = session->modseq;
    session->uids = known_next(session, with_expunge);
    session->modseq = session->view->modseq;
    bool is_alive = tell_messages(t, call, &known);
    /* Where nobody else changed anything there is nothing to look for. */
    bool is_own = session->modseq == call->own_modseq && modseq + 1 == call->own_modseq;
    if (is_alive && session->modseq != modseq && !is_own) tell_flags(t, call, modseq, uid_set_last(&known));
    uid_set_free(&known);
}
