/* What is due, and what was sent lately: what the office decides by (store/campaign.h). */
#include "base/limits_campaign.h"
#include "store/campaign.h"
#include "store/campaign_read.h"
#include "store/campaign_table.h"
#include "store/engine_state.h"

static const char senders_running[] =
    "SELECT outreach_sender.id, coalesce((SELECT next_follow_ms FROM campaign WHERE sender = "
    "outreach_sender.id"
    " AND state = 1 ORDER BY next_follow_ms LIMIT 1), $2), coalesce((SELECT next_first_ms FROM campaign"
    " WHERE sender = outreach_sender.id AND state = 1 ORDER BY next_first_ms LIMIT 1), $2)"
    " FROM outreach_sender LIMIT $1";
static const char follow_first[] = "SELECT id FROM campaign WHERE sender = $1 AND state = 1 AND"
                                   " next_follow_ms <= $2 ORDER BY next_follow_ms LIMIT 1";
static const char opener_first[] = "SELECT id FROM campaign WHERE sender = $1 AND state = 1 AND"
                                   " next_first_ms <= $2 ORDER BY next_first_ms LIMIT 1";
/* Of one campaign of the sender's. */
static const char follow_of[] = "SELECT id FROM campaign WHERE sender = $1 AND state = 1 AND"
                                " next_follow_ms <= $2 AND id = $3";
static const char opener_of[] = "SELECT id FROM campaign WHERE sender = $1 AND state = 1 AND"
                                " next_first_ms <= $2 AND id = $3";
static const char sender_due[] =
    "SELECT min(coalesce((SELECT next_follow_ms FROM campaign WHERE sender = $1 AND state = 1"
    " ORDER BY next_follow_ms LIMIT 1), $2), coalesce((SELECT next_first_ms FROM campaign WHERE sender = $1"
    " AND state = 1 ORDER BY next_first_ms LIMIT 1), $2))";
static const char follow_due[] = "SELECT next_follow_ms FROM campaign WHERE sender = $1 AND state = 1"
                                 " ORDER BY next_follow_ms LIMIT 1";
static const char open_since[] = "SELECT coalesce(min(started_ms), 0) FROM campaign WHERE sender = $1"
                                 " AND state IN (1, 2) AND started_ms > 0";
static const char lane_follow[] = "SELECT id FROM campaign_lane WHERE campaign = $1 AND next_follow_ms <= $2"
                                  " ORDER BY next_follow_ms LIMIT 1";
static const char lane_first[] = "SELECT id FROM campaign_lane WHERE campaign = $1 AND next_first_ms <= $2"
                                 " ORDER BY next_first_ms LIMIT 1";
static const char prospects_due[] =
    "SELECT " PROSPECT_COLUMNS " FROM prospect JOIN contact ON contact.id = prospect.contact"
    " WHERE prospect.lane = $1 AND prospect.is_follow = $2 AND prospect.due_ms <= $3"
    " ORDER BY prospect.due_ms LIMIT $4";
static const char in_flight[] = "SELECT leaving_ms, message FROM outreach_sent WHERE sender = $1"
                                " AND state IN (0, 1, 3) LIMIT $2";
/* Put off, or waiting for a destination that cannot be reached: it is the queue's, and asks before it leaves
   (store/campaign_leave.h). */
static const char waits_in_queue[] =
    "SELECT 1 FROM recipient JOIN destination ON destination.id = recipient.destination"
    " WHERE message = $1 AND attempts = 0 AND state = 0 AND destination.failures = 0"
    " AND recipient.due_ms <= $2 LIMIT 1";
/* What a clock that was set back since says of later is no reason to forget the one before now. */
static const char last_sent[] =
    "SELECT sent_ms, id FROM outreach_sent WHERE sender = $1 AND sent_ms > 0 AND sent_ms <= $2"
    " ORDER BY sent_ms DESC LIMIT 1";
static const char hourly_sent[] = "SELECT sent_ms FROM outreach_sent WHERE sender = $1 AND sent_ms > 0"
                                  " ORDER BY sent_ms DESC LIMIT 1 OFFSET $2";
static const char day_count[] =
    "SELECT count(*) FROM outreach_sent WHERE sender = $1 AND sent_ms >= $2 AND sent_ms < $3";
static const char domain_day_count[] =
    "SELECT count(*) FROM outreach_sent WHERE from_domain = $1 AND sent_ms >= $2 AND sent_ms < $3";
static const char to_day_count[] = "SELECT count(*) FROM outreach_sent WHERE campaign = $1 AND to_domain = $2"
                                   " AND sent_ms >= $3 AND sent_ms < $4";
static const char days_sent[] = "SELECT count(*) FROM outreach_day WHERE sender = $1 AND day < $2";
static const char follow_ups_due[] =
    "SELECT count(*) FROM (SELECT 1 FROM campaign JOIN campaign_lane ON campaign_lane.campaign = campaign.id"
    " JOIN prospect ON prospect.lane = campaign_lane.id"
    " WHERE campaign.sender = $1 AND campaign.state = 1 AND campaign.next_follow_ms < $2"
    " AND campaign_lane.next_follow_ms < $2 AND prospect.is_follow = 1 AND prospect.due_ms < $2 LIMIT $3) AS "
    "due";

static enum store_result finish(struct engine *engine) {
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result;
}

enum store_result engine_outreach_senders(struct engine *engine, struct arena *arena,
                                          struct outreach_sender_due **senders, size_t *count) {
    *senders = ARENA_NEW_ARRAY(arena, struct outreach_sender_due, OUTREACH_SENDERS_DUE_MAX);
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows =
        DB_ROWS(engine->db, senders_running, DB_NUMBER(OUTREACH_SENDERS_DUE_MAX), DB_NUMBER(PROSPECT_NEVER));
    while (db_rows_next(&rows)) {
        int64_t follow_ms = db_rows_number(&rows, 1);
        int64_t first_ms = db_rows_number(&rows, 2);
        int64_t due_ms = follow_ms < first_ms ? follow_ms : first_ms;
        if (due_ms != PROSPECT_NEVER)
            (*senders)[(*count)++] = (struct outreach_sender_due){db_rows_id(&rows, 0), due_ms};
    }
    return finish(engine);
}

enum store_result engine_outreach_open_since(struct engine *engine, uint64_t sender, int64_t *since_ms) {
    *since_ms = DB_READ_NUMBER(engine->db, open_since, 0, DB_NUMBER(sender));
    return db_result(engine->db, STORE_OK);
}

int64_t engine_outreach_sender_due(struct engine *engine, uint64_t sender) {
    db_begin_read(engine->db);
    int64_t due_ms =
        DB_READ_NUMBER(engine->db, sender_due, PROSPECT_NEVER, DB_NUMBER(sender), DB_NUMBER(PROSPECT_NEVER));
    return finish(engine) == STORE_OK ? due_ms : PROSPECT_NEVER;
}

int64_t engine_outreach_follow_due(struct engine *engine, uint64_t sender) {
    db_begin_read(engine->db);
    int64_t due_ms = DB_READ_NUMBER(engine->db, follow_due, PROSPECT_NEVER, DB_NUMBER(sender));
    return finish(engine) == STORE_OK ? due_ms : PROSPECT_NEVER;
}

/* The campaign whose turn it is, and whether with a follow-up; 0: none is due. */
static int64_t campaign_first(struct db *db, uint64_t sender, uint64_t preferred, int64_t now_ms,
                              bool *is_follow) {
    struct db_value of = DB_NUMBER(sender);
    struct db_value until = DB_NUMBER(now_ms);
    int64_t campaign = 0;
    *is_follow = true;
    if (preferred) campaign = DB_READ_NUMBER(db, follow_of, 0, of, until, DB_NUMBER(preferred));
    if (campaign) return campaign;
    if (preferred) campaign = DB_READ_NUMBER(db, opener_of, 0, of, until, DB_NUMBER(preferred));
    *is_follow = campaign == 0;
    if (campaign == 0) campaign = DB_READ_NUMBER(db, follow_first, 0, of, until);
    if (campaign) return campaign;
    *is_follow = false;
    return DB_READ_NUMBER(db, opener_first, 0, of, until);
}

enum store_result engine_outreach_due(struct engine *engine, struct arena *arena, uint64_t sender,
                                      uint64_t preferred, int64_t now_ms, struct prospect *prospects,
                                      size_t max, size_t *count) {
    bool is_follow;
    int64_t lane = 0;
    *count = 0;
    db_begin_read(engine->db);
    int64_t campaign = campaign_first(engine->db, sender, preferred, now_ms, &is_follow);
    if (campaign)
        lane = DB_READ_NUMBER(engine->db, is_follow ? lane_follow : lane_first, 0, DB_NUMBER(campaign),
                              DB_NUMBER(now_ms));
    if (lane) {
        struct db_rows rows = DB_ROWS(engine->db, prospects_due, DB_NUMBER(lane), DB_NUMBER(is_follow),
                                      DB_NUMBER(now_ms), DB_NUMBER(max));
        while (db_rows_next(&rows)) prospect_read_row(&rows, 0, arena, &prospects[(*count)++]);
    }
    return finish(engine);
}

/* Of the open ones: decided and unknown ones hold everything; one that the queue has, until it was tried, and
   while it leaves. */
bool campaign_is_in_flight(struct db *db, uint64_t sender, int64_t now_ms) {
    uint64_t queued[OUTREACH_LIST_MAX];
    size_t count = 0;
    bool is = false;
    struct db_rows rows = DB_ROWS(db, in_flight, DB_NUMBER(sender), DB_NUMBER(OUTREACH_LIST_MAX));
    while (db_rows_next(&rows)) {
        uint64_t message = db_rows_id(&rows, 1);
        if (message && db_rows_number(&rows, 0) == 0)
            queued[count++] = message;
        else
            is = true;
    }
    for (size_t i = 0; i < count && !is; i++)
        is = DB_READ_NUMBER(db, waits_in_queue, 0, DB_NUMBER(queued[i]), DB_NUMBER(now_ms));
    return is;
}

bool engine_outreach_is_in_flight(struct engine *engine, uint64_t sender) {
    db_begin_read(engine->db);
    bool is = campaign_is_in_flight(engine->db, sender, env_wall_ms(engine->env));
    return finish(engine) != STORE_OK || is;
}

bool engine_outreach_sender_is_good(struct engine *engine, uint64_t sender) {
    db_begin_read(engine->db);
    bool is = campaign_sender_is_good(engine->db, sender);
    return finish(engine) == STORE_OK && is;
}

static void read_last(struct db *db, uint64_t sender, int64_t now_ms, struct outreach_history *history) {
    struct db_rows rows = DB_ROWS(db, last_sent, DB_NUMBER(sender), DB_NUMBER(now_ms));
    if (!db_rows_next(&rows)) return;
    history->last_sent_ms = db_rows_number(&rows, 0);
    history->last_id = db_rows_id(&rows, 1);
    db_rows_end(&rows);
}

enum store_result engine_outreach_history(struct engine *engine,
                                          const struct outreach_history_question *question,
                                          struct outreach_history *history) {
    struct db *db = engine->db;
    *history = (struct outreach_history){0};
    db_begin_read(db);
    history->is_in_flight = campaign_is_in_flight(db, question->sender, env_wall_ms(engine->env));
    read_last(db, question->sender, env_wall_ms(engine->env), history);
    if (question->hourly_max)
        history->hourly_sent_ms = DB_READ_NUMBER(db, hourly_sent, 0, DB_NUMBER(question->sender),
                                                 DB_NUMBER(question->hourly_max - 1));
    history->day_count =
        (uint64_t)DB_READ_NUMBER(db, day_count, 0, DB_NUMBER(question->sender),
                                 DB_NUMBER(question->day_start_ms), DB_NUMBER(question->day_until_ms));
    history->domain_day_count =
        (uint64_t)DB_READ_NUMBER(db, domain_day_count, 0, DB_TEXT(question->from_domain),
                                 DB_NUMBER(question->day_start_ms), DB_NUMBER(question->day_until_ms));
    history->days_sent =
        (uint64_t)DB_READ_NUMBER(db, days_sent, 0, DB_NUMBER(question->sender), DB_NUMBER(question->day));
    history->follow_ups_due =
        (uint64_t)DB_READ_NUMBER(db, follow_ups_due, 0, DB_NUMBER(question->sender),
                                 DB_NUMBER(question->day_end_ms), DB_NUMBER(question->daily_max));
    return finish(engine);
}

enum store_result engine_outreach_domain_count(struct engine *engine, uint64_t campaign, struct slice domain,
                                               int64_t day_start_ms, int64_t day_until_ms, uint64_t *count) {
    db_begin_read(engine->db);
    *count = (uint64_t)DB_READ_NUMBER(engine->db, to_day_count, 0, DB_NUMBER(campaign), DB_TEXT(domain),
                                      DB_NUMBER(day_start_ms), DB_NUMBER(day_until_ms));
    return finish(engine);
}

void engine_outreach_on_change(struct engine *engine, void (*changed)(void *context, bool is_sooner),
                               void *context) {
    engine->queue.on_campaigns = changed;
    engine->queue.campaigns_context = context;
}

bool engine_outreach_is_used(const struct engine *engine) { return engine->judges_answers; }
