/* The verbs of the address book and of suppression (app/admin/admin.h). */
#include "app/admin/admin_verbs.h"
#include "app/admin/contact_json.h"
#include "base/limits.h"
#include "store/contact.h"
#include "store/contact_address.h"
#include "store/schema.h"
#include "store/suppression.h"

#define NOT_FOUND "is not in the book; posthaste contact list shows who is"

static struct slice word_of(const struct admin *admin) { return admin->request->words[2]; }

/* The address that is meant, normalised. NULL, or the answer that says what is wrong. */
static json_t *read_address(struct admin *admin, struct slice *address) {
    struct slice domain;
    struct slice written;
    enum contact_address_fault fault =
        contact_address_read(admin->arena, word_of(admin), address, &domain, &written);
    if (!fault) return NULL;
    return admin_error(arena_printf(admin->arena, "%.*s: %s", SLICE_PRINT(word_of(admin)),
                                    contact_address_fault_text(fault)));
}

static json_t *failed(struct admin *admin, enum store_result result, struct slice subject) {
    if (result == STORE_BUSY)
        return admin_error(arena_printf(
            admin->arena, "%.*s is in use by a campaign, and stays; erase removes it all the same",
            SLICE_PRINT(subject)));
    return admin_failure(admin, result, subject, NOT_FOUND, "cannot be a contact");
}

static json_t *done(const char *key, struct slice subject) {
    return json_pack("{s:o}", key, admin_text(subject));
}

/* ---- one contact ---- */

static json_t *found_json(const struct suppression_found *found) {
    return json_pack("{s:s, s:s, s:I}", "kind", suppression_kind_name(found->kind), "reason",
                     suppression_reason_name(found->reason), "since_ms", (json_int_t)found->at_ms);
}

json_t *admin_contact_show(struct admin *admin) {
    struct slice address;
    struct contact contact;
    struct suppression_found found;
    json_t *wrong = read_address(admin, &address);
    if (wrong) return wrong;
    enum store_result result =
        engine_contact_find(admin->engine, admin->arena, TENANT_DEFAULT, address, &contact);
    if (result != STORE_OK) return failed(admin, result, address);
    result = engine_suppression_find(admin->engine, TENANT_DEFAULT, address, &found);
    return json_pack("{s:o, s:o}", "contact", contact_json(&contact), "suppression",
                     result == STORE_OK ? found_json(&found) : json_null());
}

json_t *admin_contact_set(struct admin *admin) {
    struct contact_change change = {.tenant = TENANT_DEFAULT};
    enum contact_outcome outcome = CONTACT_SAME;
    struct unpacker in = unpacker_of(admin->request->details);
    contact_row_unpack(&in, admin->arena, &change.row);
    if (!unpack_is_done(&in))
        return admin_error(SLICE("this server does not understand that contact; is it of another version?"));
    enum store_result result = engine_contact_set(admin->t, admin->engine, &change, &outcome);
    if (result != STORE_OK) return failed(admin, result, change.row.address);
    if (outcome == CONTACT_SUPPRESSED)
        return admin_error(
            arena_printf(admin->arena,
                         "%.*s must not be written to, and is not added; posthaste suppression "
                         "check says why",
                         SLICE_PRINT(change.row.address)));
    return done(contact_outcome_name(outcome), change.row.address);
}

json_t *admin_contact_remove(struct admin *admin) {
    struct slice address;
    json_t *wrong = read_address(admin, &address);
    if (wrong) return wrong;
    enum store_result result = engine_contact_remove(admin->t, admin->engine, TENANT_DEFAULT, address);
    return result == STORE_OK ? done("removed", address) : failed(admin, result, address);
}

/* Whoever was not there is kept out from now on all the same. */
json_t *admin_contact_erase(struct admin *admin) {
    struct slice address;
    json_t *wrong = read_address(admin, &address);
    if (wrong) return wrong;
    enum store_result result = engine_contact_erase(admin->t, admin->engine, TENANT_DEFAULT, address);
    if (result != STORE_OK && result != STORE_NOT_FOUND) return failed(admin, result, address);
    return json_pack("{s:o, s:b}", "erased", admin_text(address), "was_known", result == STORE_OK);
}

json_t *admin_contact_export(struct admin *admin) {
    struct slice address;
    json_t *wrong = read_address(admin, &address);
    if (wrong) return wrong;
    struct buffer text = buffer_new(MIB(32));
    enum store_result result =
        engine_contact_export(admin->engine, admin->arena, TENANT_DEFAULT, address, &text);
    json_t *known = result == STORE_OK ? json_loadb((const char *)text.ptr, text.len, 0, NULL) : NULL;
    buffer_free(&text);
    if (result == STORE_NOT_FOUND)
        return admin_error(arena_printf(admin->arena, "nothing is known of %.*s", SLICE_PRINT(address)));
    if (!known) return failed(admin, result == STORE_OK ? STORE_FAILED : result, address);
    return known;
}

/* ---- imports ---- */

static json_t *import_json(const struct contact_import *import) {
    json_t *object = json_pack("{s:I, s:I, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:b, s:I}", "id",
                               (json_int_t)import->id, "at_ms", (json_int_t)import->at_ms, "file",
                               admin_text(import->name), "source", admin_text(import->source), "basis",
                               admin_text(import->basis), "added", (json_int_t)import->added, "changed",
                               (json_int_t)import->changed, "same", (json_int_t)import->same, "suppressed",
                               (json_int_t)import->suppressed, "refused", (json_int_t)import->refused,
                               "broken_off", import->is_open, "undone_ms", (json_int_t)import->undone_ms);
    return object;
}

json_t *admin_contact_imports(struct admin *admin) {
    struct contact_import *imports;
    size_t count;
    enum store_result result =
        engine_contact_imports(admin->engine, admin->arena, TENANT_DEFAULT, &imports, &count);
    if (result != STORE_OK) return admin_failure(admin, result, SLICE("the list"), "", "");
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(list, import_json(&imports[i]));
    return json_pack("{s:o}", "imports", list);
}

json_t *admin_contact_undo(struct admin *admin) {
    struct contact_undone undone;
    uint64_t import = 0;
    struct slice word = word_of(admin);
    enum store_result result = STORE_NOT_FOUND;
    if (slice_to_number(word, INT64_MAX, &import))
        result = engine_contact_undo(admin->t, admin->engine, import, &undone);
    if (result == STORE_EXISTS)
        return admin_error(arena_printf(admin->arena, "import %.*s is undone already", SLICE_PRINT(word)));
    if (result != STORE_OK)
        return admin_failure(admin, result, word, "is no import; posthaste contact imports lists them", "");
    return json_pack("{s:o, s:I, s:I, s:I}", "undone", admin_text(word), "removed",
                     (json_int_t)undone.removed, "restored", (json_int_t)undone.restored, "kept",
                     (json_int_t)undone.kept);
}

/* ---- suppression ---- */

static json_t *bad_whom(struct admin *admin) {
    return admin_error(arena_printf(admin->arena,
                                    "'%.*s' is no address, no domain and no pattern like info@* or "
                                    "*@example.org (at most %d stars, and not for everybody)",
                                    SLICE_PRINT(word_of(admin)), SUPPRESSION_STARS_MAX));
}

json_t *admin_suppression_add(struct admin *admin) {
    struct suppression suppression = {0};
    struct unpacker in = unpacker_of(admin->request->details);
    struct slice reason = unpack_slice(&in);
    uint64_t added = 0;
    if (!suppression_read(admin->arena, word_of(admin), &suppression)) return bad_whom(admin);
    suppression.detail = unpack_slice(&in);
    if (!unpack_is_done(&in) || !suppression_reason_read(reason, &suppression.reason))
        return admin_error(SLICE("--reason is manual, unsubscribed, complaint, hard_bounce or imported"));
    struct suppression_batch batch = {TENANT_DEFAULT, &suppression, 1};
    enum store_result result = engine_suppression_add(admin->t, admin->engine, &batch, &added);
    if (result == STORE_OVER_QUOTA)
        return admin_error(SLICE("there are 1000 patterns, which is as many as can be"));
    if (result != STORE_OK)
        return admin_failure(admin, result, suppression.value, "", "cannot be kept: the note is too long");
    return json_pack("{s:o, s:s, s:b}", "suppressed", admin_text(suppression.value), "kind",
                     suppression_kind_name(suppression.kind), "new", added > 0);
}

json_t *admin_suppression_remove(struct admin *admin) {
    struct suppression suppression = {0};
    bool is_forced = admin->request->word_count == 4;
    if (!suppression_read(admin->arena, word_of(admin), &suppression)) return bad_whom(admin);
    enum store_result result =
        engine_suppression_remove(admin->t, admin->engine, TENANT_DEFAULT, &suppression, is_forced);
    if (result == STORE_DENIED)
        return admin_error(arena_printf(
            admin->arena,
            "%.*s is there because the person wished so (unsubscribed, complained, or was erased): "
            "only a new wish of theirs may end it; --force if you have one",
            SLICE_PRINT(suppression.value)));
    if (result != STORE_OK)
        return admin_failure(
            admin, result, suppression.value,
            "is not suppressed by a row of its own; posthaste suppression check says by which", "");
    return done("removed", suppression.value);
}

json_t *admin_suppression_check(struct admin *admin) {
    struct slice address;
    struct suppression_found found;
    json_t *wrong = read_address(admin, &address);
    if (wrong) return wrong;
    enum store_result result = engine_suppression_find(admin->engine, TENANT_DEFAULT, address, &found);
    if (result != STORE_OK && result != STORE_NOT_FOUND) return failed(admin, result, address);
    return json_pack("{s:o, s:b, s:o}", "address", admin_text(address), "suppressed", result == STORE_OK,
                     "by", result == STORE_OK ? found_json(&found) : json_null());
}
