#include "hook/kinds.h"

#include "base/limits_hook.h"

static bool takes(struct slice kind, struct slice type) {
    if (slice_equal(kind, SLICE("*"))) return true;
    if (slice_ends_nocase(kind, SLICE(".*"))) return slice_starts(type, slice_sub(kind, 0, kind.len - 1));
    return slice_equal(kind, type);
}

bool hook_kinds_match(struct slice kinds, struct slice type) {
    do {
        if (takes(slice_trim(slice_take_until(&kinds, ',')), type)) return true;
    } while (slice_take_byte(&kinds, ','));
    return false;
}

static bool takes_any(struct slice kind, const char *(*type_at)(size_t index)) {
    for (size_t i = 0; type_at(i); i++)
        if (takes(kind, slice_from_text(type_at(i)))) return true;
    return false;
}

bool hook_kinds_check(struct slice kinds, const char *(*type_at)(size_t index), struct slice *wrong) {
    *wrong = kinds;
    if (kinds.len > WEBHOOK_KINDS_BYTES_MAX) return false;
    do {
        *wrong = slice_trim(slice_take_until(&kinds, ','));
        if (!takes_any(*wrong, type_at)) return false;
    } while (slice_take_byte(&kinds, ','));
    return true;
}
