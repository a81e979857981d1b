/*
 * SEARCH and UID SEARCH (RFC 9051 6.4.4, RFC 4731 ESEARCH, RFC 5182 SAVE, RFC 7162 MODSEQ). The
 * program runs over the messages that the client knows, in batches; between them, and after much
 * text was read, other sessions have their turn. What is found is a UID set, so that a million
 * hits take a few bytes.
 */
#include "base/limits.h"
#include "imap/imap_commands.h"
#include "imap/imap_search.h"

enum { SEARCH_BYTES_A_TURN = 1024 * 1024 };

struct hits {
    struct uid_set uids;
    uint64_t modseq;
};

static size_t run_operator(const struct imap_search_key *key, bool *stack, size_t height) {
    size_t operands = key->type == IMAP_SEARCH_NOT ? 1 : key->count;
    ASSERT(operands <= height);
    bool value = key->type == IMAP_SEARCH_AND;
    for (size_t i = height - operands; i < height; i++)
        value = key->type == IMAP_SEARCH_AND ? value && stack[i] : value || stack[i];
    height -= operands;
    stack[height++] = key->type == IMAP_SEARCH_NOT ? !value : value;
    return height;
}

static bool is_operator(const struct imap_search_key *key) {
    return key->type == IMAP_SEARCH_AND || key->type == IMAP_SEARCH_OR || key->type == IMAP_SEARCH_NOT;
}

static bool holds(struct search *search, const struct entry *entry) {
    const struct imap_search *program = search->program;
    size_t height = 0;
    search_text_begin(search, entry);
    for (size_t i = 0; i < program->key_count; i++) {
        if (is_operator(&program->keys[i]))
            height = run_operator(&program->keys[i], search->stack, height);
        else
            search->stack[height++] = search_key_holds(search, i, entry);
    }
    ASSERT(height == 1);
    return search->stack[0];
}

static void note_hit(struct hits *hits, const struct entry *entry) {
    uid_set_append(&hits->uids, (struct number_range){entry->uid, entry->uid});
    if (entry->modseq > hits->modseq) hits->modseq = entry->modseq;
}

/* Others have their turn after much reading; the entries are copies, and stay good. */
static bool take_turns(struct task *t, struct search *search) {
    if (search->work_bytes < SEARCH_BYTES_A_TURN) return true;
    search->work_bytes = 0;
    return task_yield(t) != WAIT_CANCELLED;
}

/* False: the session is ending, or reading failed. */
static bool search_batch(struct task *t, struct search *search, struct uid_ranges where, uint32_t *from,
                         struct hits *hits) {
    struct imap_session *session = search->call->session;
    size_t max = search->fields & ENTRY_MESSAGE ? IMAP_BATCH_MESSAGES : IMAP_BATCH_ENTRIES;
    struct entry *entries;
    size_t count = 0;
    arena_reset(search->batch);
    enum store_result result = reader_entries(session->server->reader, search->batch, session->view->mailbox,
                                              where, *from, search->fields, max, &entries, &count);
    if (result != STORE_OK) search->is_damaged = true;
    *from = result == STORE_OK && count ? entries[count - 1].uid + 1 : 0;
    for (size_t i = 0; i < count; i++) {
        if (uid_set_contains(&session->uids, entries[i].uid) && holds(search, &entries[i]))
            note_hit(hits, &entries[i]);
        if (!take_turns(t, search)) return false;
    }
    return task_yield(t) != WAIT_CANCELLED;
}

/* Messages that a top-level set of the program leaves to be looked at: `UID SEARCH 7:9 NOT DELETED`
   reads three. NULL: no such set. The program's value is that of its last key: a set, or an AND of
   which a set is an operand; what stands on the stack is followed without its values. */
static const struct imap_sequence *restriction(const struct search *search, size_t *places) {
    const struct imap_search *program = search->program;
    size_t height = 0;
    for (size_t i = 0; i + 1 < program->key_count; i++) {
        const struct imap_search_key *key = &program->keys[i];
        if (is_operator(key)) height -= key->type == IMAP_SEARCH_NOT ? 1 : key->count;
        places[height++] = i;
    }
    const struct imap_search_key *last = &program->keys[program->key_count - 1];
    size_t first = last->type == IMAP_SEARCH_AND ? height - last->count : height;
    for (size_t i = first; i < height; i++) {
        enum imap_search_type type = program->keys[places[i]].type;
        if (type == IMAP_SEARCH_UIDS || type == IMAP_SEARCH_NUMBERS)
            return &program->keys[places[i]].sequence;
    }
    return last->type == IMAP_SEARCH_UIDS || last->type == IMAP_SEARCH_NUMBERS ? &last->sequence : NULL;
}

/* search_keys_prepare has made UIDs of all sets. */
static bool where_to_look(struct search *search, struct uid_ranges *where) {
    struct arena *work = search->call->work;
    uint32_t last_uid = uid_set_last(&search->call->session->uids);
    size_t *places = arena_try_alloc(work, search->program->key_count * sizeof *places);
    if (!places) return false;
    const struct imap_sequence *sequence = restriction(search, places);
    size_t count = sequence ? sequence->count : last_uid > 0;
    struct uid_range *ranges = arena_try_alloc(work, (count + 1) * sizeof *ranges);
    if (!ranges) return false;
    if (!sequence) ranges[0] = (struct uid_range){1, last_uid};
    for (size_t i = 0; sequence && i < count; i++)
        ranges[i] = (struct uid_range){sequence->ranges[i].first, sequence->ranges[i].last};
    *where = (struct uid_ranges){ranges, count};
    return true;
}

/* ---- the answer ---- */

static uint32_t shown(const struct imap_call *call, uint32_t uid) {
    return call->command->uid ? uid : uid_set_rank(&call->session->uids, uid);
}

/* Hits as the command counts them: UIDs, or the numbers of these messages. */
static struct uid_set shown_set(const struct imap_call *call, const struct uid_set *uids) {
    if (call->command->uid) return uid_set_share(*uids);
    struct uid_set numbers = UID_SET_EMPTY;
    struct number_range range;
    for (struct uid_set_cursor cursor = {0}; uid_set_next(uids, &cursor, &range);) {
        /* Neighbours among the UIDs are neighbours by number too. */
        uint32_t first = shown(call, range.first);
        uid_set_append(&numbers, (struct number_range){first, first + (range.last - range.first)});
    }
    return numbers;
}

static bool write_plain(struct task *t, struct search *search, const struct uid_set *found, uint64_t modseq) {
    struct buffer *out = search->call->out;
    struct number_range range;
    buffer_append_text(out, "* SEARCH");
    for (struct uid_set_cursor cursor = {0}; uid_set_next(found, &cursor, &range);) {
        for (uint64_t number = range.first; number <= range.last; number++) {
            buffer_append_byte(out, ' ');
            buffer_append_number(out, number);
            if (!imap_relieve(t, search->call->session)) return false;
        }
    }
    /* RFC 7162 3.1.5 */
    if (search->program->has_modseq && modseq) {
        buffer_append_text(out, " (MODSEQ ");
        buffer_append_number(out, modseq);
        buffer_append_byte(out, ')');
    }
    buffer_append_text(out, "\r\n");
    return true;
}

/* RFC 4731 3.1: the tag is a quoted string; MIN, MAX and ALL only where there is a hit. */
static void write_extended(struct search *search, const struct uid_set *found, uint64_t modseq) {
    struct buffer *out = search->call->out;
    const struct imap_search *program = search->program;
    uint32_t returns = program->returns;
    uint32_t count = uid_set_count(found);
    buffer_append_text(out, "* ESEARCH (TAG \"");
    buffer_append(out, search->call->command->tag);
    buffer_append_text(out, search->call->command->uid ? "\") UID" : "\")");
    if (count && (returns & IMAP_SEARCH_RETURN_MIN)) buffer_printf(out, " MIN %u", uid_set_select(found, 1));
    if (count && (returns & IMAP_SEARCH_RETURN_MAX)) buffer_printf(out, " MAX %u", uid_set_last(found));
    if (returns & IMAP_SEARCH_RETURN_COUNT) buffer_printf(out, " COUNT %u", count);
    if (count && (returns & IMAP_SEARCH_RETURN_ALL)) {
        buffer_append_text(out, " ALL ");
        imap_reply_uid_set(out, found);
    }
    if (program->has_modseq && count) {
        buffer_append_text(out, " MODSEQ ");
        buffer_append_number(out, modseq);
    }
    buffer_append_text(out, "\r\n");
}

/* RFC 5182 2.1: MIN or MAX alone save just that message. */
static void save(struct search *search, const struct uid_set *uids) {
    struct imap_session *session = search->call->session;
    uint32_t ends = search->program->returns & (IMAP_SEARCH_RETURN_MIN | IMAP_SEARCH_RETURN_MAX);
    bool is_all = search->program->returns & (IMAP_SEARCH_RETURN_ALL | IMAP_SEARCH_RETURN_COUNT);
    uid_set_free(&session->saved);
    if (!ends || is_all || uid_set_count(uids) == 0) {
        session->saved = uid_set_share(*uids);
        return;
    }
    uint32_t first = uid_set_select(uids, 1);
    uint32_t last = uid_set_last(uids);
    if (ends & IMAP_SEARCH_RETURN_MIN) uid_set_append(&session->saved, (struct number_range){first, first});
    if ((ends & IMAP_SEARCH_RETURN_MAX) && (last != first || !(ends & IMAP_SEARCH_RETURN_MIN)))
        uid_set_append(&session->saved, (struct number_range){last, last});
}

static bool write_answer(struct task *t, struct search *search, const struct hits *hits) {
    uint32_t returns = search->program->returns;
    if (returns & IMAP_SEARCH_RETURN_SAVE) save(search, &hits->uids);
    /* RFC 5182 2.1: SAVE alone says nothing. */
    if (search->program->extended && !(returns & ~(uint32_t)IMAP_SEARCH_RETURN_SAVE)) return true;
    struct uid_set found = shown_set(search->call, &hits->uids);
    bool is_alive = true;
    if (search->program->extended)
        write_extended(search, &found, hits->modseq);
    else
        is_alive = write_plain(t, search, &found, hits->modseq);
    uid_set_free(&found);
    return is_alive;
}

static struct imap_answer search_run(struct task *t, struct search *search) {
    struct hits hits = {UID_SET_EMPTY, 0};
    struct uid_ranges where;
    if (!where_to_look(search, &where)) return ANSWER_NO("LIMIT", "Too many ranges");
    bool is_alive = true;
    for (uint32_t from = where.count ? 1 : 0; is_alive && from;)
        is_alive = search_batch(t, search, where, &from, &hits);
    is_alive = is_alive && write_answer(t, search, &hits);
    uid_set_free(&hits.uids);
    if (!is_alive) return ANSWER_NONE;
    if (search->is_damaged)
        return ANSWER_NO("SERVERBUG", "Some messages cannot be read, see the server's log");
    return ANSWER_OK("Searched");
}

struct imap_answer imap_run_search(struct task *t, struct imap_call *call) {
    const struct imap_search *program = &call->command->search;
    struct search search = {.call = call, .program = program, .fields = ENTRY_FLAGS};
    search.now_ms = env_wall_ms(call->session->server->env);
    search.stack = arena_try_alloc(call->work, program->key_count + 1);
    if (program->has_modseq) call->session->enabled |= IMAP_ENABLE_CONDSTORE;
    if (!search.stack || !search_keys_prepare(&search)) return ANSWER_NO("LIMIT", "The search is too large");
    (void)imap_keywords_load(call, &search.keywords);
    search.batch = arena_new(call->session->server->env->budgets->imap_batch_bytes);
    struct imap_answer answer = search_run(t, &search);
    arena_free(&search.batch);
    search_text_free(&search);
    return answer;
}
