#include "wire/header.h"

static bool is_fold(uint8_t c) { return c == ' ' || c == '\t'; }

/* One logical line with its continuations, the last line break included. */
static struct slice take_line(struct slice *rest) {
    size_t end = 0;
    do {
        size_t newline = slice_find_byte(slice_skip(*rest, end), '\n');
        end = newline == SLICE_NOT_FOUND ? rest->len : end + newline + 1;
    } while (end < rest->len && is_fold(rest->ptr[end]));
    return slice_take(rest, end);
}

/* RFC 5322 2.2, 4.5: a name of visible characters, then perhaps blanks, then the colon. */
static bool split_field(struct slice line, struct header_field *field) {
    size_t colon = slice_find_byte(line, ':');
    if (colon == SLICE_NOT_FOUND) return false;
    struct slice name = slice_trim(slice_sub(line, 0, colon));
    if (name.len == 0 || is_fold(line.ptr[0])) return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] <= ' ' || name.ptr[i] == 0x7f) return false;
    *field = (struct header_field){name, slice_trim(slice_skip(line, colon + 1))};
    return true;
}

static bool is_empty_line(struct slice rest) {
    return rest.len == 0 || rest.ptr[0] == '\n' || slice_starts(rest, SLICE("\r\n"));
}

bool header_next_line(struct slice *rest, struct header_field *field, struct slice *line) {
    while (!is_empty_line(*rest)) {
        *line = take_line(rest);
        if (split_field(*line, field)) return true;
    }
    return false;
}

bool header_next(struct slice *rest, struct header_field *field) {
    struct slice line;
    return header_next_line(rest, field, &line);
}

bool header_find(struct slice header, struct slice name, struct slice *value) {
    struct header_field field;
    while (header_next(&header, &field)) {
        if (!slice_equal_nocase(field.name, name)) continue;
        *value = field.value;
        return true;
    }
    return false;
}

void header_unfold(struct buffer *out, struct slice value) {
    while (value.len) {
        size_t run = 0;
        while (run < value.len && value.ptr[run] != '\r' && value.ptr[run] != '\n' && value.ptr[run]) run++;
        buffer_append(out, slice_take(&value, run));
        value = slice_skip(value, 1);
    }
}

/* RFC 5322 3.2.2: comments nest; the depth is counted, not recursed into. */
static struct slice take_comment(struct slice *rest) {
    size_t depth = 0;
    size_t at = 0;
    do {
        uint8_t c = rest->ptr[at++];
        if (c == '(') depth++;
        if (c == ')') depth--;
        if (c == '\\' && at < rest->len) at++;
    } while (depth && at < rest->len);
    struct slice inside = slice_sub(*rest, 1, depth ? at - 1 : at - 2);
    *rest = slice_skip(*rest, at);
    return inside;
}

void header_skip_cfws(struct slice *rest, struct slice *comment) {
    while (rest->len) {
        uint8_t c = rest->ptr[0];
        if (c == '(') {
            struct slice inside = take_comment(rest);
            if (comment) *comment = inside;
        } else if (is_fold(c) || c == '\r' || c == '\n') {
            *rest = slice_skip(*rest, 1);
        } else {
            return;
        }
    }
}

void header_take_quoted(struct slice *rest, struct buffer *out) {
    size_t at = 1;
    for (; at < rest->len && rest->ptr[at] != '"'; at++) {
        if (rest->ptr[at] == '\\' && at + 1 < rest->len) at++;
        uint8_t c = rest->ptr[at];
        if (c != '\r' && c != '\n') buffer_append_byte(out, c);
    }
    *rest = slice_skip(*rest, at + 1);
}

static bool is_token_byte(uint8_t c) { return c > ' ' && c != 0x7f && !memchr("()<>@,;:\\\"/[]?=", c, 15); }

struct slice header_take_token(struct slice *rest) {
    size_t len = 0;
    while (len < rest->len && is_token_byte(rest->ptr[len])) len++;
    return slice_take(rest, len);
}
