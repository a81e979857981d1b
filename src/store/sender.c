#include "store/sender.h"

#include "base/limits_sender.h"
#include "ipc/pack.h"
#include "store/schema.h"
#include "store/sender_rows.h"

#define SENDER_COLUMNS                                                                    \
    "id, address, name, account, settings, state, reason, detail, checked_ms, tested_ms," \
    " gap_min_ms, gap_max_ms, hourly_max, daily_max, ramp_start, ramp_step, added_ms,"    \
    " override_by, override_ms, version, secret, time_zone"

static const char sender_by_id[] = "SELECT " SENDER_COLUMNS " FROM outreach_sender WHERE id = $1";
static const char sender_by_address[] =
    "SELECT " SENDER_COLUMNS " FROM outreach_sender WHERE tenant = $1 AND address = $2";
static const char senders_all[] =
    "SELECT " SENDER_COLUMNS " FROM outreach_sender WHERE tenant = $1 ORDER BY address LIMIT $2";
static const char senders_count[] = "SELECT count(*) FROM outreach_sender";
static const char folder_put[] =
    "INSERT INTO outreach_folder (sender, name, uidvalidity, uidnext, modseq) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT (sender, name) DO UPDATE SET uidvalidity = $3, uidnext = $4, modseq = $5";
static const char folders_of[] =
    "SELECT name, uidvalidity, uidnext, modseq FROM outreach_folder WHERE sender = $1 ORDER BY name LIMIT $2";

/* ---- settings as they are stored ---- */

void sender_settings_pack(struct buffer *out, const struct sender *sender) {
    struct sender_login smtp = sender->smtp;
    struct sender_login imap = sender->imap;
    smtp.secret = imap.secret = SLICE_EMPTY;
    sender_login_pack(out, &smtp);
    sender_login_pack(out, &imap);
    pack_number(out, sender->copies);
    pack_bool(out, sender->has_plus);
    pack_bool(out, sender->is_renaming_accepted);
    pack_bool(out, sender->has_passed);
    pack_number(out, sender->test_cause);
}

static void unpack_settings(struct slice bytes, struct sender *sender) {
    struct unpacker in = unpacker_of(bytes);
    sender_login_unpack(&in, &sender->smtp);
    sender_login_unpack(&in, &sender->imap);
    sender->copies = (enum sender_copies)unpack_number_max(&in, SENDER_COPIES_MODES - 1);
    sender->has_plus = unpack_bool(&in);
    sender->is_renaming_accepted = unpack_bool(&in);
    sender->has_passed = unpack_bool(&in);
    sender->test_cause = (enum sender_cause)unpack_number_max(&in, SENDER_CAUSES - 1);
}

static unsigned within(int64_t number, unsigned count) {
    return number >= 0 && number < (int64_t)count ? (unsigned)number : 0;
}

static struct sender_limits read_limits(const struct db_rows *rows, struct arena *arena) {
    return (struct sender_limits){.gap_min_ms = db_rows_number(rows, 10),
                                  .gap_max_ms = db_rows_number(rows, 11),
                                  .hourly_max = (uint32_t)db_rows_number(rows, 12),
                                  .daily_max = (uint32_t)db_rows_number(rows, 13),
                                  .ramp_start = (uint32_t)db_rows_number(rows, 14),
                                  .ramp_step = (uint32_t)db_rows_number(rows, 15),
                                  .override_by = arena_copy(arena, db_rows_bytes(rows, 17)),
                                  .override_ms = db_rows_number(rows, 18),
                                  .time_zone = arena_copy(arena, db_rows_bytes(rows, 21))};
}

static void read_row(const struct db_rows *rows, struct arena *arena, struct sender_row *row) {
    struct sender *sender = &row->sender;
    *sender = (struct sender){.id = db_rows_id(rows, 0),
                              .address = arena_copy(arena, db_rows_bytes(rows, 1)),
                              .name = arena_copy(arena, db_rows_bytes(rows, 2)),
                              .account = db_rows_id(rows, 3),
                              .state = (enum sender_state)within(db_rows_number(rows, 5), SENDER_STATES),
                              .cause = (enum sender_cause)within(db_rows_number(rows, 6), SENDER_CAUSES),
                              .detail = arena_copy(arena, db_rows_bytes(rows, 7)),
                              .checked_ms = db_rows_number(rows, 8),
                              .tested_ms = db_rows_number(rows, 9),
                              .limits = read_limits(rows, arena),
                              .added_ms = db_rows_number(rows, 16),
                              .version = db_rows_id(rows, 19)};
    unpack_settings(arena_copy(arena, db_rows_bytes(rows, 4)), sender);
    row->sealed = arena_copy(arena, db_rows_bytes(rows, 20));
}

static bool read_one(struct db_rows *rows, struct arena *arena, struct sender_row *row) {
    bool is_there = db_rows_next(rows);
    if (is_there) read_row(rows, arena, row);
    db_rows_end(rows);
    return is_there;
}

bool sender_sealed_read(struct db *db, struct arena *arena, uint64_t id, struct sender_row *row) {
    struct db_rows rows = DB_ROWS(db, sender_by_id, DB_NUMBER(id));
    return read_one(&rows, arena, row);
}

bool sender_sealed_find(struct db *db, struct arena *arena, struct slice address, struct sender_row *row) {
    struct db_rows rows = DB_ROWS(db, sender_by_address, DB_NUMBER(TENANT_DEFAULT), DB_TEXT(address));
    return read_one(&rows, arena, row);
}

bool sender_row_read(struct db *db, struct arena *arena, uint64_t id, struct sender *sender) {
    struct sender_row row;
    if (!sender_sealed_read(db, arena, id, &row)) return false;
    *sender = row.sender;
    return true;
}

bool sender_row_find(struct db *db, struct arena *arena, struct slice address, struct sender *sender) {
    struct sender_row row;
    if (!sender_sealed_find(db, arena, address, &row)) return false;
    *sender = row.sender;
    return true;
}

size_t sender_rows_count(struct db *db) { return (size_t)DB_READ_NUMBER(db, senders_count, 0); }

size_t sender_rows_read(struct db *db, struct arena *arena, struct sender *senders, size_t max) {
    size_t count = 0;
    struct db_rows rows = DB_ROWS(db, senders_all, DB_NUMBER(TENANT_DEFAULT), DB_NUMBER(max));
    while (db_rows_next(&rows)) {
        struct sender_row row;
        read_row(&rows, arena, &row);
        if (count < max) senders[count++] = row.sender;
    }
    db_rows_end(&rows);
    return count;
}

/* ---- folders ---- */

void sender_folder_put(struct commit *commit, uint64_t sender, const struct sender_folder *folder) {
    DB_RUN(commit->db, folder_put, DB_NUMBER(sender), DB_BYTES(folder->name), DB_NUMBER(folder->uidvalidity),
           DB_NUMBER(folder->uidnext), DB_NUMBER(folder->modseq));
}

size_t sender_folders_read(struct db *db, struct arena *arena, uint64_t sender, struct sender_folder *folders,
                           size_t max) {
    size_t count = 0;
    struct db_rows rows = DB_ROWS(db, folders_of, DB_NUMBER(sender), DB_NUMBER(max));
    while (db_rows_next(&rows))
        if (count < max)
            folders[count++] = (struct sender_folder){
                arena_copy(arena, db_rows_bytes(&rows, 0)), (uint32_t)db_rows_number(&rows, 1),
                (uint32_t)db_rows_number(&rows, 2), db_rows_id(&rows, 3), 0};
    db_rows_end(&rows);
    return count;
}
