#include "base/pattern.h"

/* On a difference it goes on behind the last star, one character later. */
bool pattern_fits(struct slice pattern, struct slice text) {
    size_t p = 0;
    size_t at = 0;
    size_t star = SLICE_NOT_FOUND;
    size_t again = 0;
    while (at < text.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            again = at;
        } else if (p < pattern.len && ascii_lower(pattern.ptr[p]) == ascii_lower(text.ptr[at])) {
            p++;
            at++;
        } else if (star != SLICE_NOT_FOUND) {
            p = star + 1;
            at = ++again;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*') p++;
    return p == pattern.len;
}
