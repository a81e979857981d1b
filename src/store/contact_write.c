/* Judging what a row would make of the book, and writing it; changes by hand. */
#include "base/limits.h"
#include "store/contact_address.h"
#include "store/contact_table.h"
#include "store/engine_state.h"

static const char contact_insert[] = "INSERT INTO contact (" CONTACT_COLUMNS
                                     ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
static const char contact_update[] = "UPDATE contact SET fields = $2, time_zone = $3, is_zone_guessed = $4,"
                                     " country = $5, import = $6, updated_ms = $7 WHERE id = $1";
static const char contact_remove[] = "DELETE FROM contact WHERE id = $1";
static const char changes_remove[] = "DELETE FROM contact_change WHERE contact = $1";
static const char change_insert[] =
    "INSERT INTO contact_change (import, contact, before) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";

/* ---- judging ---- */

/* What is to be taken away is not there. */
static struct contact fresh_contact(struct arena *arena, uint64_t tenant, const struct contact_row *row) {
    struct contact_field *fields = ARENA_NEW_ARRAY(arena, struct contact_field, row->field_count + 1);
    size_t count = contact_fields_merge(NULL, 0, row->fields, row->field_count, fields, NULL, NULL);
    return (struct contact){.tenant = tenant,
                            .address = row->address,
                            .domain = contact_address_domain(row->address),
                            .written = row->written,
                            .fields = fields,
                            .field_count = count,
                            .time_zone = row->time_zone,
                            .is_zone_guessed = row->is_zone_guessed,
                            .country = row->country};
}

/* One difference is enough to be changed. */
struct differing {
    bool is_different;
    contact_differ_fn *differ;
    void *context;
};

static void differ(void *context, struct slice name, struct slice before, struct slice after) {
    struct differing *differing = context;
    differing->is_different = true;
    if (differing->differ) differing->differ(differing->context, name, before, after);
}

static void merge_text(struct differing *differing, struct slice name, struct slice fresh,
                       struct slice *there) {
    if (fresh.len == 0 || slice_equal(fresh, *there)) return;
    differ(differing, name, *there, fresh);
    *there = fresh;
}

/* A zone that was given is not replaced by a guess. */
static void merge_zone(struct differing *differing, const struct contact_row *row, struct contact *after) {
    bool keeps_given = row->is_zone_guessed && after->time_zone.len && !after->is_zone_guessed;
    if (row->time_zone.len == 0 || keeps_given) return;
    merge_text(differing, SLICE("time_zone"), row->time_zone, &after->time_zone);
    after->is_zone_guessed = after->is_zone_guessed && row->is_zone_guessed;
}

static void merge(struct arena *arena, const struct contact_row *row, struct differing *differing,
                  struct contact_judged *judged) {
    struct contact *after = &judged->after;
    struct contact_field *merged =
        ARENA_NEW_ARRAY(arena, struct contact_field, row->field_count + judged->before.field_count + 1);
    *after = judged->before;
    after->field_count = contact_fields_merge(judged->before.fields, judged->before.field_count, row->fields,
                                              row->field_count, merged, differ, differing);
    after->fields = merged;
    bool was_guessed = after->is_zone_guessed;
    merge_zone(differing, row, after);
    if (was_guessed != after->is_zone_guessed) differing->is_different = true;
    merge_text(differing, SLICE("country"), row->country, &after->country);
}

void contact_judge(struct db *db, struct arena *arena, uint64_t tenant, const struct contact_row *row,
                   contact_differ_fn *tell, void *context, struct contact_judged *judged) {
    struct differing differing = {.differ = tell, .context = context};
    enum store_result found = contact_find(db, arena, tenant, row->address, &judged->before);
    if (found != STORE_OK) {
        judged->after = fresh_contact(arena, tenant, row);
        judged->outcome = CONTACT_ADDED;
        return;
    }
    merge(arena, row, &differing, judged);
    judged->outcome = differing.is_different ? CONTACT_CHANGED : CONTACT_SAME;
    if (judged->after.field_count > CONTACT_FIELDS_MAX) judged->outcome = CONTACT_REFUSED;
}

/* ---- writing ---- */

static struct slice fields_text(struct buffer *json, const struct contact *contact) {
    *json = buffer_new(2 * (size_t)CONTACT_FIELDS_MAX * CONTACT_VALUE_BYTES_MAX);
    contact_fields_write(json, contact->fields, contact->field_count);
    return buffer_slice(json);
}

static void insert(struct commit *commit, struct contact *contact) {
    struct buffer json;
    struct slice fields = fields_text(&json, contact);
    contact->id = commit_id_new(commit);
    contact->created_ms = contact->updated_ms = commit->now_ms;
    DB_RUN(commit->db, contact_insert, DB_NUMBER(contact->id), DB_NUMBER(contact->tenant),
           DB_TEXT(contact->address), DB_TEXT(contact->domain), DB_TEXT(contact->written), DB_TEXT(fields),
           DB_TEXT(contact->time_zone), DB_NUMBER(contact->is_zone_guessed), DB_TEXT(contact->country),
           DB_NUMBER(contact->import), DB_NUMBER(contact->created_ms), DB_NUMBER(contact->updated_ms),
           DB_NUMBER(contact->origin));
    buffer_free(&json);
}

static void update(struct commit *commit, const struct contact *contact) {
    struct buffer json;
    struct slice fields = fields_text(&json, contact);
    DB_RUN(commit->db, contact_update, DB_NUMBER(contact->id), DB_TEXT(fields), DB_TEXT(contact->time_zone),
           DB_NUMBER(contact->is_zone_guessed), DB_TEXT(contact->country), DB_NUMBER(contact->import),
           DB_NUMBER(contact->updated_ms));
    buffer_free(&json);
}

static void keep_before(struct commit *commit, const struct contact *before, uint64_t import) {
    struct buffer packed = buffer_new(4 * (size_t)CONTACT_FIELDS_MAX * CONTACT_VALUE_BYTES_MAX);
    contact_pack(&packed, before);
    DB_RUN(commit->db, change_insert, DB_NUMBER(import), DB_NUMBER(before->id),
           DB_BYTES(buffer_slice(&packed)));
    buffer_free(&packed);
}

void contact_write(struct commit *commit, struct contact_judged *judged, uint64_t import) {
    judged->after.import = import;
    if (judged->outcome == CONTACT_ADDED) {
        judged->after.origin = import;
        insert(commit, &judged->after);
    } else if (judged->outcome == CONTACT_CHANGED) {
        if (import && judged->before.import != import) keep_before(commit, &judged->before, import);
        judged->after.updated_ms = commit->now_ms;
        update(commit, &judged->after);
    }
}

void contact_put_back(struct commit *commit, const struct contact *contact) { update(commit, contact); }

void contact_delete(struct commit *commit, uint64_t id) {
    DB_RUN(commit->db, changes_remove, DB_NUMBER(id));
    DB_RUN(commit->db, contact_remove, DB_NUMBER(id));
}

/* ---- by hand ---- */

struct setting {
    const struct contact_change *change;
    enum contact_outcome outcome;
};

static enum store_result set(struct commit *commit, void *argument) {
    struct setting *setting = argument;
    const struct contact_change *change = setting->change;
    struct suppression_found found;
    struct contact_judged judged;
    contact_judge(commit->db, commit->arena, change->tenant, &change->row, NULL, NULL, &judged);
    setting->outcome = judged.outcome;
    if (judged.outcome == CONTACT_REFUSED) return STORE_REFUSED;
    if (judged.outcome == CONTACT_ADDED &&
        suppression_find(commit->db, change->tenant, change->row.address, &found)) {
        setting->outcome = CONTACT_SUPPRESSED;
        return db_failure(commit->db);
    }
    contact_write(commit, &judged, 0);
    return db_failure(commit->db);
}

enum store_result engine_contact_set(struct task *t, struct engine *engine,
                                     const struct contact_change *change, enum contact_outcome *outcome) {
    struct setting setting = {.change = change};
    struct commit_operation operation = {.run = set, .argument = &setting};
    if (!contact_row_is_sound(&change->row, true)) return STORE_REFUSED;
    enum store_result result = commit_run(t, &engine->queue, &operation);
    *outcome = setting.outcome;
    return result;
}

struct naming {
    uint64_t tenant;
    struct slice address;
};

static enum store_result remove_one(struct commit *commit, void *argument) {
    const struct naming *naming = argument;
    struct contact contact;
    enum store_result found =
        contact_find(commit->db, commit->arena, naming->tenant, naming->address, &contact);
    if (found != STORE_OK) return found;
    if (contact_is_needed(commit->db, contact.id)) return db_result(commit->db, STORE_BUSY);
    contact_delete(commit, contact.id);
    return db_failure(commit->db);
}

enum store_result engine_contact_remove(struct task *t, struct engine *engine, uint64_t tenant,
                                        struct slice address) {
    struct naming naming = {tenant, address};
    struct commit_operation operation = {.run = remove_one, .argument = &naming};
    return commit_run(t, &engine->queue, &operation);
}
