/* engine_contact_erase, engine_contact_export: a person's rights to know and to be forgotten. */
#include "base/limits.h"
#include "store/contact_table.h"
#include "store/engine_state.h"

enum { READ_ARENA_BYTES = 16 << 20 };

static struct contact_person person_of(struct db *db, struct arena *arena, uint64_t tenant,
                                       struct slice address, struct contact *contact) {
    struct contact_person person = {.tenant = tenant, .address = address};
    *contact = (struct contact){.id = 0};
    if (contact_find(db, arena, tenant, address, contact) == STORE_OK) person.contact = contact->id;
    return person;
}

/* ---- erasing ---- */

enum store_result contact_erase(struct commit *commit, uint64_t tenant, struct slice address) {
    struct db *db = commit->db;
    struct contact contact;
    char hash[SUPPRESSION_HASH_BYTES];
    struct arena *arena = arena_new(READ_ARENA_BYTES);
    struct contact_person person = person_of(db, arena, tenant, address, &contact);
    arena_free(&arena);
    struct suppression clear = {.kind = SUPPRESSION_ADDRESS, .value = address};
    struct suppression tombstone = {.kind = SUPPRESSION_HASH, .reason = SUPPRESSION_ERASED};
    if (!suppression_hash(db, address, hash)) return db_failure(db);
    tombstone.value = slice_of(hash, sizeof hash);
    /* What becomes free is wiped. */
    db_script(db, "PRAGMA secure_delete = ON");
    (void)suppression_remove(commit, tenant, &clear, true);
    (void)suppression_add(commit, tenant, &tombstone);
    for (size_t i = 0; i < contact_relation_count; i++)
        if (contact_relations[i].erase) contact_relations[i].erase(commit, &person);
    if (person.contact) contact_delete(commit, person.contact);
    db_script(db, "PRAGMA secure_delete = OFF");
    return db_result(db, person.contact ? STORE_OK : STORE_NOT_FOUND);
}

struct erasing {
    uint64_t tenant;
    struct slice address;
    bool is_known;
};

/* The tombstone is written either way, so the operation itself succeeds. */
static enum store_result erase(struct commit *commit, void *argument) {
    struct erasing *erasing = argument;
    enum store_result result = contact_erase(commit, erasing->tenant, erasing->address);
    erasing->is_known = result == STORE_OK;
    return result == STORE_NOT_FOUND ? STORE_OK : result;
}

enum store_result engine_contact_erase(struct task *t, struct engine *engine, uint64_t tenant,
                                       struct slice address) {
    struct erasing erasing = {.tenant = tenant, .address = address};
    struct commit_operation operation = {.run = erase, .argument = &erasing};
    enum store_result result = commit_run(t, &engine->queue, &operation);
    return result == STORE_OK && !erasing.is_known ? STORE_NOT_FOUND : result;
}

/* ---- telling all that is known ---- */

static void write_member(struct buffer *json, const char *name) { buffer_printf(json, ",\"%s\":", name); }

static void write_text(struct buffer *json, const char *name, struct slice text) {
    write_member(json, name);
    contact_text_write(json, text);
}

void contact_json_write(struct buffer *json, const struct contact *contact) {
    buffer_printf(json, "{\"id\":%llu", (unsigned long long)contact->id);
    write_text(json, "address", contact->address);
    write_text(json, "written", contact->written);
    write_member(json, "fields");
    contact_fields_write(json, contact->fields, contact->field_count);
    write_text(json, "time_zone", contact->time_zone);
    buffer_printf(json, ",\"time_zone_from_country\":%s", contact->is_zone_guessed ? "true" : "false");
    write_text(json, "country", contact->country);
    buffer_printf(json, ",\"origin\":%llu,\"import\":%llu,\"created_ms\":%lld,\"updated_ms\":%lld}",
                  (unsigned long long)contact->origin, (unsigned long long)contact->import,
                  (long long)contact->created_ms, (long long)contact->updated_ms);
}

static void write_suppression(struct buffer *json, const struct suppression_found *found) {
    buffer_printf(json, "{\"kind\":\"%s\",\"reason\":\"%s\",\"at_ms\":%lld}",
                  suppression_kind_name(found->kind), suppression_reason_name(found->reason),
                  (long long)found->at_ms);
}

static enum store_result write_all(struct db *db, struct arena *arena, uint64_t tenant, struct slice address,
                                   struct buffer *json) {
    struct contact contact;
    struct suppression_found found;
    struct contact_person person = person_of(db, arena, tenant, address, &contact);
    bool is_suppressed = suppression_find(db, tenant, address, &found);
    if (!person.contact && !is_suppressed) return db_result(db, STORE_NOT_FOUND);
    buffer_append_text(json, "{\"address\":");
    contact_text_write(json, address);
    write_member(json, "contact");
    if (person.contact)
        contact_json_write(json, &contact);
    else
        buffer_append_text(json, "null");
    write_member(json, "suppression");
    if (is_suppressed)
        write_suppression(json, &found);
    else
        buffer_append_text(json, "null");
    for (size_t i = 0; i < contact_relation_count; i++) {
        write_member(json, contact_relations[i].name);
        contact_relations[i].write(db, arena, &person, json);
    }
    buffer_append_byte(json, '}');
    return STORE_OK;
}

enum store_result engine_contact_export(struct engine *engine, struct arena *arena, uint64_t tenant,
                                        struct slice address, struct buffer *json) {
    db_begin_read(engine->db);
    enum store_result written = write_all(engine->db, arena, tenant, address, json);
    enum store_result result = db_commit(engine->db);
    db_complain(engine->db, engine->env->log);
    return result == STORE_OK ? written : result;
}
