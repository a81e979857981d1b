#include "wire/imap_structure.h"

#include "base/limits.h"
#include "wire/address.h"
#include "wire/header.h"
#include "wire/imap_string.h"
#include "wire/mime.h"

static const struct slice envelope_names[ENVELOPE_FIELDS] = {
    [ENVELOPE_DATE] = SLICE_INIT("Date"),
    [ENVELOPE_SUBJECT] = SLICE_INIT("Subject"),
    [ENVELOPE_FROM] = SLICE_INIT("From"),
    [ENVELOPE_SENDER] = SLICE_INIT("Sender"),
    [ENVELOPE_REPLY_TO] = SLICE_INIT("Reply-To"),
    [ENVELOPE_TO] = SLICE_INIT("To"),
    [ENVELOPE_CC] = SLICE_INIT("Cc"),
    [ENVELOPE_BCC] = SLICE_INIT("Bcc"),
    [ENVELOPE_IN_REPLY_TO] = SLICE_INIT("In-Reply-To"),
    [ENVELOPE_MESSAGE_ID] = SLICE_INIT("Message-ID"),
};

struct slice imap_envelope_empty(void) {
    return SLICE("(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
}

void envelope_read(struct slice header, struct envelope *envelope) {
    *envelope = (struct envelope){0};
    struct header_field field;
    while (header_next(&header, &field))
        for (size_t i = 0; i < ENVELOPE_FIELDS; i++)
            if (!envelope->fields[i].ptr && slice_equal_nocase(field.name, envelope_names[i]))
                envelope->fields[i] = field.value;
}

static void render_text(struct buffer *out, struct slice value) {
    if (!value.ptr) {
        buffer_append_text(out, "NIL");
        return;
    }
    struct buffer flat = buffer_new(value.len + 1);
    header_unfold(&flat, value);
    imap_string_render(out, buffer_slice(&flat));
    buffer_free(&flat);
}

static void render_nonempty(struct buffer *out, struct slice text) {
    imap_nstring_render(out, text.len ? text : SLICE_EMPTY);
}

/* RFC 9051 7.5.2: a group begins with its name as mailbox and ends with all NIL; elsewhere mailbox
   and host are never NIL, so that what has none of them is not taken for a group. */
static void render_address(struct buffer *out, const struct address *address) {
    buffer_append_byte(out, '(');
    if (address->kind == ADDRESS_MAILBOX) {
        render_nonempty(out, address->name);
        buffer_append_byte(out, ' ');
        render_nonempty(out, address->route);
        buffer_append_byte(out, ' ');
        imap_string_render(out, address->local);
        buffer_append_byte(out, ' ');
        imap_string_render(out, address->domain);
    } else {
        buffer_append_text(out, "NIL NIL ");
        render_nonempty(out, address->name);
        buffer_append_text(out, " NIL");
    }
    buffer_append_byte(out, ')');
}

static void render_addresses(struct buffer *out, struct slice value) {
    struct address_reader reader = address_reader_new(value);
    struct address address;
    size_t count = 0;
    bool in_group = false;
    while (!buffer_overflowed(out) && count < MIME_ADDRESSES_MAX && address_next(&reader, &address)) {
        if (count++ == 0) buffer_append_byte(out, '(');
        if (address.kind != ADDRESS_MAILBOX) in_group = address.kind == ADDRESS_GROUP_START;
        render_address(out, &address);
    }
    if (in_group) render_address(out, &(struct address){.kind = ADDRESS_GROUP_END});
    buffer_append_text(out, count ? ")" : "NIL");
    address_reader_free(&reader);
}

static bool names_someone(struct slice value) {
    struct address_reader reader = address_reader_new(value);
    struct address address;
    bool found = address_next(&reader, &address);
    address_reader_free(&reader);
    return found;
}

static void render_envelope(struct buffer *out, const struct envelope *envelope, bool with_addresses) {
    buffer_append_byte(out, '(');
    for (size_t i = 0; i < ENVELOPE_FIELDS; i++) {
        if (i) buffer_append_byte(out, ' ');
        struct slice value = envelope->fields[i];
        if (i < ENVELOPE_FROM || i > ENVELOPE_BCC) {
            render_text(out, value);
            continue;
        }
        /* RFC 9051 7.5.2: where Sender or Reply-To is absent or empty, From stands for it. */
        bool falls_back = i == ENVELOPE_SENDER || i == ENVELOPE_REPLY_TO;
        if (falls_back && !names_someone(value)) value = envelope->fields[ENVELOPE_FROM];
        if (with_addresses)
            render_addresses(out, value);
        else
            buffer_append_text(out, "NIL");
    }
    buffer_append_byte(out, ')');
}

void imap_envelope_render(struct buffer *out, const struct envelope *envelope) {
    size_t before = out->len;
    bool was_overflowed = out->overflowed;
    for (int with_addresses = 1; with_addresses >= 0; with_addresses--) {
        render_envelope(out, envelope, with_addresses);
        if (!buffer_overflowed(out)) return;
        buffer_truncate(out, before);
        out->overflowed = was_overflowed;
    }
    buffer_append(out, imap_envelope_empty());
}

/* RFC 9051 body-fld-param: pairs, or NIL where there are none. */
static void render_parameters(struct buffer *out, const struct parameter_list *list, bool needs_charset) {
    struct slice charset;
    needs_charset = needs_charset && !parameter_find(list, SLICE("charset"), &charset);
    if (list->count == 0 && !needs_charset) {
        buffer_append_text(out, "NIL");
        return;
    }
    buffer_append_byte(out, '(');
    for (size_t i = 0; i < list->count; i++) {
        if (i) buffer_append_byte(out, ' ');
        imap_string_render(out, list->items[i].name);
        buffer_append_byte(out, ' ');
        imap_string_render(out, list->items[i].value);
    }
    /* RFC 2045 5.2 */
    if (needs_charset) buffer_append_text(out, list->count ? " " : "");
    if (needs_charset) buffer_append_text(out, "\"charset\" \"us-ascii\"");
    buffer_append_byte(out, ')');
}

static void render_disposition(struct buffer *out, const struct media *disposition) {
    if (disposition->type.len == 0) {
        buffer_append_text(out, "NIL");
        return;
    }
    buffer_append_byte(out, '(');
    imap_string_render(out, disposition->type);
    buffer_append_byte(out, ' ');
    render_parameters(out, &disposition->parameters, false);
    buffer_append_byte(out, ')');
}

/* RFC 9051 body-fld-lang: NIL, one tag, or a list of them. */
static void render_language(struct buffer *out, struct slice value) {
    size_t count = 0;
    bool is_list = slice_find_byte(value, ',') != SLICE_NOT_FOUND;
    for (header_skip_cfws(&value, NULL); value.len; header_skip_cfws(&value, NULL)) {
        struct slice tag = header_take_token(&value);
        if (tag.len) {
            buffer_append_text(out, count ? " " : is_list ? "(" : "");
            imap_string_render(out, tag);
            count++;
        }
        (void)slice_take_until(&value, ',');
        (void)slice_take_byte(&value, ',');
    }
    buffer_append_text(out, count == 0 ? "NIL" : is_list ? ")" : "");
}

/* RFC 9051 body-ext-1part and body-ext-mpart, behind their first member. */
static void render_extension(struct buffer *out, const struct mime_part *part) {
    buffer_append_byte(out, ' ');
    render_disposition(out, &part->disposition);
    buffer_append_byte(out, ' ');
    render_language(out, part->language);
    buffer_append_byte(out, ' ');
    imap_nstring_render(out, part->location);
}

/* RFC 9051 body-fields, media type included. */
static void render_fields(struct buffer *out, const struct mime_part *part) {
    imap_string_render(out, part->media.type);
    buffer_append_byte(out, ' ');
    imap_string_render(out, part->media.subtype);
    buffer_append_byte(out, ' ');
    render_parameters(out, &part->media.parameters, mime_part_is_type(part, "text"));
    buffer_append_byte(out, ' ');
    imap_nstring_render(out, part->id);
    buffer_append_byte(out, ' ');
    imap_nstring_render(out, part->description);
    buffer_append_byte(out, ' ');
    imap_string_render(out, part->encoding.len ? part->encoding : SLICE("7BIT"));
    buffer_append_byte(out, ' ');
    buffer_append_number(out, part->body_len);
}

/* RFC 9051 body-type-mpart has one part at least: an empty text where the message has none. */
static void render_missing_part(struct buffer *out, bool extensible) {
    static const struct mime_part missing = {
        .media = {.type = SLICE_INIT("text"), .subtype = SLICE_INIT("plain")}};
    buffer_append_byte(out, '(');
    render_fields(out, &missing);
    buffer_append_text(out, extensible ? " 0 NIL NIL NIL NIL)" : " 0)");
}

/* What stands before the part's children. */
static void render_opening(struct buffer *out, const struct mime_part *part, bool extensible) {
    buffer_append_byte(out, '(');
    if (part->kind == MIME_MULTIPART) {
        if (!part->first_child) render_missing_part(out, extensible);
        return;
    }
    render_fields(out, part);
    if (part->kind != MIME_MESSAGE) return;
    buffer_append_byte(out, ' ');
    struct slice envelope = part->first_child->envelope;
    buffer_append(out, envelope.len ? envelope : imap_envelope_empty());
    buffer_append_byte(out, ' ');
}

/* What stands behind them. */
static void render_closing(struct buffer *out, const struct mime_part *part, bool extensible) {
    if (part->kind == MIME_MULTIPART) {
        buffer_append_byte(out, ' ');
        imap_string_render(out, part->media.subtype);
        if (extensible) {
            buffer_append_byte(out, ' ');
            render_parameters(out, &part->media.parameters, false);
            render_extension(out, part);
        }
    } else {
        bool has_lines = part->kind == MIME_MESSAGE || mime_part_is_type(part, "text");
        if (has_lines) buffer_append_byte(out, ' ');
        if (has_lines) buffer_append_number(out, part->body_lines);
        if (extensible) {
            buffer_append_byte(out, ' ');
            imap_nstring_render(out, part->md5);
            render_extension(out, part);
        }
    }
    buffer_append_byte(out, ')');
}

void imap_bodystructure_render(struct buffer *out, const struct mime_part *root, bool extensible) {
    const struct mime_part *part = root;
    for (;;) {
        render_opening(out, part, extensible);
        if (part->first_child) {
            part = part->first_child;
            continue;
        }
        render_closing(out, part, extensible);
        while (part != root && !part->next) {
            part = part->parent;
            render_closing(out, part, extensible);
        }
        if (part == root || buffer_overflowed(out)) return;
        part = part->next;
    }
}
