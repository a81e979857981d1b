#include "app/admin/contact_json.h"

#include "app/admin/admin_verbs.h"

static json_t *fields_json(const struct contact *contact) {
    json_t *fields = json_object();
    for (size_t i = 0; i < contact->field_count; i++) {
        struct slice name = contact->fields[i].name;
        (void)json_object_setn_new(fields, (const char *)name.ptr, name.len,
                                   admin_text(contact->fields[i].value));
    }
    return fields;
}

json_t *contact_json(const struct contact *contact) {
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:b, s:o, s:I, s:I, s:I, s:I}", "id", (json_int_t)contact->id,
                     "address", admin_text(contact->address), "written", admin_text(contact->written),
                     "fields", fields_json(contact), "time_zone", admin_text(contact->time_zone),
                     "time_zone_from_country", contact->is_zone_guessed, "country",
                     admin_text(contact->country), "origin", (json_int_t)contact->origin, "import",
                     (json_int_t)contact->import, "created_ms", (json_int_t)contact->created_ms, "updated_ms",
                     (json_int_t)contact->updated_ms);
}
