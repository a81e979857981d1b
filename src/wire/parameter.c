#include "wire/parameter.h"

#include "base/limits.h"
#include "wire/charset.h"
#include "wire/encoded_word.h"
#include "wire/header.h"

enum { NO_SECTION = -1 };

/* Bytes of a type or subtype. Liberal: RFC 2045 5.1's token, and "/", "=", "?", "@", "[", "]", ":" in it. */
static struct slice take_type_word(struct slice *rest, const char *stops) {
    size_t len = 0;
    while (len < rest->len && rest->ptr[len] > ' ' && rest->ptr[len] != 0x7f &&
           !strchr(stops, rest->ptr[len]))
        len++;
    return slice_take(rest, len);
}

/* An unquoted value. RFC 2045 5.1 wants quotes around blanks; senders forget them: words go
   on to the semicolon, unless one of them begins the next parameter. */
static void take_bare_value(struct slice *rest, struct buffer *out) {
    struct slice word = take_type_word(rest, ";\"(");
    while (word.len) {
        buffer_append(out, word);
        struct slice ahead = *rest;
        header_skip_cfws(&ahead, NULL);
        word = take_type_word(&ahead, ";\"(");
        size_t equals = slice_find_byte(word, '=');
        if (word.len == 0 || (equals != SLICE_NOT_FOUND && equals > 0)) return;
        buffer_append_byte(out, ' ');
        *rest = ahead;
    }
}

static void skip_past_semicolon(struct slice *rest) {
    header_skip_cfws(rest, NULL);
    while (slice_take_byte(rest, ';')) header_skip_cfws(rest, NULL);
}

static void take_value(struct slice *rest, struct buffer *out) {
    header_skip_cfws(rest, NULL);
    if (rest->len && rest->ptr[0] == '"')
        header_take_quoted(rest, out);
    else
        take_bare_value(rest, out);
}

/* One "name=value". The name may be empty; the reader always moves on. */
static struct slice take_parameter(struct slice *rest, struct buffer *value) {
    struct slice name = take_type_word(rest, ";=\"(");
    header_skip_cfws(rest, NULL);
    if (slice_take_byte(rest, '=')) {
        take_value(rest, value);
        return name;
    }
    /* No "=": the word means nothing, and nor does a quoted string that stands alone. */
    if (rest->len && rest->ptr[0] == '"')
        header_take_quoted(rest, value);
    else if (name.len == 0)
        *rest = slice_skip(*rest, 1);
    buffer_clear(value);
    return SLICE_EMPTY;
}

static bool keep_parameter(struct arena *arena, struct slice name, struct slice value,
                           struct parameter_list *list) {
    struct parameter *item = &list->items[list->count];
    if (!arena_try_copy(arena, name, &item->name) || !arena_try_copy(arena, value, &item->value))
        return false;
    list->count++;
    return true;
}

/* The list is collected on a fixed array of pieces and then copied at its true size. */
static enum parameter_result read_parameters(struct arena *arena, struct slice rest,
                                             struct parameter_list *list) {
    struct parameter items[MIME_PARAMETERS_MAX];
    struct parameter_list found = {items, 0};
    struct buffer value = buffer_new(rest.len + 1);
    bool room = true;
    for (skip_past_semicolon(&rest); room && rest.len && found.count < MIME_PARAMETERS_MAX;
         skip_past_semicolon(&rest)) {
        buffer_clear(&value);
        struct slice name = take_parameter(&rest, &value);
        if (name.len) room = keep_parameter(arena, name, buffer_slice(&value), &found);
    }
    buffer_free(&value);
    size_t bytes = found.count * sizeof *items;
    list->items = found.count ? arena_try_alloc(arena, bytes) : NULL;
    if (found.count && !list->items) return PARAMETER_OVER_BUDGET;
    if (found.count) memcpy(list->items, items, bytes);
    list->count = found.count;
    return room ? PARAMETER_OK : PARAMETER_OVER_BUDGET;
}

enum parameter_result media_parse(struct arena *arena, struct slice value, struct media *media) {
    *media = (struct media){0};
    header_skip_cfws(&value, NULL);
    struct slice type = take_type_word(&value, "/;(\"");
    if (type.len == 0) return PARAMETER_INVALID;
    struct slice subtype = SLICE_EMPTY;
    header_skip_cfws(&value, NULL);
    if (slice_take_byte(&value, '/')) {
        header_skip_cfws(&value, NULL);
        subtype = take_type_word(&value, ";(\"");
    }
    if (!arena_try_copy(arena, type, &media->type) || !arena_try_copy(arena, subtype, &media->subtype))
        return PARAMETER_OVER_BUDGET;
    return read_parameters(arena, value, &media->parameters);
}

bool parameter_find(const struct parameter_list *list, struct slice name, struct slice *value) {
    for (size_t i = 0; i < list->count; i++) {
        if (!slice_equal_nocase(list->items[i].name, name)) continue;
        *value = list->items[i].value;
        return true;
    }
    return false;
}

/* A raw parameter seen as a piece of an RFC 2231 one: name*section*=value. */
struct piece {
    struct slice value;
    int section;
    bool extended;
};

/* RFC 2231 7: "*" ends the name of an extended value, "*N" numbers a piece. */
static bool as_piece(const struct parameter *raw, struct slice name, struct piece *piece) {
    struct slice rest = raw->name;
    if (!slice_take_prefix_nocase(&rest, name)) return false;
    *piece = (struct piece){raw->value, NO_SECTION, false};
    if (rest.len == 0) return true;
    if (!slice_take_byte(&rest, '*')) return false;
    uint64_t section = 0;
    if (slice_take_number(&rest, 1000000, &section)) {
        piece->section = (int)section;
        piece->extended = slice_take_byte(&rest, '*');
    } else {
        piece->extended = true;
    }
    return rest.len == 0;
}

/* By section, stable: pieces mostly stand in order already, and there are few. */
static size_t collect_pieces(const struct parameter_list *list, struct slice name,
                             struct piece pieces[MIME_PARAMETERS_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < list->count && count < MIME_PARAMETERS_MAX; i++) {
        struct piece piece;
        if (!as_piece(&list->items[i], name, &piece)) continue;
        size_t at = count++;
        for (; at && pieces[at - 1].section > piece.section; at--) pieces[at] = pieces[at - 1];
        pieces[at] = piece;
    }
    return count;
}

static int hex_digit(uint8_t c) {
    if (ascii_is_digit(c)) return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 2231 4: percent escapes; a wrong one stands for itself. */
static void append_percent(struct buffer *out, struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        int high = text.ptr[i] == '%' && i + 2 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text.ptr[i + 2]) : -1;
        buffer_append_byte(out, (uint8_t)(low >= 0 ? high << 4 | low : text.ptr[i]));
        if (low >= 0) i += 2;
    }
}

/* RFC 2231 4: charset'language'text, of the first piece only. */
static struct slice take_charset(struct slice *value) {
    struct slice ahead = *value;
    struct slice charset = slice_take_until(&ahead, '\'');
    if (!slice_take_byte(&ahead, '\'')) return SLICE_EMPTY;
    (void)slice_take_until(&ahead, '\'');
    if (!slice_take_byte(&ahead, '\'')) return SLICE_EMPTY;
    *value = ahead;
    return charset;
}

static void decode_pieces(struct piece *pieces, size_t count, struct buffer *out) {
    size_t total = 1;
    for (size_t i = 0; i < count; i++) total += pieces[i].value.len;
    struct buffer bytes = buffer_new(total);
    struct slice charset = pieces[0].extended ? take_charset(&pieces[0].value) : SLICE_EMPTY;
    for (size_t i = 0; i < count; i++) {
        if (i && pieces[i].section == pieces[i - 1].section) continue;
        if (pieces[i].extended)
            append_percent(&bytes, pieces[i].value);
        else
            buffer_append(&bytes, pieces[i].value);
    }
    charset_to_utf8(charset, buffer_slice(&bytes), out);
    buffer_free(&bytes);
}

bool parameter_decode(const struct parameter_list *list, struct slice name, struct buffer *out) {
    struct piece pieces[MIME_PARAMETERS_MAX];
    size_t count = collect_pieces(list, name, pieces);
    size_t before = out->len;
    if (count == 0) return false;
    /* RFC 2231 4.1 and common sense: where both forms are given the extended one says more. */
    size_t plain = 0;
    while (plain < count && pieces[plain].section == NO_SECTION && !pieces[plain].extended) plain++;
    if (plain < count)
        decode_pieces(pieces + plain, count - plain, out);
    else
        encoded_word_decode(out, pieces[0].value);
    return out->len > before;
}
