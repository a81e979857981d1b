#include "store/message.h"

#include <openssl/sha.h>

#include "base/limits.h"

static const char message_known[] = "SELECT received_ms, raw_bytes FROM message WHERE id = $1";
static const char message_add[] =
    "INSERT INTO message (id, tenant, received_ms, raw_bytes, sent_ms, thread, kind, envelope, structure,"
    " preview, subject_base) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
static const char body_add[] =
    "INSERT INTO body (id, refs, segment, place, stored_bytes, raw_bytes) VALUES ($1, $2, $3, $4, $5, $6)";
static const char body_refer[] = "UPDATE body SET refs = refs + $2 WHERE id = $1";
static const char thread_find[] = "SELECT thread FROM thread_reference WHERE tenant = $1 AND hash = $2";
static const char thread_add[] =
    "INSERT INTO thread_reference (tenant, hash, thread) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";

enum message_known message_look(struct db *db, uint64_t id, int64_t received_ms, uint64_t raw_bytes) {
    struct db_rows rows = DB_ROWS(db, message_known, DB_NUMBER(id));
    if (!db_rows_next(&rows)) return MESSAGE_NEW;
    bool is_same = db_rows_number(&rows, 0) == received_ms && db_rows_id(&rows, 1) == raw_bytes;
    db_rows_end(&rows);
    return is_same ? MESSAGE_STORED : MESSAGE_OTHER;
}

static int64_t reference_hash(struct slice message_id) {
    uint8_t digest[SHA256_DIGEST_LENGTH];
    (void)SHA256(message_id.ptr, message_id.len, digest);
    int64_t hash;
    memcpy(&hash, digest, sizeof hash);
    return hash;
}

/*
 * A message joins the thread of the newest message that it refers to and that is known, or of a
 * known one that referred to it before it came; else it begins its own. Its references are
 * remembered too, so that answers which overtake each other meet.
 */
static uint64_t thread_join(struct db *db, const struct message *message) {
    int64_t hashes[STORE_THREAD_REFERENCES_MAX + 1];
    const struct message_facts *facts = message->facts;
    size_t count = 0;
    if (facts->message_id.len) hashes[count++] = reference_hash(facts->message_id);
    for (size_t i = facts->reference_count; i > 0 && count <= STORE_THREAD_REFERENCES_MAX; i--)
        if (facts->references[i - 1].len) hashes[count++] = reference_hash(facts->references[i - 1]);
    uint64_t thread = 0;
    size_t known = count;
    for (size_t i = 0; i < count && thread == 0; i++) {
        known = i;
        thread =
            (uint64_t)DB_READ_NUMBER(db, thread_find, 0, DB_NUMBER(message->tenant), DB_NUMBER(hashes[i]));
    }
    if (thread == 0) thread = message->id, known = count;
    for (size_t i = 0; i < count; i++)
        if (i != known)
            DB_RUN(db, thread_add, DB_NUMBER(message->tenant), DB_NUMBER(hashes[i]), DB_NUMBER(thread));
    return thread;
}

void message_insert(struct commit *commit, const struct message *message) {
    const struct message_facts *facts = message->facts;
    const struct body_place *place = message->place;
    uint64_t thread = thread_join(commit->db, message);
    DB_RUN(commit->db, body_add, DB_NUMBER(message->id), DB_NUMBER(message->refs), DB_NUMBER(place->segment),
           DB_NUMBER(place->place), DB_NUMBER(place->stored_bytes), DB_NUMBER(place->raw_bytes));
    DB_RUN(commit->db, message_add, DB_NUMBER(message->id), DB_NUMBER(message->tenant),
           DB_NUMBER(message->received_ms), DB_NUMBER(place->raw_bytes), DB_NUMBER(facts->sent_ms),
           DB_NUMBER(thread), DB_NUMBER(facts->kind), DB_BYTES(facts->envelope), DB_BYTES(facts->structure),
           DB_BYTES(facts->preview), DB_BYTES(facts->subject_base));
    body_count_live(commit->bodies, place);
}

void message_refer(struct db *db, uint64_t id, int64_t refs) {
    DB_RUN(db, body_refer, DB_NUMBER(id), DB_NUMBER(refs));
}
