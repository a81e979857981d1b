#include "resolve/protocol.h"

#include "base/limits.h"

void resolve_question_pack(struct buffer *out, const struct resolve_question *question) {
    pack_slice(out, question->name);
    pack_number(out, question->type);
    pack_number(out, question->patience_ms);
}

bool resolve_question_unpack(struct slice body, struct resolve_question *question) {
    struct unpacker in = unpacker_of(body);
    question->name = unpack_slice(&in);
    question->type = (uint16_t)unpack_number_max(&in, UINT16_MAX);
    question->patience_ms = unpack_number_max(&in, RESOLVE_LOOKUP_MS_MAX);
    return unpack_is_done(&in);
}

static void pack_answer(struct buffer *out, const struct dns_answer *answer) {
    pack_number(out, answer->result);
    pack_bool(out, answer->is_secure);
    pack_number(out, answer->ttl_s);
    pack_slice(out, answer->canonical_name);
    pack_number(out, answer->count);
    for (size_t i = 0; i < answer->count; i++) pack_slice(out, answer->records[i]);
}

void resolve_answer_pack(struct buffer *out, const struct dns_answer *answer) {
    size_t before = out->len;
    pack_answer(out, answer);
    if (!buffer_overflowed(out)) return;
    buffer_clear(out);
    ASSERT(before == 0);
    pack_answer(out, &(struct dns_answer){.result = DNS_SERVFAIL});
}

static bool unpack_records(struct unpacker *in, struct arena *arena, struct dns_answer *answer) {
    struct slice *records = arena_try_alloc(arena, answer->count * sizeof *records);
    if (!records) return false;
    for (size_t i = 0; i < answer->count; i++)
        if (!arena_try_copy(arena, unpack_slice(in), &records[i])) return false;
    answer->records = records;
    return true;
}

bool resolve_answer_unpack(struct slice body, struct arena *arena, struct dns_answer *answer) {
    struct unpacker in = unpacker_of(body);
    *answer = (struct dns_answer){.result = (enum dns_result)unpack_number_max(&in, DNS_RESULTS - 1)};
    answer->is_secure = unpack_bool(&in);
    answer->ttl_s = (uint32_t)unpack_number_max(&in, UINT32_MAX);
    if (!arena_try_copy(arena, unpack_slice(&in), &answer->canonical_name)) return false;
    answer->count = unpack_number_max(&in, DNS_RECORDS_MAX);
    return unpack_records(&in, arena, answer) && unpack_is_done(&in);
}

/* ---- callouts ---- */

void resolve_callout_pack(struct buffer *out, const struct resolve_callout *question) {
    pack_slice(out, question->address);
    pack_number(out, question->patience_ms);
}

bool resolve_callout_unpack(struct slice body, struct resolve_callout *question) {
    struct unpacker in = unpacker_of(body);
    question->address = unpack_slice(&in);
    question->patience_ms = unpack_number_max(&in, RESOLVE_CALLOUT_MS_MAX);
    return unpack_is_done(&in) && question->address.len <= SMTP_ADDRESS_BYTES_MAX;
}

void resolve_verdict_pack(struct buffer *out, const struct callout_answer *answer) {
    pack_number(out, answer->verdict);
    pack_slice(out, slice_sub(answer->words, 0, RESOLVE_CALLOUT_WORDS_BYTES_MAX));
}

bool resolve_verdict_unpack(struct slice body, struct arena *arena, struct callout_answer *answer) {
    struct unpacker in = unpacker_of(body);
    answer->verdict = (enum callout_verdict)unpack_number_max(&in, CALLOUT_VERDICTS - 1);
    struct slice words = slice_sub(unpack_slice(&in), 0, RESOLVE_CALLOUT_WORDS_BYTES_MAX);
    return unpack_is_done(&in) && arena_try_copy(arena, words, &answer->words);
}
