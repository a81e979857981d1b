/* Answers, listed (store/answer.h). */
#include "store/answer_read.h"
#include "base/limits_campaign.h"
#include "store/answer.h"
#include "store/engine_state.h"

static const char answers_all[] =
    ANSWER_QUERY "outreach_answer.id > 0 ORDER BY outreach_answer.id DESC LIMIT $1";
static const char answers_of[] =
    ANSWER_QUERY "outreach_answer.prospect = $2 ORDER BY outreach_answer.id DESC LIMIT $1";
void answer_read_row(const struct db_rows *rows, struct arena *arena, struct outreach_answer *answer) {
    *answer = (struct outreach_answer){.id = db_rows_id(rows, 0),
                                       .at_ms = db_rows_number(rows, 1),
                                       .prospect = db_rows_id(rows, 2),
                                       .campaign = db_rows_id(rows, 3),
                                       .contact = db_rows_id(rows, 4),
                                       .sender = db_rows_id(rows, 5),
                                       .message = db_rows_id(rows, 6),
                                       .kind = (enum answer_kind)db_rows_number(rows, 7),
                                       .match = (enum answer_match)db_rows_number(rows, 8),
                                       .decision = (enum answer_decision)db_rows_number(rows, 9),
                                       .corrected_kind = (enum answer_kind)db_rows_number(rows, 10),
                                       .corrected_by = arena_copy(arena, db_rows_bytes(rows, 11)),
                                       .from = arena_copy(arena, db_rows_bytes(rows, 12)),
                                       .evidence = arena_copy(arena, db_rows_bytes(rows, 13)),
                                       .address = arena_copy(arena, db_rows_bytes(rows, 14)),
                                       .campaign_name = arena_copy(arena, db_rows_bytes(rows, 15)),
                                       .is_unsubscribe = db_rows_number(rows, 16),
                                       .interest = (uint32_t)db_rows_number(rows, 17),
                                       .is_hard = db_rows_number(rows, 18),
                                       .return_ms = db_rows_number(rows, 19),
                                       .classifier = (uint32_t)db_rows_number(rows, 20)};
}

enum store_result engine_outreach_answers(struct engine *engine, struct arena *arena, uint64_t prospect,
                                          struct outreach_answer **answers, size_t *count) {
    *answers = ARENA_NEW_ARRAY(arena, struct outreach_answer, OUTREACH_LIST_MAX);
    *count = 0;
    db_begin_read(engine->db);
    struct db_rows rows =
        prospect ? DB_ROWS(engine->db, answers_of, DB_NUMBER(OUTREACH_LIST_MAX), DB_NUMBER(prospect))
                 : DB_ROWS(engine->db, answers_all, DB_NUMBER(OUTREACH_LIST_MAX));
    while (db_rows_next(&rows)) answer_read_row(&rows, arena, &(*answers)[(*count)++]);
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result;
}

/* ---- for conditions ---- */

static const char history_newest[] =
    "SELECT CASE corrected_kind WHEN 8 THEN kind ELSE corrected_kind END, interest FROM outreach_answer"
    " WHERE prospect = $1 AND found <> 5 AND"
    " (CASE corrected_kind WHEN 8 THEN kind ELSE corrected_kind END) NOT IN (4, 6) ORDER BY id DESC LIMIT 1";
static const char history_bounce[] =
    "SELECT 1 FROM outreach_answer WHERE prospect = $1 AND"
    " (CASE corrected_kind WHEN 8 THEN kind ELSE corrected_kind END) = 3 LIMIT 1";
static const char history_reply[] =
    "SELECT at_ms, name FROM outreach_answer WHERE prospect = $1 AND found <> 5 AND"
    " (CASE corrected_kind WHEN 8 THEN kind ELSE corrected_kind END) = 0 ORDER BY id DESC LIMIT 1";

enum store_result engine_answer_history(struct engine *engine, struct arena *arena, uint64_t prospect,
                                        struct answer_history *history) {
    struct db *db = engine->db;
    *history = (struct answer_history){.kind = ANSWER_KINDS};
    db_begin_read(db);
    struct db_rows rows = DB_ROWS(db, history_newest, DB_NUMBER(prospect));
    if (db_rows_next(&rows)) {
        history->kind = (enum answer_kind)db_rows_number(&rows, 0);
        history->interest = (uint32_t)db_rows_number(&rows, 1);
        db_rows_end(&rows);
    }
    rows = DB_ROWS(db, history_reply, DB_NUMBER(prospect));
    if (db_rows_next(&rows)) {
        history->replied_ms = db_rows_number(&rows, 0);
        history->reply_id = arena_copy(arena, db_rows_bytes(&rows, 1));
        db_rows_end(&rows);
    }
    history->has_bounced = DB_READ_NUMBER(db, history_bounce, 0, DB_NUMBER(prospect));
    enum store_result result = db_commit(db);
    db_complain(db, engine->env->log);
    return result;
}
