/*
 * A normalised sequence is sorted, disjoint, and holds exactly the numbers that the text, read
 * range by range, does. The first byte is the largest number.
 */
#include "base/limits.h"
#include "wire/imap_sequence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool in_range(struct number_range range, uint32_t largest, uint32_t number) {
    uint32_t a = range.first ? range.first : largest;
    uint32_t b = range.last ? range.last : largest;
    return (a <= number && number <= b) || (b <= number && number <= a);
}

static bool in_any(const struct number_range *ranges, size_t count, uint32_t largest, uint32_t number) {
    for (size_t i = 0; i < count; i++)
        if (in_range(ranges[i], largest, number)) return true;
    return false;
}

static void check(struct imap_sequence *sequence, struct arena *arena, uint32_t largest) {
    size_t count = sequence->count;
    struct number_range *written = ARENA_NEW_ARRAY(arena, struct number_range, count);
    if (count) memcpy(written, sequence->ranges, count * sizeof *written);
    imap_sequence_normalise(sequence, largest);
    ASSERT(sequence->count <= count);
    for (size_t i = 0; i < sequence->count; i++) {
        ASSERT(sequence->ranges[i].first && sequence->ranges[i].first <= sequence->ranges[i].last);
        ASSERT(i == 0 || sequence->ranges[i].first > sequence->ranges[i - 1].last);
    }
    for (uint32_t number = 1; number < 300; number++)
        ASSERT(imap_sequence_contains(sequence, number) == in_any(written, count, largest, number));
}

/* Message numbers of a view without every third UID are these UIDs. */
static void check_uids(struct imap_sequence *sequence) {
    struct uid_set view = UID_SET_EMPTY;
    for (uint32_t uid = 1; uid < 300; uid += 3) uid_set_append(&view, (struct number_range){uid, uid + 1});
    uint32_t wanted = 0;
    for (uint32_t number = 1; number <= uid_set_count(&view); number++)
        wanted += imap_sequence_contains(sequence, number);
    imap_sequence_to_uids(sequence, &view);
    struct uid_set_meet meet = imap_sequence_meet(sequence);
    struct number_range range;
    uint32_t met = 0;
    while (uid_set_meet_next(&view, &meet, &range)) met += range.last - range.first + 1;
    ASSERT(met == wanted);
    uid_set_free(&view);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    struct arena *arena = arena_new(MIB(4));
    struct imap_sequence sequence;
    if (imap_sequence_parse(slice_of(data + 1, size - 1), arena, &sequence) == IMAP_SEQUENCE_OK) {
        check(&sequence, arena, data[0]);
        check_uids(&sequence);
    }
    arena_free(&arena);
    return 0;
}
