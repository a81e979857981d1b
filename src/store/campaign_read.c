#include "store/campaign_read.h"

#include "base/limits_campaign.h"
#include "store/campaign.h"
#include "store/engine_state.h"
#include "store/id.h"
#include "store/schema.h"

static const char campaign_by_id[] = "SELECT " CAMPAIGN_COLUMNS " FROM campaign WHERE id = $1";
static const char campaign_by_name[] =
    "SELECT " CAMPAIGN_COLUMNS " FROM campaign WHERE tenant = $1 AND name = $2";
static const char campaign_all[] =
    "SELECT " CAMPAIGN_COLUMNS_LISTED " FROM campaign WHERE tenant = $1 ORDER BY id DESC LIMIT $2";
static const char counts_of[] = "SELECT state, count FROM campaign_count WHERE campaign = $1";

void campaign_read_row(const struct db_rows *rows, int first, struct arena *arena,
                       struct campaign *campaign) {
    *campaign = (struct campaign){.id = db_rows_id(rows, first),
                                  .tenant = db_rows_id(rows, first + 1),
                                  .name = arena_copy(arena, db_rows_bytes(rows, first + 2)),
                                  .sender = db_rows_id(rows, first + 3),
                                  .document = arena_copy(arena, db_rows_bytes(rows, first + 4)),
                                  .state = (enum campaign_state)db_rows_number(rows, first + 5),
                                  .reason = arena_copy(arena, db_rows_bytes(rows, first + 6)),
                                  .created_ms = db_rows_number(rows, first + 7),
                                  .started_ms = db_rows_number(rows, first + 8),
                                  .version = db_rows_id(rows, first + 9),
                                  .next_ms = db_rows_number(rows, first + 10),
                                  .has_answer_steps = db_rows_number(rows, first + 11),
                                  .stops_company = db_rows_number(rows, first + 12)};
}

void campaign_read_counts(struct db *db, struct campaign *campaign) {
    struct db_rows rows = DB_ROWS(db, counts_of, DB_NUMBER(campaign->id));
    while (db_rows_next(&rows)) {
        int64_t state = db_rows_number(&rows, 0);
        if (state >= 0 && state < PROSPECT_STATES) campaign->prospects[state] = db_rows_id(&rows, 1);
    }
}

void prospect_read_row(const struct db_rows *rows, int first, struct arena *arena,
                       struct prospect *prospect) {
    *prospect = (struct prospect){.id = db_rows_id(rows, first),
                                  .campaign = db_rows_id(rows, first + 1),
                                  .contact = db_rows_id(rows, first + 2),
                                  .state = (enum prospect_state)db_rows_number(rows, first + 3),
                                  .step = (uint32_t)db_rows_number(rows, first + 4),
                                  .due_ms = db_rows_number(rows, first + 5),
                                  .last_sent_ms = db_rows_number(rows, first + 6),
                                  .tries = (uint32_t)db_rows_number(rows, first + 7),
                                  .message_ids = arena_copy(arena, db_rows_bytes(rows, first + 8)),
                                  .thread_subject = arena_copy(arena, db_rows_bytes(rows, first + 9)),
                                  .reason = arena_copy(arena, db_rows_bytes(rows, first + 10)),
                                  .address = arena_copy(arena, db_rows_bytes(rows, first + 11)),
                                  .fields = arena_copy(arena, db_rows_bytes(rows, first + 12)),
                                  .time_zone = arena_copy(arena, db_rows_bytes(rows, first + 13)),
                                  .country = arena_copy(arena, db_rows_bytes(rows, first + 14)),
                                  .lane = db_rows_id(rows, first + 15),
                                  .has_replied = db_rows_number(rows, first + 16),
                                  .line_step = (uint32_t)db_rows_number(rows, first + 17)};
}

/* ---- campaigns ---- */

static enum store_result read_one(struct engine *engine, struct arena *arena, struct db_rows rows,
                                  struct campaign *campaign) {
    bool is_there = db_rows_next(&rows);
    if (is_there) {
        campaign_read_row(&rows, 0, arena, campaign);
        db_rows_end(&rows);
        campaign_read_counts(engine->db, campaign);
    }
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result == STORE_OK && !is_there ? STORE_NOT_FOUND : result;
}

enum store_result engine_campaign_get(struct engine *engine, struct arena *arena, uint64_t id,
                                      struct campaign *campaign) {
    db_begin_read(engine->db);
    return read_one(engine, arena, DB_ROWS(engine->db, campaign_by_id, DB_NUMBER(id)), campaign);
}

enum store_result engine_campaign_find(struct engine *engine, struct arena *arena, struct slice name,
                                       struct campaign *campaign) {
    uint64_t id;
    db_begin_read(engine->db);
    struct db_rows rows = DB_ROWS(engine->db, campaign_by_name, DB_NUMBER(TENANT_DEFAULT), DB_TEXT(name));
    enum store_result result = read_one(engine, arena, rows, campaign);
    bool is_id = result == STORE_NOT_FOUND && id_read(name, &id);
    return is_id ? engine_campaign_get(engine, arena, id, campaign) : result;
}

enum store_result engine_campaign_list(struct engine *engine, struct arena *arena,
                                       struct campaign **campaigns, size_t *count) {
    *campaigns = ARENA_NEW_ARRAY(arena, struct campaign, OUTREACH_CAMPAIGNS_SHOWN);
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows =
        DB_ROWS(engine->db, campaign_all, DB_NUMBER(TENANT_DEFAULT), DB_NUMBER(OUTREACH_CAMPAIGNS_SHOWN));
    while (db_rows_next(&rows)) campaign_read_row(&rows, 0, arena, &(*campaigns)[(*count)++]);
    for (size_t i = 0; i < *count; i++) campaign_read_counts(engine->db, &(*campaigns)[i]);
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result;
}
