#include "analyse/report.h"

#include <inttypes.h>
#include <jansson.h>

#include "analyse/analysis.h"
#include "base/limits.h"
#include "wire/charset.h"
#include "wire/date.h"
#include "wire/imap_structure.h"

enum { REPORT_ARENA_BYTES = 64 * 1024 * 1024, REPORT_TEXT_BYTES_MAX = 1024 * 1024 };

/* What is reported, by name, in order. */
struct line {
    const char *name;
    struct slice text;
};
enum { LINES_MAX = 32 };

struct report {
    struct arena *arena;
    const struct analysis *analysis;
    struct line lines[LINES_MAX];
    size_t count;
};

static void add(struct report *report, const char *name, struct slice text) {
    ASSERT(report->count < LINES_MAX);
    report->lines[report->count++] = (struct line){name, text};
}

static struct slice date_text(struct report *report) {
    if (!report->analysis->sent_known) return SLICE_EMPTY;
    struct buffer text = buffer_new(64);
    date_write(&text, (struct date){report->analysis->sent_ms, 0});
    struct slice kept = arena_copy(report->arena, buffer_slice(&text));
    buffer_free(&text);
    return kept;
}

static struct slice joined(struct report *report, struct analysis_list list) {
    struct buffer text = buffer_new((ANALYSIS_TEXT_BYTES_MAX + 1) * ANALYSIS_REFERENCES_MAX);
    for (size_t i = 0; i < list.count; i++) {
        if (i) buffer_append_byte(&text, ' ');
        buffer_append(&text, list.items[i]);
    }
    struct slice kept = arena_copy(report->arena, buffer_slice(&text));
    buffer_free(&text);
    return kept;
}

static struct slice bodystructure(struct report *report) {
    struct buffer text = buffer_new(ANALYSIS_STRUCTURE_BYTES_MAX);
    imap_bodystructure_render(&text, report->analysis->root, true);
    struct slice kept =
        buffer_overflowed(&text) ? SLICE_EMPTY : arena_copy(report->arena, buffer_slice(&text));
    buffer_free(&text);
    return kept;
}

static struct slice search_text(struct report *report, struct slice message) {
    struct arena *scratch = arena_new(REPORT_ARENA_BYTES);
    struct buffer text = buffer_new(REPORT_TEXT_BYTES_MAX);
    analysis_search_text(scratch, message, ANALYSIS_SEARCH_HEADER | ANALYSIS_SEARCH_BODY, &text);
    struct slice kept = arena_copy(report->arena, buffer_slice(&text));
    buffer_free(&text);
    arena_free(&scratch);
    return kept;
}

static void collect(struct report *report, struct slice message) {
    const struct analysis *a = report->analysis;
    add(report, "kind", slice_from_text(kind_name(a->kind)));
    add(report, "size", arena_printf(report->arena, "%" PRIu64, a->size));
    add(report, "subject", a->subject);
    add(report, "subject_base", a->subject_base);
    add(report, "sent", date_text(report));
    add(report, "message_id", a->message_id);
    add(report, "in_reply_to", a->in_reply_to);
    add(report, "references", joined(report, a->references));
    add(report, "delivered_to", joined(report, a->delivered_to));
    add(report, "received", arena_printf(report->arena, "%" PRIu32, a->received_count));
    add(report, "from_fields", arena_printf(report->arena, "%" PRIu32, a->from_fields));
    add(report, "attachment", a->has_attachment ? SLICE("yes") : SLICE("no"));
    add(report, "preview", a->preview);
    add(report, "envelope", a->envelope);
    add(report, "bodystructure", bodystructure(report));
    add(report, "search_text", search_text(report, message));
}

/* Control bytes, but for line breaks of a text, do not reach a terminal. */
static void append_visible(struct buffer *out, struct slice text, bool keep_lines) {
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool control = (c < ' ' && !(keep_lines && c == '\n')) || c == 0x7f;
        if (keep_lines && c == '\r') continue;
        if (control)
            buffer_printf(out, "\\x%02x", c);
        else
            buffer_append_byte(out, c);
    }
}

static void append_part(struct buffer *out, const struct mime_part *part) {
    buffer_printf(out, "%*s", (int)part->depth * 2, "");
    append_visible(out, part->media.type, false);
    buffer_append_byte(out, '/');
    append_visible(out, part->media.subtype, false);
    buffer_printf(out, " header %" PRIu64 "+%" PRIu64 " body %" PRIu64 "+%" PRIu64 " lines %" PRIu64,
                  part->header_offset, part->header_len, part->body_offset, part->body_len, part->body_lines);
    struct buffer name = buffer_new(ANALYSIS_TEXT_BYTES_MAX);
    if (mime_part_filename(part, &name)) buffer_append_text(out, " name ");
    append_visible(out, buffer_slice(&name), false);
    buffer_free(&name);
    buffer_append_byte(out, '\n');
}

static void write_text(const struct report *report, struct buffer *out) {
    const struct mime_part *root = report->analysis->root;
    for (const struct mime_part *part = root; part; part = mime_part_next(root, part)) append_part(out, part);
    for (size_t i = 0; i < report->count; i++) {
        const struct line *line = &report->lines[i];
        bool is_text = strcmp(line->name, "search_text") == 0;
        buffer_printf(out, is_text ? "%s:\n" : "%s: ", line->name);
        append_visible(out, line->text, is_text);
        buffer_append_byte(out, '\n');
    }
}

/* Header bytes may be anything; JSON is UTF-8. */
static json_t *json_text(struct slice text) {
    struct buffer utf8 = buffer_new(text.len * 3 + 1);
    charset_to_utf8(SLICE("utf-8"), text, &utf8);
    json_t *value = json_stringn(utf8.len ? (const char *)utf8.ptr : "", utf8.len);
    buffer_free(&utf8);
    ASSERT(value);
    return value;
}

static void json_set(json_t *object, const char *name, json_t *value) {
    int failed = json_object_set_new(object, name, value);
    ASSERT(!failed);
}

static json_t *json_part(const struct mime_part *part) {
    json_t *object = json_object();
    ASSERT(object);
    const struct {
        const char *name;
        uint64_t number;
    } numbers[] = {{"depth", part->depth},           {"header_offset", part->header_offset},
                   {"header_len", part->header_len}, {"body_offset", part->body_offset},
                   {"body_len", part->body_len},     {"body_lines", part->body_lines}};
    json_set(object, "type", json_text(part->media.type));
    json_set(object, "subtype", json_text(part->media.subtype));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        json_set(object, numbers[i].name, json_integer((json_int_t)numbers[i].number));
    struct buffer name = buffer_new(ANALYSIS_TEXT_BYTES_MAX);
    if (mime_part_filename(part, &name)) json_set(object, "name", json_text(buffer_slice(&name)));
    buffer_free(&name);
    return object;
}

static int append_dumped(const char *bytes, size_t len, void *out) {
    buffer_append(out, slice_of(bytes, len));
    return 0;
}

static void write_json(const struct report *report, struct buffer *out) {
    json_t *object = json_object();
    json_t *parts = json_array();
    ASSERT(object && parts);
    const struct mime_part *root = report->analysis->root;
    for (const struct mime_part *part = root; part; part = mime_part_next(root, part)) {
        int failed = json_array_append_new(parts, json_part(part));
        ASSERT(!failed);
    }
    json_set(object, "parts", parts);
    for (size_t i = 0; i < report->count; i++)
        json_set(object, report->lines[i].name, json_text(report->lines[i].text));
    int failed = json_dump_callback(object, append_dumped, out, JSON_INDENT(2));
    ASSERT(!failed);
    buffer_append_byte(out, '\n');
    json_decref(object);
}

enum mime_report_result mime_report(struct slice message, bool json, struct buffer *out) {
    struct report report = {.arena = arena_new(REPORT_ARENA_BYTES)};
    struct arena *tree = arena_new(REPORT_ARENA_BYTES);
    struct analyser *analyser = analysis_new(tree);
    analysis_feed(analyser, message);
    report.analysis = analysis_finish(analyser);
    collect(&report, message);
    if (json)
        write_json(&report, out);
    else
        write_text(&report, out);
    analysis_free(&analyser);
    arena_free(&tree);
    arena_free(&report.arena);
    return buffer_overflowed(out) ? MIME_REPORT_TOO_LONG : MIME_REPORT_OK;
}
