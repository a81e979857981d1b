/* Contacts and imports as bytes, for those who ask the store; and their words. */
#include "base/limits.h"
#include "store/contact_model.h"
#include "store/protocol.h"

enum {
    FIELD_PACKED_BYTES_MIN = 2,
    ROW_PACKED_BYTES_MIN = 6,
    JUDGEMENT_PACKED_BYTES_MIN = 1,
    DIFFERENCE_PACKED_BYTES_MIN = 4,
};

static void fields_pack(struct buffer *out, const struct contact_field *fields, size_t count) {
    pack_number(out, count);
    for (size_t i = 0; i < count; i++) {
        pack_slice(out, fields[i].name);
        pack_slice(out, fields[i].value);
    }
}

static const struct contact_field *fields_unpack(struct unpacker *in, struct arena *arena,
                                                 size_t *field_count) {
    uint64_t count = 0;
    struct contact_field *fields = unpack_array(in, arena, &count, FIELD_PACKED_BYTES_MIN, sizeof *fields);
    for (uint64_t i = 0; i < count; i++) {
        fields[i].name = unpack_slice(in);
        fields[i].value = unpack_slice(in);
    }
    *field_count = count;
    return fields;
}

void contact_pack(struct buffer *out, const struct contact *contact) {
    pack_number(out, contact->id);
    pack_number(out, contact->tenant);
    pack_slice(out, contact->address);
    pack_slice(out, contact->domain);
    pack_slice(out, contact->written);
    fields_pack(out, contact->fields, contact->field_count);
    pack_slice(out, contact->time_zone);
    pack_bool(out, contact->is_zone_guessed);
    pack_slice(out, contact->country);
    pack_number(out, contact->origin);
    pack_number(out, contact->import);
    pack_time(out, contact->created_ms);
    pack_time(out, contact->updated_ms);
}

void contact_unpack(struct unpacker *in, struct arena *arena, struct contact *contact) {
    contact->id = unpack_number(in);
    contact->tenant = unpack_number(in);
    contact->address = unpack_slice(in);
    contact->domain = unpack_slice(in);
    contact->written = unpack_slice(in);
    contact->fields = fields_unpack(in, arena, &contact->field_count);
    contact->time_zone = unpack_slice(in);
    contact->is_zone_guessed = unpack_bool(in);
    contact->country = unpack_slice(in);
    contact->origin = unpack_number(in);
    contact->import = unpack_number(in);
    contact->created_ms = unpack_time(in);
    contact->updated_ms = unpack_time(in);
}

void contact_import_start_pack(struct buffer *out, const struct contact_import_start *start) {
    pack_number(out, start->tenant);
    pack_slice(out, start->name);
    pack_slice(out, start->source);
    pack_slice(out, start->basis);
    pack_slice(out, start->fingerprint);
}

void contact_import_start_unpack(struct unpacker *in, struct contact_import_start *start) {
    start->tenant = unpack_number(in);
    start->name = unpack_slice(in);
    start->source = unpack_slice(in);
    start->basis = unpack_slice(in);
    start->fingerprint = unpack_slice(in);
}

void contact_import_pack(struct buffer *out, const struct contact_import *import) {
    pack_number(out, import->id);
    pack_time(out, import->at_ms);
    pack_slice(out, import->name);
    pack_slice(out, import->source);
    pack_slice(out, import->basis);
    pack_number(out, import->added);
    pack_number(out, import->changed);
    pack_number(out, import->same);
    pack_number(out, import->refused);
    pack_number(out, import->suppressed);
    pack_number(out, import->rows);
    pack_number(out, import->chain);
    pack_number(out, import->batches);
    pack_bool(out, import->is_open);
    pack_time(out, import->undone_ms);
}

void contact_import_unpack(struct unpacker *in, struct contact_import *import) {
    import->id = unpack_number(in);
    import->at_ms = unpack_time(in);
    import->name = unpack_slice(in);
    import->source = unpack_slice(in);
    import->basis = unpack_slice(in);
    import->added = unpack_number(in);
    import->changed = unpack_number(in);
    import->same = unpack_number(in);
    import->refused = unpack_number(in);
    import->suppressed = unpack_number(in);
    import->rows = unpack_number(in);
    import->chain = unpack_number(in);
    import->batches = unpack_number(in);
    import->is_open = unpack_bool(in);
    import->undone_ms = unpack_time(in);
}

void contact_row_pack(struct buffer *out, const struct contact_row *row) {
    pack_slice(out, row->address);
    pack_slice(out, row->written);
    fields_pack(out, row->fields, row->field_count);
    pack_slice(out, row->time_zone);
    pack_bool(out, row->is_zone_guessed);
    pack_slice(out, row->country);
}

void contact_row_unpack(struct unpacker *in, struct arena *arena, struct contact_row *row) {
    row->address = unpack_slice(in);
    row->written = unpack_slice(in);
    row->fields = fields_unpack(in, arena, &row->field_count);
    row->time_zone = unpack_slice(in);
    row->is_zone_guessed = unpack_bool(in);
    row->country = unpack_slice(in);
}

void contact_batch_pack(struct buffer *out, const struct contact_batch *batch) {
    pack_number(out, batch->tenant);
    pack_number(out, batch->import);
    pack_number(out, batch->number);
    pack_number(out, batch->rows_after);
    pack_number(out, batch->chain);
    pack_number(out, batch->refused);
    pack_number(out, batch->differences_max);
    pack_number(out, batch->row_count);
}

void contact_batch_unpack(struct unpacker *in, struct arena *arena, struct contact_batch *batch) {
    uint64_t count = 0;
    batch->tenant = unpack_number(in);
    batch->import = unpack_number(in);
    batch->number = unpack_number(in);
    batch->rows_after = unpack_number(in);
    batch->chain = unpack_number(in);
    batch->refused = unpack_number(in);
    batch->differences_max = unpack_number_max(in, CONTACT_BATCH_ROWS);
    struct contact_row *rows = unpack_array(in, arena, &count, ROW_PACKED_BYTES_MIN, sizeof *rows);
    for (uint64_t i = 0; i < count; i++) contact_row_unpack(in, arena, &rows[i]);
    batch->rows = rows;
    batch->row_count = count;
}

static void judgement_pack(struct buffer *out, const struct contact_judgement *judgement) {
    pack_number(out, judgement->outcome);
    if (judgement->outcome != CONTACT_SUPPRESSED) return;
    pack_number(out, judgement->found.kind);
    pack_number(out, judgement->found.reason);
    pack_time(out, judgement->found.at_ms);
}

static void judgement_unpack(struct unpacker *in, struct contact_judgement *judgement) {
    *judgement = (struct contact_judgement){
        .outcome = (enum contact_outcome)unpack_number_max(in, CONTACT_OUTCOMES - 1)};
    if (judgement->outcome != CONTACT_SUPPRESSED) return;
    judgement->found.kind = (enum suppression_kind)unpack_number_max(in, SUPPRESSION_HASH);
    judgement->found.reason = (enum suppression_reason)unpack_number_max(in, SUPPRESSION_IMPORTED);
    judgement->found.at_ms = unpack_time(in);
}

void contact_batch_result_pack(struct buffer *out, const struct contact_batch_result *result, size_t rows) {
    pack_number(out, rows);
    for (size_t i = 0; i < rows; i++) judgement_pack(out, &result->judgements[i]);
    pack_number(out, result->difference_count);
    for (size_t i = 0; i < result->difference_count; i++) {
        pack_number(out, result->differences[i].row);
        pack_slice(out, result->differences[i].field);
        pack_slice(out, result->differences[i].before);
        pack_slice(out, result->differences[i].after);
    }
}

void contact_batch_result_unpack(struct unpacker *in, struct arena *arena,
                                 struct contact_batch_result *result, size_t rows) {
    uint64_t count = 0;
    result->judgements =
        unpack_array(in, arena, &count, JUDGEMENT_PACKED_BYTES_MIN, sizeof *result->judgements);
    for (uint64_t i = 0; i < count; i++) judgement_unpack(in, &result->judgements[i]);
    if (count != rows) in->is_bad = true;
    result->differences =
        unpack_array(in, arena, &count, DIFFERENCE_PACKED_BYTES_MIN, sizeof *result->differences);
    for (uint64_t i = 0; i < count; i++) {
        result->differences[i].row = unpack_number_max(in, rows ? rows - 1 : 0);
        result->differences[i].field = unpack_slice(in);
        result->differences[i].before = unpack_slice(in);
        result->differences[i].after = unpack_slice(in);
    }
    result->difference_count = count;
}

void contact_query_pack(struct buffer *out, const struct contact_query *query) {
    pack_number(out, query->tenant);
    pack_slice(out, query->after);
    pack_slice(out, query->domain);
    pack_number(out, query->import);
    pack_number(out, query->max);
}

void contact_query_unpack(struct unpacker *in, struct contact_query *query) {
    query->tenant = unpack_number(in);
    query->after = unpack_slice(in);
    query->domain = unpack_slice(in);
    query->import = unpack_number(in);
    query->max = unpack_number_max(in, CONTACT_PAGE_ROWS);
}

const char *contact_outcome_name(enum contact_outcome outcome) {
    static const char *const names[] = {[CONTACT_ADDED] = "added",
                                        [CONTACT_CHANGED] = "changed",
                                        [CONTACT_SAME] = "same",
                                        [CONTACT_SUPPRESSED] = "suppressed",
                                        [CONTACT_REFUSED] = "refused"};
    return outcome < CONTACT_OUTCOMES ? names[outcome] : "?";
}

/* Article 6 of the GDPR has these six; soft_opt_in is what the law on electronic advertising calls existing
   customers. */
const char *const contact_bases[] = {"consent",          "contract",    "legitimate_interest", "soft_opt_in",
                                     "legal_obligation", "public_task", "vital_interest",      NULL};

bool contact_basis_is_known(struct slice basis) {
    for (size_t i = 0; contact_bases[i]; i++)
        if (slice_equal(basis, slice_from_text(contact_bases[i]))) return true;
    return false;
}
