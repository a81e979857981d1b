/*
 * A sequence's document, YAML or JSON: whatever is read keeps its limits, is written in the normal form, and
 * that reads back as the same; what is not read has faults with words.
 */
#include "base/fatal.h"
#include "outreach/law.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_faults(const struct sequence_faults *faults) {
    ASSERT(faults->count > 0 && faults->count <= SEQUENCE_FAULTS_MAX);
    for (size_t i = 0; i < faults->count; i++) {
        struct slice words = faults->items[i].words;
        ASSERT(words.len > 0 && words.len <= SEQUENCE_FAULT_WORDS_BYTES_MAX);
        for (size_t at = 0; at < words.len; at++) ASSERT(words.ptr[at] >= ' ' && words.ptr[at] != 0x7f);
    }
}

static void check_step(const struct sequence_step *step, bool is_first) {
    ASSERT(step->version_count > 0 && step->version_count <= SEQUENCE_VERSIONS_MAX);
    ASSERT(!(is_first && step->is_same_thread));
    for (size_t i = 0; i < step->version_count; i++) {
        const struct sequence_version *version = &step->versions[i];
        size_t at = 0;
        ASSERT(version->body.len > 0 && version->body.len <= SEQUENCE_BODY_BYTES_MAX);
        ASSERT((version->subject.len == 0) == step->is_same_thread);
        ASSERT(slice_find_byte(version->subject, '\n') == SLICE_NOT_FOUND);
        ASSERT(slice_find_byte(version->body, '\r') == SLICE_NOT_FOUND);
        ASSERT(snippet_check(version->body, &at) == SNIPPET_OK);
    }
    ASSERT(sequence_version_choose(step, 0, 7) < step->version_count);
}

static void check_again(struct arena *arena, const struct sequence *sequence) {
    struct buffer normal = buffer_new(SEQUENCE_DOCUMENT_BYTES_MAX);
    struct buffer again = buffer_new(SEQUENCE_DOCUMENT_BYTES_MAX);
    struct sequence_faults faults;
    sequence_write(&normal, sequence);
    struct sequence *back = sequence_read(arena, buffer_slice(&normal), &faults);
    ASSERT(back && !buffer_overflowed(&normal));
    sequence_write(&again, back);
    ASSERT(slice_equal(buffer_slice(&normal), buffer_slice(&again)));
    buffer_free(&normal);
    buffer_free(&again);
}

static void check_sequence(struct arena *arena, const struct sequence *sequence) {
    struct law_refusals refusals = {.count = 0};
    ASSERT(sequence->step_count > 0 && sequence->step_count <= SEQUENCE_STEPS_MAX);
    for (size_t i = 0; i < sequence->step_count; i++) check_step(&sequence->steps[i], i == 0);
    law_check(arena, sequence, &refusals);
    ASSERT(refusals.count <= LAW_REFUSALS_MAX);
    check_again(arena, sequence);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new(2 * SEQUENCE_ARENA_BYTES_MAX);
    struct sequence_faults faults;
    struct sequence *sequence = sequence_read(arena, slice_of(data, size), &faults);
    if (sequence)
        check_sequence(arena, sequence);
    else
        check_faults(&faults);
    arena_free(&arena);
    return 0;
}
