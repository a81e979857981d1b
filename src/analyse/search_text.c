/*
 * The text of a message that searches look in; declared in analysis.h. Each part is decoded as
 * it flows by; only HTML is collected first, up to ANALYSIS_HTML_BYTES_MAX of it.
 */
#include "analyse/analysis.h"
#include "analyse/part_text.h"
#include "base/limits.h"
#include "wire/encoded_word.h"
#include "wire/header.h"
#include "wire/html_text.h"

struct search {
    unsigned what;
    struct buffer *out;
    const struct mime_part *part;
    struct part_text *text;
    struct buffer html;
};

static void append_line_end(struct buffer *out) {
    if (out->len && out->ptr[out->len - 1] != '\n') buffer_append_byte(out, '\n');
}

static void append_fields(struct slice header, struct buffer *out) {
    struct header_field field;
    while (!buffer_overflowed(out) && header_next(&header, &field)) {
        encoded_word_decode(out, field.name);
        buffer_append_text(out, ": ");
        encoded_word_decode_field(out, field.value);
        buffer_append_byte(out, '\n');
    }
}

static void end_part(struct search *search) {
    if (!search->part) return;
    bool html = mime_part_is(search->part, "text", "html");
    part_text_finish(search->text, html ? &search->html : search->out);
    if (html) html_text_append(search->out, buffer_slice(&search->html));
    append_line_end(search->out);
    part_text_free(&search->text);
    buffer_clear(&search->html);
    search->part = NULL;
}

static void on_header(void *context, const struct mime_part *part, struct slice header) {
    struct search *search = context;
    end_part(search);
    bool embedded = part->parent && part->parent->kind == MIME_MESSAGE;
    bool fields = !part->parent ? search->what & ANALYSIS_SEARCH_HEADER : embedded;
    if (part->parent && !(search->what & ANALYSIS_SEARCH_BODY)) return;
    if (fields) append_fields(header, search->out);
    if (!(search->what & ANALYSIS_SEARCH_BODY) || part->kind != MIME_LEAF) return;
    if (mime_part_filename(part, search->out)) append_line_end(search->out);
    if (!mime_part_is_type(part, "text") || buffer_overflowed(search->out)) return;
    search->part = part;
    search->text = part_text_new(part);
}

static void on_body(void *context, const struct mime_part *part, struct slice bytes) {
    struct search *search = context;
    if (part != search->part) return;
    bool html = mime_part_is(part, "text", "html");
    part_text_feed(search->text, bytes, html ? &search->html : search->out);
}

void analysis_search_text(struct arena *arena, struct slice message, unsigned what, struct buffer *out) {
    struct search search = {.what = what, .out = out, .html = buffer_new(ANALYSIS_HTML_BYTES_MAX)};
    struct mime_parser *parser = mime_parser_new(arena, (struct mime_events){&search, on_header, on_body});
    mime_parser_feed(parser, message);
    (void)mime_parser_finish(parser);
    end_part(&search);
    mime_parser_free(&parser);
    buffer_free(&search.html);
}
