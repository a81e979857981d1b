#include "store/campaign_table.h"

#include "base/limits_campaign.h"
#include "store/campaign_lane.h"

static const char prospect_read[] =
    "SELECT prospect.campaign, contact, prospect.state, step, tries, due_ms, last_sent_ms, campaign.sender,"
    " campaign.state, campaign.tenant, prospect.lane, is_follow, has_replied, has_answer_steps, stops_company"
    " FROM prospect JOIN campaign ON campaign.id = prospect.campaign"
    " WHERE prospect.id = $1";
static const char prospect_write[] =
    "UPDATE prospect SET state = $2, due_ms = $3, reason = $4, changed_ms = $5 WHERE id = $1";
static const char count_change[] = "INSERT INTO campaign_count (campaign, state, count) VALUES ($1, $2, $3)"
                                   " ON CONFLICT (campaign, state) DO UPDATE SET count = count + $3";
static const char campaign_pause[] = "UPDATE campaign SET state = 2, reason = $2, is_held = $3 WHERE id = $1"
                                     " AND (state = 1 OR is_held > $3)";
static const char campaign_held[] =
    "SELECT id, tenant FROM campaign WHERE sender = $1 AND state = 2 AND is_held = 1 LIMIT $2";
static const char campaign_goes_on[] =
    "UPDATE campaign SET state = 1, reason = '', is_held = 0 WHERE id = $1";
static const char campaign_owner[] = "SELECT tenant, sender FROM campaign WHERE id = $1";
static const char campaign_over[] =
    "UPDATE campaign SET state = 4, reason = '' WHERE id = $1 AND state = 1 AND next_follow_ms = $2"
    " AND next_first_ms = $2 AND NOT EXISTS (SELECT 1 FROM"
    " campaign_count WHERE campaign = $1 AND state IN (0, 1, 3, 4, 9) AND count > 0)";
static const char prospect_in_line[] = "UPDATE prospect SET has_replied = 0, step = line_step WHERE id = $1";
static const char campaign_again[] = "UPDATE campaign SET state = 1, reason = '' WHERE id = $1 AND state = 4";
static const char note_insert[] =
    "INSERT INTO outreach_event (id, tenant, at_ms, kind, campaign, prospect, contact, sender, detail)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

bool prospect_load(struct db *db, uint64_t id, struct prospect_row *row) {
    struct db_rows rows = DB_ROWS(db, prospect_read, DB_NUMBER(id));
    if (!db_rows_next(&rows)) return false;
    *row = (struct prospect_row){.id = id,
                                 .campaign = db_rows_id(&rows, 0),
                                 .contact = db_rows_id(&rows, 1),
                                 .state = (enum prospect_state)db_rows_number(&rows, 2),
                                 .step = (uint32_t)db_rows_number(&rows, 3),
                                 .tries = (uint32_t)db_rows_number(&rows, 4),
                                 .due_ms = db_rows_number(&rows, 5),
                                 .last_sent_ms = db_rows_number(&rows, 6),
                                 .sender = db_rows_id(&rows, 7),
                                 .campaign_state = (enum campaign_state)db_rows_number(&rows, 8),
                                 .tenant = db_rows_id(&rows, 9),
                                 .lane = db_rows_id(&rows, 10),
                                 .is_follow = db_rows_number(&rows, 11) != 0,
                                 .has_replied = db_rows_number(&rows, 12),
                                 .has_answer_steps = db_rows_number(&rows, 13),
                                 .stops_company = db_rows_number(&rows, 14)};
    db_rows_end(&rows);
    return true;
}

void prospect_count(struct commit *commit, uint64_t campaign, enum prospect_state state, int64_t by) {
    DB_RUN(commit->db, count_change, DB_NUMBER(campaign), DB_NUMBER(state), DB_NUMBER(by));
}

static void note_campaign(struct commit *commit, uint64_t campaign, enum outreach_event_kind kind,
                          struct slice detail) {
    struct db_rows rows = DB_ROWS(commit->db, campaign_owner, DB_NUMBER(campaign));
    if (!db_rows_next(&rows)) return;
    uint64_t tenant = db_rows_id(&rows, 0);
    uint64_t sender = db_rows_id(&rows, 1);
    db_rows_end(&rows);
    struct outreach_note note = {.kind = kind, .campaign = campaign, .sender = sender, .detail = detail};
    outreach_note(commit, tenant, &note);
}

/* Nobody of it waits for anything any more. */
static void end_if_over(struct commit *commit, uint64_t campaign) {
    DB_RUN(commit->db, campaign_over, DB_NUMBER(campaign), DB_NUMBER(PROSPECT_NEVER));
    if (db_changed(commit->db)) note_campaign(commit, campaign, OUTREACH_EVENT_FINISHED, SLICE_EMPTY);
}

void campaign_changed(struct commit *commit, uint64_t campaign) {
    campaign_lanes_mend(commit, campaign, false);
    end_if_over(commit, campaign);
}

void campaign_reopen(struct commit *commit, uint64_t campaign, struct slice reason) {
    DB_RUN(commit->db, campaign_again, DB_NUMBER(campaign));
    if (db_changed(commit->db) == 0) return;
    commit->has_moved_campaigns = true;
    note_campaign(commit, campaign, OUTREACH_EVENT_RESUMED, reason);
}

void prospect_take_up(struct commit *commit, struct prospect_row *row) {
    DB_RUN(commit->db, prospect_in_line, DB_NUMBER(row->id));
    row->has_replied = false;
}

enum prospect_state prospect_resting(const struct prospect_row *row) {
    return row->has_replied ? PROSPECT_REPLIED : PROSPECT_WAITING;
}

void prospect_set(struct commit *commit, struct prospect_row *row, enum prospect_state state, int64_t due_ms,
                  struct slice reason) {
    DB_RUN(commit->db, prospect_write, DB_NUMBER(row->id), DB_NUMBER(state), DB_NUMBER(due_ms),
           DB_TEXT(reason), DB_NUMBER(commit->now_ms));
    if (row->state != state) {
        prospect_count(commit, row->campaign, row->state, -1);
        prospect_count(commit, row->campaign, state, 1);
    }
    row->state = state;
    row->due_ms = due_ms;
    campaign_lane_mend(commit, row->campaign, row->lane);
    if (due_ms == PROSPECT_NEVER) end_if_over(commit, row->campaign);
}

static void pause(struct commit *commit, uint64_t campaign, struct slice reason, bool is_held) {
    DB_RUN(commit->db, campaign_pause, DB_NUMBER(campaign), DB_TEXT(reason), DB_NUMBER(is_held));
    if (db_changed(commit->db)) note_campaign(commit, campaign, OUTREACH_EVENT_PAUSED, reason);
}

void campaign_halt(struct commit *commit, uint64_t campaign, struct slice reason) {
    pause(commit, campaign, reason, false);
}

void campaign_hold(struct commit *commit, uint64_t campaign, struct slice reason) {
    pause(commit, campaign, reason, true);
}

/* It may be that everybody answered meanwhile. */
static void release(struct commit *commit, const struct prospect_row *row) {
    struct outreach_note note = {.kind = OUTREACH_EVENT_RESUMED,
                                 .campaign = row->campaign,
                                 .sender = row->sender,
                                 .detail = SLICE("the sender mailbox is well again")};
    DB_RUN(commit->db, campaign_goes_on, DB_NUMBER(row->campaign));
    outreach_note(commit, row->tenant, &note);
    end_if_over(commit, row->campaign);
}

void campaign_release(struct commit *commit, uint64_t sender) {
    struct prospect_row rows_held[OUTREACH_LIST_MAX];
    size_t count = 0;
    struct db_rows rows = DB_ROWS(commit->db, campaign_held, DB_NUMBER(sender), DB_NUMBER(OUTREACH_LIST_MAX));
    while (db_rows_next(&rows))
        rows_held[count++] = (struct prospect_row){
            .campaign = db_rows_id(&rows, 0), .tenant = db_rows_id(&rows, 1), .sender = sender};
    for (size_t i = 0; i < count; i++) release(commit, &rows_held[i]);
}

void outreach_note(struct commit *commit, uint64_t tenant, const struct outreach_note *note) {
    commit->has_feed_news = true;
    DB_RUN(commit->db, note_insert, DB_NUMBER(commit_id_new(commit)), DB_NUMBER(tenant),
           DB_NUMBER(commit->now_ms), DB_NUMBER(note->kind), DB_NUMBER(note->campaign),
           DB_NUMBER(note->prospect), DB_NUMBER(note->contact), DB_NUMBER(note->sender),
           DB_TEXT(note->detail));
}

void prospect_note(struct commit *commit, const struct prospect_row *row, enum outreach_event_kind kind,
                   struct slice detail) {
    struct outreach_note note = {kind, row->campaign, row->id, row->contact, row->sender, detail};
    outreach_note(commit, row->tenant, &note);
}
