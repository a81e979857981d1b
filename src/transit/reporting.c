#include "transit/reporting.h"

#include "store/protocol.h"

void reporting_next_pack(struct buffer *out, const struct reporting_next *next) {
    pack_number(out, next->kind);
    pack_time(out, next->last_day);
    seen_place_pack(out, &next->after);
}

void reporting_next_unpack(struct unpacker *in, struct reporting_next *next) {
    next->kind = (enum feedback_kind)unpack_number_max(in, FEEDBACK_KINDS - 1);
    next->last_day = unpack_time(in);
    seen_place_unpack(in, &next->after);
}

void reporting_work_pack(struct buffer *out, const struct reporting_work *work) {
    pack_bool(out, work->is_there);
    if (!work->is_there) return;
    pack_slice(out, work->our_domain);
    seen_batch_pack(out, &work->batch);
}

void reporting_work_unpack(struct unpacker *in, struct arena *arena, struct reporting_work *work) {
    *work = (struct reporting_work){.is_there = unpack_bool(in)};
    if (!work->is_there) return;
    work->our_domain = unpack_slice(in);
    seen_batch_unpack(in, arena, &work->batch);
}

void reporting_done_pack(struct buffer *out, const struct reporting_done *done) {
    pack_number(out, done->kind);
    seen_place_pack(out, &done->place);
    pack_bool(out, done->mail.id != 0);
    if (done->mail.id) pack_delivery(out, &done->mail);
    pack_bool(out, done->is_kept);
}

void reporting_done_unpack(struct unpacker *in, struct arena *arena, struct reporting_done *done) {
    *done = (struct reporting_done){.kind = (enum feedback_kind)unpack_number_max(in, FEEDBACK_KINDS - 1)};
    seen_place_unpack(in, &done->place);
    if (unpack_bool(in)) unpack_delivery(in, arena, &done->mail);
    done->is_kept = unpack_bool(in);
}

void reporting_own_pack(struct buffer *out, const struct reporting_own *own) {
    pack_number(out, own->address_count);
    for (size_t i = 0; i < own->address_count; i++) pack_slice(out, own->addresses[i]);
    feedback_entry_pack(out, &own->entry);
}

void reporting_own_unpack(struct unpacker *in, struct reporting_own *own) {
    own->address_count = unpack_number_max(in, REPORTING_URIS_MAX);
    for (size_t i = 0; i < own->address_count; i++) own->addresses[i] = unpack_slice(in);
    feedback_entry_unpack(in, &own->entry);
}

void reporting_result_pack(struct buffer *out, const struct reporting_result *result) {
    pack_number(out, result->sent);
    pack_number(out, result->unwanted);
    pack_number(out, result->put_off);
    pack_number(out, result->left_out);
    pack_bool(out, result->is_busy);
}

void reporting_result_unpack(struct unpacker *in, struct reporting_result *result) {
    result->sent = unpack_number(in);
    result->unwanted = unpack_number(in);
    result->put_off = unpack_number(in);
    result->left_out = unpack_number(in);
    result->is_busy = unpack_bool(in);
}
