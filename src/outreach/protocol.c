#include "outreach/protocol.h"

#include "base/limits_campaign.h"
#include "base/limits_outreach.h"
#include "store/protocol.h"

static struct slice unpack_text(struct unpacker *in, size_t max) {
    struct slice text = unpack_slice(in);
    if (text.len > max) in->is_bad = true;
    return in->is_bad ? SLICE_EMPTY : text;
}

void outreach_job_pack(struct buffer *out, const struct outreach_job *job) {
    pack_number(out, job->sent);
    pack_number(out, job->sender);
    pack_number(out, job->account);
    pack_slice(out, job->document);
    pack_number(out, job->step);
    pack_number(out, job->version);
    pack_slice(out, job->from_address);
    pack_slice(out, job->from_name);
    pack_slice(out, job->to_address);
    pack_slice(out, job->mail_from);
    pack_slice(out, job->fields);
    pack_slice(out, job->message_id);
    pack_number(out, (uint64_t)job->date_ms);
    pack_number(out, (uint64_t)(job->zone_minutes + OUTREACH_ZONE_MINUTES_MAX));
    pack_slice(out, job->thread_subject);
    pack_slice(out, job->references);
}

bool outreach_job_unpack(struct slice body, struct outreach_job *job) {
    struct unpacker in = unpacker_of(body);
    *job = (struct outreach_job){.sent = unpack_number(&in)};
    job->sender = unpack_number(&in);
    job->account = unpack_number(&in);
    job->document = unpack_text(&in, SEQUENCE_DOCUMENT_BYTES_MAX);
    job->step = (uint32_t)unpack_number_max(&in, SEQUENCE_STEPS_MAX - 1);
    job->version = (uint32_t)unpack_number_max(&in, SEQUENCE_VERSIONS_MAX - 1);
    job->from_address = unpack_text(&in, ANSWER_TEXT_BYTES_MAX);
    job->from_name = unpack_text(&in, ANSWER_TEXT_BYTES_MAX);
    job->to_address = unpack_text(&in, ANSWER_TEXT_BYTES_MAX);
    job->mail_from = unpack_text(&in, ANSWER_TEXT_BYTES_MAX);
    job->fields = unpack_text(&in, OUTREACH_FIELDS_BYTES_MAX);
    job->message_id = unpack_text(&in, COMPOSE_ID_BYTES_MAX);
    job->date_ms = (int64_t)unpack_number_max(&in, INT64_MAX);
    job->zone_minutes =
        (int64_t)unpack_number_max(&in, 2 * OUTREACH_ZONE_MINUTES_MAX) - OUTREACH_ZONE_MINUTES_MAX;
    job->thread_subject = unpack_text(&in, COMPOSE_SUBJECT_BYTES_MAX);
    job->references = unpack_text(&in, OUTREACH_THREAD_BYTES_MAX);
    return unpack_is_done(&in);
}

void outreach_word_pack(struct buffer *out, const struct outreach_word *word) {
    pack_number(out, word->sent);
    pack_slice(out, word->subject);
    pack_slice(out, word->subject_base);
    pack_slice(out, word->organisation);
    pack_bool(out, word->delivery.id != 0);
    if (word->delivery.id) pack_delivery(out, &word->delivery);
    pack_slice(out, word->content);
}

bool outreach_word_unpack(struct slice body, struct arena *arena, struct outreach_word *word) {
    struct unpacker in = unpacker_of(body);
    *word = (struct outreach_word){.sent = unpack_number(&in)};
    word->subject = unpack_text(&in, COMPOSE_SUBJECT_BYTES_MAX);
    word->subject_base = unpack_text(&in, COMPOSE_SUBJECT_BYTES_MAX);
    word->organisation = unpack_text(&in, ANSWER_TEXT_BYTES_MAX);
    if (unpack_bool(&in)) unpack_delivery(&in, arena, &word->delivery);
    word->content = unpack_slice(&in);
    return unpack_is_done(&in);
}

void outreach_report_pack(struct buffer *out, const struct outreach_report *report) {
    pack_number(out, report->end);
    pack_slice(out, slice_sub(report->detail, 0, OUTREACH_DETAIL_BYTES_MAX));
}

bool outreach_report_unpack(struct slice body, struct outreach_report *report) {
    struct unpacker in = unpacker_of(body);
    report->end = (enum outreach_end)unpack_number_max(&in, OUTREACH_ENDS - 1);
    report->detail = unpack_text(&in, OUTREACH_DETAIL_BYTES_MAX);
    return unpack_is_done(&in);
}

void outreach_answer_pack(struct buffer *out, const struct answer_facts *facts,
                          const struct sender_folder *folder) {
    struct buffer packed = buffer_new(ANSWER_FACTS_BYTES_MAX);
    answer_facts_pack(&packed, facts);
    pack_slice(out, buffer_slice(&packed));
    buffer_free(&packed);
    pack_slice(out, folder->name);
    pack_number(out, folder->uidvalidity);
    pack_number(out, folder->uidnext);
    pack_number(out, folder->modseq);
}

bool outreach_answer_unpack(struct slice body, struct arena *arena, struct answer_facts *facts,
                            struct sender_folder *folder) {
    struct unpacker in = unpacker_of(body);
    struct slice packed = unpack_slice(&in);
    folder->name = unpack_text(&in, ANSWER_TEXT_BYTES_MAX);
    folder->uidvalidity = (uint32_t)unpack_number_max(&in, UINT32_MAX);
    folder->uidnext = (uint32_t)unpack_number_max(&in, UINT32_MAX);
    folder->modseq = unpack_number(&in);
    return unpack_is_done(&in) && answer_facts_unpack(packed, arena, facts);
}
