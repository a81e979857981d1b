/*
 * What a role that takes mail in says of an answer (store/answer_model.h): whatever comes, what is unpacked
 * holds the limits and packs to bytes that unpack to the same; and what would follow from it can be said.
 */
#include "base/limits_campaign.h"
#include "store/answer_model.h"

enum { ARENA_BYTES = 4 << 20 };

static void check_limits(const struct answer_facts *facts) {
    ASSERT(facts->kind < ANSWER_KINDS && facts->recipient_count <= ANSWER_RECIPIENTS_MAX);
    ASSERT(facts->id_count <= ANSWER_IDS_MAX && facts->header_id_count <= ANSWER_IDS_MAX);
    ASSERT(facts->named_count <= ANSWER_NAMED_MAX);
    ASSERT(facts->return_ms >= 0 && facts->date_ms >= 0 && facts->received_ms >= 0);
    ASSERT(facts->evidence.len <= ANSWER_EVIDENCE_BYTES_MAX && facts->kept.len <= ANSWER_PACKED_BYTES_MAX);
    for (size_t i = 0; i < facts->recipient_count; i++)
        ASSERT(facts->recipients[i].address.len <= ANSWER_TEXT_BYTES_MAX);
    for (size_t i = 0; i < facts->id_count; i++) ASSERT(facts->ids[i].len <= ANSWER_TEXT_BYTES_MAX);
    for (size_t i = 0; i < facts->named_count; i++) ASSERT(facts->named[i].len <= ANSWER_TEXT_BYTES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct buffer once = buffer_new(ANSWER_FACTS_BYTES_MAX);
    struct buffer twice = buffer_new(ANSWER_FACTS_BYTES_MAX);
    struct answer_facts facts;
    if (answer_facts_unpack(slice_of(data, size), arena, &facts)) {
        check_limits(&facts);
        answer_facts_pack(&once, &facts);
        ASSERT(!buffer_overflowed(&once) && answer_facts_unpack(buffer_slice(&once), arena, &facts));
        answer_facts_pack(&twice, &facts);
        ASSERT(slice_equal(buffer_slice(&once), buffer_slice(&twice)));
        ASSERT(answer_kind_word(facts.kind)[0]);
    }
    buffer_free(&once);
    buffer_free(&twice);
    arena_free(&arena);
    return 0;
}
