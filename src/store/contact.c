#include "store/contact.h"

#include "base/limits.h"
#include "store/contact_address.h"
#include "store/contact_table.h"
#include "store/engine_state.h"

static const char by_address[] =
    "SELECT " CONTACT_COLUMNS " FROM contact WHERE tenant = $1 AND domain = $2 AND address = $3";
static const char by_id[] = "SELECT " CONTACT_COLUMNS " FROM contact WHERE id = $1";
static const char page_all[] =
    "SELECT " CONTACT_COLUMNS " FROM contact WHERE tenant = $1 AND (domain, address) > ($2, $3)"
    " ORDER BY domain, address LIMIT $4";
static const char page_domain[] =
    "SELECT " CONTACT_COLUMNS " FROM contact WHERE tenant = $1 AND domain = $2 AND address > $3"
    " ORDER BY address LIMIT $4";
/* The plus keeps the import's index out: its rows would have to be sorted for every page. */
static const char page_import[] =
    "SELECT " CONTACT_COLUMNS " FROM contact WHERE tenant = $1 AND (domain, address) > ($2, $3)"
    " AND +import = $5 ORDER BY domain, address LIMIT $4";

static bool copy_all(struct arena *arena, struct contact *contact) {
    return arena_try_copy(arena, contact->address, &contact->address) &&
           arena_try_copy(arena, contact->domain, &contact->domain) &&
           arena_try_copy(arena, contact->written, &contact->written) &&
           arena_try_copy(arena, contact->time_zone, &contact->time_zone) &&
           arena_try_copy(arena, contact->country, &contact->country);
}

bool contact_row_read(struct db_rows *rows, struct arena *arena, struct contact *contact) {
    struct slice fields;
    *contact = (struct contact){.id = db_rows_id(rows, 0),
                                .tenant = db_rows_id(rows, 1),
                                .address = db_rows_bytes(rows, 2),
                                .domain = db_rows_bytes(rows, 3),
                                .written = db_rows_bytes(rows, 4),
                                .time_zone = db_rows_bytes(rows, 6),
                                .is_zone_guessed = db_rows_number(rows, 7) != 0,
                                .country = db_rows_bytes(rows, 8),
                                .import = db_rows_id(rows, 9),
                                .created_ms = db_rows_number(rows, 10),
                                .updated_ms = db_rows_number(rows, 11),
                                .origin = db_rows_id(rows, 12)};
    bool is_good = copy_all(arena, contact) && arena_try_copy(arena, contact_row_fields(rows), &fields) &&
                   contact_fields_read(arena, fields, &contact->fields, &contact->field_count);
    if (!is_good) db_fail(rows->db, STORE_FAILED);
    return is_good;
}

static enum store_result read_one(struct db *db, struct db_rows *rows, struct arena *arena,
                                  struct contact *contact) {
    if (!db_rows_next(rows)) return db_result(db, STORE_NOT_FOUND);
    bool is_good = contact_row_read(rows, arena, contact);
    db_rows_end(rows);
    return is_good ? STORE_OK : STORE_FAILED;
}

enum store_result contact_find(struct db *db, struct arena *arena, uint64_t tenant, struct slice address,
                               struct contact *contact) {
    struct db_rows rows = DB_ROWS(db, by_address, DB_NUMBER(tenant), DB_TEXT(contact_address_domain(address)),
                                  DB_TEXT(address));
    return read_one(db, &rows, arena, contact);
}

enum store_result contact_get(struct db *db, struct arena *arena, uint64_t id, struct contact *contact) {
    struct db_rows rows = DB_ROWS(db, by_id, DB_NUMBER(id));
    return read_one(db, &rows, arena, contact);
}

struct slice contact_value(const struct contact *contact, struct slice name) {
    for (size_t i = 0; i < contact->field_count; i++)
        if (slice_equal(contact->fields[i].name, name)) return contact->fields[i].value;
    return SLICE_EMPTY;
}

/* ---- for the store role ---- */

enum store_result engine_contact_find(struct engine *engine, struct arena *arena, uint64_t tenant,
                                      struct slice address, struct contact *contact) {
    db_begin_read(engine->db);
    enum store_result found = contact_find(engine->db, arena, tenant, address, contact);
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result == STORE_OK ? found : result;
}

static struct db_rows page_rows(struct db *db, const struct contact_query *query) {
    struct db_value tenant = DB_NUMBER(query->tenant);
    struct db_value after = DB_TEXT(query->after);
    struct db_value domain = DB_TEXT(contact_address_domain(query->after));
    struct db_value max = DB_NUMBER(query->max);
    if (query->import) return DB_ROWS(db, page_import, tenant, domain, after, max, DB_NUMBER(query->import));
    if (query->domain.len) return DB_ROWS(db, page_domain, tenant, DB_TEXT(query->domain), after, max);
    return DB_ROWS(db, page_all, tenant, domain, after, max);
}

/* Fewer than `max` come where the arena holds no more: the asker goes on behind the last. */
static void read_page(struct db *db, struct arena *arena, const struct contact_query *query,
                      struct contact **contacts, size_t *count) {
    size_t capacity = 0;
    struct db_rows rows = page_rows(db, query);
    while (db_rows_next(&rows)) {
        struct contact *grown = arena_try_grow(arena, *contacts, *count, &capacity, sizeof *grown);
        if (!grown) break;
        *contacts = grown;
        if (!contact_row_read(&rows, arena, &grown[*count])) break;
        (*count)++;
    }
    db_rows_end(&rows);
}

enum store_result engine_contact_page(struct engine *engine, struct arena *arena,
                                      const struct contact_query *query, struct contact **contacts,
                                      size_t *count) {
    *contacts = NULL;
    *count = 0;
    db_begin_read(engine->db);
    read_page(engine->db, arena, query, contacts, count);
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result;
}
