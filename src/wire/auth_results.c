#include "wire/auth_results.h"

#include "wire/header.h"
#include "wire/wire_text.h"

/* ---- writing ---- */

/* RFC 5322 2.1.1: 78 where that is possible, and never 998. */
enum { LINE_BYTES = 78 };

static void write_raw(struct auth_results_writer *writer, struct slice text) {
    buffer_append(writer->out, text);
    writer->column += text.len;
}

static void write_text(struct auth_results_writer *writer, const char *text) {
    write_raw(writer, slice_from_text(text));
}

static void write_fold(struct auth_results_writer *writer) {
    buffer_append_text(writer->out, "\r\n\t");
    writer->column = 1;
}

/* A blank, or a new line where so many bytes would not fit on this one. */
static void write_blank(struct auth_results_writer *writer, size_t bytes) {
    if (writer->column > 1 && writer->column + 1 + bytes > LINE_BYTES)
        write_fold(writer);
    else
        write_text(writer, " ");
}

/* RFC 2045 5.1 (token), and RFC 5322 3.4.1 with it: RFC 8601 2.2 takes an address as it is. */
static bool is_plain(struct slice value) {
    struct slice rest = value;
    struct slice local = header_take_token(&rest);
    if (rest.len == 0) return local.len > 0;
    if (!slice_take_byte(&rest, '@')) return false;
    return header_take_token(&rest).len > 0 && rest.len == 0;
}

/* In quotes, folded between words. */
static void write_quoted(struct auth_results_writer *writer, struct slice text) {
    write_text(writer, "\"");
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == ' ' && writer->column >= LINE_BYTES - 12) {
            buffer_append_text(writer->out, "\r\n");
            writer->column = 0;
        }
        if (c == '"' || c == '\\') write_text(writer, "\\");
        write_raw(writer, slice_of(&c, 1));
    }
    write_text(writer, "\"");
}

/* One line of ASCII without control bytes, and not too much of it. */
static struct buffer clean(struct slice text) {
    struct buffer out = buffer_new(3 * (size_t)AUTH_TEXT_BYTES_MAX);
    wire_text_clean(&out, slice_sub(text, 0, AUTH_TEXT_BYTES_MAX), true);
    return out;
}

static void write_value(struct auth_results_writer *writer, struct slice value) {
    if (is_plain(value))
        write_raw(writer, value);
    else
        write_quoted(writer, value);
}

struct auth_results_writer auth_results_begin(struct buffer *out, struct slice host) {
    struct auth_results_writer writer = {.out = out};
    write_text(&writer, "Authentication-Results: ");
    struct buffer name = clean(host);
    write_value(&writer, buffer_slice(&name));
    buffer_free(&name);
    return writer;
}

/* RFC 5322 3.2.2: parentheses and backslashes are quoted. Readers that do not know comments split at
   semicolons. */
static void write_comment(struct auth_results_writer *writer, struct slice text) {
    struct buffer cleaned = clean(text);
    struct slice words = buffer_slice(&cleaned);
    write_text(writer, " (");
    for (size_t i = 0; i < words.len; i++) {
        uint8_t c = words.ptr[i] == ';' ? ',' : words.ptr[i];
        if (c == ' ' && writer->column >= LINE_BYTES - 12) {
            write_fold(writer);
            continue;
        }
        if (c == '(' || c == ')' || c == '\\') write_text(writer, "\\");
        write_raw(writer, slice_of(&c, 1));
    }
    write_text(writer, ")");
    buffer_free(&cleaned);
}

void auth_results_method(struct auth_results_writer *writer, const char *method, const char *result,
                         struct slice comment, struct slice reason) {
    write_text(writer, ";");
    write_fold(writer);
    write_text(writer, method);
    write_text(writer, "=");
    write_text(writer, result);
    writer->has_results = true;
    if (comment.len) write_comment(writer, comment);
    if (reason.len) auth_results_property(writer, "reason", reason);
}

void auth_results_property(struct auth_results_writer *writer, const char *name, struct slice value) {
    if (value.len == 0) return;
    struct buffer cleaned = clean(value);
    write_blank(writer, strlen(name) + 1 + (is_plain(buffer_slice(&cleaned)) ? cleaned.len : 24));
    write_text(writer, name);
    write_text(writer, "=");
    write_value(writer, buffer_slice(&cleaned));
    buffer_free(&cleaned);
}

void auth_results_end(struct auth_results_writer *writer) {
    if (!writer->has_results) write_text(writer, "; none");
    buffer_append_text(writer->out, "\r\n");
}

/* ---- reading ---- */

/* A pvalue may be an address or begin with "@", and some write slashes and colons unquoted. */
static bool ends_value(uint8_t c) {
    return c <= ' ' || c == ';' || c == '(' || c == ')' || c == '"' || c == 0x7f;
}

static struct slice take_run(struct slice *rest, const char *stops) {
    size_t len = 0;
    while (len < rest->len && !ends_value(rest->ptr[len]) && !strchr(stops, rest->ptr[len])) len++;
    return slice_take(rest, len);
}

static void skip_blanks(struct slice *rest) {
    header_skip_cfws(rest, NULL);
    /* Control bytes that no rule takes. */
    while (rest->len && rest->ptr[0] <= ' ') {
        *rest = slice_skip(*rest, 1);
        header_skip_cfws(rest, NULL);
    }
}

/* A value: a quoted string, or what stands up to a blank, a comment or the semicolon; in the arena. False:
   the arena is full. */
static bool take_value(struct arena *arena, struct slice *rest, const char *stops, struct slice *value) {
    skip_blanks(rest);
    if (!rest->len || rest->ptr[0] != '"') return arena_try_copy(arena, take_run(rest, stops), value);
    struct buffer text = buffer_new(rest->len);
    header_take_quoted(rest, &text);
    bool has_room = arena_try_copy(arena, buffer_slice(&text), value);
    buffer_free(&text);
    return has_room;
}

static bool take_sign(struct slice *rest, uint8_t sign) {
    struct slice ahead = *rest;
    skip_blanks(&ahead);
    if (!slice_take_byte(&ahead, sign)) return false;
    *rest = ahead;
    return true;
}

bool auth_results_read(struct arena *arena, struct slice value, struct auth_results_reader *reader) {
    *reader = (struct auth_results_reader){.rest = value, .arena = arena};
    return take_value(arena, &reader->rest, "=", &reader->id) && reader->id.len > 0;
}

/* A method or property and its "=": "spf/1 =", "smtp . mailfrom =". Leaves *rest alone on no. */
static bool take_name(struct slice *rest, struct slice *name, uint8_t divider, struct slice *behind) {
    struct slice ahead = *rest;
    skip_blanks(&ahead);
    *name = take_run(&ahead, "=./");
    *behind = SLICE_EMPTY;
    if (name->len == 0) return false;
    if (take_sign(&ahead, divider)) {
        skip_blanks(&ahead);
        *behind = take_run(&ahead, "=./");
    }
    if (!take_sign(&ahead, '=')) return false;
    *rest = ahead;
    return true;
}

/* Quoted strings and comments may hold semicolons. */
static void skip_to_semicolon(struct slice *rest) {
    for (skip_blanks(rest); rest->len && rest->ptr[0] != ';'; skip_blanks(rest)) {
        if (rest->ptr[0] == '"')
            header_take_quoted(rest, &(struct buffer){.max_bytes = 0});
        else
            *rest = slice_skip(*rest, 1);
    }
}

static bool keep_property(struct auth_result *result, const struct auth_property *property) {
    bool is_reason = property->name.len == 0 && slice_equal_nocase(property->type, SLICE("reason"));
    if (is_reason && result->reason.len == 0) result->reason = property->value;
    if (is_reason || property->name.len == 0) return true;
    if (result->property_count == AUTH_PROPERTIES_MAX) return false;
    result->properties[result->property_count++] = *property;
    return true;
}

static bool take_properties(struct auth_results_reader *reader, struct auth_result *result) {
    struct auth_property property;
    while (take_name(&reader->rest, &property.type, '.', &property.name)) {
        if (!take_value(reader->arena, &reader->rest, "", &property.value)) return false;
        if (!keep_property(result, &property)) break;
    }
    skip_to_semicolon(&reader->rest);
    return true;
}

bool auth_results_next(struct auth_results_reader *reader, struct auth_result *result) {
    struct slice version;
    *result = (struct auth_result){0};
    skip_to_semicolon(&reader->rest);
    if (!slice_take_byte(&reader->rest, ';')) return false;
    if (!take_name(&reader->rest, &result->method, '/', &version)) return false;
    if (!take_value(reader->arena, &reader->rest, "", &result->result) || result->result.len == 0)
        return false;
    return take_properties(reader, result);
}

/* ---- whose it is ---- */

/* Goes along `host` while the bytes are its. */
struct comparison {
    struct slice host;
    size_t at;
    bool differs;
    /* More came behind the whole name. */
    bool has_more;
    bool is_more_number;
};

static void compare_byte(struct comparison *comparison, uint8_t c) {
    if (comparison->differs) return;
    if (comparison->at < comparison->host.len) {
        comparison->differs = ascii_lower(c) != ascii_lower(comparison->host.ptr[comparison->at]);
        comparison->at++;
        return;
    }
    comparison->is_more_number = (comparison->is_more_number || !comparison->has_more) && ascii_is_digit(c);
    comparison->has_more = true;
}

static bool is_whole(const struct comparison *comparison) {
    return !comparison->differs && comparison->at == comparison->host.len;
}

/* What is quoted goes along without a buffer. */
static void compare_quoted(struct comparison *comparison, struct slice *rest) {
    size_t at = 1;
    for (; at < rest->len && rest->ptr[at] != '"'; at++) {
        if (rest->ptr[at] == '\\' && at + 1 < rest->len) at++;
        if (rest->ptr[at] != '\r' && rest->ptr[at] != '\n') compare_byte(comparison, rest->ptr[at]);
    }
    *rest = slice_skip(*rest, at + 1);
}

static void compare_word(struct comparison *comparison, struct slice *rest) {
    if (rest->ptr[0] == '"') {
        compare_quoted(comparison, rest);
        return;
    }
    struct slice run = take_run(rest, "");
    if (run.len == 0) run = slice_take(rest, 1);
    for (size_t i = 0; i < run.len; i++) compare_byte(comparison, run.ptr[i]);
}

/* "mx.example.", "mx.example/1", "mx.example:25" */
static bool is_name_behind(const struct slice rest_of_word) {
    return rest_of_word.len == 0 ||
           !(ascii_is_alnum(rest_of_word.ptr[0]) || rest_of_word.ptr[0] == '-' || rest_of_word.ptr[0] == '_');
}

/* The first word is the name, or the name and something that is no part of a name. */
static bool is_first_word(struct slice value, struct slice host) {
    skip_blanks(&value);
    if (!slice_starts_nocase(value, host)) return false;
    struct slice behind = slice_skip(value, host.len);
    struct slice rest = behind;
    if (slice_take_byte(&rest, '.')) behind = rest;
    return is_name_behind(behind);
}

bool auth_results_is_of(struct slice value, struct slice host) {
    struct comparison comparison = {.host = host};
    size_t words = 0;
    if (is_first_word(value, host)) return true;
    for (skip_blanks(&value); value.len && value.ptr[0] != ';'; skip_blanks(&value)) {
        compare_word(&comparison, &value);
        if (++words == 1 && is_whole(&comparison) && !comparison.has_more) return true;
    }
    /* Pieces with comments between them; a version behind. An end before the semicolon: it may have been cut.
     */
    bool is_like = is_whole(&comparison) && (!comparison.has_more || comparison.is_more_number);
    bool is_cut = value.len == 0 && !comparison.differs && comparison.at < host.len;
    return is_like || is_cut;
}
