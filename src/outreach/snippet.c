#include "outreach/snippet.h"

#include "wire/charset.h"

/* A piece of a text: as it stands, or a snippet. */
struct piece {
    bool is_snippet;
    struct slice text;
    struct slice name;
    bool has_fallback;
    struct slice fallback;
};

const char *snippet_fault_words(enum snippet_fault fault) {
    static const char *const words[] = {
        "fine",
        "\"{{\" without \"}}\" in the same line; write \\{{ for the two characters themselves",
        "a snippet is {{name}} or {{name|what to say without it}}, the name of letters, digits, _, - and .",
        "what stands behind | is a short plain text, without braces and control characters",
        "too many snippets in one text",
        "a snippet has no value, and no fallback",
        "a value with line breaks or other control characters",
        "what comes out is too long",
    };
    return words[fault];
}

static bool is_name(struct slice name) {
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_alnum(name.ptr[i]) && !memchr("_-.", name.ptr[i], 3)) return false;
    return name.len > 0 && name.len <= SNIPPET_NAME_BYTES_MAX;
}

/* No control byte, and UTF-8. */
static bool is_line(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] == 0x7f) return false;
    return utf8_valid(text);
}

static bool is_fallback(struct slice text) {
    return text.len <= SNIPPET_FALLBACK_BYTES_MAX && is_line(text) &&
           slice_find_byte(text, '{') == SLICE_NOT_FOUND;
}

/* What stands between "{{" and "}}". */
static enum snippet_fault read_inside(struct slice inside, struct piece *piece) {
    struct slice name = slice_trim(slice_take_until(&inside, '|'));
    bool has_fallback = slice_take_byte(&inside, '|');
    if (!is_name(name)) return SNIPPET_NAME;
    if (has_fallback && !is_fallback(inside)) return SNIPPET_FALLBACK;
    *piece = (struct piece){
        .is_snippet = true, .name = name, .has_fallback = has_fallback, .fallback = slice_trim(inside)};
    return SNIPPET_OK;
}

/* `rest` begins behind "{{". The search ends with the line, so that it costs no more than the text is long.
 */
static enum snippet_fault take_snippet(struct slice *rest, struct piece *piece) {
    size_t len = 0;
    while (len + 1 < rest->len && rest->ptr[len] != '\n' && rest->ptr[len] != '}') len++;
    if (len + 1 >= rest->len || rest->ptr[len] == '\n') return SNIPPET_OPEN;
    if (rest->ptr[len + 1] != '}') return SNIPPET_NAME;
    struct slice inside = slice_take(rest, len);
    *rest = slice_skip(*rest, 2);
    return read_inside(inside, piece);
}

static bool begins_snippet(struct slice text, size_t at) {
    return at + 1 < text.len && text.ptr[at] == '{' && text.ptr[at + 1] == '{';
}

/* As it stands, up to the next snippet or escape. */
static struct slice take_text(struct slice *rest) {
    size_t len = 0;
    while (len < rest->len && !begins_snippet(*rest, len) &&
           !(rest->ptr[len] == '\\' && begins_snippet(*rest, len + 1)))
        len++;
    return slice_take(rest, len);
}

/* The next piece; on a fault *rest stands behind the "{{". */
static enum snippet_fault take_piece(struct slice *rest, struct piece *piece) {
    if (slice_take_prefix(rest, SLICE("{{"))) return take_snippet(rest, piece);
    *piece = (struct piece){.is_snippet = false};
    if (slice_take_prefix(rest, SLICE("\\{{")))
        piece->text = SLICE("{{");
    else
        piece->text = take_text(rest);
    return SNIPPET_OK;
}

enum snippet_fault snippet_check(struct slice text, size_t *at) {
    struct slice rest = text;
    size_t count = 0;
    while (rest.len) {
        struct piece piece;
        *at = text.len - rest.len;
        enum snippet_fault fault = take_piece(&rest, &piece);
        if (fault) return fault;
        if (piece.is_snippet && ++count > SNIPPETS_MAX) return SNIPPET_TOO_MANY;
    }
    return SNIPPET_OK;
}

bool snippet_is_used(struct slice text, struct slice name) {
    struct piece piece;
    while (text.len && take_piece(&text, &piece) == SNIPPET_OK)
        if (piece.is_snippet && slice_equal_nocase(piece.name, name)) return true;
    return false;
}

/* The field as it is, and whether there is one. */
static struct slice field_of(struct snippet_fields fields, struct slice name) {
    size_t count = fields.count < SNIPPET_FIELDS_MAX ? fields.count : SNIPPET_FIELDS_MAX;
    for (size_t i = 0; i < count; i++)
        if (slice_equal_nocase(fields.items[i].name, name)) return fields.items[i].value;
    return SLICE_EMPTY;
}

struct slice snippet_value(struct snippet_fields fields, struct slice name) {
    struct slice value = field_of(fields, name);
    while (value.len && value.ptr[0] == ' ') value = slice_skip(value, 1);
    while (value.len && value.ptr[value.len - 1] == ' ') value.len--;
    return value;
}

static void append_escaped(struct buffer *out, struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        switch (text.ptr[i]) {
        case '&':
            buffer_append_text(out, "&amp;");
            break;
        case '<':
            buffer_append_text(out, "&lt;");
            break;
        case '>':
            buffer_append_text(out, "&gt;");
            break;
        case '"':
            buffer_append_text(out, "&quot;");
            break;
        case '\'':
            buffer_append_text(out, "&#39;");
            break;
        default:
            buffer_append_byte(out, text.ptr[i]);
        }
    }
}

static void append_value(struct buffer *out, struct slice value, enum snippet_escape escape) {
    if (escape == SNIPPET_HTML)
        append_escaped(out, value);
    else
        buffer_append(out, value);
}

static void miss(struct snippet_missing *missing, struct slice name) {
    for (size_t i = 0; i < missing->count; i++)
        if (slice_equal_nocase(missing->names[i], name)) return;
    if (missing->count < SNIPPETS_MAX) missing->names[missing->count++] = name;
}

static enum snippet_fault render_snippet(struct buffer *out, const struct piece *piece,
                                         struct snippet_fields fields, enum snippet_escape escape,
                                         struct snippet_missing *missing) {
    struct slice value = snippet_value(fields, piece->name);
    enum snippet_fault fault = SNIPPET_OK;
    if (value.len == 0 && !piece->has_fallback) fault = SNIPPET_UNRESOLVED;
    if (value.len > SNIPPET_VALUE_BYTES_MAX || !is_line(value)) fault = SNIPPET_VALUE;
    if (fault)
        miss(missing, piece->name);
    else
        append_value(out, value.len ? value : piece->fallback, escape);
    return fault;
}

enum snippet_fault snippet_render(struct buffer *out, struct slice text, struct snippet_fields fields,
                                  enum snippet_escape escape, struct snippet_missing *missing) {
    enum snippet_fault first = SNIPPET_OK;
    size_t count = 0;
    while (text.len && !buffer_overflowed(out)) {
        struct piece piece;
        enum snippet_fault fault = take_piece(&text, &piece);
        if (fault) return fault;
        if (!piece.is_snippet) {
            buffer_append(out, piece.text);
            continue;
        }
        if (++count > SNIPPETS_MAX) return SNIPPET_TOO_MANY;
        fault = render_snippet(out, &piece, fields, escape, missing);
        if (!first) first = fault;
    }
    if (buffer_overflowed(out) || out->len > SNIPPET_TEXT_BYTES_MAX) return SNIPPET_TOO_LONG;
    return first;
}
