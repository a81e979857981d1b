#include "wire/message_id.h"

static bool is_blank(uint8_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static bool take_bare(struct slice *rest, struct slice *id) {
    *rest = slice_trim(*rest);
    size_t len = 0;
    while (len < rest->len && !is_blank(rest->ptr[len]) && rest->ptr[len] != '<') len++;
    *id = slice_take(rest, len);
    return len > 0;
}

bool message_id_next(struct slice *rest, struct slice *id) {
    while (rest->len) {
        size_t open = slice_find_byte(*rest, '<');
        if (open == SLICE_NOT_FOUND) {
            /* Words after a bracketed identifier are comment; a value of words only is not. */
            bool after_bracket = is_blank(rest->ptr[0]) || rest->ptr[0] == '>';
            if (!after_bracket && take_bare(rest, id)) return true;
            *rest = SLICE_EMPTY;
            return false;
        }
        *rest = slice_skip(*rest, open + 1);
        size_t close = slice_find_byte(*rest, '>');
        *id = slice_trim(slice_take(rest, close == SLICE_NOT_FOUND ? rest->len : close));
        if (id->len) return true;
    }
    return false;
}

struct slice message_id_first(struct slice value) {
    struct slice id;
    return message_id_next(&value, &id) ? id : SLICE_EMPTY;
}
