#include "store/uids.h"

#include "base/limits.h"
#include "store/range.h"
#include "store/segment.h"

static const char first_from[] = "SELECT min(uid) FROM entry WHERE mailbox = $1 AND uid >= $2";
static const char last_of[] = "SELECT max(uid) FROM entry WHERE mailbox = $1";
static const char count_between[] = "SELECT count(*) FROM entry WHERE mailbox = $1 AND uid BETWEEN $2 AND $3";
static const char uids_between[] =
    "SELECT uid FROM entry WHERE mailbox = $1 AND uid BETWEEN $2 AND $3 ORDER BY uid";
static const char message_count[] = "SELECT message_count FROM mailbox WHERE id = $1";
static const char stored_read[] =
    "SELECT stored_uids.modseq, stored_uids.uidnext, checksum, stored_uids.bytes FROM mailbox"
    " JOIN stored_uids ON stored_uids.mailbox = mailbox.id WHERE id = $1"
    " AND stored_uids.modseq >= change_floor";
static const char expunged_since[] =
    "SELECT uid FROM change WHERE mailbox = $1 AND modseq > $2 AND kind = 1 ORDER BY modseq, uid";
static const char stored_delete[] = "DELETE FROM stored_uids WHERE mailbox = $1";

/* UIDs that are counted at once, in the hope that all of them are there. */
enum { COUNTED_UIDS = 4096 };

/* ---- from the entries ---- */

static void append_run(void *context, struct uid_range range) {
    uid_set_append(context, (struct number_range){range.first, range.last});
}

static void add_rows(struct uid_runs *runs, struct db *db, uint64_t mailbox, uint64_t first, uint64_t last) {
    struct db_rows rows = DB_ROWS(db, uids_between, DB_NUMBER(mailbox), DB_NUMBER(first), DB_NUMBER(last));
    while (db_rows_next(&rows)) uid_runs_add(runs, (uint32_t)db_rows_number(&rows, 0));
}

/* Messages that nobody ever removed have UIDs without a hole, and to count them is a third of the work of
   reading them. Where there are holes ever longer pieces are read. */
static void read_pieces(struct db *db, uint64_t mailbox, uint64_t first, uint64_t last,
                        struct uid_runs *runs) {
    uint64_t piece = COUNTED_UIDS;
    while (first <= last && db_failure(db) == STORE_OK) {
        uint64_t end = last - first < COUNTED_UIDS ? last : first + COUNTED_UIDS - 1;
        bool is_counted = end - first + 1 == COUNTED_UIDS;
        if (is_counted && DB_READ_NUMBER(db, count_between, 0, DB_NUMBER(mailbox), DB_NUMBER(first),
                                         DB_NUMBER(end)) == COUNTED_UIDS) {
            uid_runs_add_range(runs, (struct uid_range){(uint32_t)first, (uint32_t)end});
            piece = COUNTED_UIDS;
        } else {
            end = last - first < piece ? last : first + piece - 1;
            add_rows(runs, db, mailbox, first, end);
            piece *= 2;
        }
        first = end + 1;
    }
}

/* `total` is how many there are if all were asked for, else 0. */
static void read_entries(struct db *db, uint64_t mailbox, uint64_t from, int64_t total, struct uid_set *set) {
    struct uid_runs runs = {append_run, set, {0, 0}};
    int64_t first = DB_READ_NUMBER(db, first_from, 0, DB_NUMBER(mailbox), DB_NUMBER(from));
    int64_t last = first ? DB_READ_NUMBER(db, last_of, 0, DB_NUMBER(mailbox)) : 0;
    if (first && total == last - first + 1)
        uid_runs_add_range(&runs, (struct uid_range){(uint32_t)first, (uint32_t)last});
    else if (first)
        read_pieces(db, mailbox, (uint64_t)first, (uint64_t)last, &runs);
    uid_runs_end(&runs);
}

/* ---- from what is stored ---- */

struct stored {
    uint64_t modseq;
    uint64_t uidnext;
    struct uid_set uids;
};

enum stored_result { STORED_GOOD, STORED_NONE, STORED_DAMAGED };

static enum stored_result read_stored(struct db *db, uint64_t mailbox, struct stored *stored) {
    *stored = (struct stored){0};
    struct db_rows rows = DB_ROWS(db, stored_read, DB_NUMBER(mailbox));
    if (!db_rows_next(&rows)) return STORED_NONE;
    struct slice bytes = db_rows_bytes(&rows, 3);
    stored->modseq = db_rows_id(&rows, 0);
    stored->uidnext = db_rows_id(&rows, 1);
    bool is_good = db_rows_number(&rows, 2) == segment_checksum(bytes) &&
                   uid_set_deserialise(bytes, &stored->uids) == UID_SET_OK &&
                   uid_set_last(&stored->uids) < stored->uidnext;
    db_rows_end(&rows);
    if (!is_good) uid_set_free(&stored->uids);
    return is_good ? STORED_GOOD : STORED_DAMAGED;
}

static void remove_run(void *context, struct uid_range range) {
    (void)uid_set_remove(context, (struct number_range){range.first, range.last});
}

/* From then to now. */
static void bring_up_to_date(struct db *db, uint64_t mailbox, struct stored *stored) {
    struct uid_runs gone = {remove_run, &stored->uids, {0, 0}};
    struct db_rows rows = DB_ROWS(db, expunged_since, DB_NUMBER(mailbox), DB_NUMBER(stored->modseq));
    while (db_rows_next(&rows)) uid_runs_add(&gone, (uint32_t)db_rows_number(&rows, 0));
    uid_runs_end(&gone);
    read_entries(db, mailbox, stored->uidnext, 0, &stored->uids);
}

/* False: nothing is stored that serves. */
static bool use_stored(struct db *db, uint64_t mailbox, int64_t total, struct uid_set *set) {
    struct stored stored;
    if (read_stored(db, mailbox, &stored) != STORED_GOOD) return false;
    bring_up_to_date(db, mailbox, &stored);
    if (uid_set_count(&stored.uids) != total) {
        uid_set_free(&stored.uids);
        return false;
    }
    uid_set_free(set);
    *set = stored.uids;
    return true;
}

static bool has_holes(struct db *db, uint64_t mailbox, int64_t total) {
    int64_t first = DB_READ_NUMBER(db, first_from, 0, DB_NUMBER(mailbox), DB_NUMBER(1));
    return total != DB_READ_NUMBER(db, last_of, 0, DB_NUMBER(mailbox)) - first + 1;
}

void uids_read(struct db *db, uint64_t mailbox, struct uid_set *set) {
    uint32_t last = uid_set_last(set);
    int64_t total = last ? 0 : DB_READ_NUMBER(db, message_count, 0, DB_NUMBER(mailbox));
    bool may_be_stored = total >= STORE_UIDS_STORED_MIN && has_holes(db, mailbox, total);
    if (may_be_stored && use_stored(db, mailbox, total, set)) return;
    read_entries(db, mailbox, (uint64_t)last + 1, total, set);
}

void uids_remove(struct db *db, uint64_t mailbox) { DB_RUN(db, stored_delete, DB_NUMBER(mailbox)); }

static bool is_same(const struct uid_set *a, const struct uid_set *b) {
    struct uid_set_cursor in_a = {0};
    struct uid_set_cursor in_b = {0};
    struct number_range left;
    struct number_range right;
    while (uid_set_next(a, &in_a, &left))
        if (!uid_set_next(b, &in_b, &right) || left.first != right.first || left.last != right.last)
            return false;
    return !uid_set_next(b, &in_b, &right);
}

void uids_verify(struct verify *verify, uint64_t mailbox) {
    struct stored stored;
    enum stored_result result = read_stored(verify->db, mailbox, &stored);
    bool is_good = result != STORED_DAMAGED;
    if (result == STORED_GOOD) {
        struct uid_set set = UID_SET_EMPTY;
        bring_up_to_date(verify->db, mailbox, &stored);
        read_entries(verify->db, mailbox, 1, 0, &set);
        is_good = is_same(&stored.uids, &set);
        uid_set_free(&set);
        uid_set_free(&stored.uids);
    }
    if (!is_good)
        verify_fault(verify, "mailbox %016llx: its stored UIDs are not those of its messages",
                     (unsigned long long)mailbox);
}
