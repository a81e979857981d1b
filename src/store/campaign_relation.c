/* What campaigns know of a contact: told in an export, gone with the person (store/contact.h). */
#include "store/campaign_lane.h"
#include "store/campaign_table.h"
#include "store/contact_table.h"
#include "store/queue.h"
#include "store/sender_copy.h"

static const char messages_of[] =
    "SELECT campaign.name, outreach_sent.subject, outreach_sent.sent_ms FROM"
    " outreach_sent LEFT JOIN campaign ON campaign.id = outreach_sent.campaign"
    " WHERE contact = $1 AND outreach_sent.sent_ms > 0 ORDER BY outreach_sent.id";
static const char answers_of[] =
    "SELECT at_ms, kind, author FROM outreach_answer WHERE contact = $1 ORDER BY id";
static const char prospect_any[] = "SELECT 1 FROM prospect WHERE contact = $1 LIMIT 1";
static const char prospects_of[] = "SELECT campaign, state FROM prospect WHERE contact = $1";
static const char prospects_delete[] = "DELETE FROM prospect WHERE contact = $1";
/* A letter of theirs that is on its way still has nobody any more whose turn it could be: it is over, and
   keeps no other from leaving. */
static const char messages_queued[] =
    "SELECT message FROM outreach_sent WHERE contact = $1 AND state IN (1, 3) AND message <> 0 LIMIT $2";
static const char messages_end[] =
    "UPDATE outreach_sent SET state = 5 WHERE contact = $1 AND state IN (0, 1, 3)";
/* What was sent is counted still. */
static const char messages_blank[] = "UPDATE outreach_sent SET contact = 0, address = '', organisation = '',"
                                     " subject = '', subject_base = '', detail = '' WHERE contact = $1";
static const char texts_delete[] =
    "DELETE FROM outreach_answer_text WHERE answer IN (SELECT id FROM outreach_answer WHERE contact = $1)";
static const char holds_delete[] =
    "DELETE FROM outreach_hold WHERE prospect IN (SELECT id FROM prospect WHERE contact = $1)";
static const char answers_delete[] = "DELETE FROM outreach_answer WHERE contact = $1";
static const char events_blank[] =
    "UPDATE outreach_event SET contact = 0, prospect = 0, detail = '' WHERE contact = $1";
/* Where the person is named in what is known of others: a colleague's word, an answer from another address.
 */
static const char events_naming[] = "UPDATE outreach_event SET detail = '' WHERE contact IN (SELECT contact"
                                    " FROM outreach_answer WHERE author = $1) AND instr(detail, $1) > 0";
static const char reasons_naming[] = "UPDATE prospect SET reason = '' WHERE id IN (SELECT prospect"
                                     " FROM outreach_answer WHERE author = $1) AND instr(reason, $1) > 0";
static const char holds_naming[] = "UPDATE outreach_hold SET reason = '' WHERE answer IN (SELECT id"
                                   " FROM outreach_answer WHERE author = $1)";
static const char texts_by[] =
    "DELETE FROM outreach_answer_text WHERE answer IN (SELECT id FROM outreach_answer WHERE author = $1)";
static const char answers_by[] = "UPDATE outreach_answer SET author = '', evidence = '[]' WHERE author = $1";

enum { CAMPAIGNS_MAX = 200 };

void campaign_person_messages(struct db *db, struct arena *arena, const struct contact_person *person,
                              struct buffer *json) {
    (void)arena;
    bool is_first = true;
    struct db_rows rows = DB_ROWS(db, messages_of, DB_NUMBER(person->contact));
    buffer_append_byte(json, '[');
    while (db_rows_next(&rows)) {
        buffer_append_text(json, is_first ? "{\"campaign\":" : ",{\"campaign\":");
        contact_text_write(json, db_rows_bytes(&rows, 0));
        buffer_append_text(json, ",\"subject\":");
        contact_text_write(json, db_rows_bytes(&rows, 1));
        buffer_printf(json, ",\"sent_ms\":%lld}", (long long)db_rows_number(&rows, 2));
        is_first = false;
    }
    buffer_append_byte(json, ']');
}

void campaign_person_answers(struct db *db, struct arena *arena, const struct contact_person *person,
                             struct buffer *json) {
    (void)arena;
    bool is_first = true;
    struct db_rows rows = DB_ROWS(db, answers_of, DB_NUMBER(person->contact));
    buffer_append_byte(json, '[');
    while (db_rows_next(&rows)) {
        buffer_printf(json, "%s{\"at_ms\":%lld,\"kind\":%lld,\"from\":", is_first ? "" : ",",
                      (long long)db_rows_number(&rows, 0), (long long)db_rows_number(&rows, 1));
        contact_text_write(json, db_rows_bytes(&rows, 2));
        buffer_append_byte(json, '}');
        is_first = false;
    }
    buffer_append_byte(json, ']');
}

bool campaign_person_is_needed(struct db *db, uint64_t contact) {
    return DB_READ_NUMBER(db, prospect_any, 0, DB_NUMBER(contact)) != 0;
}

/* A letter that waits in the queue does not leave any more. */
static void take_letters_out(struct commit *commit, uint64_t contact) {
    uint64_t queued[CAMPAIGNS_MAX];
    size_t count = 0;
    struct db_rows rows = DB_ROWS(commit->db, messages_queued, DB_NUMBER(contact), DB_NUMBER(CAMPAIGNS_MAX));
    while (db_rows_next(&rows)) queued[count++] = db_rows_id(&rows, 0);
    for (size_t i = 0; i < count; i++) queue_take_out(commit, queued[i]);
}

static void forget_mentions(struct commit *commit, struct slice address) {
    DB_RUN(commit->db, events_naming, DB_TEXT(address));
    DB_RUN(commit->db, reasons_naming, DB_TEXT(address));
    DB_RUN(commit->db, holds_naming, DB_TEXT(address));
    DB_RUN(commit->db, texts_by, DB_TEXT(address));
    DB_RUN(commit->db, answers_by, DB_TEXT(address));
}

void campaign_person_erase(struct commit *commit, const struct contact_person *person) {
    uint64_t campaigns[CAMPAIGNS_MAX];
    enum prospect_state states[CAMPAIGNS_MAX];
    size_t count = 0;
    forget_mentions(commit, person->address);
    if (person->contact == 0) return;
    struct db_value contact = DB_NUMBER(person->contact);
    struct db_rows rows = DB_ROWS(commit->db, prospects_of, contact);
    while (db_rows_next(&rows)) {
        if (count == CAMPAIGNS_MAX) continue;
        campaigns[count] = db_rows_id(&rows, 0);
        states[count++] = (enum prospect_state)db_rows_number(&rows, 1);
    }
    DB_RUN(commit->db, texts_delete, contact);
    DB_RUN(commit->db, holds_delete, contact);
    DB_RUN(commit->db, prospects_delete, contact);
    take_letters_out(commit, person->contact);
    DB_RUN(commit->db, messages_end, contact);
    sender_copy_erase(commit, person->contact);
    DB_RUN(commit->db, messages_blank, contact);
    DB_RUN(commit->db, answers_delete, contact);
    DB_RUN(commit->db, events_blank, contact);
    for (size_t i = 0; i < count; i++) {
        prospect_count(commit, campaigns[i], states[i], -1);
        campaign_lanes_mend(commit, campaigns[i], false);
    }
}
