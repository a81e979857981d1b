/*
 * A set against an array of truths: the bytes are operations, three each. All bytes are also
 * read as a stored set, which is refused or, stored and read again, the same set.
 */
#include <stdlib.h>

#include "base/fatal.h"
#include "base/limits.h"
#include "base/uid_set.h"

enum { NUMBERS = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct model {
    bool has[NUMBERS];
};

static uint32_t model_fill(struct model *model, struct number_range range, bool value) {
    uint32_t changed = 0;
    for (uint32_t n = range.first; n <= range.last && n < NUMBERS; n++) {
        changed += model->has[n] != value;
        model->has[n] = value;
    }
    return changed;
}

/* All members by a walk, and the questions about single numbers for one in `step`. */
static void check_members(const struct uid_set *set, const struct model *model, uint32_t step) {
    struct uid_set_cursor cursor = {0};
    struct number_range range;
    struct model walked = {{false}};
    uint32_t position = 0;
    while (uid_set_next(set, &cursor, &range)) (void)model_fill(&walked, range, true);
    ASSERT(memcmp(&walked, model, sizeof walked) == 0);
    for (uint32_t n = 1; n < NUMBERS; n++) {
        position += model->has[n];
        if (n % step) continue;
        ASSERT(uid_set_contains(set, n) == model->has[n]);
        ASSERT(uid_set_rank(set, n) == (model->has[n] ? position : 0));
        if (model->has[n]) ASSERT(uid_set_select(set, position) == n);
    }
    ASSERT(uid_set_count(set) == position);
}

static void check_meeting(const struct uid_set *set, const struct model *model) {
    const struct number_range wanted[] = {{3, 9}, {11, 11}, {100, 400}, {402, 403}, {700, UINT32_MAX}};
    struct uid_set_meet meet = uid_set_meet_start(wanted, 5);
    struct model met = {{false}};
    struct number_range range;
    while (uid_set_meet_next(set, &meet, &range)) (void)model_fill(&met, range, true);
    for (size_t i = 0; i < 5; i++)
        for (uint32_t n = wanted[i].first; n <= wanted[i].last && n < NUMBERS; n++)
            ASSERT(met.has[n] == model->has[n]);
}

static void check_stored(const struct uid_set *set) {
    struct buffer stored = buffer_new(MIB(16)), again = buffer_new(MIB(16));
    struct uid_set read;
    uid_set_serialise(set, &stored);
    ASSERT(uid_set_deserialise(buffer_slice(&stored), &read) == UID_SET_OK);
    ASSERT(uid_set_count(&read) == uid_set_count(set));
    uid_set_serialise(&read, &again);
    ASSERT(slice_equal(buffer_slice(&stored), buffer_slice(&again)));
    uid_set_free(&read);
    buffer_free(&stored);
    buffer_free(&again);
}

/* One operation: append behind the last, remove a range, or take a share that is checked at the end. */
static void operate(struct uid_set *set, struct model *model, struct uid_set *share, struct model *shared,
                    const uint8_t *bytes) {
    uint32_t last = uid_set_last(set);
    if (bytes[0] % 8 == 0) {
        uid_set_free(share);
        *share = uid_set_share(*set);
        *shared = *model;
    } else if (bytes[0] % 8 < 5) {
        struct number_range range = {last + 1 + bytes[1] % 20, last + 1 + bytes[1] % 20 + bytes[2] % 12};
        if (range.last >= NUMBERS) return;
        uid_set_append(set, range);
        ASSERT(model_fill(model, range, true) == range.last - range.first + 1);
    } else {
        uint32_t first = bytes[1] * 4u + bytes[2] / 64u;
        struct number_range range = {first, first + bytes[2] % 16u};
        ASSERT(uid_set_remove(set, range) == model_fill(model, range, false));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct uid_set set = UID_SET_EMPTY, share = UID_SET_EMPTY, read;
    struct model *models = calloc(2, sizeof *models);
    ASSERT(models);
    for (size_t i = 0; i + 3 <= size; i += 3) operate(&set, &models[0], &share, &models[1], data + i);
    check_members(&set, &models[0], (uint32_t)size % 11 + 1);
    check_members(&share, &models[1], NUMBERS);
    check_meeting(&set, &models[0]);
    check_stored(&set);
    if (uid_set_deserialise(slice_of(data, size), &read) == UID_SET_OK) check_stored(&read);
    uid_set_free(&read);
    uid_set_free(&set);
    uid_set_free(&share);
    free(models);
    return 0;
}
