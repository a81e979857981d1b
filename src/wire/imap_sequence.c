/*
 * Parsing counts the commas first, so that the ranges are allocated once and exactly; sorting is
 * the only step that is not linear. Nothing here ever walks the numbers inside a range.
 */
#include "wire/imap_sequence.h"

#include <stdlib.h>

#include "base/limits.h"

static bool take_number(struct slice *text, uint32_t *number) {
    uint64_t value = IMAP_SEQUENCE_LARGEST;
    if (!slice_take_byte(text, '*') && (!slice_take_number(text, UINT32_MAX, &value) || value == 0))
        return false;
    *number = (uint32_t)value;
    return true;
}

static bool take_range(struct slice *text, struct number_range *range) {
    if (!take_number(text, &range->first)) return false;
    range->last = range->first;
    return !slice_take_byte(text, ':') || take_number(text, &range->last);
}

static size_t count_ranges(struct slice text) {
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++) count += text.ptr[i] == ',';
    return count;
}

enum imap_sequence_error imap_sequence_parse(struct slice text, struct arena *arena,
                                             struct imap_sequence *sequence) {
    *sequence = (struct imap_sequence){0};
    if (slice_equal(text, SLICE("$"))) {
        sequence->saved_result = true;
        return IMAP_SEQUENCE_OK;
    }
    size_t count = count_ranges(text);
    if (count > IMAP_SEQUENCE_RANGES_MAX) return IMAP_SEQUENCE_TOO_MANY;
    struct number_range *ranges = arena_try_alloc(arena, count * sizeof *ranges);
    if (!ranges) return IMAP_SEQUENCE_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        if (i && !slice_take_byte(&text, ',')) return IMAP_SEQUENCE_SYNTAX;
        if (!take_range(&text, &ranges[i])) return IMAP_SEQUENCE_SYNTAX;
    }
    if (text.len) return IMAP_SEQUENCE_SYNTAX;
    *sequence = (struct imap_sequence){ranges, count, false};
    return IMAP_SEQUENCE_OK;
}

static int compare_ranges(const void *a, const void *b) {
    const struct number_range *left = a;
    const struct number_range *right = b;
    return left->first < right->first ? -1 : left->first > right->first;
}

static struct number_range fill_in(struct number_range range, uint32_t largest) {
    if (range.first == IMAP_SEQUENCE_LARGEST) range.first = largest;
    if (range.last == IMAP_SEQUENCE_LARGEST) range.last = largest;
    if (range.first > range.last) range = (struct number_range){range.last, range.first};
    return range;
}

/* Merges sorted ranges in place; those that touch become one. Returns how many are left. */
static size_t merge(struct number_range *ranges, size_t count) {
    size_t merged = 0;
    for (size_t i = 0; i < count; i++) {
        struct number_range *last = merged ? &ranges[merged - 1] : NULL;
        if (!last || (last->last != UINT32_MAX && ranges[i].first > last->last + 1))
            ranges[merged++] = ranges[i];
        else if (ranges[i].last > last->last)
            last->last = ranges[i].last;
    }
    return merged;
}

void imap_sequence_normalise(struct imap_sequence *sequence, uint32_t largest) {
    size_t kept = 0;
    for (size_t i = 0; i < sequence->count; i++) {
        struct number_range range = fill_in(sequence->ranges[i], largest);
        if (range.last == 0) continue;
        if (range.first == 0) range.first = 1;
        sequence->ranges[kept++] = range;
    }
    if (kept) qsort(sequence->ranges, kept, sizeof *sequence->ranges, compare_ranges);
    sequence->count = merge(sequence->ranges, kept);
}

bool imap_sequence_contains(const struct imap_sequence *sequence, uint32_t number) {
    size_t low = 0;
    size_t high = sequence->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sequence->ranges[middle].last < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sequence->count && sequence->ranges[low].first <= number;
}

void imap_sequence_to_uids(struct imap_sequence *sequence, const struct uid_set *view) {
    uint32_t count = uid_set_count(view);
    size_t kept = 0;
    for (size_t i = 0; i < sequence->count && sequence->ranges[i].first <= count; i++) {
        struct number_range range = sequence->ranges[i];
        uint32_t last = range.last < count ? range.last : count;
        sequence->ranges[kept++] =
            (struct number_range){uid_set_select(view, range.first), uid_set_select(view, last)};
    }
    sequence->count = kept;
}

struct uid_set_meet imap_sequence_meet(const struct imap_sequence *sequence) {
    return uid_set_meet_start(sequence->ranges, sequence->count);
}
