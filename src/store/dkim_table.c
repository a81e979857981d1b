#include "store/dkim_table.h"

#include "base/limits.h"
#include "store/event.h"
#include "store/schema.h"

#define KEY_COLUMNS \
    "dkim_key.id, algorithm, place, state, created_ms, since_ms, until_ms, public, sealed, domain.name"
#define KEY_TABLES "dkim_key JOIN domain ON domain.id = dkim_key.domain"

static const char keys_of[] =
    "SELECT " KEY_COLUMNS " FROM " KEY_TABLES " WHERE dkim_key.domain = $1 ORDER BY place, algorithm LIMIT 4";
static const char keys_waiting[] = "SELECT " KEY_COLUMNS " FROM " KEY_TABLES
                                   " WHERE state = 1 AND dkim_key.id > $1 ORDER BY dkim_key.id LIMIT $2";
static const char keys_waiting_of[] =
    "SELECT " KEY_COLUMNS " FROM " KEY_TABLES
    " WHERE dkim_key.domain = $3 AND state = 1 AND dkim_key.id > $1 ORDER BY dkim_key.id LIMIT $2";
static const char domain_any[] = "SELECT 1 FROM domain WHERE id = $1";
static const char keys_any[] = "SELECT 1 FROM dkim_key WHERE domain = $1 LIMIT 1";
static const char key_waiting[] = "SELECT domain, algorithm FROM dkim_key WHERE id = $1 AND state = 1";
static const char key_insert[] = "INSERT INTO dkim_key (id, tenant, domain, algorithm, place, state,"
                                 " created_ms, since_ms, until_ms, sealed, public)"
                                 " VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 0, $8, $9)";
static const char key_starts[] = "UPDATE dkim_key SET state = 2, since_ms = $2 WHERE id = $1";
/* What signs nothing more is not kept. */
static const char keys_retire[] = "UPDATE dkim_key SET state = 3, since_ms = $3, until_ms = $4, sealed = X''"
                                  " WHERE domain = $1 AND algorithm = $2 AND state = 2";
static const char place_delete[] = "DELETE FROM dkim_key WHERE domain = $1 AND algorithm = $2 AND place = $3";
static const char keys_delete[] = "DELETE FROM dkim_key WHERE domain = $1";

const char *dkim_key_state_word(enum dkim_key_state state) {
    static const char *const words[] = {"", "waiting", "signing", "retired", "gone"};
    return words[state];
}

const char *dkim_selector(enum dkim_algorithm algorithm, unsigned place) {
    static const char *const names[DKIM_ALGORITHMS][DKIM_PLACES] = {{"ph1-rsa", "ph2-rsa"},
                                                                    {"ph1-ed25519", "ph2-ed25519"}};
    return names[algorithm][place - 1];
}

struct slice dkim_record_name(struct arena *arena, enum dkim_algorithm algorithm, unsigned place,
                              struct slice domain) {
    return arena_printf(arena, "%s._domainkey.%.*s", dkim_selector(algorithm, place), SLICE_PRINT(domain));
}

/* ---- reading ---- */

static bool is_known(int64_t algorithm, int64_t place, int64_t state) {
    return algorithm >= 0 && algorithm < DKIM_ALGORITHMS && place >= 1 && place <= DKIM_PLACES &&
           state >= DKIM_KEY_WAITING && state <= DKIM_KEY_GONE;
}

/* False: it is of no kind that this version knows. */
static bool read_row(const struct db_rows *rows, struct arena *arena, int64_t now_ms, struct dkim_row *row) {
    int64_t algorithm = db_rows_number(rows, 1);
    int64_t place = db_rows_number(rows, 2);
    int64_t state = db_rows_number(rows, 3);
    int64_t until_ms = db_rows_number(rows, 6);
    if (!is_known(algorithm, place, state)) return false;
    if (state == DKIM_KEY_RETIRED && until_ms <= now_ms) state = DKIM_KEY_GONE;
    *row = (struct dkim_row){.place = (unsigned)place,
                             .public = arena_copy(arena, db_rows_bytes(rows, 7)),
                             .sealed = arena_copy(arena, db_rows_bytes(rows, 8)),
                             .domain = arena_copy(arena, db_rows_bytes(rows, 9))};
    row->key = (struct dkim_key){.id = db_rows_id(rows, 0),
                                 .algorithm = (enum dkim_algorithm)algorithm,
                                 .state = (enum dkim_key_state)state,
                                 .created_ms = db_rows_number(rows, 4),
                                 .since_ms = db_rows_number(rows, 5),
                                 .until_ms = until_ms};
    row->key.selector = slice_from_text(dkim_selector(row->key.algorithm, row->place));
    return true;
}

size_t dkim_rows_read(struct db *db, struct arena *arena, uint64_t domain, int64_t now_ms,
                      struct dkim_row rows[DKIM_DOMAIN_KEYS_MAX]) {
    size_t count = 0;
    struct db_rows found = DB_ROWS(db, keys_of, DB_NUMBER(domain));
    while (db_rows_next(&found))
        if (count < DKIM_DOMAIN_KEYS_MAX) count += read_row(&found, arena, now_ms, &rows[count]);
    return count;
}

size_t dkim_rows_waiting(struct db *db, struct arena *arena, uint64_t domain, uint64_t after,
                         struct dkim_row *rows, size_t max) {
    size_t count = 0;
    const struct db_value values[] = {DB_NUMBER(after), DB_NUMBER(max), DB_NUMBER(domain)};
    struct db_rows found =
        domain ? db_rows_values(db, keys_waiting_of, values, 3) : db_rows_values(db, keys_waiting, values, 2);
    while (db_rows_next(&found))
        if (count < max) count += read_row(&found, arena, 0, &rows[count]);
    return count;
}

enum store_result dkim_place_next(const struct dkim_row *rows, size_t count, enum dkim_algorithm algorithm,
                                  bool is_forced, unsigned *place) {
    *place = 1;
    for (size_t i = 0; i < count; i++)
        if (rows[i].key.algorithm == algorithm && rows[i].key.state == DKIM_KEY_SIGNING)
            *place = rows[i].place % DKIM_PLACES + 1;
    for (size_t i = 0; i < count; i++) {
        const struct dkim_row *row = &rows[i];
        if (row->key.algorithm != algorithm || row->place != *place) continue;
        if (row->key.state == DKIM_KEY_WAITING) return STORE_EXISTS;
        if (row->key.state == DKIM_KEY_RETIRED && !is_forced) return STORE_REFUSED;
    }
    return STORE_OK;
}

/* ---- changing ---- */

static void insert(struct commit *commit, uint64_t domain, const struct dkim_fresh *fresh,
                   enum dkim_key_state state) {
    uint64_t id = commit_id_new(commit);
    DB_RUN(commit->db, key_insert, DB_NUMBER(id), DB_NUMBER(TENANT_DEFAULT), DB_NUMBER(domain),
           DB_NUMBER(fresh->algorithm), DB_NUMBER(fresh->place), DB_NUMBER(state), DB_NUMBER(commit->now_ms),
           DB_BYTES(fresh->sealed), DB_BYTES(fresh->public));
    event_add(commit, TENANT_DEFAULT, EVENT_SIGNING_KEY_MADE, id, 0);
}

/* What is known of domains counts no more. */
static void note_change(struct commit *commit) { commit->has_changed_directory = true; }

/* Keys take a while to be made, and the domain may have been removed meanwhile. */
static bool is_there(struct commit *commit, uint64_t domain) {
    return DB_READ_NUMBER(commit->db, domain_any, 0, DB_NUMBER(domain)) != 0;
}

enum store_result dkim_first_add(struct commit *commit, uint64_t domain, const struct dkim_fresh *fresh,
                                 size_t count) {
    if (!is_there(commit, domain)) return db_result(commit->db, STORE_NOT_FOUND);
    if (DB_READ_NUMBER(commit->db, keys_any, 0, DB_NUMBER(domain))) return db_result(commit->db, STORE_OK);
    for (size_t i = 0; i < count; i++) insert(commit, domain, &fresh[i], DKIM_KEY_SIGNING);
    note_change(commit);
    return STORE_OK;
}

enum store_result dkim_next_add(struct commit *commit, uint64_t domain, const struct dkim_fresh *fresh,
                                size_t count, bool is_forced) {
    struct dkim_row rows[DKIM_DOMAIN_KEYS_MAX];
    if (!is_there(commit, domain)) return db_result(commit->db, STORE_NOT_FOUND);
    size_t row_count = dkim_rows_read(commit->db, commit->arena, domain, commit->now_ms, rows);
    for (size_t i = 0; i < count; i++) {
        unsigned place = 0;
        enum store_result result = dkim_place_next(rows, row_count, fresh[i].algorithm, is_forced, &place);
        if (result == STORE_OK && place != fresh[i].place) result = STORE_BUSY;
        if (result != STORE_OK) return result;
    }
    for (size_t i = 0; i < count; i++) {
        DB_RUN(commit->db, place_delete, DB_NUMBER(domain), DB_NUMBER(fresh[i].algorithm),
               DB_NUMBER(fresh[i].place));
        insert(commit, domain, &fresh[i], DKIM_KEY_WAITING);
    }
    note_change(commit);
    return STORE_OK;
}

enum store_result dkim_publish(struct commit *commit, uint64_t key) {
    struct db_rows rows = DB_ROWS(commit->db, key_waiting, DB_NUMBER(key));
    if (!db_rows_next(&rows)) return db_result(commit->db, STORE_NOT_FOUND);
    uint64_t domain = db_rows_id(&rows, 0);
    int64_t algorithm = db_rows_number(&rows, 1);
    db_rows_end(&rows);
    DB_RUN(commit->db, keys_retire, DB_NUMBER(domain), DB_NUMBER(algorithm), DB_NUMBER(commit->now_ms),
           DB_NUMBER(commit->now_ms + DKIM_RETIRED_MS));
    DB_RUN(commit->db, key_starts, DB_NUMBER(key), DB_NUMBER(commit->now_ms));
    event_add(commit, TENANT_DEFAULT, EVENT_SIGNING_KEY_USED, key, 0);
    note_change(commit);
    return STORE_OK;
}

void dkim_remove(struct commit *commit, uint64_t domain) {
    DB_RUN(commit->db, keys_delete, DB_NUMBER(domain));
}
