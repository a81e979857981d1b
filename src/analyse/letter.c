#include "analyse/letter.h"

#include <stdlib.h>

#include "analyse/part_text.h"
#include "base/limits_classify.h"
#include "wire/charset.h"
#include "wire/html_text.h"

struct letter_writer {
    struct arena *arena;
    struct letter letter;
    /* The part whose text is read, and where to. */
    const struct mime_part *part;
    struct part_text *reader;
    struct buffer *out;
    struct buffer text;
    struct buffer html;
    struct buffer report;
    struct buffer original;
    struct buffer plain;
    /* The beginning of the message as it came: of one whose boundaries are not what it says, all there is. */
    struct buffer raw;
    bool keeps_raw;
    uint64_t raw_body;
    bool has_html;
};

struct letter_writer *letter_writer_new(struct arena *arena) {
    struct letter_writer *writer = calloc(1, sizeof *writer);
    if (!writer) FATAL("out of memory for a letter");
    writer->arena = arena;
    writer->text = buffer_new(LETTER_TEXT_BYTES_MAX);
    writer->html = buffer_new(LETTER_HTML_BYTES_MAX);
    writer->report = buffer_new(DELIVERY_REPORT_BYTES_MAX);
    writer->original = buffer_new(LETTER_ORIGINAL_BYTES_MAX);
    writer->plain = buffer_new(LETTER_TEXT_BYTES_MAX);
    writer->raw = buffer_new(LETTER_TEXT_BYTES_MAX);
    writer->keeps_raw = true;
    writer->letter.is_whole = true;
    return writer;
}

void letter_writer_free(struct letter_writer **writer) {
    if (!*writer) return;
    struct letter_writer *w = *writer;
    part_text_free(&w->reader);
    buffer_free(&w->text);
    buffer_free(&w->html);
    buffer_free(&w->report);
    buffer_free(&w->original);
    buffer_free(&w->plain);
    buffer_free(&w->raw);
    free(w);
    *writer = NULL;
}

void letter_feed(struct letter_writer *writer, struct slice chunk) {
    if (!writer->keeps_raw) return;
    buffer_append(&writer->raw, slice_sub(chunk, 0, writer->raw.max_bytes - writer->raw.len));
}

static void end_part(struct letter_writer *writer) {
    if (!writer->part) return;
    part_text_finish(writer->reader, writer->out);
    part_text_free(&writer->reader);
    if (writer->out == &writer->text) buffer_append_byte(writer->out, '\n');
    writer->part = NULL;
}

/* It is what others hide in this one: an attachment, or the message that is given back. */
static bool is_inside_message(const struct mime_part *part) {
    for (const struct mime_part *above = part->parent; above; above = above->parent)
        if (above->kind == MIME_MESSAGE) return true;
    return false;
}

static enum letter_part machine_part(const struct mime_part *part) {
    if (mime_part_is(part, "message", "delivery-status")) return LETTER_DELIVERY;
    if (mime_part_is(part, "message", "global-delivery-status")) return LETTER_DELIVERY;
    if (mime_part_is(part, "message", "disposition-notification")) return LETTER_DISPOSITION;
    if (mime_part_is(part, "message", "global-disposition-notification")) return LETTER_DISPOSITION;
    if (mime_part_is(part, "message", "feedback-report")) return LETTER_COMPLAINT;
    return LETTER_NO_PART;
}

/* Only what stands at the top: a report inside of a forwarded message says nothing of this one. */
static bool takes_report(struct letter_writer *writer, const struct mime_part *part) {
    enum letter_part kind = machine_part(part);
    bool is_first = writer->letter.part == LETTER_NO_PART;
    if (kind == LETTER_NO_PART || part->depth > 1 || (!is_first && writer->letter.part != kind)) return false;
    /* Some send several: they are read as one. */
    if (!is_first) buffer_append_text(&writer->report, "\n\n");
    writer->letter.part = kind;
    return true;
}

static struct buffer *buffer_for(struct letter_writer *writer, const struct mime_part *part) {
    if (part->kind != MIME_LEAF || is_inside_message(part)) return NULL;
    if (takes_report(writer, part)) return &writer->report;
    bool is_headers = mime_part_is(part, "text", "rfc822-headers") || mime_part_is(part, "text", "rfc822") ||
                      mime_part_is(part, "message", "rfc822-headers") ||
                      mime_part_is(part, "message", "partial");
    if (is_headers) return writer->original.len ? NULL : &writer->original;
    if (!part_text_wanted(part)) {
        writer->letter.has_attachment = true;
        return NULL;
    }
    if (mime_part_is(part, "text", "html")) {
        bool is_second = writer->has_html;
        writer->has_html = true;
        return is_second ? NULL : &writer->html;
    }
    return &writer->text;
}

/* The header of a message in this one: of the first, which a report gives back. */
static void see_embedded(struct letter_writer *writer, const struct mime_part *part, struct slice header) {
    bool is_embedded = part->parent && part->parent->kind == MIME_MESSAGE && !is_inside_message(part->parent);
    if (!is_embedded || writer->letter.original.is_there) return;
    letter_original_read(writer->arena, header, &writer->letter.original);
    writer->letter.original.is_there = true;
}

void letter_header(struct letter_writer *writer, const struct mime_part *part, struct slice header) {
    end_part(writer);
    if (!part->parent) {
        letter_read_header(writer->arena, part, header, &writer->letter);
        writer->raw_body = part->body_offset;
        writer->keeps_raw = part->kind == MIME_MULTIPART;
    } else {
        writer->keeps_raw = false;
    }
    see_embedded(writer, part, header);
    writer->out = buffer_for(writer, part);
    if (!writer->out) return;
    writer->part = part;
    writer->reader = part_text_new(part);
}

void letter_body(struct letter_writer *writer, const struct mime_part *part, struct slice bytes) {
    if (part != writer->part) return;
    part_text_feed(writer->reader, bytes, writer->out);
}

/* ---- the end ---- */

static bool is_blank(struct slice text) { return slice_trim(text).len == 0; }

/* A multipart in which no boundary came: its body is taken as text. */
static void take_raw(struct letter_writer *writer) {
    struct slice body = slice_skip(buffer_slice(&writer->raw), (size_t)writer->raw_body);
    charset_to_utf8(SLICE("utf-8"), body, &writer->text);
}

static size_t count(struct slice html, struct slice what, size_t max) {
    size_t found = 0;
    while (found < max) {
        size_t at = slice_find(html, what);
        if (at == SLICE_NOT_FOUND) break;
        html = slice_skip(html, at + what.len);
        found++;
    }
    return found;
}

static void measure_html(struct letter_writer *writer) {
    struct slice html = buffer_slice(&writer->html);
    struct letter *letter = &writer->letter;
    letter->html_bytes = html.len;
    letter->links =
        count(html, SLICE("href="), LETTER_COUNTED_MAX) + count(html, SLICE("HREF="), LETTER_COUNTED_MAX);
    letter->pictures =
        count(html, SLICE("<img"), LETTER_COUNTED_MAX) + count(html, SLICE("<IMG"), LETTER_COUNTED_MAX);
}

const struct letter *letter_finish(struct letter_writer *writer) {
    struct letter *letter = &writer->letter;
    end_part(writer);
    if (writer->keeps_raw && writer->text.len == 0) take_raw(writer);
    letter->is_whole = !buffer_overflowed(&writer->text) && !buffer_overflowed(&writer->html);
    letter->html = buffer_slice(&writer->html);
    letter->text = buffer_slice(&writer->text);
    if (is_blank(letter->text) && !is_blank(letter->html)) {
        html_text_append(&writer->plain, letter->html);
        letter->text = buffer_slice(&writer->plain);
        letter->is_from_html = true;
    }
    letter->report = buffer_slice(&writer->report);
    measure_html(writer);
    if (writer->original.len) {
        letter_original_read(writer->arena, buffer_slice(&writer->original), &letter->original);
        letter->original.is_there = true;
    }
    return letter;
}
