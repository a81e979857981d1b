#include "analyse/analysis.h"

#include <stdlib.h>

#include "analyse/part_text.h"
#include "analyse/subject.h"
#include "base/limits.h"
#include "wire/address.h"
#include "wire/charset.h"
#include "wire/date.h"
#include "wire/encoded_word.h"
#include "wire/header.h"
#include "wire/html_text.h"
#include "wire/imap_structure.h"
#include "wire/message_id.h"
#include "wire/structure.h"

struct analyser {
    struct arena *arena;
    struct arena *tree;
    struct mime_parser *parser;
    struct analysis *analysis;
    /* The part whose text becomes the preview, while it is read. */
    const struct mime_part *preview_part;
    struct part_text *preview_text;
    struct buffer preview_source;
    struct slice delivered_to[ANALYSIS_DELIVERED_TO_MAX];
    /* NULL: nobody asked for it. */
    struct classifier *classifier;
    bool wants_addressees;
};

static void keep(struct analyser *analyser, struct slice bytes, struct slice *kept) {
    if (!arena_try_copy(analyser->arena, bytes, kept)) *kept = SLICE_EMPTY;
}

static void keep_decoded(struct analyser *analyser, struct slice value, size_t max, struct slice *kept) {
    struct buffer text = buffer_new(max);
    encoded_word_decode_field(&text, value);
    keep(analyser, slice_trim(buffer_slice(&text)), kept);
    buffer_free(&text);
}

static void keep_list(struct analyser *analyser, const struct slice *items, size_t count,
                      struct analysis_list *list) {
    struct slice *kept = count ? arena_try_alloc(analyser->arena, count * sizeof *kept) : NULL;
    if (!kept) return;
    for (size_t i = 0; i < count; i++) keep(analyser, items[i], &kept[i]);
    *list = (struct analysis_list){kept, count};
}

static void read_subject(struct analyser *analyser, struct slice value) {
    struct analysis *a = analyser->analysis;
    keep_decoded(analyser, value, ANALYSIS_SUBJECT_BYTES_MAX, &a->subject);
    struct buffer base = buffer_new(ANALYSIS_SUBJECT_BYTES_MAX);
    a->subject_is_reply = subject_base(a->subject, &base);
    keep(analyser, buffer_slice(&base), &a->subject_base);
    buffer_free(&base);
}

static void read_date(struct analyser *analyser, struct slice value) {
    struct date date;
    analyser->analysis->has_date = true;
    if (date_parse(value, &date) != DATE_OK) return;
    analyser->analysis->sent_known = true;
    analyser->analysis->sent_ms = date.utc_ms;
}

static void read_id(struct analyser *analyser, struct slice value, struct slice *id) {
    keep(analyser, slice_sub(message_id_first(value), 0, ANALYSIS_TEXT_BYTES_MAX), id);
}

static void read_message_id(struct analyser *analyser, struct slice value) {
    read_id(analyser, value, &analyser->analysis->message_id);
    analyser->analysis->has_message_id = analyser->analysis->message_id.len > 0;
}

static void read_in_reply_to(struct analyser *analyser, struct slice value) {
    read_id(analyser, value, &analyser->analysis->in_reply_to);
}

/* RFC 5322 3.6.4: parents stand in order, the direct one last. */
static void read_references(struct analyser *analyser, struct slice value) {
    struct slice ring[ANALYSIS_REFERENCES_MAX];
    struct slice ordered[ANALYSIS_REFERENCES_MAX];
    size_t seen = 0;
    for (struct slice id; message_id_next(&value, &id); seen++)
        ring[seen % ANALYSIS_REFERENCES_MAX] = slice_sub(id, 0, ANALYSIS_TEXT_BYTES_MAX);
    size_t count = seen < ANALYSIS_REFERENCES_MAX ? seen : ANALYSIS_REFERENCES_MAX;
    for (size_t i = 0; i < count; i++) ordered[i] = ring[(seen - count + i) % ANALYSIS_REFERENCES_MAX];
    keep_list(analyser, ordered, count, &analyser->analysis->references);
}

static void read_address(struct analyser *analyser, struct slice value, struct analysis_address *kept) {
    struct address_reader reader = address_reader_new(value);
    struct address address = {.kind = ADDRESS_GROUP_START};
    while (address.kind != ADDRESS_MAILBOX && address_next(&reader, &address)) continue;
    if (address.kind == ADDRESS_MAILBOX) {
        keep_decoded(analyser, address.name, ANALYSIS_TEXT_BYTES_MAX, &kept->name);
        keep(analyser, slice_sub(address.local, 0, ANALYSIS_TEXT_BYTES_MAX), &kept->local);
        keep(analyser, slice_sub(address.domain, 0, ANALYSIS_TEXT_BYTES_MAX), &kept->domain);
    }
    address_reader_free(&reader);
}

static void read_from(struct analyser *analyser, struct slice value) {
    read_address(analyser, value, &analyser->analysis->from);
    analyser->analysis->from_addresses = (uint32_t)address_count(value, MIME_ADDRESSES_MAX);
}
static void read_sender(struct analyser *analyser, struct slice value) {
    read_address(analyser, value, &analyser->analysis->sender);
}
static void read_to(struct analyser *analyser, struct slice value) {
    read_address(analyser, value, &analyser->analysis->to);
}
static void read_cc(struct analyser *analyser, struct slice value) {
    read_address(analyser, value, &analyser->analysis->cc);
}

/* The fields of which the first counts. */
static const struct reader {
    struct slice name;
    void (*read)(struct analyser *analyser, struct slice value);
} readers[] = {
    {SLICE_INIT("Subject"), read_subject},
    {SLICE_INIT("Date"), read_date},
    {SLICE_INIT("Message-ID"), read_message_id},
    {SLICE_INIT("From"), read_from},
    {SLICE_INIT("In-Reply-To"), read_in_reply_to},
    {SLICE_INIT("Sender"), read_sender},
    {SLICE_INIT("References"), read_references},
    {SLICE_INIT("To"), read_to},
    {SLICE_INIT("Cc"), read_cc},
};
enum { READERS = sizeof readers / sizeof readers[0] };

static void count_field(struct analyser *analyser, const struct header_field *field, size_t *delivered) {
    struct analysis *a = analyser->analysis;
    a->received_count += slice_equal_nocase(field->name, SLICE("Received"));
    a->waives_tls |= slice_equal_nocase(field->name, SLICE("TLS-Required")) &&
                     slice_equal_nocase(slice_trim(field->value), SLICE("No"));
    a->from_fields += slice_equal_nocase(field->name, SLICE("From"));
    if (*delivered < ANALYSIS_DELIVERED_TO_MAX && slice_equal_nocase(field->name, SLICE("Delivered-To")))
        analyser->delivered_to[(*delivered)++] = slice_sub(field->value, 0, ANALYSIS_TEXT_BYTES_MAX);
}

/* Those of one field, behind those of others. */
static void add_addressees(struct analyser *analyser, struct slice value) {
    struct analysis_list *list = &analyser->analysis->addressees;
    struct address_reader reader = address_reader_new(value);
    struct address address;
    while (list->count < ANALYSIS_ADDRESSEES_MAX && address_next(&reader, &address)) {
        if (address.kind != ADDRESS_MAILBOX || address.local.len == 0 || address.domain.len == 0) continue;
        struct buffer text = buffer_new(ANALYSIS_TEXT_BYTES_MAX);
        buffer_printf(&text, "%.*s@%.*s", SLICE_PRINT(address.local), SLICE_PRINT(address.domain));
        if (!buffer_overflowed(&text)) keep(analyser, buffer_slice(&text), &list->items[list->count]);
        if (list->items[list->count].len) list->count++;
        buffer_free(&text);
    }
    address_reader_free(&reader);
}

static bool is_addressees(struct slice name) {
    return slice_equal_nocase(name, SLICE("To")) || slice_equal_nocase(name, SLICE("Cc")) ||
           slice_equal_nocase(name, SLICE("Bcc"));
}

static void read_header(struct analyser *analyser, struct slice header) {
    struct header_field field;
    bool seen[READERS] = {false};
    size_t delivered = 0;
    while (header_next(&header, &field)) {
        count_field(analyser, &field, &delivered);
        if (analyser->wants_addressees && is_addressees(field.name)) add_addressees(analyser, field.value);
        for (size_t i = 0; i < READERS; i++) {
            if (seen[i] || !slice_equal_nocase(field.name, readers[i].name)) continue;
            seen[i] = true;
            readers[i].read(analyser, field.value);
        }
    }
    keep_list(analyser, analyser->delivered_to, delivered, &analyser->analysis->delivered_to);
}

/* One line of UTF-8: blanks collapsed, controls gone, quoted lines left out. */
static void flatten(struct slice text, bool quotes, struct buffer *out) {
    while (text.len && !buffer_overflowed(out)) {
        struct slice line = slice_trim(slice_take_until(&text, '\n'));
        text = slice_skip(text, 1);
        if (quotes && line.len && line.ptr[0] == '>') continue;
        if (line.len && out->len) buffer_append_byte(out, ' ');
        for (size_t i = 0; i < line.len && out->len < out->max_bytes; i++) {
            uint8_t c = line.ptr[i];
            bool blank = c <= ' ' || c == 0x7f;
            if (blank && out->len && out->ptr[out->len - 1] == ' ') continue;
            buffer_append_byte(out, blank ? ' ' : c);
        }
        out->overflowed = out->len >= out->max_bytes;
    }
}

static void end_preview(struct analyser *analyser) {
    const struct mime_part *part = analyser->preview_part;
    struct buffer *source = &analyser->preview_source;
    part_text_finish(analyser->preview_text, source);
    part_text_free(&analyser->preview_text);
    struct buffer plain = buffer_new(ANALYSIS_PREVIEW_SOURCE_BYTES_MAX);
    bool html = mime_part_is(part, "text", "html");
    if (html) html_text_append(&plain, buffer_slice(source));
    struct buffer line = buffer_new(ANALYSIS_PREVIEW_BYTES + 4);
    flatten(html ? buffer_slice(&plain) : buffer_slice(source), !html, &line);
    keep(analyser, slice_trim(utf8_cut(buffer_slice(&line), ANALYSIS_PREVIEW_BYTES)),
         &analyser->analysis->preview);
    buffer_free(&plain);
    buffer_free(&line);
    analyser->preview_part = NULL;
    buffer_free(source);
}

static void on_header(void *context, const struct mime_part *part, struct slice header) {
    struct analyser *analyser = context;
    if (analyser->classifier) classifier_header(analyser->classifier, part, header);
    if (!part->parent) {
        read_header(analyser, header);
        analyser->analysis->kind = kind_of_header(part, header);
    }
    if (analyser->preview_part) end_preview(analyser);
    if (analyser->analysis->preview.len || !part_text_wanted(part)) return;
    analyser->preview_part = part;
    analyser->preview_text = part_text_new(part);
}

static void on_body(void *context, const struct mime_part *part, struct slice bytes) {
    struct analyser *analyser = context;
    if (analyser->classifier) classifier_body(analyser->classifier, part, bytes);
    if (part == analyser->preview_part)
        part_text_feed(analyser->preview_text, bytes, &analyser->preview_source);
}

struct analyser *analysis_new(struct arena *arena) {
    struct analyser *analyser = calloc(1, sizeof *analyser);
    if (!analyser) FATAL("out of memory for an analysis");
    analyser->arena = arena;
    analyser->analysis = ARENA_NEW(arena, struct analysis);
    analyser->preview_source = buffer_new(ANALYSIS_PREVIEW_SOURCE_BYTES_MAX);
    analyser->tree = arena_new(ANALYSIS_TREE_BYTES_MAX);
    analyser->parser = mime_parser_new(analyser->tree, (struct mime_events){analyser, on_header, on_body});
    return analyser;
}

void analysis_addressees(struct analyser *analyser) {
    analyser->analysis->addressees.items =
        ARENA_NEW_ARRAY(analyser->arena, struct slice, ANALYSIS_ADDRESSEES_MAX);
    analyser->wants_addressees = true;
}

void analysis_classify(struct analyser *analyser) { analyser->classifier = classifier_new(analyser->arena); }

void analysis_free(struct analyser **analyser) {
    if (!*analyser) return;
    classifier_free(&(*analyser)->classifier);
    mime_parser_free(&(*analyser)->parser);
    arena_free(&(*analyser)->tree);
    part_text_free(&(*analyser)->preview_text);
    buffer_free(&(*analyser)->preview_source);
    free(*analyser);
    *analyser = NULL;
}

void analysis_feed(struct analyser *analyser, struct slice chunk) {
    analyser->analysis->size += chunk.len;
    if (analyser->classifier) classifier_feed(analyser->classifier, chunk);
    mime_parser_feed(analyser->parser, chunk);
}

/* Signatures and the pictures of an HTML text are no attachments to a person. */
static bool is_attachment(const struct mime_part *part) {
    if (part->kind == MIME_MULTIPART || !part->parent) return false;
    if (slice_equal_nocase(part->disposition.type, SLICE("attachment"))) return true;
    struct slice name;
    bool named = parameter_find(&part->disposition.parameters, SLICE("filename"), &name) ||
                 parameter_find(&part->media.parameters, SLICE("name"), &name);
    if (mime_part_is_type(part, "text") || slice_equal_nocase(part->disposition.type, SLICE("inline")))
        return named && !part->id.len;
    if (mime_part_is(part->parent, "multipart", "related") && part->id.len) return false;
    if (mime_part_is(part->parent, "multipart", "signed") ||
        mime_part_is(part->parent, "multipart", "report"))
        return false;
    return part->parent->kind != MIME_MESSAGE;
}

static bool has_attachment(const struct mime_part *root) {
    for (const struct mime_part *part = root; part; part = mime_part_next(root, part))
        if (is_attachment(part)) return true;
    return false;
}

static void keep_structure(struct analyser *analyser, const struct mime_part *root) {
    struct buffer bytes = buffer_new(ANALYSIS_STRUCTURE_BYTES_MAX);
    structure_encode(&bytes, root);
    if (!buffer_overflowed(&bytes)) keep(analyser, buffer_slice(&bytes), &analyser->analysis->structure);
    buffer_free(&bytes);
}

/* The root without its parts and fields: where the bytes are, and nothing more. */
static struct mime_part bare_root(const struct mime_part *root) {
    struct mime_part bare = {
        .header_len = root->header_len,
        .body_offset = root->body_offset,
        .body_len = root->body_len,
        .body_lines = root->body_lines,
        .media = {.type = SLICE_INIT("application"), .subtype = SLICE_INIT("octet-stream")}};
    return bare;
}

const struct analysis *analysis_finish(struct analyser *analyser) {
    struct analysis *a = analyser->analysis;
    a->root = mime_parser_finish(analyser->parser);
    if (analyser->preview_part) end_preview(analyser);
    keep(analyser, a->root->envelope, &a->envelope);
    if (a->envelope.len == 0) a->envelope = imap_envelope_empty();
    a->kind = kind_of_structure(a->root, a->kind);
    a->has_attachment = has_attachment(a->root);
    if (analyser->classifier) a->classification = classifier_finish(analyser->classifier);
    keep_structure(analyser, a->root);
    if (a->structure.len == 0) {
        struct mime_part bare = bare_root(a->root);
        keep_structure(analyser, &bare);
    }
    return a;
}
