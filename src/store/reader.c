#include "store/reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "store/account.h"
#include "store/import.h"
#include "store/mailbox_name.h"
#include "store/range.h"
#include "store/reader_state.h"
#include "store/uids.h"

#define MAILBOX_COLUMNS                                                                                 \
    "id, account, name, uidvalidity, uidnext, modseq, message_count, unseen_count, bytes, special_use," \
    " is_subscribed"
#define ENTRY_COLUMNS "uid, flags, modseq, message, saved_ms, entry.raw_bytes"
#define MESSAGE_COLUMNS "thread, sent_ms, envelope, structure, preview, subject_base"
#define PLACE_COLUMNS "segment, place, stored_bytes, body.raw_bytes"
#define MESSAGE_JOIN " JOIN message ON message.id = entry.message"
#define PLACE_JOIN " JOIN body ON body.id = entry.message"
#define ENTRY_CHOICE " WHERE mailbox = $1 AND uid BETWEEN $2 AND $3 ORDER BY uid LIMIT $4"

static const char mailbox_all[] = "SELECT " MAILBOX_COLUMNS " FROM mailbox WHERE account = $1 ORDER BY name";
static const char mailbox_named[] =
    "SELECT " MAILBOX_COLUMNS " FROM mailbox WHERE account = $1 AND name = $2";
static const char mailbox_one[] = "SELECT " MAILBOX_COLUMNS " FROM mailbox WHERE id = $1";
static const char mailbox_count[] = "SELECT count(*) FROM mailbox WHERE account = $1";
static const char keyword_all[] = "SELECT bit, name FROM keyword WHERE mailbox = $1 ORDER BY bit";
static const char entry_uids_with_flags[] =
    "SELECT uid FROM entry WHERE mailbox = $1 AND (flags & $2) = $2 AND (flags & $3) = 0 ORDER BY uid";
static const char entry_bytes[] =
    "SELECT coalesce(sum(raw_bytes), 0) FROM entry WHERE mailbox = $1 AND (flags & $2) = $2";
static const char entry_first_unseen[] =
    "SELECT uid FROM entry WHERE mailbox = $1 AND (flags & 1) = 0 ORDER BY uid LIMIT 1";
static const char entry_flags[] = "SELECT uid, flags, modseq FROM entry" ENTRY_CHOICE;
static const char entry_rows[] = "SELECT " ENTRY_COLUMNS " FROM entry" ENTRY_CHOICE;
static const char entry_rows_with_message[] =
    "SELECT " ENTRY_COLUMNS ", " MESSAGE_COLUMNS " FROM entry" MESSAGE_JOIN ENTRY_CHOICE;
static const char entry_rows_with_place[] =
    "SELECT " ENTRY_COLUMNS ", " PLACE_COLUMNS " FROM entry" PLACE_JOIN ENTRY_CHOICE;
static const char entry_rows_with_both[] = "SELECT " ENTRY_COLUMNS ", " MESSAGE_COLUMNS ", " PLACE_COLUMNS
                                           " FROM entry" MESSAGE_JOIN PLACE_JOIN ENTRY_CHOICE;
/* By the bits of `fields`. */
static const char *const entry_texts[] = {
    entry_flags,
    entry_rows,
    entry_rows_with_message,
    entry_rows_with_message,
    entry_rows_with_place,
    entry_rows_with_place,
    entry_rows_with_both,
    entry_rows_with_both,
};
static const char change_floor[] = "SELECT change_floor FROM mailbox WHERE id = $1";
static const char change_rows[] =
    "SELECT modseq, uid, kind FROM change WHERE mailbox = $1 AND modseq > $2 ORDER BY modseq, uid LIMIT $3";

int reader_open(struct env *env, const char *folder, struct reader **out) {
    char path[STORE_PATH_BYTES_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/store.db", folder) >= sizeof path) return -ENAMETOOLONG;
    struct db *db = NULL;
    int result = db_open(env, path, DB_READ, &db);
    if (result) return result;
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader || !(reader->folder = strdup(folder))) FATAL("out of memory for a reader");
    reader->env = env;
    reader->db = db;
    body_reader_open(&reader->bodies, env, reader->folder, db);
    *out = reader;
    return 0;
}

void reader_close(struct reader **reader) {
    if (!*reader) return;
    body_reader_close(&(*reader)->bodies);
    db_close(&(*reader)->db);
    free((*reader)->folder);
    free(*reader);
    *reader = NULL;
}

void reader_begin(struct reader *reader) {
    if (!reader->is_held) db_begin_read(reader->db);
}

enum store_result reader_end(struct reader *reader, bool has_room) {
    enum store_result result = reader->is_held ? db_failure(reader->db) : db_commit(reader->db);
    db_complain(reader->db, reader->env->log);
    return result == STORE_OK && !has_room ? STORE_FAILED : result;
}

void reader_hold(struct reader *reader) {
    ASSERT(!reader->is_held);
    db_begin_read(reader->db);
    reader->is_held = true;
}

void reader_release(struct reader *reader) {
    ASSERT(reader->is_held);
    reader->is_held = false;
    (void)db_commit(reader->db);
    db_complain(reader->db, reader->env->log);
}

/* ---- mailboxes ---- */

static bool read_mailbox(const struct db_rows *rows, struct arena *arena, struct mailbox *mailbox) {
    *mailbox = (struct mailbox){.id = db_rows_id(rows, 0),
                                .account = db_rows_id(rows, 1),
                                .uidvalidity = (uint32_t)db_rows_number(rows, 3),
                                .uidnext = (uint32_t)db_rows_number(rows, 4),
                                .highest_modseq = db_rows_id(rows, 5),
                                .message_count = (uint32_t)db_rows_number(rows, 6),
                                .unseen_count = (uint32_t)db_rows_number(rows, 7),
                                .bytes = db_rows_id(rows, 8),
                                .special_use = (enum special_use)db_rows_number(rows, 9),
                                .is_subscribed = db_rows_number(rows, 10) != 0};
    return arena_try_copy(arena, db_rows_bytes(rows, 2), &mailbox->name);
}

enum store_result reader_mailbox_list(struct reader *reader, struct arena *arena, uint64_t account,
                                      struct mailbox **mailboxes, size_t *count) {
    reader_begin(reader);
    int64_t total = DB_READ_NUMBER(reader->db, mailbox_count, 0, DB_NUMBER(account));
    *mailboxes = arena_try_alloc(arena, sizeof **mailboxes * (size_t)total);
    *count = 0;
    bool has_room = *mailboxes != NULL;
    struct db_rows rows = DB_ROWS(reader->db, mailbox_all, DB_NUMBER(account));
    while (has_room && db_rows_next(&rows)) has_room = read_mailbox(&rows, arena, &(*mailboxes)[(*count)++]);
    db_rows_end(&rows);
    return reader_end(reader, has_room);
}

static enum store_result read_one(struct reader *reader, struct db_rows rows, struct arena *arena,
                                  struct mailbox *mailbox) {
    bool is_found = db_rows_next(&rows);
    bool has_room = !is_found || read_mailbox(&rows, arena, mailbox);
    db_rows_end(&rows);
    enum store_result result = reader_end(reader, has_room);
    return result == STORE_OK && !is_found ? STORE_NOT_FOUND : result;
}

enum store_result reader_mailbox_find(struct reader *reader, struct arena *arena, uint64_t account,
                                      struct slice name, struct mailbox *mailbox) {
    struct slice canonical;
    if (!mailbox_name_read(arena, name, &canonical)) return STORE_NOT_FOUND;
    reader_begin(reader);
    struct db_rows rows = DB_ROWS(reader->db, mailbox_named, DB_NUMBER(account), DB_TEXT(canonical));
    return read_one(reader, rows, arena, mailbox);
}

enum store_result reader_mailbox_get(struct reader *reader, struct arena *arena, uint64_t mailbox_id,
                                     struct mailbox *mailbox) {
    reader_begin(reader);
    return read_one(reader, DB_ROWS(reader->db, mailbox_one, DB_NUMBER(mailbox_id)), arena, mailbox);
}

enum store_result reader_keywords(struct reader *reader, struct arena *arena, uint64_t mailbox,
                                  struct slice **names, size_t *count) {
    reader_begin(reader);
    *names = arena_try_alloc(arena, sizeof **names * KEYWORDS_MAX);
    *count = 0;
    bool has_room = *names != NULL;
    struct db_rows rows = DB_ROWS(reader->db, keyword_all, DB_NUMBER(mailbox));
    while (has_room && *count < KEYWORDS_MAX && db_rows_next(&rows))
        has_room = arena_try_copy(arena, db_rows_bytes(&rows, 1), &(*names)[(*count)++]);
    db_rows_end(&rows);
    return reader_end(reader, has_room);
}

/* ---- UIDs ---- */

enum store_result reader_uids(struct reader *reader, uint64_t mailbox, struct uid_set *set) {
    reader_begin(reader);
    uids_read(reader->db, mailbox, set);
    return reader_end(reader, true);
}

enum store_result reader_uids_with_flags(struct reader *reader, uint64_t mailbox, uint64_t set,
                                         uint64_t clear, void (*range)(void *context, struct uid_range range),
                                         void *context) {
    reader_begin(reader);
    struct db_rows rows =
        DB_ROWS(reader->db, entry_uids_with_flags, DB_NUMBER(mailbox), DB_NUMBER(set), DB_NUMBER(clear));
    struct uid_runs runs = {range, context, {0, 0}};
    while (db_rows_next(&rows)) uid_runs_add(&runs, (uint32_t)db_rows_number(&rows, 0));
    uid_runs_end(&runs);
    return reader_end(reader, true);
}

enum store_result reader_bytes_with_flags(struct reader *reader, uint64_t mailbox, uint64_t set,
                                          uint64_t *bytes) {
    db_begin_read(reader->db);
    *bytes = (uint64_t)DB_READ_NUMBER(reader->db, entry_bytes, 0, DB_NUMBER(mailbox), DB_NUMBER(set));
    return reader_end(reader, true);
}

enum store_result reader_usage(struct reader *reader, uint64_t account, struct account_usage *usage) {
    int64_t quota_bytes = 0;
    int64_t used_bytes = 0;
    db_begin_read(reader->db);
    bool is_found = account_quota(reader->db, account, &quota_bytes, &used_bytes);
    *usage = (struct account_usage){(uint64_t)quota_bytes, (uint64_t)used_bytes};
    enum store_result result = reader_end(reader, true);
    return result == STORE_OK && !is_found ? STORE_NOT_FOUND : result;
}

enum store_result reader_first_unseen(struct reader *reader, uint64_t mailbox, uint32_t *uid) {
    reader_begin(reader);
    *uid = (uint32_t)DB_READ_NUMBER(reader->db, entry_first_unseen, 0, DB_NUMBER(mailbox));
    return reader_end(reader, true);
}

/* ---- entries ---- */

enum { ENTRY_COLUMN_COUNT = 6, MESSAGE_COLUMN_COUNT = 6 };

static bool read_entry(const struct db_rows *rows, struct arena *arena, unsigned fields,
                       struct entry *entry) {
    *entry = (struct entry){.uid = (uint32_t)db_rows_number(rows, 0),
                            .flags = db_rows_id(rows, 1),
                            .modseq = db_rows_id(rows, 2)};
    if (fields == ENTRY_ONLY_FLAGS) return true;
    entry->message = db_rows_id(rows, 3);
    entry->saved_ms = db_rows_number(rows, 4);
    entry->raw_bytes = db_rows_id(rows, 5);
    int column = ENTRY_COLUMN_COUNT + (fields & ENTRY_MESSAGE ? MESSAGE_COLUMN_COUNT : 0);
    if (fields & (ENTRY_MESSAGE | ENTRY_PLACE)) entry->body = entry->message;
    if (fields & ENTRY_PLACE)
        entry->place = (struct body_place){db_rows_id(rows, column), db_rows_id(rows, column + 1),
                                           db_rows_id(rows, column + 2), db_rows_id(rows, column + 3)};
    if (!(fields & ENTRY_MESSAGE)) return true;
    entry->thread = db_rows_id(rows, 6);
    entry->sent_ms = db_rows_number(rows, 7);
    return arena_try_copy(arena, db_rows_bytes(rows, 8), &entry->envelope) &&
           arena_try_copy(arena, db_rows_bytes(rows, 9), &entry->structure) &&
           arena_try_copy(arena, db_rows_bytes(rows, 10), &entry->preview) &&
           arena_try_copy(arena, db_rows_bytes(rows, 11), &entry->subject_base);
}

struct entries_read {
    struct reader *reader;
    struct arena *arena;
    uint64_t mailbox;
    unsigned fields;
    size_t max;
    struct entry *entries;
    size_t count;
};

/* False: the arena is full. */
static bool read_range(struct entries_read *read, struct uid_range range) {
    struct db_rows rows =
        DB_ROWS(read->reader->db, entry_texts[read->fields], DB_NUMBER(read->mailbox), DB_NUMBER(range.first),
                DB_NUMBER(range.last), DB_NUMBER(read->max - read->count));
    while (db_rows_next(&rows)) {
        if (!read_entry(&rows, read->arena, read->fields, &read->entries[read->count])) {
            db_rows_end(&rows);
            return false;
        }
        read->count++;
    }
    return true;
}

/* The first of the ascending ranges that reaches `uid`. */
static size_t range_search(struct uid_ranges uids, uint32_t uid) {
    size_t low = 0;
    size_t high = uids.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (uids.ranges[middle].last < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum store_result reader_entries(struct reader *reader, struct arena *arena, uint64_t mailbox,
                                 struct uid_ranges uids, uint32_t from_uid, unsigned fields, size_t max,
                                 struct entry **entries, size_t *count) {
    struct entries_read read = {reader, arena, mailbox, fields, max, NULL, 0};
    read.entries = arena_try_alloc(arena, sizeof *read.entries * max);
    *entries = read.entries;
    *count = 0;
    if (!read.entries) return STORE_FAILED;
    reader_begin(reader);
    bool has_room = true;
    for (size_t i = range_search(uids, from_uid); has_room && i < uids.count && read.count < max; i++) {
        struct uid_range range = uids.ranges[i];
        if (range.first < from_uid) range.first = from_uid;
        has_room = read_range(&read, range);
    }
    *count = read.count;
    return reader_end(reader, has_room || read.count > 0);
}

enum store_result reader_changes(struct reader *reader, struct arena *arena, uint64_t mailbox,
                                 uint64_t modseq, size_t max, struct change **changes, size_t *count) {
    *changes = arena_try_alloc(arena, sizeof **changes * max);
    *count = 0;
    if (!*changes) return STORE_FAILED;
    reader_begin(reader);
    int64_t floor = DB_READ_NUMBER(reader->db, change_floor, -1, DB_NUMBER(mailbox));
    struct db_rows rows =
        DB_ROWS(reader->db, change_rows, DB_NUMBER(mailbox), DB_NUMBER(modseq), DB_NUMBER(max));
    while (db_rows_next(&rows))
        (*changes)[(*count)++] = (struct change){db_rows_id(&rows, 0), (uint32_t)db_rows_number(&rows, 1),
                                                 (enum change_kind)db_rows_number(&rows, 2)};
    enum store_result result = reader_end(reader, true);
    if (result == STORE_OK && floor < 0) return STORE_NOT_FOUND;
    return result == STORE_OK && modseq < (uint64_t)floor ? STORE_REFUSED : result;
}

enum store_result reader_import_is_known(struct reader *reader, uint64_t account, struct slice source,
                                         bool *is_known) {
    reader_begin(reader);
    *is_known = import_is_known(reader->db, account, source);
    return reader_end(reader, true);
}

enum store_result reader_body(struct reader *reader, uint64_t body, uint64_t offset, uint64_t len,
                              struct buffer *out) {
    enum store_result result = body_read(&reader->bodies, body, offset, len, out);
    db_complain(reader->db, reader->env->log);
    return result;
}

enum store_result reader_entry_body(struct reader *reader, const struct entry *entry, uint64_t offset,
                                    uint64_t len, struct buffer *out) {
    if (offset >= BODY_FRAME_BYTES) return reader_body(reader, entry->message, offset, len, out);
    enum store_result result = body_read_at(&reader->bodies, entry->message, &entry->place, offset, len, out);
    db_complain(reader->db, reader->env->log);
    return result;
}

void reader_segment_gone(struct reader *reader, uint64_t segment) {
    body_reader_forget(&reader->bodies, segment);
}
