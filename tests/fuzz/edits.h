/*
 * An input as a list of small edits, four bytes and a value each: where it says to change something that
 * is otherwise in order. So a mutation of the input is a small change of the damage, too.
 */
#ifndef FUZZ_EDITS_H
#define FUZZ_EDITS_H

#include "base/slice.h"

enum { EDIT_BYTES = 5 };

struct edit {
    /* What to change, and how: up to the target. */
    uint8_t what;
    uint32_t offset;
    uint8_t value;
};

/* The next edit off the front of the input. False: there is none. */
static inline bool edit_take(struct slice *input, struct edit *edit) {
    if (input->len < EDIT_BYTES) return false;
    struct slice bytes = slice_take(input, EDIT_BYTES);
    *edit =
        (struct edit){bytes.ptr[0], (uint32_t)bytes.ptr[1] << 16 | (uint32_t)bytes.ptr[2] << 8 | bytes.ptr[3],
                      bytes.ptr[4]};
    return true;
}

#endif
