#include "store/sender_copy.h"

#include "base/limits_sender.h"
#include "store/engine_state.h"

static const char copy_insert[] =
    "INSERT OR IGNORE INTO outreach_copy (id, sender, due_ms, tries, cause, detail, content)"
    " VALUES ($1, $2, $3, 0, 0, '', $4)";
static const char copy_due[] = "UPDATE outreach_copy SET due_ms = $2 WHERE id = $1";
static const char copy_drop[] = "DELETE FROM outreach_copy WHERE id = $1";
static const char copies_of_sender_drop[] = "DELETE FROM outreach_copy WHERE sender = $1";
static const char copies_of_contact_drop[] =
    "DELETE FROM outreach_copy WHERE id IN (SELECT id FROM outreach_sent WHERE contact = $1)";
static const char copy_next[] =
    "SELECT outreach_copy.id, message_id, content FROM outreach_copy JOIN outreach_sent"
    " ON outreach_sent.id = outreach_copy.id WHERE outreach_copy.sender = $1 AND outreach_copy.due_ms <= $2"
    " ORDER BY outreach_copy.due_ms LIMIT 1";
static const char copy_read[] =
    "SELECT outreach_copy.id, tries, outreach_sent.sent_ms FROM outreach_copy JOIN outreach_sent"
    " ON outreach_sent.id = outreach_copy.id WHERE outreach_sent.message_id = $1";
static const char copy_failed[] =
    "UPDATE outreach_copy SET tries = tries + 1, cause = $2, detail = $3, due_ms = $4 WHERE id = $1";
static const char copy_blank[] = "UPDATE outreach_copy SET content = x'' WHERE id = $1";
/* Those of letters that have left. */
#define COPY_STATE(WHICH)                                                                      \
    "SELECT length(content) = 0, outreach_copy.cause, outreach_copy.detail FROM outreach_copy" \
    " JOIN outreach_sent ON outreach_sent.id = outreach_copy.id WHERE outreach_copy." WHICH    \
    " = $1 AND outreach_sent.state = 2 ORDER BY outreach_copy.id LIMIT $2"
static const char state_of_sender[] = COPY_STATE("sender");
static const char state_of_letter[] = COPY_STATE("id");

/* ---- in the commits of campaigns ---- */

void sender_copy_put(struct commit *commit, uint64_t sent, uint64_t sender, struct slice content) {
    if (content.len == 0) return;
    DB_RUN(commit->db, copy_insert, DB_NUMBER(sent), DB_NUMBER(sender), DB_NUMBER(PROSPECT_NEVER),
           DB_BYTES(content));
}

void sender_copy_follow(struct commit *commit, uint64_t sent, enum sent_state state) {
    if (state == SENT_SENT)
        DB_RUN(commit->db, copy_due, DB_NUMBER(sent), DB_NUMBER(commit->now_ms));
    else if (state == SENT_REFUSED || state == SENT_CANCELLED)
        DB_RUN(commit->db, copy_drop, DB_NUMBER(sent));
}

void sender_copy_forget(struct commit *commit, uint64_t sender) {
    DB_RUN(commit->db, copies_of_sender_drop, DB_NUMBER(sender));
}

void sender_copy_erase(struct commit *commit, uint64_t contact) {
    DB_RUN(commit->db, copies_of_contact_drop, DB_NUMBER(contact));
}

/* ---- for who puts them into Sent ---- */

static enum store_result finish(struct engine *engine, bool is_found) {
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result == STORE_OK && !is_found ? STORE_NOT_FOUND : result;
}

enum store_result engine_copy_next(struct engine *engine, struct arena *arena, uint64_t sender,
                                   int64_t now_ms, struct sender_copy *copy) {
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, copy_next, DB_NUMBER(sender), DB_NUMBER(now_ms));
    bool is_found = db_rows_next(&rows);
    if (is_found) {
        *copy = (struct sender_copy){.id = db_rows_id(&rows, 0),
                                     .message_id = arena_copy(arena, db_rows_bytes(&rows, 1)),
                                     .content = arena_copy(arena, db_rows_bytes(&rows, 2))};
        db_rows_end(&rows);
    }
    return finish(engine, is_found);
}

struct copy_end {
    struct slice message_id;
    enum sender_cause cause;
    struct slice detail;
};

static int64_t pause_after(uint64_t tries) {
    int64_t pause_ms = OUTREACH_COPY_PAUSE_MS_MIN;
    for (uint64_t i = 0; i < tries && pause_ms < OUTREACH_COPY_PAUSE_MS_MAX; i++) pause_ms *= 2;
    return pause_ms < OUTREACH_COPY_PAUSE_MS_MAX ? pause_ms : OUTREACH_COPY_PAUSE_MS_MAX;
}

static enum store_result end_copy(struct commit *commit, void *argument) {
    const struct copy_end *end = argument;
    struct db_rows rows = DB_ROWS(commit->db, copy_read, DB_TEXT(end->message_id));
    if (!db_rows_next(&rows)) return STORE_OK;
    uint64_t id = db_rows_id(&rows, 0);
    uint64_t tries = db_rows_id(&rows, 1);
    int64_t age_ms = commit->now_ms - db_rows_number(&rows, 2);
    db_rows_end(&rows);
    if (end->cause == SENDER_CAUSE_NONE) {
        DB_RUN(commit->db, copy_drop, DB_NUMBER(id));
        return STORE_OK;
    }
    bool is_over = age_ms > OUTREACH_COPY_AGE_MS_MAX;
    DB_RUN(commit->db, copy_failed, DB_NUMBER(id), DB_NUMBER(end->cause),
           DB_TEXT(slice_sub(end->detail, 0, SENDER_DETAIL_BYTES_MAX)),
           DB_NUMBER(is_over ? PROSPECT_NEVER : commit->now_ms + pause_after(tries)));
    if (is_over) DB_RUN(commit->db, copy_blank, DB_NUMBER(id));
    return STORE_OK;
}

enum store_result engine_copy_end(struct task *t, struct engine *engine, struct slice message_id,
                                  enum sender_cause cause, struct slice detail) {
    struct copy_end end = {message_id, cause, detail};
    struct commit_operation operation = {.run = end_copy, .argument = &end};
    return commit_run(t, &engine->queue, &operation);
}

/* ---- for people ---- */

enum store_result engine_copy_state(struct engine *engine, struct arena *arena, uint64_t sender,
                                    uint64_t sent, struct sender_copy_state *state) {
    *state = (struct sender_copy_state){0};
    db_begin_read(engine->db);
    struct db_rows rows =
        sent ? DB_ROWS(engine->db, state_of_letter, DB_NUMBER(sent), DB_NUMBER(OUTREACH_COPIES_SHOWN_MAX))
             : DB_ROWS(engine->db, state_of_sender, DB_NUMBER(sender), DB_NUMBER(OUTREACH_COPIES_SHOWN_MAX));
    while (db_rows_next(&rows)) {
        bool is_lost = db_rows_number(&rows, 0) != 0;
        uint64_t cause = db_rows_id(&rows, 1);
        state->lost += is_lost;
        state->waiting += !is_lost;
        if (cause == SENDER_CAUSE_NONE || cause >= SENDER_CAUSES) continue;
        state->cause = (enum sender_cause)cause;
        state->detail = arena_copy(arena, db_rows_bytes(&rows, 2));
    }
    return finish(engine, true);
}
