/* The steps of verify that compare tables with each other. */
#include <stdlib.h>

#include "base/limits.h"
#include "store/reference.h"
#include "store/uids.h"
#include "store/verify.h"

static const char integrity[] = "PRAGMA integrity_check(100)";
static const char mailbox_next[] =
    "SELECT id, uidnext, modseq, message_count, unseen_count, bytes, change_count FROM mailbox WHERE id > $1"
    " ORDER BY id LIMIT 1";
static const char mailbox_sums[] =
    "SELECT count(*), coalesce(sum(1 - (flags & 1)), 0), coalesce(sum(entry.raw_bytes), 0),"
    " coalesce(max(uid), 0), coalesce(max(modseq), 0), count(message.id), count(body.id) FROM entry"
    " LEFT JOIN message ON message.id = entry.message LEFT JOIN body ON body.id = entry.message"
    " WHERE mailbox = $1";
static const char change_sums[] = "SELECT count(*), coalesce(max(modseq), 0) FROM change WHERE mailbox = $1";
static const char account_wrong[] =
    "SELECT address FROM account WHERE used_bytes <> (SELECT coalesce(sum(bytes), 0) FROM mailbox WHERE"
    " mailbox.account = account.id) OR message_count <> (SELECT coalesce(sum(mailbox.message_count), 0) FROM"
    " mailbox WHERE mailbox.account = account.id)"
    " OR NOT EXISTS (SELECT 1 FROM mailbox WHERE mailbox.id = account.inbox AND name = 'INBOX')"
    " OR NOT EXISTS (SELECT 1 FROM credential WHERE credential.account = account.id)";
static const char uidvalidity_twice[] =
    "SELECT uidvalidity FROM mailbox GROUP BY uidvalidity HAVING count(*) > 1";
static const char segment_all[] =
    "SELECT number, bytes, live_bytes, live_count, raw_bytes FROM segment ORDER BY number";
static const char body_all[] = "SELECT segment, place, stored_bytes, raw_bytes FROM body";
static const char body_refs[] = "SELECT id, refs FROM body WHERE id > $1 ORDER BY id LIMIT $2";
static const char entry_refs[] = "SELECT message FROM entry WHERE message BETWEEN $1 AND $2";
static const char dropped_refs[] = "SELECT message FROM dropped WHERE message BETWEEN $1 AND $2";
static const char outgoing_refs[] = "SELECT message FROM outgoing WHERE message BETWEEN $1 AND $2";
static const char thread_pages[] = "SELECT first, bytes FROM thread_page ORDER BY first";
static const char message_bare[] =
    "SELECT id FROM message WHERE NOT EXISTS (SELECT 1 FROM body WHERE body.id = message.id)";

void verify_database(void *argument) {
    struct verify *verify = argument;
    db_failure_clear(verify->db);
    struct db_rows rows = DB_ROWS(verify->db, integrity);
    while (db_rows_next(&rows)) {
        struct slice line = db_rows_bytes(&rows, 0);
        if (!slice_equal(line, SLICE("ok"))) verify_fault(verify, "database: %.*s", SLICE_PRINT(line));
    }
    rows = DB_ROWS(verify->db, uidvalidity_twice);
    while (db_rows_next(&rows))
        verify_fault(verify, "uidvalidity %lld is used twice", (long long)db_rows_number(&rows, 0));
    rows = DB_ROWS(verify->db, message_bare);
    while (db_rows_next(&rows))
        verify_fault(verify, "message %016llx has no body", (unsigned long long)db_rows_id(&rows, 0));
}

void verify_accounts(void *argument) {
    struct verify *verify = argument;
    db_failure_clear(verify->db);
    struct db_rows rows = DB_ROWS(verify->db, account_wrong);
    while (db_rows_next(&rows))
        verify_fault(verify, "account %.*s does not fit its mailboxes", SLICE_PRINT(db_rows_bytes(&rows, 0)));
}

/* ---- mailboxes ---- */

struct mailbox_row {
    uint64_t id;
    int64_t uidnext;
    int64_t modseq;
    int64_t message_count;
    int64_t unseen_count;
    int64_t bytes;
    int64_t change_count;
};

static void fault_if(struct verify *verify, bool is_wrong, uint64_t mailbox, const char *what) {
    if (is_wrong) verify_fault(verify, "mailbox %016llx: %s", (unsigned long long)mailbox, what);
}

static void verify_entries(struct verify *verify, const struct mailbox_row *mailbox) {
    struct db_rows rows = DB_ROWS(verify->db, mailbox_sums, DB_NUMBER(mailbox->id));
    if (!db_rows_next(&rows)) return;
    int64_t count = db_rows_number(&rows, 0);
    uint64_t id = mailbox->id;
    verify->report->messages += (uint64_t)count;
    fault_if(verify, count != mailbox->message_count, id, "wrong message count");
    fault_if(verify, db_rows_number(&rows, 1) != mailbox->unseen_count, id, "wrong unseen count");
    fault_if(verify, db_rows_number(&rows, 2) != mailbox->bytes, id, "wrong size");
    fault_if(verify, db_rows_number(&rows, 3) >= mailbox->uidnext, id, "a UID above UIDNEXT");
    fault_if(verify, db_rows_number(&rows, 4) > mailbox->modseq, id, "a modseq above the highest");
    fault_if(verify, db_rows_number(&rows, 5) != count, id, "an entry without its message");
    fault_if(verify, db_rows_number(&rows, 6) != count, id, "an entry without its body");
    db_rows_end(&rows);
    rows = DB_ROWS(verify->db, change_sums, DB_NUMBER(mailbox->id));
    if (!db_rows_next(&rows)) return;
    fault_if(verify, db_rows_number(&rows, 0) != mailbox->change_count, id, "wrong length of its log");
    fault_if(verify, db_rows_number(&rows, 1) > mailbox->modseq, id, "a change above the highest modseq");
    db_rows_end(&rows);
}

/* One mailbox a step, in one read, so that deliveries go on meanwhile. */
void verify_mailboxes(void *argument) {
    struct verify *verify = argument;
    db_begin_read(verify->db);
    struct db_rows rows = DB_ROWS(verify->db, mailbox_next, DB_NUMBER(verify->last_id));
    verify->is_done = !db_rows_next(&rows);
    if (!verify->is_done) {
        struct mailbox_row mailbox = {db_rows_id(&rows, 0),     db_rows_number(&rows, 1),
                                      db_rows_number(&rows, 2), db_rows_number(&rows, 3),
                                      db_rows_number(&rows, 4), db_rows_number(&rows, 5),
                                      db_rows_number(&rows, 6)};
        db_rows_end(&rows);
        verify->last_id = mailbox.id;
        verify_entries(verify, &mailbox);
        uids_verify(verify, mailbox.id);
    }
    (void)db_commit(verify->db);
}

/* ---- segments ---- */

struct segment_sums {
    uint64_t number;
    int64_t bytes;
    int64_t live_bytes;
    int64_t live_count;
    int64_t raw_bytes;
};

static int segment_compare(const void *left, const void *right) {
    uint64_t a = ((const struct segment_sums *)left)->number;
    uint64_t b = ((const struct segment_sums *)right)->number;
    return a < b ? -1 : a > b;
}

static void read_segments(struct verify *verify, struct buffer *list) {
    struct db_rows rows = DB_ROWS(verify->db, segment_all);
    while (db_rows_next(&rows)) {
        struct segment_sums sums = {db_rows_id(&rows, 0), db_rows_number(&rows, 1), db_rows_number(&rows, 2),
                                    db_rows_number(&rows, 3), db_rows_number(&rows, 4)};
        buffer_append(list, slice_of(&sums, sizeof sums));
    }
}

static void count_off_bodies(struct verify *verify, struct segment_sums *segments, size_t count) {
    struct db_rows rows = DB_ROWS(verify->db, body_all);
    while (db_rows_next(&rows)) {
        struct segment_sums key = {.number = db_rows_id(&rows, 0)};
        int64_t bytes = RECORD_HEADER_BYTES + db_rows_number(&rows, 2);
        struct segment_sums *segment =
            count ? bsearch(&key, segments, count, sizeof key, segment_compare) : NULL;
        if (!segment || db_rows_number(&rows, 1) + bytes > segment->bytes) {
            verify_fault(verify, "a body lies outside segment %llu", (unsigned long long)key.number);
            continue;
        }
        segment->live_bytes -= bytes;
        segment->live_count--;
        segment->raw_bytes -= db_rows_number(&rows, 3);
    }
}

void verify_segments(void *argument) {
    struct verify *verify = argument;
    struct buffer list = buffer_new(STORE_OPERATION_MEMORY_BYTES_MAX);
    db_begin_read(verify->db);
    read_segments(verify, &list);
    struct segment_sums *segments = (void *)list.ptr;
    size_t count = list.len / sizeof *segments;
    count_off_bodies(verify, segments, count);
    for (size_t i = 0; i < count; i++)
        if (segments[i].live_bytes || segments[i].live_count || segments[i].raw_bytes)
            verify_fault(verify, "segment %llu counts wrongly", (unsigned long long)segments[i].number);
    (void)db_commit(verify->db);
    buffer_free(&list);
}

/* ---- threads ---- */

/* A row is whole references in rising order, none below its key. */
static bool page_is_sound(int64_t first, struct slice bytes) {
    size_t count = bytes.len / REFERENCE_BYTES;
    if (count == 0 || bytes.len % REFERENCE_BYTES) return false;
    for (size_t i = 0; i < count; i++) {
        struct reference reference = reference_read(bytes, i).reference;
        if (reference.thread == 0 || reference.hash < first) return false;
        if (i + 1 < count && reference.hash >= reference_read(bytes, i + 1).reference.hash) return false;
    }
    return true;
}

void verify_threads(void *argument) {
    struct verify *verify = argument;
    bool has_last = false;
    int64_t last = 0;
    db_begin_read(verify->db);
    struct db_rows rows = DB_ROWS(verify->db, thread_pages);
    while (db_rows_next(&rows)) {
        int64_t first = db_rows_number(&rows, 0);
        struct slice bytes = db_rows_bytes(&rows, 1);
        bool is_sound = page_is_sound(first, bytes) && !(has_last && first <= last);
        if (!is_sound)
            verify_fault(verify, "the references from %016llx on are in no order", (unsigned long long)first);
        if (!is_sound) continue;
        has_last = true;
        last = reference_read(bytes, bytes.len / REFERENCE_BYTES - 1).reference.hash;
    }
    (void)db_commit(verify->db);
}

/* ---- references ---- */

struct counter {
    uint64_t message;
    int64_t refs;
};

static int counter_compare(const void *left, const void *right) {
    uint64_t a = ((const struct counter *)left)->message;
    uint64_t b = ((const struct counter *)right)->message;
    return a < b ? -1 : a > b;
}

static void count_off(struct verify *verify, const char *sql, struct counter *counters, size_t count) {
    struct db_rows rows =
        DB_ROWS(verify->db, sql, DB_NUMBER(counters[0].message), DB_NUMBER(counters[count - 1].message));
    while (db_rows_next(&rows)) {
        struct counter key = {.message = db_rows_id(&rows, 0)};
        struct counter *counter = bsearch(&key, counters, count, sizeof key, counter_compare);
        if (counter) counter->refs--;
    }
}

/* So many bodies at a time that the counters stay small, with all who refer to them. */
void verify_references(void *argument) {
    struct verify *verify = argument;
    struct buffer list = buffer_new(STORE_VERIFY_COUNTERS * sizeof(struct counter));
    db_begin_read(verify->db);
    struct db_rows rows =
        DB_ROWS(verify->db, body_refs, DB_NUMBER(verify->last_id), DB_NUMBER(STORE_VERIFY_COUNTERS));
    while (db_rows_next(&rows)) {
        struct counter counter = {db_rows_id(&rows, 0), db_rows_number(&rows, 1)};
        buffer_append(&list, slice_of(&counter, sizeof counter));
    }
    struct counter *counters = (void *)list.ptr;
    size_t count = list.len / sizeof *counters;
    if (count) {
        count_off(verify, entry_refs, counters, count);
        count_off(verify, dropped_refs, counters, count);
        count_off(verify, outgoing_refs, counters, count);
        verify->last_id = counters[count - 1].message;
    }
    for (size_t i = 0; i < count; i++)
        if (counters[i].refs)
            verify_fault(verify, "message %016llx counts %lld references too many",
                         (unsigned long long)counters[i].message, (long long)counters[i].refs);
    (void)db_commit(verify->db);
    verify->is_done = count < STORE_VERIFY_COUNTERS;
    buffer_free(&list);
}
