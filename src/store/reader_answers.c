#include "store/reader_answers.h"

#include "base/limits.h"
#include "base/limits_campaign.h"
#include "store/answer_read.h"
#include "store/reader_state.h"
#include "store/schema.h"

#define CHOICE "outreach_answer.id > $1 AND at_ms >= $2 AND ($3 = 0 OR outreach_answer.campaign = $3)"
static const char answers_next[] = ANSWER_QUERY CHOICE " ORDER BY outreach_answer.id LIMIT $4";
static const char answers_count[] = "SELECT count(*) FROM outreach_answer WHERE " CHOICE;
static const char campaign_named[] = "SELECT id FROM campaign WHERE tenant = $1 AND name = $2";
static const char text_of[] = "SELECT packed FROM outreach_answer_text WHERE answer = $1";

enum store_result reader_answers(struct reader *reader, struct arena *arena, const struct answer_query *query,
                                 struct outreach_answer **answers, size_t *count) {
    *answers = ARENA_NEW_ARRAY(arena, struct outreach_answer, ANSWER_REPLAY_ROWS);
    *count = 0;
    reader_begin(reader);
    struct db_rows rows =
        DB_ROWS(reader->db, answers_next, DB_NUMBER(query->after), DB_NUMBER(query->since_ms),
                DB_NUMBER(query->campaign), DB_NUMBER(ANSWER_REPLAY_ROWS));
    while (db_rows_next(&rows)) answer_read_row(&rows, arena, &(*answers)[(*count)++]);
    return reader_end(reader, true);
}

enum store_result reader_answers_count(struct reader *reader, const struct answer_query *query,
                                       uint64_t *count) {
    reader_begin(reader);
    *count = (uint64_t)DB_READ_NUMBER(reader->db, answers_count, 0, DB_NUMBER(query->after),
                                      DB_NUMBER(query->since_ms), DB_NUMBER(query->campaign));
    return reader_end(reader, true);
}

enum store_result reader_campaign_find(struct reader *reader, struct slice name, uint64_t *campaign) {
    reader_begin(reader);
    *campaign =
        (uint64_t)DB_READ_NUMBER(reader->db, campaign_named, 0, DB_NUMBER(TENANT_DEFAULT), DB_TEXT(name));
    enum store_result result = reader_end(reader, true);
    return result == STORE_OK && *campaign == 0 ? STORE_NOT_FOUND : result;
}

/* ---- what was kept ---- */

static bool unpack(struct slice packed, struct buffer *message) {
    uint64_t index_bytes = 0;
    struct body_index index;
    struct slice tail = slice_skip(packed, packed.len < 4 ? 0 : packed.len - 4);
    if (tail.len < 4 || body_index_bytes(tail, packed.len, &index_bytes) != BODY_UNPACK_OK) return false;
    if (body_index_read(slice_skip(packed, packed.len - index_bytes), packed.len, &index) != BODY_UNPACK_OK)
        return false;
    struct body_unpacker *unpacker = body_unpacker_new();
    bool is_good = true;
    for (uint32_t i = 0; i < index.frame_count && is_good; i++) {
        uint64_t offset;
        uint32_t len;
        body_index_frame(&index, i, &offset, &len);
        is_good = body_unpack_frame(unpacker, slice_sub(packed, offset, len), message) == BODY_UNPACK_OK;
    }
    body_unpacker_free(&unpacker);
    return is_good;
}

static enum store_result read_kept(struct reader *reader, uint64_t answer, struct buffer *message) {
    struct buffer packed = buffer_new(ANSWER_PACKED_BYTES_MAX);
    reader_begin(reader);
    struct db_rows rows = DB_ROWS(reader->db, text_of, DB_NUMBER(answer));
    bool is_there = db_rows_next(&rows);
    if (is_there) {
        buffer_append(&packed, db_rows_bytes(&rows, 0));
        db_rows_end(&rows);
    }
    enum store_result result = reader_end(reader, true);
    if (result == STORE_OK && !is_there) result = STORE_NOT_FOUND;
    if (result == STORE_OK && !unpack(buffer_slice(&packed), message)) result = STORE_FAILED;
    buffer_free(&packed);
    return result;
}

enum store_result reader_answer_message(struct reader *reader, const struct outreach_answer *answer,
                                        struct buffer *message) {
    if (answer->message == 0) return read_kept(reader, answer->id, message);
    return reader_body(reader, answer->message, 0, JUDGE_BYTES_MAX, message);
}
