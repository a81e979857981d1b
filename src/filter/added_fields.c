#include "filter/added_fields.h"

#include "base/limits.h"
#include "wire/wire_text.h"

enum { LINE_BYTES = 78 };

struct added_fields added_fields_new(void) {
    return (struct added_fields){.bytes = buffer_new(FILTER_FIELDS_BYTES_MAX)};
}

void added_fields_free(struct added_fields *fields) { buffer_free(&fields->bytes); }

/* RFC 5322 2.2, and RFC 5322 3.6.8 narrowed to what software names fields. */
static bool is_name(struct slice name) {
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_alnum(name.ptr[i]) && name.ptr[i] != '-' && name.ptr[i] != '_') return false;
    return name.len > 0 && name.len <= FILTER_FIELD_NAME_BYTES_MAX;
}

/* Results of checks (RFC 8601, RFC 8617, RFC 7208 9.1), and what has no meaning to mail itself. */
static bool may_be_added(struct slice name) {
    if (!is_name(name)) return false;
    return slice_starts_nocase(name, SLICE("X-")) || slice_starts_nocase(name, SLICE("ARC-")) ||
           slice_equal_nocase(name, SLICE("Authentication-Results")) ||
           slice_equal_nocase(name, SLICE("Received-SPF"));
}

static bool is_blank(uint8_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static struct slice take_word(struct slice *rest) {
    size_t start = 0;
    while (start < rest->len && is_blank(rest->ptr[start])) start++;
    size_t end = start;
    while (end < rest->len && !is_blank(rest->ptr[end])) end++;
    struct slice word = slice_sub(*rest, start, end - start);
    *rest = slice_skip(*rest, end);
    return word;
}

/* A word that no line can hold loses its end. */
static void write_word(struct buffer *out, size_t *column, struct slice word) {
    word = slice_sub(word, 0, FILTER_FIELD_LINE_BYTES_MAX);
    bool is_first = out->ptr[out->len - 1] == ':';
    bool folds = !is_first && *column + 1 + word.len > LINE_BYTES;
    buffer_append_text(out, folds ? "\r\n\t" : " ");
    *column = folds ? 1 + word.len : *column + 1 + word.len;
    wire_text_clean(out, word, true);
}

static void write_field(struct buffer *out, struct slice name, struct slice value) {
    size_t column = name.len + 1;
    buffer_append(out, name);
    buffer_append_text(out, ":");
    for (struct slice word = take_word(&value); word.len; word = take_word(&value))
        write_word(out, &column, word);
    buffer_append_text(out, "\r\n");
}

bool added_fields_add(struct added_fields *fields, struct slice name, struct slice value) {
    struct buffer *out = &fields->bytes;
    size_t before = out->len;
    if (fields->count == FILTER_FIELDS_MAX || !may_be_added(name)) return false;
    if (slice_trim(value).len == 0) return false;
    /* The result has at most three bytes for one. */
    if (3 * value.len + name.len + 8 > out->max_bytes - before) return false;
    write_field(out, name, value);
    ASSERT(!buffer_overflowed(out));
    fields->count++;
    return true;
}

static bool is_field_line(struct slice line, bool is_first) {
    if (line.len == 0 || line.len > 998) return false;
    for (size_t i = 0; i < line.len; i++)
        if ((line.ptr[i] < ' ' && line.ptr[i] != '\t') || line.ptr[i] > '~') return false;
    /* RFC 5322 2.2.3: a line that goes on with the field before it, and does not look empty. */
    if (line.ptr[0] == '\t') return !is_first && slice_trim(line).len > 0;
    size_t colon = slice_find_byte(line, ':');
    return colon != SLICE_NOT_FOUND && may_be_added(slice_sub(line, 0, colon));
}

bool added_fields_are_proper(struct slice bytes) {
    bool is_first = true;
    if (bytes.len > FILTER_FIELDS_BYTES_MAX) return false;
    while (bytes.len) {
        size_t end = slice_find_crlf(bytes);
        if (end == SLICE_NOT_FOUND || !is_field_line(slice_sub(bytes, 0, end), is_first)) return false;
        bytes = slice_skip(bytes, end + 2);
        is_first = false;
    }
    return true;
}
