/*
 * LIST and LSUB (RFC 9051 6.3.9, RFC 5258, RFC 5819, RFC 6154, RFC 3501 6.3.9). The mailboxes of
 * an account are read at once and sorted by level, so that what is below a mailbox stands right
 * behind it. Every level of a name is a mailbox itself: the store makes them.
 */
#include <stdlib.h>

#include "imap/imap_commands.h"
#include "imap/imap_pattern.h"
#include "imap/imap_status.h"

enum { LIST_MAILBOXES_A_TURN = 64 };

struct row {
    struct mailbox mailbox;
    size_t parent;
    bool has_parent;
    bool has_children;
    /* A mailbox below it is subscribed. */
    bool is_above_subscribed;
};

struct listing {
    struct imap_call *call;
    const struct imap_list *request;
    bool is_lsub;
    bool has_percent;
    struct row *rows;
    size_t count;
    struct imap_pattern *patterns;
};

/* RFC 6154 2; INBOX has none. */
static const char *const special_names[] = {
    [SPECIAL_NONE] = NULL,           [SPECIAL_INBOX] = NULL,    [SPECIAL_DRAFTS] = "\\Drafts",
    [SPECIAL_SENT] = "\\Sent",       [SPECIAL_JUNK] = "\\Junk", [SPECIAL_TRASH] = "\\Trash",
    [SPECIAL_ARCHIVE] = "\\Archive",
};

/* A separator comes before every other byte, so children follow their parent. */
static int compare_rows(const void *a, const void *b) {
    struct slice left = ((const struct row *)a)->mailbox.name;
    struct slice right = ((const struct row *)b)->mailbox.name;
    size_t len = left.len < right.len ? left.len : right.len;
    for (size_t i = 0; i < len; i++) {
        int l = left.ptr[i] == '/' ? -1 : left.ptr[i];
        int r = right.ptr[i] == '/' ? -1 : right.ptr[i];
        if (l != r) return l < r ? -1 : 1;
    }
    return left.len < right.len ? -1 : left.len > right.len;
}

static bool is_below(const struct row *row, const struct row *parent) {
    struct slice name = row->mailbox.name;
    struct slice above = parent->mailbox.name;
    return name.len > above.len && name.ptr[above.len] == '/' && slice_starts(name, above);
}

/* Climbs from the row before: whoever it is below, if anybody, is that row or one above it. */
static void find_parent(struct row *rows, size_t i) {
    size_t candidate = i - 1;
    while (!is_below(&rows[i], &rows[candidate])) {
        if (!rows[candidate].has_parent) return;
        candidate = rows[candidate].parent;
    }
    rows[i].parent = candidate;
    rows[i].has_parent = true;
    rows[candidate].has_children = true;
}

static void link_rows(struct row *rows, size_t count) {
    for (size_t i = 1; i < count; i++) find_parent(rows, i);
    for (size_t i = count; i-- > 1;) {
        bool counts = rows[i].mailbox.is_subscribed || rows[i].is_above_subscribed;
        if (counts && rows[i].has_parent) rows[rows[i].parent].is_above_subscribed = true;
    }
}

static enum store_result list_load(struct listing *list) {
    struct imap_session *session = list->call->session;
    struct mailbox *mailboxes;
    enum store_result result = reader_mailbox_list(session->server->reader, list->call->work,
                                                   session->account, &mailboxes, &list->count);
    if (result != STORE_OK) return result;
    list->rows = arena_try_alloc(list->call->work, (list->count + 1) * sizeof *list->rows);
    if (!list->rows) return STORE_FAILED;
    for (size_t i = 0; i < list->count; i++) list->rows[i].mailbox = mailboxes[i];
    if (list->count) qsort(list->rows, list->count, sizeof *list->rows, compare_rows);
    link_rows(list->rows, list->count);
    return STORE_OK;
}

static bool patterns_load(struct listing *list) {
    struct arena *work = list->call->work;
    const struct imap_list *request = list->request;
    list->patterns = arena_try_alloc(work, (request->pattern_count + 1) * sizeof *list->patterns);
    if (!list->patterns) return false;
    for (size_t i = 0; i < request->pattern_count; i++) {
        if (!imap_pattern_new(work, request->reference, request->patterns[i], &list->patterns[i]))
            return false;
        if (slice_find_byte(list->patterns[i].text, '%') != SLICE_NOT_FOUND) list->has_percent = true;
    }
    return true;
}

static bool matches(struct listing *list, struct slice name) {
    for (size_t i = 0; i < list->request->pattern_count; i++)
        if (imap_pattern_matches(&list->patterns[i], name)) return true;
    return false;
}

/* A mailbox that is listed only for what is below it: RFC 3501 6.3.9 with `%`, RFC 5258 3 with
   RECURSIVEMATCH. */
static bool is_for_children(const struct listing *list, const struct row *row) {
    bool asks = list->is_lsub ? list->has_percent : list->request->select & IMAP_LIST_SELECT_RECURSIVEMATCH;
    return asks && row->is_above_subscribed;
}

static bool is_selected(const struct listing *list, const struct row *row) {
    uint32_t select = list->request->select;
    bool wants_subscribed = list->is_lsub || (select & IMAP_LIST_SELECT_SUBSCRIBED);
    bool is_special = special_names[row->mailbox.special_use];
    if ((select & IMAP_LIST_SELECT_SPECIAL_USE) && !is_special) return false;
    return !wants_subscribed || row->mailbox.is_subscribed || is_for_children(list, row);
}

static void write_attributes(const struct listing *list, const struct row *row) {
    struct buffer *out = list->call->out;
    uint32_t tells = list->request->returns & IMAP_LIST_RETURN_SUBSCRIBED;
    bool tells_subscribed = tells || (list->request->select & IMAP_LIST_SELECT_SUBSCRIBED);
    const char *special = special_names[row->mailbox.special_use];
    bool is_only_above = list->is_lsub && !row->mailbox.is_subscribed;
    buffer_append_text(out, row->has_children ? "(\\HasChildren" : "(\\HasNoChildren");
    if (is_only_above) buffer_append_text(out, " \\Noselect");
    if (tells_subscribed && row->mailbox.is_subscribed) buffer_append_text(out, " \\Subscribed");
    if (special) buffer_printf(out, " %s", special);
    buffer_append_byte(out, ')');
}

static void write_row(const struct listing *list, const struct row *row) {
    struct buffer *out = list->call->out;
    buffer_append_text(out, list->is_lsub ? "* LSUB " : "* LIST ");
    write_attributes(list, row);
    buffer_append_text(out, " \"/\" ");
    imap_reply_mailbox(out, row->mailbox.name, imap_is_utf8(list->call->session));
    /* RFC 5258 3.5 */
    bool with_info = list->request->select & IMAP_LIST_SELECT_RECURSIVEMATCH;
    if (with_info && row->is_above_subscribed) buffer_append_text(out, " (\"CHILDINFO\" (\"SUBSCRIBED\"))");
    buffer_append_text(out, "\r\n");
    /* RFC 5819 2: the LIST line comes first. */
    if (list->request->returns & IMAP_LIST_RETURN_STATUS)
        imap_status_write(list->call, &row->mailbox, list->request->status_items);
}

static struct imap_answer write_rows(struct task *t, struct listing *list) {
    for (size_t i = 0; i < list->count; i++) {
        struct row *row = &list->rows[i];
        if (is_selected(list, row) && matches(list, row->mailbox.name)) write_row(list, row);
        bool is_turn = i % LIST_MAILBOXES_A_TURN == LIST_MAILBOXES_A_TURN - 1;
        if (is_turn && (!imap_relieve(t, list->call->session) || task_yield(t) == WAIT_CANCELLED))
            return ANSWER_NONE;
    }
    return ANSWER_OK("That is all");
}

/* RFC 3501 6.3.8: asks for the separator only. */
static bool asks_separator(const struct listing *list) {
    return !list->is_lsub && !list->request->extended && list->request->pattern_count == 1 &&
           list->request->patterns[0].len == 0;
}

static struct imap_answer run(struct task *t, struct imap_call *call, bool is_lsub) {
    struct listing list = {.call = call, .request = &call->command->list, .is_lsub = is_lsub};
    if (asks_separator(&list)) {
        imap_reply_untagged(call->out, SLICE("LIST (\\Noselect) \"/\" \"\""));
        return ANSWER_OK("That is the separator");
    }
    enum store_result result = list_load(&list);
    if (result != STORE_OK) return imap_answer_of(result);
    if (!patterns_load(&list)) return ANSWER_NO("LIMIT", "Too many patterns");
    return write_rows(t, &list);
}

struct imap_answer imap_run_list(struct task *t, struct imap_call *call) {
    return run(t, call, false);
}
struct imap_answer imap_run_lsub(struct task *t, struct imap_call *call) {
    return run(t, call, true);
}
