#include "store/campaign_leave.h"

#include "store/account.h"
#include "store/campaign_table.h"
#include "store/change.h"
#include "store/engine_state.h"
#include "store/entry.h"
#include "store/queue.h"

static const char sent_of[] = "SELECT id, prospect, state, leaving_ms, address, step FROM outreach_sent"
                              " WHERE message = $1 AND message <> 0";
static const char sent_leaves[] = "UPDATE outreach_sent SET leaving_ms = $2, sent_ms = $2 WHERE id = $1";
static const char others_open[] = "SELECT 1 FROM outreach_sent WHERE sender = $1 AND id <> $2"
                                  " AND state IN (0, 1, 3) AND (message = 0 OR leaving_ms > 0) LIMIT 1";
static const char recipients_of[] = "SELECT number, state, destination FROM recipient WHERE message = $1"
                                    " AND state <> 2";
static const char recipient_waits[] = "UPDATE recipient SET due_ms = $2 WHERE message = $1 AND state = 0";
static const char account_of[] = "SELECT account FROM outgoing WHERE message = $1";
static const char sent_mailbox[] =
    "SELECT id FROM mailbox WHERE account = $1 AND special_use = $2 ORDER BY id LIMIT 1";

enum { RECIPIENTS_MAX = 16 };

struct leaving {
    struct commit *commit;
    const struct outreach_leave *leave;
    uint64_t sent;
    struct prospect_row prospect;
    enum sent_state state;
    int64_t leaving_ms;
    uint32_t step;
    struct slice address;
    /* Planted mistakes. */
    bool is_deaf;
    bool is_forgetful;
};

static bool load(struct leaving *leaving) {
    struct db_rows rows = DB_ROWS(leaving->commit->db, sent_of, DB_NUMBER(leaving->leave->message));
    if (!db_rows_next(&rows)) return false;
    uint64_t prospect = db_rows_id(&rows, 1);
    leaving->sent = db_rows_id(&rows, 0);
    leaving->state = (enum sent_state)db_rows_number(&rows, 2);
    leaving->leaving_ms = db_rows_number(&rows, 3);
    leaving->address = arena_copy(leaving->commit->arena, db_rows_bytes(&rows, 4));
    leaving->step = (uint32_t)db_rows_number(&rows, 5);
    db_rows_end(&rows);
    return prospect_load(leaving->commit->db, prospect, &leaving->prospect);
}

/* ---- out of the queue ---- */

struct waiting {
    uint32_t number;
    enum queue_state state;
    uint64_t destination;
};

static size_t read_waiting(const struct leaving *leaving, struct waiting *waiting) {
    size_t count = 0;
    struct db_rows rows = DB_ROWS(leaving->commit->db, recipients_of, DB_NUMBER(leaving->leave->message));
    while (db_rows_next(&rows))
        if (count < RECIPIENTS_MAX)
            waiting[count++] =
                (struct waiting){(uint32_t)db_rows_number(&rows, 0),
                                 (enum queue_state)db_rows_number(&rows, 1), db_rows_id(&rows, 2)};
    return count;
}

static void leave_queue(const struct leaving *leaving) {
    struct commit *commit = leaving->commit;
    struct waiting waiting[RECIPIENTS_MAX];
    size_t count = read_waiting(leaving, waiting);
    for (size_t i = 0; i < count; i++) {
        queue_remove(commit, leaving->leave->message, waiting[i].number, waiting[i].state);
        struct queue_known *known = queue_destination_known(commit, waiting[i].destination);
        if (known) queue_rest(commit, known);
    }
    (void)queue_end_if_empty(commit, leaving->leave->message);
}

/* What never left does not stand in Sent. */
static void forget_copy(const struct leaving *leaving) {
    struct commit *commit = leaving->commit;
    struct mailbox_state mailbox;
    int64_t account = DB_READ_NUMBER(commit->db, account_of, 0, DB_NUMBER(leaving->leave->message));
    uint64_t id =
        (uint64_t)DB_READ_NUMBER(commit->db, sent_mailbox, 0, DB_NUMBER(account), DB_NUMBER(SPECIAL_SENT));
    uint32_t uid = id ? entry_find_message(commit->db, id, leaving->leave->message) : 0;
    if (uid == 0 || !mailbox_load(commit->db, id, &mailbox)) return;
    struct mailbox_state before = mailbox;
    mailbox.modseq++;
    entry_remove(commit, &mailbox, (struct uid_range){uid, uid}, false, false);
    change_prune(commit->db, &mailbox);
    mailbox_save(commit, &mailbox);
    account_use(commit->db, mailbox.account, mailbox.bytes - before.bytes,
                mailbox.message_count - before.message_count);
}

static void withdraw(const struct leaving *leaving, enum outreach_gate gate) {
    struct outreach_outcome outcome = {
        .sent = leaving->sent,
        .result = OUTREACH_NOT_SENT,
        .due_ms = leaving->commit->now_ms,
        .detail = arena_printf(leaving->commit->arena, "not sent: %s", outreach_gate_word(gate))};
    forget_copy(leaving);
    leave_queue(leaving);
    campaign_outcome(leaving->commit, &outcome);
}

/* Nobody is asked twice for the sake of one who may not have heard. */
static void count_as_sent(const struct leaving *leaving) {
    prospect_note(leaving->commit, &leaving->prospect, OUTREACH_EVENT_UNKNOWN, campaign_in_doubt);
    leave_queue(leaving);
    campaign_message_left(leaving->commit, leaving->sent, leaving->leaving_ms);
}

static void wait_until(const struct leaving *leaving, int64_t at_ms) {
    struct commit *commit = leaving->commit;
    struct waiting waiting[RECIPIENTS_MAX];
    size_t count = read_waiting(leaving, waiting);
    commit->has_moved_campaigns = true;
    DB_RUN(commit->db, recipient_waits, DB_NUMBER(leaving->leave->message), DB_NUMBER(at_ms));
    for (size_t i = 0; i < count; i++) {
        struct queue_known *known = queue_destination_known(commit, waiting[i].destination);
        if (known) queue_due(commit, known, at_ms);
    }
}

/* ---- the word ---- */

static enum outreach_gate ask_gates(const struct leaving *leaving) {
    if (leaving->is_deaf) return GATE_OPEN;
    /* An answer since may have made another letter the one whose turn it is. */
    if (leaving->prospect.state != PROSPECT_CLAIMED || leaving->prospect.step != leaving->step)
        return GATE_PROSPECT;
    return campaign_ask_standing(leaving->commit, &leaving->prospect, leaving->address);
}

static bool may_leave(const struct leaving *leaving) {
    struct commit *commit = leaving->commit;
    const struct outreach_leave *leave = leaving->leave;
    bool is_begun = leaving->leaving_ms && !leave->is_again;
    if (leaving->state != SENT_SENDING) {
        leave_queue(leaving);
        return false;
    }
    if (is_begun && !leaving->is_forgetful) {
        count_as_sent(leaving);
        return false;
    }
    enum outreach_gate gate = ask_gates(leaving);
    if (gate != GATE_OPEN) {
        withdraw(leaving, gate);
        return false;
    }
    int64_t at_ms = leave->at_ms;
    if (DB_READ_NUMBER(commit->db, others_open, 0, DB_NUMBER(leaving->prospect.sender),
                       DB_NUMBER(leaving->sent)) &&
        at_ms < commit->now_ms + leave->gap_ms)
        at_ms = commit->now_ms + leave->gap_ms;
    if (at_ms > commit->now_ms) {
        wait_until(leaving, at_ms);
        return false;
    }
    DB_RUN(commit->db, sent_leaves, DB_NUMBER(leaving->sent), DB_NUMBER(commit->now_ms));
    return true;
}

struct leave_request {
    const struct outreach_leave *leave;
    const struct engine *engine;
    bool may_leave;
};

static enum store_result leave(struct commit *commit, void *argument) {
    struct leave_request *request = argument;
    struct leaving leaving = {.commit = commit,
                              .leave = request->leave,
                              .is_deaf = IS_PLANTED(request->engine->env, PLANTED_ANSWER_UNHEARD),
                              .is_forgetful = IS_PLANTED(request->engine->env, PLANTED_DOUBT_IS_UNSENT)};
    request->may_leave = true;
    if (!load(&leaving)) return db_result(commit->db, STORE_OK);
    request->may_leave = may_leave(&leaving);
    return STORE_OK;
}

enum store_result engine_outreach_leave(struct task *t, struct engine *engine,
                                        const struct outreach_leave *wish, bool *may_leave) {
    struct leave_request request = {.leave = wish, .engine = engine};
    struct commit_operation operation = {.run = leave, .argument = &request};
    enum store_result result = commit_run(t, &engine->queue, &operation);
    *may_leave = result == STORE_OK && request.may_leave;
    return result;
}
