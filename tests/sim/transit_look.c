/* What is in the queues while their stores run, and at the end all of it. */
#include <stdio.h>

#include "base/limits.h"
#include "store/db.h"
#include "store/engine_queue.h"
#include "store/reader.h"
#include "transit.h"

enum {
    MINUTE_MS = 60 * 1000,
    /* A look of the scheduler, a connection, a session for each of those that wait. */
    SLACK_MS = 4 * MINUTE_MS,
    ENTRIES_MAX = 1024,
};

static const struct engine_options options = {
    .folder = HOST_FOLDER, .hash_memory_kib = HOST_HASH_MEMORY_KIB, .log_room_bytes = HOST_LOG_ROOM_BYTES};

/* ---- queues ---- */

static const char queue_rows[] =
    "SELECT recipient.message, number, state, address, recipient.due_ms, destination.due_ms,"
    " destination.failures, received_ms FROM recipient"
    " JOIN destination ON destination.id = recipient.destination"
    " JOIN outgoing ON outgoing.message = recipient.message";

/* When it goes at the latest, of the wall clock: what cannot be reached when it is too old, anything else
   with the next try. */
static int64_t goes_by_ms(const struct transit *transit, const struct db_rows *rows, int64_t now_ms) {
    bool is_dead = transit_target(transit, db_rows_bytes(rows, 3)) == TARGET_DEAD;
    if (is_dead && db_rows_number(rows, 2) == QUEUE_WAITING)
        return db_rows_number(rows, 7) + transit_lifetime_ms(transit) + TRANSIT_EXPIRE_SLACK_MS +
               TRANSIT_EXPIRE_LOOK_MS;
    int64_t due_ms = db_rows_number(rows, 4);
    if (db_rows_number(rows, 6) && db_rows_number(rows, 5) > due_ms) due_ms = db_rows_number(rows, 5);
    return due_ms > now_ms ? due_ms : now_ms;
}

static struct transit_row *row_of(struct transit *transit, const struct transit_row *key) {
    for (size_t i = 0; i < transit->row_count; i++) {
        struct transit_row *row = &transit->rows[i];
        if (row->host == key->host && row->message == key->message && row->number == key->number &&
            row->state == key->state)
            return row;
    }
    ASSERT(transit->row_count < TRANSIT_ROWS_MAX);
    transit->rows[transit->row_count] = *key;
    return &transit->rows[transit->row_count++];
}

static void note_row(struct env *env, const struct site *site, const struct db_rows *rows) {
    struct transit *transit = site->run->transit;
    struct transit_row key = {.host = site->number,
                              .message = db_rows_id(rows, 0),
                              .number = (uint32_t)db_rows_number(rows, 1),
                              .state = db_rows_number(rows, 2)};
    (void)snprintf(key.address, sizeof key.address, "%.*s", SLICE_PRINT(db_rows_bytes(rows, 3)));
    int64_t wall_ms = env_wall_ms(env);
    key.until_ms = transit_now_ms(transit) + goes_by_ms(transit, rows, wall_ms) - wall_ms + SLACK_MS;
    if (key.state == QUEUE_HELD || db_rows_number(rows, 4) == QUEUE_NEVER)
        ledger_fail(site->run->ledger, QUEUES_MOVE, "host %u has %s in its queue, due at no time",
                    site->number, key.address);
    struct transit_row *row = row_of(transit, &key);
    row->is_there = true;
    row->failures = db_rows_number(rows, 6);
    row->destination_due_ms = db_rows_number(rows, 5);
    if (row->destination_due_ms != QUEUE_NEVER) row->destination_due_ms += transit_now_ms(transit) - wall_ms;
}

void transit_look_at_queue(struct task *t, void *argument) {
    const struct site *site = argument;
    struct db *db = NULL;
    int result = db_open(task_env(t), HOST_FOLDER "/store.db", DB_READ, &db);
    if (result == 0) {
        struct db_rows rows = db_rows_values(db, queue_rows, NULL, 0);
        while (db_rows_next(&rows)) note_row(task_env(t), site, &rows);
        if (db_failure(db)) result = -1;
    }
    db_close(&db);
    if (result)
        ledger_fail(site->run->ledger, STORE_VERIFIES, "the queue of host %u cannot be read", site->number);
    site->run->transit->looks--;
}

/* ---- at the end ---- */

static void note_fault(void *context, struct slice line) {
    ledger_fail(context, STORE_VERIFIES, "verify: %.*s", SLICE_PRINT(line));
}

/* Nothing is left behind that nobody will ever look at. */
static void check_queue(struct task *t, struct engine *engine, const struct site *site) {
    struct arena *arena = arena_new(MIB(4));
    struct queue_listing listing;
    struct queue_filter filter = {.state = QUEUE_STATES, .max = 1};
    if (engine_queue_list(t, engine, arena, &filter, &listing) != STORE_OK)
        ledger_fail(site->run->ledger, STORE_VERIFIES, "the queue of host %u cannot be listed", site->number);
    else if (listing.count)
        ledger_fail(site->run->ledger, QUEUES_MOVE, "host %u still has a message of %.*s for %.*s",
                    site->number, SLICE_PRINT(listing.lines[0].mail_from),
                    SLICE_PRINT(listing.lines[0].address));
    arena_free(&arena);
}

static void read_entry(const struct site *site, struct reader *reader, unsigned account,
                       const struct entry *entry, int64_t wall_offset_ms) {
    struct transit *transit = site->run->transit;
    struct buffer text = buffer_new(LEDGER_TEXT_BYTES_MAX);
    if (reader_body(reader, entry->body, 0, UINT64_MAX, &text))
        ledger_fail(site->run->ledger, STORE_VERIFIES, "a text at host %u cannot be read", site->number);
    else
        transit_found(transit, account, buffer_slice(&text), entry->saved_ms - wall_offset_ms);
    buffer_free(&text);
}

static void read_inbox(struct env *env, const struct site *site, struct reader *reader, unsigned account) {
    struct uid_range all = {1, UINT32_MAX};
    struct arena *arena = arena_new(MIB(64));
    struct mailbox inbox;
    struct entry *entries = NULL;
    size_t count = 0;
    bool is_read = reader_mailbox_find(reader, arena, site->plan->accounts[account], SLICE("INBOX"),
                                       &inbox) == STORE_OK &&
                   reader_entries(reader, arena, inbox.id, (struct uid_ranges){&all, 1}, 1,
                                  ENTRY_FLAGS | ENTRY_MESSAGE, ENTRIES_MAX, &entries, &count) == STORE_OK;
    if (!is_read) ledger_fail(site->run->ledger, STORE_VERIFIES, "INBOX %u cannot be read", account);
    for (size_t i = 0; i < count; i++)
        read_entry(site, reader, account, &entries[i], env_wall_ms(env) - transit_now_ms(site->run->transit));
    arena_free(&arena);
}

static void read_inboxes(struct env *env, const struct site *site) {
    struct ledger *ledger = site->run->ledger;
    unsigned accounts = ledger_accounts_of(ledger->layout, site->number);
    struct reader *reader = NULL;
    if (reader_open(env, HOST_FOLDER, &reader)) {
        ledger_fail(ledger, STORE_VERIFIES, "the store of host %u cannot be read", site->number);
        return;
    }
    for (unsigned i = 0; i < LEDGER_ACCOUNTS_MAX; i++)
        if (accounts >> i & 1) read_inbox(env, site, reader, i);
    reader_close(&reader);
}

void transit_look_at_end(struct task *t, void *argument) {
    const struct site *site = argument;
    struct engine *engine = NULL;
    struct verify_report report;
    struct ledger *ledger = site->run->ledger;
    if (engine_open(task_env(t), &options, &engine)) {
        ledger_fail(ledger, STORE_VERIFIES, "the store of host %u cannot be opened", site->number);
        return;
    }
    if (engine_verify(t, engine, note_fault, ledger, &report) != STORE_OK)
        ledger_fail(ledger, STORE_VERIFIES, "the store of host %u cannot be verified", site->number);
    check_queue(t, engine, site);
    read_inboxes(task_env(t), site);
    engine_close(t, &engine);
    site->run->transit->looked++;
}
