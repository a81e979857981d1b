#include "filter/protocol.h"

#include "filter/added_fields.h"
#include "wire/wire_text.h"

const char *filter_action_name(enum filter_action action) {
    static const char *const names[] = {"accept", "junk", "reject", "defer", "down"};
    return names[action];
}

void filter_question_pack(struct buffer *out, const struct filter_question *question) {
    pack_number(out, question->id);
    pack_slice(out, question->mail_from);
    pack_number(out, question->recipient_count);
    for (size_t i = 0; i < question->recipient_count; i++) pack_slice(out, question->recipients[i]);
    pack_slice(out, question->helo);
    pack_slice(out, question->address);
    pack_slice(out, question->user);
    pack_slice(out, question->file ? SLICE_EMPTY : question->packed);
    pack_number(out, question->file ? question->packed_bytes : question->packed.len);
    pack_number(out, question->raw_bytes);
    pack_number(out, question->trace_bytes);
}

static struct slice *unpack_recipients(struct unpacker *in, struct arena *arena, size_t *count) {
    *count = (size_t)unpack_number_max(in, FILTER_RECIPIENTS_MAX);
    struct slice *recipients = ARENA_NEW_ARRAY(arena, struct slice, *count + 1);
    for (size_t i = 0; i < *count; i++) recipients[i] = unpack_slice(in);
    return recipients;
}

bool filter_question_unpack(struct slice body, struct arena *arena, struct filter_question *question) {
    struct unpacker in = unpacker_of(body);
    *question = (struct filter_question){.id = unpack_number(&in)};
    question->mail_from = unpack_slice(&in);
    question->recipients = unpack_recipients(&in, arena, &question->recipient_count);
    question->helo = unpack_slice(&in);
    question->address = unpack_slice(&in);
    question->user = unpack_slice(&in);
    question->packed = unpack_slice(&in);
    question->packed_bytes = unpack_number_max(&in, STORE_BODY_BYTES_MAX);
    question->raw_bytes = unpack_number(&in);
    question->trace_bytes = unpack_number_max(&in, question->raw_bytes);
    return unpack_is_done(&in);
}

void filter_verdict_pack(struct buffer *out, const struct filter_verdict *verdict) {
    pack_number(out, verdict->action);
    pack_slice(out, verdict->text);
    pack_slice(out, verdict->summary);
    pack_slice(out, verdict->fields);
}

static bool is_line(struct slice text) {
    return text.len <= 4 * FILTER_FIELD_LINE_BYTES_MAX && wire_text_kind(text) == WIRE_TEXT_ASCII;
}

bool filter_verdict_unpack(struct slice body, struct arena *arena, struct filter_verdict *verdict) {
    struct unpacker in = unpacker_of(body);
    *verdict = (struct filter_verdict){.action = (enum filter_action)unpack_number_max(&in, FILTER_DOWN)};
    verdict->text = unpack_slice(&in);
    verdict->summary = unpack_slice(&in);
    verdict->fields = unpack_slice(&in);
    return unpack_is_done(&in) && is_line(verdict->text) && is_line(verdict->summary) &&
           added_fields_are_proper(verdict->fields) && arena_try_copy(arena, verdict->text, &verdict->text) &&
           arena_try_copy(arena, verdict->summary, &verdict->summary) &&
           arena_try_copy(arena, verdict->fields, &verdict->fields);
}
