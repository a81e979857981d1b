/* What is to be seen of campaigns: messages, prospects, events, figures (store/campaign.h). */
#include "base/limits_campaign.h"
#include "store/campaign.h"
#include "store/campaign_read.h"
#include "store/engine_state.h"
#include "store/id.h"
#include "store/scan.h"

#define MESSAGE_COLUMNS                                                                                   \
    "id, prospect, campaign, sender, contact, step, version, state, fate, message, message_id, subject, " \
    "detail,"                                                                                             \
    " decided_ms, sent_ms"

static const char message_one[] = "SELECT " MESSAGE_COLUMNS " FROM outreach_sent WHERE id = $1";
static const char messages_unknown[] =
    "SELECT " MESSAGE_COLUMNS " FROM outreach_sent WHERE sender = $1 AND state = 3 ORDER BY id LIMIT $2";
/* As the index outreach_sent_open has it. */
static const char messages_unsettled[] =
    "SELECT " MESSAGE_COLUMNS
    " FROM outreach_sent WHERE state IN (0, 1, 3) AND state = 3 ORDER BY id LIMIT $1";
static const char message_named[] = "SELECT " MESSAGE_COLUMNS " FROM outreach_sent WHERE message_id = $1";
static const char messages_of[] =
    "SELECT " MESSAGE_COLUMNS " FROM outreach_sent WHERE prospect = $1 ORDER BY id LIMIT $2";
static const char prospect_one[] =
    "SELECT " PROSPECT_COLUMNS " FROM prospect JOIN contact ON contact.id = prospect.contact"
    " WHERE prospect.id = $1";
static const char prospects_of_contact[] =
    "SELECT " PROSPECT_COLUMNS ", " CAMPAIGN_COLUMNS " FROM prospect"
    " JOIN contact ON contact.id = prospect.contact JOIN campaign ON campaign.id = prospect.campaign"
    " WHERE prospect.contact = $1 ORDER BY prospect.id LIMIT $2";
static const char prospects_of_campaign[] =
    "SELECT " PROSPECT_COLUMNS " FROM prospect JOIN contact ON contact.id = prospect.contact"
    " WHERE prospect.campaign = $1 AND prospect.contact > $2 ORDER BY prospect.contact LIMIT $3";
#define EVENT_QUERY                                                                            \
    "SELECT outreach_event.id, at_ms, kind, outreach_event.campaign, outreach_event.prospect," \
    " outreach_event.contact, outreach_event.sender, detail, coalesce(campaign.name, ''),"     \
    " coalesce(contact.address, '') FROM outreach_event"                                       \
    " LEFT JOIN campaign ON campaign.id = outreach_event.campaign"                             \
    " LEFT JOIN contact ON contact.id = outreach_event.contact WHERE "
static const char events_all[] = EVENT_QUERY "outreach_event.id > $1 ORDER BY outreach_event.id LIMIT $2";
static const char events_of[] =
    EVENT_QUERY "outreach_event.campaign = $3 AND outreach_event.id > $1 ORDER BY outreach_event.id LIMIT $2";

/* ---- messages ---- */

static void read_message(const struct db_rows *rows, struct arena *arena, struct outreach_message *message) {
    *message = (struct outreach_message){.id = db_rows_id(rows, 0),
                                         .prospect = db_rows_id(rows, 1),
                                         .campaign = db_rows_id(rows, 2),
                                         .sender = db_rows_id(rows, 3),
                                         .contact = db_rows_id(rows, 4),
                                         .step = (uint32_t)db_rows_number(rows, 5),
                                         .version = (uint32_t)db_rows_number(rows, 6),
                                         .state = (enum sent_state)db_rows_number(rows, 7),
                                         .fate = (enum sent_fate)db_rows_number(rows, 8),
                                         .message = db_rows_id(rows, 9),
                                         .message_id = arena_copy(arena, db_rows_bytes(rows, 10)),
                                         .subject = arena_copy(arena, db_rows_bytes(rows, 11)),
                                         .detail = arena_copy(arena, db_rows_bytes(rows, 12)),
                                         .decided_ms = db_rows_number(rows, 13),
                                         .sent_ms = db_rows_number(rows, 14)};
}

static enum store_result finish(struct engine *engine, bool is_found) {
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result == STORE_OK && !is_found ? STORE_NOT_FOUND : result;
}

enum store_result engine_outreach_message(struct engine *engine, struct arena *arena, uint64_t sent,
                                          struct outreach_message *message) {
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, message_one, DB_NUMBER(sent));
    bool is_found = db_rows_next(&rows);
    if (is_found) {
        read_message(&rows, arena, message);
        db_rows_end(&rows);
    }
    return finish(engine, is_found);
}

enum store_result engine_outreach_unknown(struct engine *engine, struct arena *arena, uint64_t sender,
                                          struct outreach_message *messages, size_t max, size_t *count) {
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, messages_unknown, DB_NUMBER(sender), DB_NUMBER(max));
    while (db_rows_next(&rows)) read_message(&rows, arena, &messages[(*count)++]);
    return finish(engine, true);
}

enum store_result engine_outreach_unsettled(struct engine *engine, struct arena *arena,
                                            struct outreach_message **messages, size_t *count) {
    *messages = ARENA_NEW_ARRAY(arena, struct outreach_message, OUTREACH_LIST_MAX);
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, messages_unsettled, DB_NUMBER(OUTREACH_LIST_MAX));
    while (db_rows_next(&rows)) read_message(&rows, arena, &(*messages)[(*count)++]);
    return finish(engine, true);
}

enum store_result engine_outreach_message_find(struct engine *engine, struct arena *arena, struct slice name,
                                               struct outreach_message *message) {
    uint64_t id = 0;
    if (id_read(name, &id)) return engine_outreach_message(engine, arena, id, message);
    bool has_brackets = name.len > 2 && name.ptr[0] == '<' && name.ptr[name.len - 1] == '>';
    if (has_brackets) name = slice_sub(name, 1, name.len - 2);
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, message_named, DB_TEXT(name));
    bool is_found = db_rows_next(&rows);
    if (is_found) {
        read_message(&rows, arena, message);
        db_rows_end(&rows);
    }
    return finish(engine, is_found);
}

enum store_result engine_outreach_messages(struct engine *engine, struct arena *arena, uint64_t prospect,
                                           struct outreach_message **messages, size_t *count) {
    *messages = ARENA_NEW_ARRAY(arena, struct outreach_message, OUTREACH_LIST_MAX);
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, messages_of, DB_NUMBER(prospect), DB_NUMBER(OUTREACH_LIST_MAX));
    while (db_rows_next(&rows)) read_message(&rows, arena, &(*messages)[(*count)++]);
    return finish(engine, true);
}

/* ---- prospects ---- */

enum store_result engine_outreach_prospect(struct engine *engine, struct arena *arena, uint64_t id,
                                           struct prospect *prospect) {
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, prospect_one, DB_NUMBER(id));
    bool is_found = db_rows_next(&rows);
    if (is_found) {
        prospect_read_row(&rows, 0, arena, prospect);
        db_rows_end(&rows);
    }
    return finish(engine, is_found);
}

enum store_result engine_outreach_of_contact(struct engine *engine, struct arena *arena, uint64_t contact,
                                             struct prospect_shown **prospects, size_t *count) {
    *prospects = ARENA_NEW_ARRAY(arena, struct prospect_shown, OUTREACH_LIST_MAX);
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows =
        DB_ROWS(engine->db, prospects_of_contact, DB_NUMBER(contact), DB_NUMBER(OUTREACH_LIST_MAX));
    while (db_rows_next(&rows)) {
        struct prospect_shown *shown = &(*prospects)[(*count)++];
        prospect_read_row(&rows, 0, arena, &shown->prospect);
        campaign_read_row(&rows, PROSPECT_COLUMN_COUNT, arena, &shown->campaign);
    }
    return finish(engine, true);
}

enum store_result engine_campaign_prospects(struct engine *engine, struct arena *arena, uint64_t campaign,
                                            uint64_t after, size_t max, struct prospect **prospects,
                                            size_t *count) {
    *prospects = ARENA_NEW_ARRAY(arena, struct prospect, max);
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows =
        DB_ROWS(engine->db, prospects_of_campaign, DB_NUMBER(campaign), DB_NUMBER(after), DB_NUMBER(max));
    while (db_rows_next(&rows)) prospect_read_row(&rows, 0, arena, &(*prospects)[(*count)++]);
    return finish(engine, true);
}

/* ---- events ---- */

static void read_event(const struct db_rows *rows, struct arena *arena, struct outreach_event *event) {
    *event = (struct outreach_event){.id = db_rows_id(rows, 0),
                                     .at_ms = db_rows_number(rows, 1),
                                     .kind = (enum outreach_event_kind)db_rows_number(rows, 2),
                                     .campaign = db_rows_id(rows, 3),
                                     .prospect = db_rows_id(rows, 4),
                                     .contact = db_rows_id(rows, 5),
                                     .sender = db_rows_id(rows, 6),
                                     .detail = arena_copy(arena, db_rows_bytes(rows, 7)),
                                     .campaign_name = arena_copy(arena, db_rows_bytes(rows, 8)),
                                     .address = arena_copy(arena, db_rows_bytes(rows, 9))};
}

enum store_result engine_outreach_events(struct engine *engine, struct arena *arena, uint64_t campaign,
                                         uint64_t after, size_t max, struct outreach_event **events,
                                         size_t *count) {
    *events = ARENA_NEW_ARRAY(arena, struct outreach_event, max);
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows =
        campaign ? DB_ROWS(engine->db, events_of, DB_NUMBER(after), DB_NUMBER(max), DB_NUMBER(campaign))
                 : DB_ROWS(engine->db, events_all, DB_NUMBER(after), DB_NUMBER(max));
    while (db_rows_next(&rows)) read_event(&rows, arena, &(*events)[(*count)++]);
    return finish(engine, true);
}

/* ---- figures ---- */

/* Who was refused at once was written to, too. */
static const char people_contacted[] =
    "SELECT count(*) FROM prospect WHERE campaign = $1 AND (last_sent_ms > 0 OR state = 5)";
static const char messages_accepted[] =
    "SELECT count(*) FROM outreach_sent WHERE campaign = $1 AND sent_ms > 0 AND state = 2";
static const char messages_follow[] =
    "SELECT count(*) FROM outreach_sent WHERE campaign = $1 AND sent_ms > 0 AND state = 2 AND step > 0";
static const char people_bounced[] = "SELECT count(*) FROM prospect WHERE campaign = $1 AND state = 5";
/* A colleague (5) answers for himself, unless a person took his word for theirs. */
static const char people_replied[] =
    "SELECT count(DISTINCT prospect) FROM outreach_answer WHERE campaign = $1 AND"
    " (CASE corrected_kind WHEN 8 THEN kind ELSE corrected_kind END) = 0 AND (found <> 5 OR decision = 1)";
static const char people_unsubscribed[] =
    "SELECT count(DISTINCT prospect) FROM outreach_answer WHERE campaign = $1 AND"
    " (CASE corrected_kind WHEN 8 THEN kind ELSE corrected_kind END) = 0 AND is_unsubscribe = 1"
    " AND (found <> 5 OR decision = 1)";
static const char people_complained[] =
    "SELECT count(DISTINCT prospect) FROM outreach_answer WHERE campaign = $1 AND"
    " (CASE corrected_kind WHEN 8 THEN kind ELSE corrected_kind END) = 5";
static const char people_auto[] =
    "SELECT count(DISTINCT prospect) FROM outreach_answer WHERE campaign = $1 AND"
    " (CASE corrected_kind WHEN 8 THEN kind ELSE corrected_kind END) IN (1, 2)";

struct figuring {
    struct db *db;
    uint64_t campaign;
    struct campaign_figures *figures;
};

static uint64_t count_of(struct figuring *figuring, const char *sql) {
    return (uint64_t)DB_READ_NUMBER(figuring->db, sql, 0, DB_NUMBER(figuring->campaign));
}

static void read_figures(void *argument) {
    struct figuring *figuring = argument;
    struct campaign_figures *figures = figuring->figures;
    db_begin_read(figuring->db);
    figures->contacted = count_of(figuring, people_contacted);
    figures->accepted = count_of(figuring, messages_accepted);
    figures->follow_ups = count_of(figuring, messages_follow);
    figures->bounced = count_of(figuring, people_bounced);
    figures->auto_replied = count_of(figuring, people_auto);
    figures->unsubscribed = count_of(figuring, people_unsubscribed);
    figures->replied = count_of(figuring, people_replied);
    figures->complained = count_of(figuring, people_complained);
    (void)db_commit(figuring->db);
}

enum store_result engine_campaign_figures(struct task *t, struct engine *engine, uint64_t campaign,
                                          struct campaign_figures *figures) {
    struct figuring figuring = {.campaign = campaign, .figures = figures};
    *figures = (struct campaign_figures){0};
    enum store_result result = scan_begin(engine, &figuring.db);
    if (result != STORE_OK) return result;
    lane_run(t, engine->scan_lane, read_figures, &figuring);
    db_complain(figuring.db, engine->env->log);
    result = db_failure(figuring.db);
    scan_end(engine, &figuring.db);
    return result;
}
