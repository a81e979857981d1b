#include "wire/tag_list.h"

static bool is_blank(uint8_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* RFC 6376 3.2: ALPHA *ALNUMPUNC. */
static bool is_name(struct slice name) {
    if (name.len == 0 || !ascii_is_alpha(name.ptr[0])) return false;
    for (size_t i = 1; i < name.len; i++)
        if (!ascii_is_alnum(name.ptr[i]) && name.ptr[i] != '_') return false;
    return true;
}

static bool is_value(struct slice value) {
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.ptr[i];
        if ((c < ' ' && !is_blank(c)) || c == 0x7f) return false;
    }
    return true;
}

static enum tag_list_result add(struct tag_list *list, struct slice spec) {
    size_t equals = slice_find_byte(spec, '=');
    if (equals == SLICE_NOT_FOUND) return TAG_LIST_MALFORMED;
    struct slice raw = slice_skip(spec, equals + 1);
    struct tag tag = {slice_trim(slice_sub(spec, 0, equals)), slice_trim(raw), raw};
    if (!is_name(tag.name) || !is_value(tag.value)) return TAG_LIST_MALFORMED;
    if (tag_list_find(list, tag.name)) return TAG_LIST_DOUBLED;
    if (list->count == DKIM_TAGS_MAX) return TAG_LIST_TOO_MANY;
    list->items[list->count++] = tag;
    return TAG_LIST_OK;
}

enum tag_list_result tag_list_read(struct slice text, struct tag_list *list) {
    list->count = 0;
    do {
        enum tag_list_result result = add(list, slice_take_until(&text, ';'));
        if (result != TAG_LIST_OK) return result;
    } while (slice_take_byte(&text, ';') && slice_trim(text).len);
    return TAG_LIST_OK;
}

const struct tag *tag_list_find(const struct tag_list *list, struct slice name) {
    for (size_t i = 0; i < list->count; i++)
        if (slice_equal(list->items[i].name, name)) return &list->items[i];
    return NULL;
}

bool tag_words_next(struct tag_words *words, struct slice *word) {
    if (words->has_ended) return false;
    *word = slice_trim(slice_take_until(&words->rest, words->separator));
    words->has_ended = !slice_take_byte(&words->rest, words->separator);
    return true;
}

bool tag_words_have(struct slice value, uint8_t separator, struct slice word) {
    struct tag_words words = tag_words_of(value, separator);
    struct slice found;
    while (tag_words_next(&words, &found))
        if (slice_equal_nocase(found, word)) return true;
    return false;
}
