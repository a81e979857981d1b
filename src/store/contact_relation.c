/*
 * What else is known of a contact: a row for each table that holds something of one. `posthaste contact
 * export` shows all of them, `contact erase` empties them, and a contact that one of them needs is neither
 * removed nor undone. A new table that names contacts belongs here.
 */
#include "store/campaign_table.h"
#include "store/contact_table.h"

static const char imports_of[] =
    "SELECT id, at_ms, name, source, basis FROM contact_import WHERE id IN"
    " (SELECT origin FROM contact WHERE id = $1 UNION SELECT import FROM contact WHERE id = $1 UNION SELECT "
    "import FROM contact_change WHERE contact = $1)"
    " ORDER BY id";
static const char changes_of[] =
    "SELECT import, before FROM contact_change WHERE contact = $1 ORDER BY import";

/* Where the address came from, and on which basis. */
static void write_imports(struct db *db, struct arena *arena, const struct contact_person *person,
                          struct buffer *json) {
    (void)arena;
    bool is_first = true;
    struct db_rows rows = DB_ROWS(db, imports_of, DB_NUMBER(person->contact));
    buffer_append_byte(json, '[');
    while (db_rows_next(&rows)) {
        buffer_printf(json, "%s{\"id\":%llu,\"at_ms\":%lld,\"name\":", is_first ? "" : ",",
                      (unsigned long long)db_rows_id(&rows, 0), (long long)db_rows_number(&rows, 1));
        contact_text_write(json, db_rows_bytes(&rows, 2));
        buffer_append_text(json, ",\"source\":");
        contact_text_write(json, db_rows_bytes(&rows, 3));
        buffer_append_text(json, ",\"basis\":");
        contact_text_write(json, db_rows_bytes(&rows, 4));
        buffer_append_byte(json, '}');
        is_first = false;
    }
    buffer_append_byte(json, ']');
}

/* What imports found there before. */
static void write_changes(struct db *db, struct arena *arena, const struct contact_person *person,
                          struct buffer *json) {
    bool is_first = true;
    struct db_rows rows = DB_ROWS(db, changes_of, DB_NUMBER(person->contact));
    buffer_append_byte(json, '[');
    while (db_rows_next(&rows)) {
        struct contact before;
        struct unpacker in = unpacker_of(db_rows_bytes(&rows, 1));
        contact_unpack(&in, arena, &before);
        if (!unpack_is_done(&in)) continue;
        buffer_printf(json, "%s{\"import\":%llu,\"before\":", is_first ? "" : ",",
                      (unsigned long long)db_rows_id(&rows, 0));
        contact_json_write(json, &before);
        buffer_append_byte(json, '}');
        is_first = false;
    }
    buffer_append_byte(json, ']');
}

/* The address book's own tables are emptied with the contact itself. */
const struct contact_relation contact_relations[] = {
    {"imports", write_imports, NULL, NULL},
    {"changes", write_changes, NULL, NULL},
    {"campaign_messages", campaign_person_messages, campaign_person_erase, campaign_person_is_needed},
    {"campaign_answers", campaign_person_answers, NULL, NULL},
};
const size_t contact_relation_count = sizeof contact_relations / sizeof contact_relations[0];

bool contact_is_needed(struct db *db, uint64_t contact) {
    for (size_t i = 0; i < contact_relation_count; i++)
        if (contact_relations[i].is_needed && contact_relations[i].is_needed(db, contact)) return true;
    return false;
}
