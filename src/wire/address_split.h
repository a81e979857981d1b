/*
 * An address taken apart at its last "@", without a look at whether it is one (wire/smtp_address.h reads
 * addresses): for those that were checked before, and for what people write. Pure.
 */
#ifndef WIRE_ADDRESS_SPLIT_H
#define WIRE_ADDRESS_SPLIT_H

#include "base/slice.h"

/* False: there is no "@"; then all of it is the local part, and the domain is empty. Both borrow. */
static inline bool address_split(struct slice address, struct slice *local, struct slice *domain) {
    size_t at = slice_find_last_byte(address, '@');
    bool is_split = at != SLICE_NOT_FOUND;
    *local = is_split ? slice_sub(address, 0, at) : address;
    *domain = is_split ? slice_skip(address, at + 1) : SLICE_EMPTY;
    return is_split;
}

/* What is behind it; or empty. */
static inline struct slice address_split_domain(struct slice address) {
    struct slice local;
    struct slice domain;
    (void)address_split(address, &local, &domain);
    return domain;
}

#endif
