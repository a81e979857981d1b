/* What is known of an answer, as bytes (store/answer_model.h), and the words for it. */
#include "base/limits_campaign.h"
#include "store/answer_model.h"
#include "store/contact_fields.h"

static void pack_recipients(struct buffer *out, const struct answer_facts *facts) {
    pack_number(out, facts->recipient_count);
    for (size_t i = 0; i < facts->recipient_count; i++) {
        pack_slice(out, facts->recipients[i].address);
        pack_bool(out, facts->recipients[i].is_hard);
    }
}

void answer_facts_pack(struct buffer *out, const struct answer_facts *facts) {
    pack_number(out, facts->kind);
    pack_bool(out, facts->is_hard);
    pack_recipients(out, facts);
    pack_number(out, facts->return_ms > 0 ? (uint64_t)facts->return_ms : 0);
    pack_bool(out, facts->is_unsubscribe);
    pack_number(out, facts->interest);
    pack_number(out, facts->classifier);
    pack_slice(out, facts->from);
    pack_slice(out, facts->organisation);
    pack_slice(out, facts->subject_base);
    pack_slice(out, facts->token);
    pack_number(out, facts->id_count);
    for (size_t i = 0; i < facts->id_count; i++) pack_slice(out, facts->ids[i]);
    pack_number(out, facts->header_id_count);
    pack_number(out, facts->named_count);
    for (size_t i = 0; i < facts->named_count; i++) pack_slice(out, facts->named[i]);
    pack_slice(out, facts->message_id);
    pack_bool(out, facts->is_by_hand);
    pack_number(out, facts->date_ms > 0 ? (uint64_t)facts->date_ms : 0);
    pack_slice(out, facts->evidence);
    pack_number(out, facts->received_ms > 0 ? (uint64_t)facts->received_ms : 0);
    pack_number(out, facts->sender);
    pack_slice(out, facts->folder);
    pack_number(out, facts->uidvalidity);
    pack_number(out, facts->uid);
    pack_slice(out, facts->kept);
}

static struct slice unpack_text(struct unpacker *in, size_t max) {
    struct slice text = unpack_slice(in);
    if (text.len > max) in->is_bad = true;
    return in->is_bad ? SLICE_EMPTY : text;
}

static void unpack_recipients(struct unpacker *in, struct arena *arena, struct answer_facts *facts) {
    facts->recipient_count = unpack_number_max(in, ANSWER_RECIPIENTS_MAX);
    facts->recipients = ARENA_NEW_ARRAY(arena, struct answer_recipient, facts->recipient_count);
    for (size_t i = 0; i < facts->recipient_count; i++) {
        facts->recipients[i].address = unpack_text(in, ANSWER_TEXT_BYTES_MAX);
        facts->recipients[i].is_hard = unpack_bool(in);
    }
}

static void unpack_ids(struct unpacker *in, struct arena *arena, struct answer_facts *facts) {
    facts->id_count = unpack_number_max(in, ANSWER_IDS_MAX);
    facts->ids = ARENA_NEW_ARRAY(arena, struct slice, facts->id_count);
    for (size_t i = 0; i < facts->id_count; i++) facts->ids[i] = unpack_text(in, ANSWER_TEXT_BYTES_MAX);
    facts->header_id_count = unpack_number_max(in, ANSWER_IDS_MAX);
}

static void unpack_named(struct unpacker *in, struct arena *arena, struct answer_facts *facts) {
    facts->named_count = unpack_number_max(in, ANSWER_NAMED_MAX);
    facts->named = ARENA_NEW_ARRAY(arena, struct slice, facts->named_count);
    for (size_t i = 0; i < facts->named_count; i++) facts->named[i] = unpack_text(in, ANSWER_TEXT_BYTES_MAX);
}

bool answer_facts_unpack(struct slice body, struct arena *arena, struct answer_facts *facts) {
    struct unpacker in = unpacker_of(body);
    *facts = (struct answer_facts){.kind = (enum answer_kind)unpack_number_max(&in, ANSWER_KINDS - 1)};
    facts->is_hard = unpack_bool(&in);
    unpack_recipients(&in, arena, facts);
    facts->return_ms = (int64_t)unpack_number_max(&in, INT64_MAX);
    facts->is_unsubscribe = unpack_bool(&in);
    facts->interest = (uint32_t)unpack_number_max(&in, UINT32_MAX);
    facts->classifier = (uint32_t)unpack_number_max(&in, UINT32_MAX);
    facts->from = unpack_text(&in, ANSWER_TEXT_BYTES_MAX);
    facts->organisation = unpack_text(&in, ANSWER_TEXT_BYTES_MAX);
    facts->subject_base = unpack_text(&in, ANSWER_TEXT_BYTES_MAX);
    facts->token = unpack_text(&in, ANSWER_TEXT_BYTES_MAX);
    unpack_ids(&in, arena, facts);
    unpack_named(&in, arena, facts);
    facts->message_id = unpack_text(&in, ANSWER_TEXT_BYTES_MAX);
    facts->is_by_hand = unpack_bool(&in);
    facts->date_ms = (int64_t)unpack_number_max(&in, INT64_MAX);
    facts->evidence = unpack_text(&in, ANSWER_EVIDENCE_BYTES_MAX);
    facts->received_ms = (int64_t)unpack_number_max(&in, INT64_MAX);
    facts->sender = unpack_number(&in);
    facts->folder = unpack_text(&in, ANSWER_TEXT_BYTES_MAX);
    facts->uidvalidity = (uint32_t)unpack_number_max(&in, UINT32_MAX);
    facts->uid = (uint32_t)unpack_number_max(&in, UINT32_MAX);
    facts->kept = unpack_text(&in, ANSWER_PACKED_BYTES_MAX);
    return unpack_is_done(&in);
}

struct slice answer_evidence_add(struct arena *arena, struct slice evidence, struct slice rule,
                                 struct slice saw) {
    struct buffer json = buffer_new(ANSWER_EVIDENCE_BYTES_MAX);
    bool is_list = evidence.len > 2 && evidence.ptr[evidence.len - 1] == ']';
    buffer_append(&json, is_list ? slice_sub(evidence, 0, evidence.len - 1) : SLICE("["));
    buffer_append_text(&json, is_list ? ",{\"rule\":" : "{\"rule\":");
    contact_text_write(&json, rule);
    buffer_append_text(&json, ",\"saw\":");
    contact_text_write(&json, saw);
    buffer_append_text(&json, "}]");
    if (!buffer_overflowed(&json)) evidence = arena_copy(arena, buffer_slice(&json));
    buffer_free(&json);
    return evidence;
}

/* ---- words ---- */

const char *answer_kind_word(enum answer_kind kind) {
    static const char *const words[ANSWER_KINDS] = {"reply", "auto_reply", "out_of_office", "bounce",
                                                    "delay", "complaint",  "receipt",       "other"};
    return kind < ANSWER_KINDS ? words[kind] : "";
}

enum answer_kind answer_kind_read(struct slice word) {
    for (int kind = 0; kind < ANSWER_KINDS; kind++)
        if (slice_equal(word, slice_from_text(answer_kind_word((enum answer_kind)kind))))
            return (enum answer_kind)kind;
    return ANSWER_KINDS;
}

const char *answer_match_word(enum answer_match match) {
    static const char *const words[MATCHES] = {
        "nothing", "token", "in_reply_to", "message_id_in_body", "address", "colleague", "failed_recipient"};
    return words[match];
}

const char *answer_decision_word(enum answer_decision decision) {
    static const char *const words[DECISIONS] = {"nothing", "stopped", "paused",
                                                 "put_off", "bounced", "suppressed"};
    return words[decision];
}
