/*
 * Looking for text in a message (RFC 9051 6.4.4): decoded to UTF-8, case folded, as a substring.
 * Addresses and the subject come from the ENVELOPE that was rendered at delivery, which is read
 * back here; other fields from the message's header; BODY and TEXT from all its texts, of which
 * the first IMAP_SEARCH_BODY_BYTES_MAX bytes of the message are looked at.
 */
#include <unicode/ucasemap.h>

#include "analyse/analysis.h"
#include "base/limits.h"
#include "imap/imap_search.h"
#include "wire/encoded_word.h"
#include "wire/header.h"
#include "wire/structure.h"

static void fold_ascii(struct buffer *out, struct slice text) {
    uint8_t *room = buffer_reserve(out, text.len);
    if (!room) return;
    for (size_t i = 0; i < text.len; i++) room[i] = ascii_lower(text.ptr[i]);
    buffer_grew(out, text.len);
}

static bool is_ascii(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] >= 0x80) return false;
    return true;
}

/* A character folds to at most three. */
void search_fold(struct buffer *out, struct slice utf8) {
    if (is_ascii(utf8) || utf8.len > INT32_MAX / 3) {
        fold_ascii(out, utf8);
        return;
    }
    UErrorCode error = U_ZERO_ERROR;
    size_t before = out->len;
    uint8_t *room = buffer_reserve(out, utf8.len * 3);
    UCaseMap *map = room ? ucasemap_open("", U_FOLD_CASE_DEFAULT, &error) : NULL;
    int32_t len = 0;
    if (map && U_SUCCESS(error))
        len = ucasemap_utf8FoldCase(map, (char *)room, (int32_t)(utf8.len * 3), (const char *)utf8.ptr,
                                    (int32_t)utf8.len, &error);
    if (map && U_SUCCESS(error)) buffer_grew(out, (size_t)len);
    if (map) ucasemap_close(map);
    if (out->len == before) fold_ascii(out, utf8);
}

void search_text_begin(struct search *search, const struct entry *entry) {
    if (search->body.max_bytes == 0) {
        search->body = buffer_new(IMAP_SEARCH_BODY_BYTES_MAX + BODY_FRAME_BYTES);
        search->header_text = buffer_new(IMAP_HEADER_BYTES_MAX);
        search->body_text = buffer_new(3 * (size_t)IMAP_SEARCH_BODY_BYTES_MAX);
        search->scratch = buffer_new(IMAP_SEARCH_BODY_BYTES_MAX);
        search->folded = buffer_new(3 * (size_t)IMAP_SEARCH_BODY_BYTES_MAX);
    }
    search->entry = entry;
    search->has_body = search->has_header_text = search->has_body_text = false;
}

void search_text_free(struct search *search) {
    buffer_free(&search->body);
    buffer_free(&search->header_text);
    buffer_free(&search->body_text);
    buffer_free(&search->scratch);
    buffer_free(&search->folded);
}

/* Whether the UTF-8 text in `scratch` has the folded needle. */
static bool scratch_has(struct search *search, struct slice needle) {
    buffer_clear(&search->folded);
    search_fold(&search->folded, buffer_slice(&search->scratch));
    return slice_find(buffer_slice(&search->folded), needle) != SLICE_NOT_FOUND;
}

/* ---- ENVELOPE ---- */

/* {n} CRLF and n bytes. */
static struct slice take_literal(struct slice *rest) {
    uint64_t len = 0;
    bool is_literal = slice_take_byte(rest, '{') && slice_take_number(rest, UINT32_MAX, &len) &&
                      slice_take_prefix(rest, SLICE("}\r\n"));
    return is_literal ? slice_take(rest, len) : SLICE_EMPTY;
}

static void take_quoted(struct slice *rest, struct buffer *out) {
    (void)slice_take_byte(rest, '"');
    while (rest->len && rest->ptr[0] != '"') {
        (void)slice_take_byte(rest, '\\');
        buffer_append(out, slice_take(rest, 1));
    }
    (void)slice_take_byte(rest, '"');
}

/* One nstring off the front, appended as it stands in the header. */
static void take_string(struct slice *rest, struct buffer *out) {
    if (rest->len && rest->ptr[0] == '"')
        take_quoted(rest, out);
    else if (rest->len && rest->ptr[0] == '{')
        buffer_append(out, take_literal(rest));
    else
        (void)slice_take_prefix(rest, SLICE("NIL"));
    (void)slice_take_byte(rest, ' ');
}

/* (name route mailbox host): as "name <mailbox@host>". */
static void take_address(struct slice *rest, struct buffer *out, struct buffer *spare) {
    static const char *const before[] = {"", NULL, " <", "@"};
    (void)slice_take_byte(rest, '(');
    for (size_t i = 0; i < 4; i++) {
        buffer_clear(spare);
        take_string(rest, spare);
        if (!before[i]) continue;
        buffer_append_text(out, before[i]);
        encoded_word_decode(out, buffer_slice(spare));
    }
    buffer_append_text(out, ">\n");
    (void)slice_take_byte(rest, ')');
}

static void take_addresses(struct slice *rest, struct buffer *out, struct buffer *spare) {
    if (slice_take_byte(rest, '(')) {
        while (rest->len && rest->ptr[0] == '(') take_address(rest, out, spare);
        (void)slice_take_byte(rest, ')');
    } else {
        (void)slice_take_prefix(rest, SLICE("NIL"));
    }
    (void)slice_take_byte(rest, ' ');
}

static bool is_address_field(enum envelope_field field) {
    return field >= ENVELOPE_FROM && field <= ENVELOPE_BCC;
}

/* Reads up to and with the field; each field overwrites the one before. */
struct slice search_envelope_text(struct search *search, enum envelope_field field) {
    struct slice rest = search->entry->envelope;
    struct buffer *spare = &search->folded;
    (void)slice_take_byte(&rest, '(');
    for (int i = 0; i <= (int)field; i++) {
        buffer_clear(&search->scratch);
        buffer_clear(spare);
        if (is_address_field((enum envelope_field)i)) {
            take_addresses(&rest, &search->scratch, spare);
        } else {
            take_string(&rest, spare);
            encoded_word_decode(&search->scratch, buffer_slice(spare));
        }
    }
    return buffer_slice(&search->scratch);
}

bool search_in_envelope(struct search *search, enum envelope_field field, struct slice needle) {
    (void)search_envelope_text(search, field);
    return scratch_has(search, needle);
}

/* ---- the message ---- */

static bool read_body(struct search *search, uint64_t len) {
    buffer_clear(&search->body);
    enum store_result result =
        reader_body(search->call->session->server->reader, search->entry->body, 0, len, &search->body);
    search->work_bytes += search->body.len;
    /* One that went meanwhile is no hit, and no damage. */
    if (result != STORE_OK && result != STORE_NOT_FOUND) search->is_damaged = true;
    return result == STORE_OK;
}

/* The message's header, into `body`: it ends at the first empty line. */
static struct slice header_of(struct search *search) {
    if (!search->has_body && !read_body(search, BODY_FRAME_BYTES)) return SLICE_EMPTY;
    struct slice head = buffer_slice(&search->body);
    size_t end = slice_find(head, SLICE("\r\n\r\n"));
    bool is_cut = end == SLICE_NOT_FOUND && head.len == BODY_FRAME_BYTES;
    if (is_cut && !search->has_body && read_body(search, IMAP_HEADER_BYTES_MAX)) {
        head = buffer_slice(&search->body);
        end = slice_find(head, SLICE("\r\n\r\n"));
    }
    return end == SLICE_NOT_FOUND ? head : slice_sub(head, 0, end + 2);
}

bool search_in_header(struct search *search, struct slice name, struct slice needle) {
    struct slice header = header_of(search);
    struct header_field field;
    while (header_next(&header, &field)) {
        if (!slice_equal_nocase(field.name, name)) continue;
        if (needle.len == 0) return true;
        buffer_clear(&search->scratch);
        encoded_word_decode_field(&search->scratch, field.value);
        if (scratch_has(search, needle)) return true;
    }
    return false;
}

static void make_text(struct search *search, unsigned what, struct buffer *out) {
    buffer_clear(out);
    buffer_clear(&search->scratch);
    if (!search->has_body) search->has_body = read_body(search, IMAP_SEARCH_BODY_BYTES_MAX);
    if (!search->has_body) return;
    struct arena *arena = arena_new(IMAP_WORK_BYTES_MAX);
    analysis_search_text(arena, buffer_slice(&search->body), what, &search->scratch);
    arena_free(&arena);
    search_fold(out, buffer_slice(&search->scratch));
}

bool search_in_body(struct search *search, struct slice needle) {
    if (!search->has_body_text) make_text(search, ANALYSIS_SEARCH_BODY, &search->body_text);
    search->has_body_text = true;
    return slice_find(buffer_slice(&search->body_text), needle) != SLICE_NOT_FOUND;
}

bool search_in_all(struct search *search, struct slice needle) {
    if (search_in_body(search, needle)) return true;
    if (!search->has_header_text) make_text(search, ANALYSIS_SEARCH_HEADER, &search->header_text);
    search->has_header_text = true;
    return slice_find(buffer_slice(&search->header_text), needle) != SLICE_NOT_FOUND;
}
