/* Where reports of others come to. Reads no report: for those, too, who must not (the store role). */
#include "wire/address_split.h"
#include "wire/feedback.h"

bool feedback_address_is_meant(struct slice locals, struct slice address) {
    struct slice local;
    struct slice domain;
    if (!address_split(address, &local, &domain)) return false;
    while (locals.len) {
        struct slice one = slice_trim(slice_take_until(&locals, ','));
        (void)slice_take_byte(&locals, ',');
        if (slice_equal_nocase(local, one)) return true;
    }
    return false;
}
