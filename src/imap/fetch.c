/*
 * FETCH and UID FETCH (RFC 9051 6.4.5, 7.5.2), with CHANGEDSINCE and VANISHED (RFC 7162 3.1.4,
 * 3.2.6). Entries are read in batches, and no read spans a wait: a client that reads slowly holds
 * one batch and one piece of a body, however much it asked for. Between batches other sessions
 * have their turn, and may remove messages: those are passed over, and the reply says so.
 */
#include "imap/imap_fetch.h"

#include "base/limits.h"
#include "imap/imap_commands.h"
#include "imap/imap_sync.h"

enum {
    ITEMS_OF_ONLY_FLAGS = IMAP_FETCH_UID | IMAP_FETCH_FLAGS | IMAP_FETCH_MODSEQ | IMAP_FETCH_SAVEDATE,
    ITEMS_OF_FLAGS = IMAP_FETCH_UID | IMAP_FETCH_FLAGS | IMAP_FETCH_INTERNALDATE | IMAP_FETCH_RFC822_SIZE |
                     IMAP_FETCH_MODSEQ | IMAP_FETCH_EMAILID | IMAP_FETCH_SAVEDATE,
};

static bool sets_seen(const struct imap_fetch *request) {
    for (size_t i = 0; i < request->section_count; i++)
        if (!request->sections[i].peek) return true;
    return false;
}

/* RFC 9051 6.4.5: a section that is no .PEEK sets \Seen. The sync point tells it. */
static void mark_seen(struct task *t, struct fetch *fetch, const struct entry *entries, size_t count) {
    struct imap_session *session = fetch->call->session;
    struct uid_range ranges[IMAP_BATCH_MESSAGES];
    size_t unseen = 0;
    for (size_t i = 0; i < count && unseen < IMAP_BATCH_MESSAGES; i++)
        if (!(entries[i].flags & FLAG_SEEN) && uid_set_contains(&session->uids, entries[i].uid))
            ranges[unseen++] = (struct uid_range){entries[i].uid, entries[i].uid};
    if (unseen == 0) return;
    struct flag_change change = {.mailbox = session->view->mailbox,
                                 .uids = {ranges, unseen},
                                 .operation = FLAGS_ADD,
                                 .flags = FLAG_SEEN,
                                 .unchanged_since = UINT64_MAX};
    struct flag_result result;
    /* A message that could not be marked is sent all the same. */
    (void)store_flags(t, session->server->store, fetch->now.arena, &change, &result);
}

/* `* n FETCH (...)`. False: the connection is gone. */
static bool write_entry(struct task *t, struct fetch *fetch, const struct entry *entry) {
    struct imap_session *session = fetch->call->session;
    uint32_t number = uid_set_rank(&session->uids, entry->uid);
    bool is_old = fetch->request->has_changed_since && entry->modseq <= fetch->request->changed_since;
    if (number == 0 || is_old) return true;
    imap_keywords_cover(fetch->call, &fetch->keywords, entry->flags);
    imap_reply_fetch_begin(fetch->call->out, number);
    fetch->structure = NULL;
    fetch_items_write(fetch, entry);
    for (size_t i = 0; i < fetch->request->section_count; i++)
        if (!fetch_section_write(t, fetch, entry, &fetch->request->sections[i],
                                 i == 0 && fetch->request->items == 0))
            return false;
    buffer_append(fetch->call->out, SLICE(")\r\n"));
    fetch->written++;
    session->fetched_count++;
    return imap_relieve(t, session);
}

enum batch_result { BATCH_MORE, BATCH_END, BATCH_GONE, BATCH_FAILED };

/* Reads the entries from `from` on, and moves it behind them. */
static enum batch_result read_batch(struct fetch *fetch, struct fetch_batch *batch, uint32_t *from) {
    struct imap_session *session = fetch->call->session;
    size_t max = fetch->fields & (ENTRY_MESSAGE | ENTRY_PLACE) ? IMAP_BATCH_MESSAGES : IMAP_BATCH_ENTRIES;
    batch->count = 0;
    arena_reset(batch->arena);
    if (*from == 0) return BATCH_END;
    enum store_result result =
        reader_entries(session->server->reader, batch->arena, session->view->mailbox, fetch->targets, *from,
                       fetch->fields, max, &batch->entries, &batch->count);
    if (result != STORE_OK) return BATCH_FAILED;
    if (batch->count == 0) return BATCH_END;
    *from = batch->entries[batch->count - 1].uid + 1;
    return BATCH_MORE;
}

static enum batch_result write_batch(struct task *t, struct fetch *fetch, const struct fetch_batch *batch) {
    if (!fetch->call->session->is_read_only && sets_seen(fetch->request))
        mark_seen(t, fetch, batch->entries, batch->count);
    for (size_t i = 0; i < batch->count; i++)
        if (!write_entry(t, fetch, &batch->entries[i])) return BATCH_GONE;
    return BATCH_MORE;
}

_Static_assert((int)IMAP_BATCH_MESSAGES <= (int)BODY_AHEAD_MESSAGES, "a batch is unpacked at once");

/* Whether the bodies of the batch after this full one are unpacked while this one is written. */
static bool looks_ahead(struct fetch *fetch) {
    struct body_ahead *ahead = fetch->call->session->server->ahead;
    if (fetch->ahead || !ahead || !(fetch->fields & ENTRY_PLACE) || fetch->now.count < IMAP_BATCH_MESSAGES)
        return fetch->ahead != NULL;
    if (body_ahead_take(ahead)) fetch->ahead = ahead;
    return fetch->ahead != NULL;
}

/* A batch is written while the next one is unpacked, and the entries of the one after that are read before,
   so that the lane need not wait for them. */
static enum batch_result write_looking_ahead(struct task *t, struct fetch *fetch, uint32_t *from) {
    enum batch_result next = read_batch(fetch, &fetch->next, from);
    for (;;) {
        enum batch_result after = next;
        if (next == BATCH_MORE) {
            body_ahead_begin(t, fetch->ahead, fetch->next.entries, fetch->next.count);
            after = read_batch(fetch, &fetch->after, from);
        }
        enum batch_result result = write_batch(t, fetch, &fetch->now);
        body_ahead_end(t, fetch->ahead);
        if (result != BATCH_MORE || next != BATCH_MORE) return result == BATCH_MORE ? next : result;
        struct fetch_batch written = fetch->now;
        fetch->now = fetch->next;
        fetch->next = fetch->after;
        fetch->after = written;
        next = after;
        if (task_yield(t) == WAIT_CANCELLED) return BATCH_GONE;
    }
}

static enum batch_result write_batches(struct task *t, struct fetch *fetch) {
    uint32_t from = 1;
    enum batch_result result = read_batch(fetch, &fetch->now, &from);
    while (result == BATCH_MORE) {
        if (looks_ahead(fetch)) return write_looking_ahead(t, fetch, &from);
        result = write_batch(t, fetch, &fetch->now);
        if (result == BATCH_MORE) result = read_batch(fetch, &fetch->now, &from);
        if (result == BATCH_MORE && task_yield(t) == WAIT_CANCELLED) return BATCH_GONE;
    }
    return result;
}

/* How many messages the numbers of the command name. */
static uint64_t asked_count(const struct fetch *fetch) {
    const struct uid_set *view = &fetch->call->session->uids;
    uint64_t count = 0;
    for (size_t i = 0; i < fetch->targets.count; i++)
        count += uid_set_rank(view, fetch->targets.ranges[i].last) -
                 uid_set_rank(view, fetch->targets.ranges[i].first) + 1;
    return count;
}

static struct imap_answer conclude(const struct fetch *fetch, enum batch_result result) {
    if (result == BATCH_GONE) return ANSWER_NONE;
    if (result == BATCH_FAILED) return ANSWER_NO("SERVERBUG", "Storage failed");
    if (fetch->is_damaged) return ANSWER_NO("SERVERBUG", "Some of it cannot be read, see the server's log");
    if (fetch->is_undecodable) return ANSWER_NO("UNKNOWN-CTE", "A part has an encoding that is not known");
    bool by_number = !fetch->call->command->uid && !fetch->request->has_changed_since;
    if (fetch->is_missed || (by_number && fetch->written < asked_count(fetch)))
        return (struct imap_answer){IMAP_REPLY_OK, false, SLICE("EXPUNGEISSUED"),
                                    SLICE("Some of the messages are gone")};
    return ANSWER_OK("Fetched");
}

/* RFC 7162 3.2.6 */
static void report_vanished(struct fetch *fetch) {
    struct uid_set asked = UID_SET_EMPTY;
    for (size_t i = 0; i < fetch->targets.count; i++) {
        struct uid_range range = fetch->targets.ranges[i];
        uid_set_append(&asked, (struct number_range){range.first, range.last});
    }
    imap_report_vanished(fetch->call, &asked, true);
    uid_set_free(&asked);
}

static struct imap_answer fetch_all(struct task *t, struct fetch *fetch) {
    (void)imap_keywords_load(fetch->call, &fetch->keywords);
    if (fetch->request->vanished) report_vanished(fetch);
    const struct budgets *budgets = fetch->call->session->server->env->budgets;
    fetch->now.arena = arena_new(budgets->imap_batch_bytes);
    fetch->next.arena = arena_new(budgets->imap_batch_bytes);
    fetch->after.arena = arena_new(budgets->imap_batch_bytes);
    fetch->structure_arena = arena_new(budgets->imap_work_bytes);
    enum batch_result result = fetch->targets.count ? write_batches(t, fetch) : BATCH_END;
    arena_free(&fetch->structure_arena);
    if (fetch->ahead) body_ahead_give_back(fetch->ahead);
    arena_free(&fetch->after.arena);
    arena_free(&fetch->next.arena);
    arena_free(&fetch->now.arena);
    return conclude(fetch, result);
}

/* What the items imply: UID FETCH has the UID, CHANGEDSINCE the modseq (RFC 7162 3.1.4.1). */
static void complete_request(struct imap_call *call, struct imap_fetch *request) {
    if (call->command->uid) request->items |= IMAP_FETCH_UID;
    if (request->has_changed_since) request->items |= IMAP_FETCH_MODSEQ;
    if (request->items & IMAP_FETCH_MODSEQ) call->session->enabled |= IMAP_ENABLE_CONDSTORE;
}

/* A piece of the message as it is stored. A binary section is decoded, as its structure says. */
static bool needs_no_structure(const struct imap_section *section) {
    bool is_decoded = section->kind == IMAP_SECTION_BINARY || section->kind == IMAP_SECTION_BINARY_SIZE;
    return !is_decoded && fetch_section_is_whole(section);
}

static unsigned fields_of(const struct imap_fetch *request) {
    unsigned fields = request->items & ~(uint32_t)ITEMS_OF_ONLY_FLAGS ? ENTRY_FLAGS : ENTRY_ONLY_FLAGS;
    if (request->items & ~(uint32_t)ITEMS_OF_FLAGS) fields |= ENTRY_MESSAGE;
    if (request->section_count) fields |= ENTRY_PLACE;
    for (size_t i = 0; i < request->section_count; i++)
        if (!needs_no_structure(&request->sections[i])) fields |= ENTRY_MESSAGE;
    return fields;
}

struct imap_answer imap_run_fetch(struct task *t, struct imap_call *call) {
    struct imap_fetch *request = &call->command->fetch;
    if (request->vanished && !(call->session->enabled & IMAP_ENABLE_QRESYNC))
        return ANSWER_BAD("Enable QRESYNC first");
    complete_request(call, request);
    struct fetch fetch = {.call = call, .request = request};
    if (!imap_call_targets(call, &request->messages, &fetch.targets))
        return ANSWER_NO("LIMIT", "Too many messages at once");
    fetch.fields = fields_of(request);
    return fetch_all(t, &fetch);
}
