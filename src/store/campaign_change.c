/* Changes of prospects and campaigns that the office makes beside messages. */
#include "base/limits_campaign.h"
#include "store/campaign.h"
#include "store/campaign_table.h"
#include "store/engine_state.h"

static const char step_skip[] = "UPDATE prospect SET step = $2 WHERE id = $1";
static const char running_of[] = "SELECT id FROM campaign WHERE sender = $1 AND state = 1 LIMIT $2";
static const char sent_place[] = "SELECT state, message FROM outreach_sent WHERE id = $1";
static const char sent_unknown[] = "UPDATE outreach_sent SET state = 3 WHERE id = $1";

/* ---- due later ---- */

struct delay_request {
    const struct prospect_delay *delays;
    size_t count;
};

static void delay_one(struct commit *commit, const struct prospect_delay *delay) {
    struct prospect_row row;
    if (!prospect_load(commit->db, delay->prospect, &row) || row.step != delay->step) return;
    bool is_waiting = row.state == PROSPECT_WAITING || row.state == PROSPECT_OUT_OF_OFFICE;
    if (!is_waiting && (row.state != PROSPECT_REPLIED || !row.has_replied)) return;
    if (delay->is_skip) DB_RUN(commit->db, step_skip, DB_NUMBER(row.id), DB_NUMBER(delay->to_step));
    if (delay->is_skip && delay->is_end)
        prospect_set(commit, &row, row.has_replied ? PROSPECT_REPLIED : PROSPECT_FINISHED, PROSPECT_NEVER,
                     delay->reason);
    else
        prospect_set(commit, &row, row.state, delay->due_ms, delay->reason);
}

static enum store_result delay_all(struct commit *commit, void *argument) {
    const struct delay_request *request = argument;
    for (size_t i = 0; i < request->count; i++) delay_one(commit, &request->delays[i]);
    return STORE_OK;
}

enum store_result engine_outreach_delay(struct task *t, struct engine *engine,
                                        const struct prospect_delay *delays, size_t count) {
    struct delay_request request = {delays, count};
    struct commit_operation operation = {.run = delay_all, .argument = &request};
    return commit_run(t, &engine->queue, &operation);
}

/* ---- a sender that cannot be used ---- */

struct halt_request {
    uint64_t sender;
    struct slice reason;
};

/* Each that runs from this mailbox. */
static void each_running(struct commit *commit, uint64_t sender, struct slice reason,
                         void (*pause)(struct commit *commit, uint64_t campaign, struct slice reason)) {
    uint64_t running[OUTREACH_LIST_MAX];
    size_t count = 0;
    struct db_rows rows = DB_ROWS(commit->db, running_of, DB_NUMBER(sender), DB_NUMBER(OUTREACH_LIST_MAX));
    while (db_rows_next(&rows)) running[count++] = db_rows_id(&rows, 0);
    for (size_t i = 0; i < count; i++) pause(commit, running[i], reason);
}

void campaign_halt_sender(struct commit *commit, uint64_t sender, struct slice reason) {
    each_running(commit, sender, reason, campaign_halt);
}

static enum store_result hold(struct commit *commit, void *argument) {
    const struct halt_request *request = argument;
    each_running(commit, request->sender, request->reason, campaign_hold);
    return STORE_OK;
}

enum store_result engine_outreach_halt(struct task *t, struct engine *engine, uint64_t sender,
                                       struct slice reason) {
    struct halt_request request = {sender, reason};
    struct commit_operation operation = {.run = hold, .argument = &request};
    return commit_run(t, &engine->queue, &operation);
}

/* ---- a message that nobody answers for ---- */

static enum store_result lose(struct commit *commit, void *argument) {
    uint64_t sent = *(const uint64_t *)argument;
    struct db_rows rows = DB_ROWS(commit->db, sent_place, DB_NUMBER(sent));
    if (!db_rows_next(&rows)) return db_result(commit->db, STORE_NOT_FOUND);
    enum sent_state state = (enum sent_state)db_rows_number(&rows, 0);
    bool is_queued = db_rows_id(&rows, 1) != 0;
    db_rows_end(&rows);
    struct outreach_outcome outcome = {sent, OUTREACH_NOT_SENT, commit->now_ms,
                                       SLICE("the role that sends went away before it left")};
    if (state == SENT_DECIDED) campaign_outcome(commit, &outcome);
    if (state == SENT_SENDING && !is_queued) DB_RUN(commit->db, sent_unknown, DB_NUMBER(sent));
    return STORE_OK;
}

enum store_result engine_outreach_lost(struct task *t, struct engine *engine, uint64_t sent) {
    struct commit_operation operation = {.run = lose, .argument = &sent};
    return commit_run(t, &engine->queue, &operation);
}
