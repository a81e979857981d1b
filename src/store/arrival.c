#include "store/arrival.h"

#include "base/limits.h"
#include "store/id.h"
#include "store/scan.h"

static const char message_by_id[] = "SELECT id, received_ms, raw_bytes FROM message WHERE id = $1";
/* An ENVELOPE ends with the Message-ID (RFC 9051 7.5.2). */
static const char message_by_name[] = "SELECT id, received_ms, raw_bytes FROM message WHERE substr(envelope, "
                                      "-$2) = $1 ORDER BY id DESC LIMIT 1";
static const char places_of[] =
    "SELECT account.address, mailbox.name, entry.uid, entry.saved_ms FROM entry"
    " JOIN mailbox ON mailbox.id = entry.mailbox JOIN account ON account.id = mailbox.account"
    " WHERE entry.message = $1 LIMIT $2";

struct search {
    struct db *db;
    struct arena *arena;
    struct slice text;
    struct arrival *arrival;
    bool is_found;
};

static struct db_rows rows_of_message(const struct search *search) {
    uint64_t id = 0;
    struct slice name = slice_trim(search->text);
    if (id_read(name, &id)) return DB_ROWS(search->db, message_by_id, DB_NUMBER(id));
    bool is_bare = !slice_starts(name, SLICE("<"));
    struct slice end = arena_printf(search->arena, is_bare ? "\"<%.*s>\")" : "\"%.*s\")", SLICE_PRINT(name));
    return DB_ROWS(search->db, message_by_name, DB_BYTES(end), DB_NUMBER(end.len));
}

static void read_places(struct search *search) {
    struct arrival *arrival = search->arrival;
    arrival->places = ARENA_NEW_ARRAY(search->arena, struct arrival_place, ARRIVAL_PLACES_MAX);
    struct db_rows rows =
        DB_ROWS(search->db, places_of, DB_NUMBER(arrival->message), DB_NUMBER(ARRIVAL_PLACES_MAX));
    while (db_rows_next(&rows))
        arrival->places[arrival->place_count++] =
            (struct arrival_place){arena_copy(search->arena, db_rows_bytes(&rows, 0)),
                                   arena_copy(search->arena, db_rows_bytes(&rows, 1)),
                                   (uint32_t)db_rows_number(&rows, 2), db_rows_number(&rows, 3)};
    db_rows_end(&rows);
}

static void read_arrival(void *argument) {
    struct search *search = argument;
    db_begin_read(search->db);
    struct db_rows rows = rows_of_message(search);
    search->is_found = db_rows_next(&rows);
    if (search->is_found) {
        search->arrival->message = db_rows_id(&rows, 0);
        search->arrival->received_ms = db_rows_number(&rows, 1);
        search->arrival->raw_bytes = db_rows_id(&rows, 2);
        db_rows_end(&rows);
        read_places(search);
    }
    (void)db_commit(search->db);
}

enum store_result engine_arrival_find(struct task *t, struct engine *engine, struct arena *arena,
                                      struct slice text, struct arrival *arrival) {
    struct search search = {.arena = arena, .text = text, .arrival = arrival};
    *arrival = (struct arrival){0};
    enum store_result result = scan_begin(engine, &search.db);
    if (result != STORE_OK) return result;
    lane_run(t, engine->scan_lane, read_arrival, &search);
    db_complain(search.db, engine->env->log);
    result = db_failure(search.db);
    scan_end(engine, &search.db);
    return result == STORE_OK && !search.is_found ? STORE_NOT_FOUND : result;
}
