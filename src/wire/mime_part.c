#include "wire/mime_part.h"

#include "base/limits.h"
#include "wire/header.h"
#include "wire/imap_structure.h"

enum field {
    FIELD_TYPE,
    FIELD_ENCODING,
    FIELD_DISPOSITION,
    FIELD_LANGUAGE,
    FIELD_LOCATION,
    FIELD_MD5,
    FIELD_ID,
    FIELD_DESCRIPTION,
    FIELDS
};

static const struct slice field_names[FIELDS] = {
    [FIELD_TYPE] = SLICE_INIT("Content-Type"),
    [FIELD_ENCODING] = SLICE_INIT("Content-Transfer-Encoding"),
    [FIELD_DISPOSITION] = SLICE_INIT("Content-Disposition"),
    [FIELD_LANGUAGE] = SLICE_INIT("Content-Language"),
    [FIELD_LOCATION] = SLICE_INIT("Content-Location"),
    [FIELD_MD5] = SLICE_INIT("Content-MD5"),
    [FIELD_ID] = SLICE_INIT("Content-ID"),
    [FIELD_DESCRIPTION] = SLICE_INIT("Content-Description"),
};

static struct media media_of(struct slice type, struct slice subtype) {
    return (struct media){.type = type, .subtype = subtype};
}

/* The first of each field counts. */
static void collect_fields(struct slice header, struct slice values[FIELDS]) {
    struct header_field field;
    while (header_next(&header, &field)) {
        if (!slice_starts_nocase(field.name, SLICE("content-"))) continue;
        for (size_t i = 0; i < FIELDS; i++)
            if (!values[i].ptr && slice_equal_nocase(field.name, field_names[i])) values[i] = field.value;
    }
}

/* RFC 2045 5.2, RFC 2046 5.1.5: what a part is that does not say so. */
static struct media default_media(const struct mime_part *part) {
    const struct mime_part *parent = part->parent;
    if (parent && parent->kind == MIME_MULTIPART &&
        slice_equal_nocase(parent->media.subtype, SLICE("digest")))
        return media_of(SLICE("message"), SLICE("rfc822"));
    return media_of(SLICE("text"), SLICE("plain"));
}

static void read_type(struct arena *arena, struct mime_part *part, struct slice value) {
    part->media = default_media(part);
    struct media media;
    if (!value.ptr || media_parse(arena, value, &media) == PARAMETER_INVALID) return;
    /* RFC 2045 5.2: a field without both words is as good as none. */
    if (media.type.len && media.subtype.len)
        part->media = media;
    else if (value.len)
        part->media = media_of(SLICE("text"), SLICE("plain"));
    bool usable = !mime_part_is_type(part, "multipart") || mime_part_boundary(part).len;
    if (!usable) part->media = media_of(SLICE("text"), SLICE("plain"));
}

struct slice mime_part_encoding(struct slice value) {
    header_skip_cfws(&value, NULL);
    return header_take_token(&value);
}

static void read_encoding(struct arena *arena, struct mime_part *part, struct slice value) {
    struct slice token = mime_part_encoding(value);
    if (token.len && !arena_try_copy(arena, token, &part->encoding)) part->encoding = SLICE_EMPTY;
}

static void read_text(struct arena *arena, struct slice value, struct slice *text) {
    if (!value.ptr) return;
    struct buffer flat = buffer_new(value.len + 1);
    header_unfold(&flat, value);
    if (!arena_try_copy(arena, buffer_slice(&flat), text)) *text = SLICE_EMPTY;
    buffer_free(&flat);
}

static void read_envelope(struct arena *arena, struct mime_part *part, struct slice header) {
    struct envelope envelope;
    envelope_read(header, &envelope);
    struct buffer text = buffer_new(MIME_ENVELOPE_BYTES_MAX);
    imap_envelope_render(&text, &envelope);
    if (!arena_try_copy(arena, buffer_slice(&text), &part->envelope)) part->envelope = imap_envelope_empty();
    buffer_free(&text);
}

static enum mime_kind kind_of(const struct mime_part *part) {
    if (mime_part_is_type(part, "multipart")) return MIME_MULTIPART;
    /* RFC 6532 3.7: message/global is message/rfc822 with UTF-8. */
    if (mime_part_is(part, "message", "rfc822") || mime_part_is(part, "message", "global"))
        return MIME_MESSAGE;
    return MIME_LEAF;
}

void mime_part_seal(struct mime_part *part) {
    part->kind = MIME_LEAF;
    part->media = media_of(SLICE("application"), SLICE("octet-stream"));
}

void mime_part_read(struct arena *arena, struct mime_part *part, struct slice header, bool with_envelope,
                    bool may_nest) {
    struct slice values[FIELDS] = {0};
    collect_fields(header, values);
    read_type(arena, part, values[FIELD_TYPE]);
    read_encoding(arena, part, values[FIELD_ENCODING]);
    if (values[FIELD_DISPOSITION].ptr &&
        media_parse(arena, values[FIELD_DISPOSITION], &part->disposition) == PARAMETER_INVALID)
        part->disposition = (struct media){0};
    read_text(arena, values[FIELD_LANGUAGE], &part->language);
    read_text(arena, values[FIELD_LOCATION], &part->location);
    read_text(arena, values[FIELD_MD5], &part->md5);
    read_text(arena, values[FIELD_ID], &part->id);
    read_text(arena, values[FIELD_DESCRIPTION], &part->description);
    if (with_envelope) read_envelope(arena, part, header);
    part->kind = kind_of(part);
    if (part->kind != MIME_LEAF && !may_nest) mime_part_seal(part);
}

struct slice mime_part_boundary(const struct mime_part *part) {
    struct slice boundary = SLICE_EMPTY;
    if (!parameter_find(&part->media.parameters, SLICE("boundary"), &boundary)) return SLICE_EMPTY;
    return boundary.len <= MIME_BOUNDARY_BYTES_MAX ? boundary : SLICE_EMPTY;
}

bool mime_part_is_type(const struct mime_part *part, const char *type) {
    return slice_equal_nocase(part->media.type, slice_from_text(type));
}

bool mime_part_is(const struct mime_part *part, const char *type, const char *subtype) {
    return mime_part_is_type(part, type) && slice_equal_nocase(part->media.subtype, slice_from_text(subtype));
}

bool mime_part_filename(const struct mime_part *part, struct buffer *out) {
    return parameter_decode(&part->disposition.parameters, SLICE("filename"), out) ||
           parameter_decode(&part->media.parameters, SLICE("name"), out);
}
