#include "store/message.h"

static const char message_known[] = "SELECT received_ms, raw_bytes FROM message WHERE id = $1";
static const char message_add[] =
    "INSERT INTO message (id, tenant, received_ms, raw_bytes, sent_ms, thread, kind, envelope, structure,"
    " preview, subject_base) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
static const char body_add[] =
    "INSERT INTO body (id, refs, segment, place, stored_bytes, raw_bytes) VALUES ($1, $2, $3, $4, $5, $6)"
    " ON CONFLICT DO NOTHING";
static const char body_refer[] = "UPDATE body SET refs = refs + $2 WHERE id = $1";

enum message_known message_look(struct db *db, uint64_t id, int64_t received_ms, uint64_t raw_bytes) {
    struct db_rows rows = DB_ROWS(db, message_known, DB_NUMBER(id));
    if (!db_rows_next(&rows)) return MESSAGE_NEW;
    bool is_same = db_rows_number(&rows, 0) == received_ms && db_rows_id(&rows, 1) == raw_bytes;
    db_rows_end(&rows);
    return is_same ? MESSAGE_STORED : MESSAGE_OTHER;
}

bool message_insert(struct commit *commit, const struct message *message) {
    const struct message_facts *facts = message->facts;
    const struct body_place *place = message->place;
    DB_RUN(commit->db, body_add, DB_NUMBER(message->id), DB_NUMBER(message->refs), DB_NUMBER(place->segment),
           DB_NUMBER(place->place), DB_NUMBER(place->stored_bytes), DB_NUMBER(place->raw_bytes));
    if (db_failure(commit->db) != STORE_OK || db_changed(commit->db) == 0) return false;
    uint64_t thread = threads_join(commit->threads, commit->db, message->tenant, message->id, facts);
    DB_RUN(commit->db, message_add, DB_NUMBER(message->id), DB_NUMBER(message->tenant),
           DB_NUMBER(message->received_ms), DB_NUMBER(place->raw_bytes), DB_NUMBER(facts->sent_ms),
           DB_NUMBER(thread), DB_NUMBER(facts->kind), DB_BYTES(facts->envelope), DB_BYTES(facts->structure),
           DB_BYTES(facts->preview), DB_BYTES(facts->subject_base));
    body_count_live(commit->bodies, place);
    return true;
}

void message_refer(struct db *db, uint64_t id, int64_t refs) {
    DB_RUN(db, body_refer, DB_NUMBER(id), DB_NUMBER(refs));
}
