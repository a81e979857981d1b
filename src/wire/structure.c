#include "wire/structure.h"

#include "base/limits.h"

/*
 * The bytes: a version, then the parts in document order. A part is: kind, number of children,
 * header length, body length, body lines, the distance of its header and body from its parent's
 * body, a mask of the fields that follow, and those fields. Numbers are LEB128.
 */
enum { STRUCTURE_VERSION = 1, LENGTH_MAX_BITS = 56 };

enum { HAS_DISPOSITION = 1u << 7 };

/* The plain fields, by the bit that says they are there. */
static const size_t plain_fields[] = {
    offsetof(struct mime_part, encoding),    offsetof(struct mime_part, id),
    offsetof(struct mime_part, description), offsetof(struct mime_part, md5),
    offsetof(struct mime_part, language),    offsetof(struct mime_part, location),
    offsetof(struct mime_part, envelope),
};
enum { PLAIN_FIELDS = sizeof plain_fields / sizeof plain_fields[0] };

static struct slice *plain_field(struct mime_part *part, size_t i) {
    return (struct slice *)(void *)((char *)part + plain_fields[i]);
}

static const struct slice *plain_field_const(const struct mime_part *part, size_t i) {
    return (const struct slice *)(const void *)((const char *)part + plain_fields[i]);
}

static void put_number(struct buffer *out, uint64_t number) {
    for (; number >= 0x80; number >>= 7) buffer_append_byte(out, (uint8_t)(number | 0x80));
    buffer_append_byte(out, (uint8_t)number);
}

static void put_text(struct buffer *out, struct slice text) {
    put_number(out, text.len);
    buffer_append(out, text);
}

static void put_media(struct buffer *out, const struct media *media) {
    put_text(out, media->type);
    put_text(out, media->subtype);
    put_number(out, media->parameters.count);
    for (size_t i = 0; i < media->parameters.count; i++) {
        put_text(out, media->parameters.items[i].name);
        put_text(out, media->parameters.items[i].value);
    }
}

static void put_part(struct buffer *out, const struct mime_part *part) {
    size_t children = 0;
    for (const struct mime_part *child = part->first_child; child; child = child->next) children++;
    put_number(out, part->kind);
    put_number(out, children);
    put_number(out, part->header_offset - (part->parent ? part->parent->body_offset : 0));
    put_number(out, part->header_len);
    put_number(out, part->body_offset - part->header_offset);
    put_number(out, part->body_len);
    put_number(out, part->body_lines);
    uint64_t mask = part->disposition.type.len ? HAS_DISPOSITION : 0;
    for (size_t i = 0; i < PLAIN_FIELDS; i++)
        if (plain_field_const(part, i)->ptr) mask |= 1u << i;
    put_number(out, mask);
    put_media(out, &part->media);
    if (mask & HAS_DISPOSITION) put_media(out, &part->disposition);
    for (size_t i = 0; i < PLAIN_FIELDS; i++)
        if (mask & 1u << i) put_text(out, *plain_field_const(part, i));
}

void structure_encode(struct buffer *out, const struct mime_part *root) {
    buffer_append_byte(out, STRUCTURE_VERSION);
    for (const struct mime_part *part = root; part; part = mime_part_next(root, part)) put_part(out, part);
}

struct decoder {
    struct arena *arena;
    struct slice rest;
    enum structure_result result;
};

static uint64_t fail(struct decoder *decoder, enum structure_result result) {
    if (decoder->result == STRUCTURE_OK) decoder->result = result;
    decoder->rest = SLICE_EMPTY;
    return 0;
}

/* A number of at most `max`. */
static uint64_t get_number(struct decoder *decoder, uint64_t max) {
    uint64_t number = 0;
    for (unsigned shift = 0; shift < LENGTH_MAX_BITS && decoder->rest.len; shift += 7) {
        uint8_t byte = slice_take(&decoder->rest, 1).ptr[0];
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return number <= max ? number : fail(decoder, STRUCTURE_CORRUPT);
    }
    return fail(decoder, STRUCTURE_CORRUPT);
}

/* A length or an offset: small enough that two of them add up. */
static uint64_t get_extent(struct decoder *decoder) {
    return get_number(decoder, (UINT64_C(1) << LENGTH_MAX_BITS) - 1);
}

static struct slice get_text(struct decoder *decoder) {
    size_t len = get_number(decoder, decoder->rest.len);
    if (len > decoder->rest.len) len = fail(decoder, STRUCTURE_CORRUPT);
    struct slice text = slice_take(&decoder->rest, len);
    return text.ptr ? text : SLICE("");
}

static void get_media(struct decoder *decoder, struct media *media) {
    media->type = get_text(decoder);
    media->subtype = get_text(decoder);
    size_t count = get_number(decoder, MIME_PARAMETERS_MAX);
    if (media->type.len == 0) fail(decoder, STRUCTURE_CORRUPT);
    if (count == 0) return;
    struct parameter *items = arena_try_alloc(decoder->arena, count * sizeof *items);
    if (!items) {
        fail(decoder, STRUCTURE_OVER_BUDGET);
        return;
    }
    media->parameters = (struct parameter_list){items, count};
    for (size_t i = 0; i < count && decoder->result == STRUCTURE_OK; i++) {
        items[i].name = get_text(decoder);
        items[i].value = get_text(decoder);
    }
}

static void get_fields(struct decoder *decoder, struct mime_part *part) {
    uint64_t mask = get_number(decoder, HAS_DISPOSITION | ((1u << PLAIN_FIELDS) - 1));
    get_media(decoder, &part->media);
    if (part->media.subtype.len == 0) fail(decoder, STRUCTURE_CORRUPT);
    if (mask & HAS_DISPOSITION) get_media(decoder, &part->disposition);
    for (size_t i = 0; i < PLAIN_FIELDS; i++)
        if (mask & 1u << i) *plain_field(part, i) = get_text(decoder);
}

/* Inside of its parent's body, and header before body. */
static bool extent_fits(const struct mime_part *part) {
    uint64_t header_end = part->header_offset + part->header_len;
    uint64_t body_end = part->body_offset + part->body_len;
    if (header_end > part->body_offset || part->body_lines > part->body_len) return false;
    const struct mime_part *parent = part->parent;
    return !parent || body_end <= parent->body_offset + parent->body_len;
}

/* Children a kind may have: a leaf none, an embedded message one. */
static uint64_t get_children(struct decoder *decoder, enum mime_kind kind) {
    uint64_t children = get_number(decoder, MIME_PARTS_MAX);
    bool fits = kind == MIME_MULTIPART || children == (kind == MIME_MESSAGE);
    return fits ? children : fail(decoder, STRUCTURE_CORRUPT);
}

static struct mime_part *get_part(struct decoder *decoder, struct mime_part *parent, uint64_t *children) {
    struct mime_part *part = arena_try_alloc(decoder->arena, sizeof *part);
    if (!part) {
        fail(decoder, STRUCTURE_OVER_BUDGET);
        return NULL;
    }
    part->parent = parent;
    part->depth = parent ? parent->depth + 1 : 0;
    part->kind = (enum mime_kind)get_number(decoder, MIME_MESSAGE);
    *children = get_children(decoder, part->kind);
    part->header_offset = get_extent(decoder) + (parent ? parent->body_offset : 0);
    part->header_len = get_extent(decoder);
    part->body_offset = get_extent(decoder) + part->header_offset;
    part->body_len = get_extent(decoder);
    part->body_lines = get_extent(decoder);
    get_fields(decoder, part);
    if (!extent_fits(part)) fail(decoder, STRUCTURE_CORRUPT);
    if (*children && part->depth >= MIME_DEPTH_MAX) fail(decoder, STRUCTURE_CORRUPT);
    return part;
}

static void add_child(struct mime_part *parent, struct mime_part *part) {
    if (parent->last_child)
        parent->last_child->next = part;
    else
        parent->first_child = part;
    parent->last_child = part;
}

/* Parts come in document order; `left` has how many children each open part still lacks. */
static void get_tree(struct decoder *decoder, struct mime_part **root) {
    uint64_t left[MIME_DEPTH_MAX + 1];
    struct mime_part *part = get_part(decoder, NULL, &left[0]);
    *root = part;
    size_t parts = 1;
    while (decoder->result == STRUCTURE_OK && part) {
        if (left[part->depth] == 0) {
            part = part->parent;
            continue;
        }
        left[part->depth]--;
        if (++parts > MIME_PARTS_MAX) fail(decoder, STRUCTURE_CORRUPT);
        struct mime_part *child = get_part(decoder, part, &left[part->depth + 1]);
        if (!child) return;
        add_child(part, child);
        part = child;
    }
}

enum structure_result structure_decode(struct arena *arena, struct slice bytes, struct mime_part **root) {
    struct decoder decoder = {.arena = arena, .rest = bytes};
    if (!slice_take_byte(&decoder.rest, STRUCTURE_VERSION)) return STRUCTURE_CORRUPT;
    get_tree(&decoder, root);
    if (decoder.result == STRUCTURE_OK && decoder.rest.len) return STRUCTURE_CORRUPT;
    return decoder.result;
}

static const struct mime_part *child_at(const struct mime_part *part, uint32_t number) {
    const struct mime_part *child = part->first_child;
    while (child && --number) child = child->next;
    return child;
}

/* RFC 9051 6.4.5: numbers count a multipart's parts; what is none has a part 1, itself. */
enum structure_result structure_find(const struct mime_part *root, const uint32_t *path, size_t count,
                                     const struct mime_part **part) {
    const struct mime_part *container = root;
    *part = root;
    for (size_t i = 0; i < count; i++) {
        if (path[i] == 0 || !container) return STRUCTURE_NO_SECTION;
        bool is_multipart = container->kind == MIME_MULTIPART;
        if (is_multipart) {
            *part = child_at(container, path[i]);
            bool is_missing = !container->first_child && path[i] == 1 && i + 1 == count;
            if (!*part) return is_missing ? STRUCTURE_OK : STRUCTURE_NO_SECTION;
        } else if (path[i] == 1) {
            *part = container;
        } else {
            return STRUCTURE_NO_SECTION;
        }
        container = (*part)->kind == MIME_MULTIPART ? *part
                    : (*part)->kind == MIME_MESSAGE ? (*part)->first_child
                                                    : NULL;
    }
    return STRUCTURE_OK;
}

enum structure_result structure_locate(const struct mime_part *root, const uint32_t *path, size_t count,
                                       enum structure_section section, struct structure_range *range) {
    const struct mime_part *part = NULL;
    enum structure_result result = structure_find(root, path, count, &part);
    if (result != STRUCTURE_OK) return result;
    *range = (struct structure_range){root->body_offset + root->body_len, 0};
    bool of_message = section == STRUCTURE_HEADER || section == STRUCTURE_TEXT;
    bool is_message = count == 0 || (part && part->kind == MIME_MESSAGE);
    if (of_message && !is_message) return STRUCTURE_NO_SECTION;
    if (section == STRUCTURE_MIME && count == 0) return STRUCTURE_NO_SECTION;
    if (!part) return STRUCTURE_OK;
    const struct mime_part *message = count ? part->first_child : root;
    if (section == STRUCTURE_BODY && count == 0)
        *range = (struct structure_range){0, root->body_offset + root->body_len};
    else if (section == STRUCTURE_BODY)
        *range = (struct structure_range){part->body_offset, part->body_len};
    else if (section == STRUCTURE_MIME)
        *range = (struct structure_range){part->header_offset, part->header_len};
    else if (section == STRUCTURE_HEADER)
        *range = (struct structure_range){message->header_offset, message->header_len};
    else
        *range = (struct structure_range){message->body_offset, message->body_len};
    return STRUCTURE_OK;
}
