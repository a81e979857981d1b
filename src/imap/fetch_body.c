/*
 * Sections of messages (RFC 9051 6.4.5): BODY[...] and the RFC822 items of RFC 3501. The stored
 * structure says where a section's bytes stand, so only these are read, a frame of the body at a
 * time. The first piece is read before the literal is announced: one that cannot be read is NIL, and the
 * reply is NO (of a message that went meanwhile OK [EXPUNGEISSUED]). Where a later one cannot be read, the
 * connection ends within the literal: whatever stood for the rest, clients would keep it as mail. Of such a
 * message everything is read before it is announced again, or its clients would meet the same end each time
 * they come back, and never what lies behind it.
 */
#include "base/limits.h"
#include "imap/imap_fetch.h"
#include "wire/header.h"
#include "wire/structure.h"

static enum structure_section part_of(const struct imap_section *section) {
    if (section->kind == IMAP_SECTION_RFC822_HEADER) return STRUCTURE_HEADER;
    if (section->kind == IMAP_SECTION_RFC822_TEXT) return STRUCTURE_TEXT;
    switch (section->text) {
    case IMAP_SECTION_HEADER:
    case IMAP_SECTION_HEADER_FIELDS:
    case IMAP_SECTION_HEADER_FIELDS_NOT:
        return STRUCTURE_HEADER;
    case IMAP_SECTION_TEXT:
        return STRUCTURE_TEXT;
    case IMAP_SECTION_MIME:
        return STRUCTURE_MIME;
    default:
        return STRUCTURE_BODY;
    }
}

bool fetch_section_is_whole(const struct imap_section *section) {
    return part_of(section) == STRUCTURE_BODY && section->part_count == 0;
}

bool fetch_locate(struct fetch *fetch, const struct entry *entry, const struct imap_section *section,
                  struct body_range *range) {
    enum structure_section part = part_of(section);
    if (fetch_section_is_whole(section)) {
        *range = (struct body_range){0, entry->raw_bytes};
        return true;
    }
    struct structure_range found;
    const struct mime_part *root = fetch_structure(fetch, entry);
    if (structure_locate(root, section->part, section->part_count, part, &found) != STRUCTURE_OK)
        return false;
    if (found.offset > entry->raw_bytes || found.len > entry->raw_bytes - found.offset) return false;
    *range = (struct body_range){found.offset, found.len};
    return true;
}

/* RFC 9051 6.4.5: a partial past the end is empty. */
struct body_range fetch_partial(struct body_range range, const struct imap_section *section) {
    if (!section->has_partial) return range;
    uint64_t skip = section->partial_offset < range.len ? section->partial_offset : range.len;
    uint64_t len = range.len - skip;
    return (struct body_range){range.offset + skip,
                               len < section->partial_bytes ? len : section->partial_bytes};
}

/* RFC 9051 4.3: no NUL in a literal. Whatever way it came in, it does not go out. */
static void hide_nuls(struct buffer *out, size_t from) {
    uint8_t *at = out->ptr + from;
    while (from < out->len && (at = memchr(at, 0, (size_t)(out->ptr + out->len - at)))) *at++ = '?';
}

/* What was unpacked ahead has the whole piece. */
static bool take_ahead(struct fetch *fetch, const struct entry *entry, struct body_range piece,
                       struct buffer *out) {
    if (!fetch->ahead) return false;
    struct slice frame = body_ahead_get(fetch->ahead, (size_t)(entry - fetch->now.entries), entry->message);
    if (piece.offset > frame.len || piece.len > frame.len - piece.offset || frame.len == 0) return false;
    buffer_append(out, slice_sub(frame, (size_t)piece.offset, (size_t)piece.len));
    return true;
}

bool fetch_read(struct fetch *fetch, const struct entry *entry, struct body_range piece, struct buffer *out) {
    size_t before = out->len;
    enum store_result result = STORE_OK;
    if (!take_ahead(fetch, entry, piece, out))
        result = reader_entry_body(fetch->call->session->server->reader, entry, piece.offset, piece.len, out);
    if (result == STORE_OK && out->len - before == piece.len) return true;
    buffer_truncate(out, before);
    if (result == STORE_NOT_FOUND)
        fetch->is_missed = true;
    else
        fetch->is_damaged = true;
    return false;
}

static bool read_piece(struct fetch *fetch, const struct entry *entry, struct body_range piece,
                       struct buffer *out) {
    size_t before = out->len;
    if (!fetch_read(fetch, entry, piece, out)) return false;
    hide_nuls(out, before);
    return true;
}

/* So that no frame is unpacked twice. */
struct body_range fetch_first_piece(struct body_range range) {
    uint64_t in_frame = BODY_FRAME_BYTES - range.offset % BODY_FRAME_BYTES;
    return (struct body_range){range.offset, range.len < in_frame ? range.len : in_frame};
}

static bool was_cut(const struct imap_server *server, uint64_t message) {
    for (size_t i = 0; i < IMAP_CUT_MESSAGES_MAX && i < server->cut_count; i++)
        if (server->cut[i] == message) return true;
    return false;
}

static void remember_cut(struct imap_server *server, uint64_t message) {
    if (!was_cut(server, message)) server->cut[server->cut_count++ % IMAP_CUT_MESSAGES_MAX] = message;
}

void fetch_hang_up(struct fetch *fetch, const struct entry *entry) {
    struct imap_session *session = fetch->call->session;
    if (fetch->is_damaged) remember_cut(session->server, entry->message);
    LOG_INFO(session->server->env->log, "imap.cut", LOG_ID("session", session->id),
             LOG_ID("message", entry->message));
    conn_close(&session->conn);
}

static bool stream_rest(struct task *t, struct fetch *fetch, const struct entry *entry,
                        struct body_range range) {
    struct imap_session *session = fetch->call->session;
    while (range.len) {
        if (!imap_relieve(t, session)) return false;
        struct body_range piece = fetch_first_piece(range);
        if (!read_piece(fetch, entry, piece, fetch->call->out)) {
            fetch_hang_up(fetch, entry);
            return false;
        }
        range.offset += piece.len;
        range.len -= piece.len;
    }
    return true;
}

static void write_literal(struct buffer *out, struct slice bytes) {
    buffer_append_byte(out, '{');
    buffer_append_number(out, bytes.len);
    buffer_append_text(out, "}\r\n");
    buffer_append(out, bytes);
}

/* Others have their turn meanwhile. False: it cannot be read, or the task is to end. */
static bool is_readable(struct task *t, struct fetch *fetch, const struct entry *entry,
                        struct body_range range) {
    struct buffer bytes = buffer_new(BODY_FRAME_BYTES);
    bool is_good = true;
    while (is_good && range.len) {
        struct body_range piece = fetch_first_piece(range);
        buffer_clear(&bytes);
        is_good = fetch_read(fetch, entry, piece, &bytes) && task_yield(t) != WAIT_CANCELLED;
        range.offset += piece.len;
        range.len -= piece.len;
    }
    buffer_free(&bytes);
    return is_good;
}

static bool write_range(struct task *t, struct fetch *fetch, const struct entry *entry,
                        struct body_range range) {
    struct buffer *out = fetch->call->out;
    if (range.len == 0) {
        buffer_append_text(out, "\"\"");
        return true;
    }
    if (was_cut(fetch->call->session->server, entry->message) && !is_readable(t, fetch, entry, range)) {
        buffer_append_text(out, "NIL");
        return !task_is_cancelled(t);
    }
    size_t before = out->len;
    struct body_range piece = fetch_first_piece(range);
    buffer_append_byte(out, '{');
    buffer_append_number(out, range.len);
    buffer_append_text(out, "}\r\n");
    if (!read_piece(fetch, entry, piece, out)) {
        buffer_truncate(out, before);
        buffer_append_text(out, "NIL");
        return true;
    }
    return stream_rest(t, fetch, entry, (struct body_range){range.offset + piece.len, range.len - piece.len});
}

static bool is_named(const struct imap_section *section, struct slice name) {
    for (size_t i = 0; i < section->header_count; i++)
        if (slice_equal_nocase(section->headers[i], name)) return true;
    return false;
}

/* RFC 9051 6.4.5: the fields as they stand, in their order, and the empty line. */
static void pick_fields(struct buffer *out, struct slice header, const struct imap_section *section) {
    bool wants_named = section->text == IMAP_SECTION_HEADER_FIELDS;
    struct header_field field;
    while (header_next(&header, &field)) {
        const uint8_t *end = header.ptr;
        if (is_named(section, field.name) == wants_named)
            buffer_append(out, slice_of(field.name.ptr, (size_t)(end - field.name.ptr)));
    }
    buffer_append_text(out, "\r\n");
}

static void write_fields(struct fetch *fetch, const struct entry *entry, const struct imap_section *section,
                         struct body_range range) {
    struct buffer header = buffer_new(IMAP_HEADER_BYTES_MAX + BODY_FRAME_BYTES);
    struct buffer picked = buffer_new(IMAP_HEADER_BYTES_MAX + BODY_FRAME_BYTES);
    if (range.len > IMAP_HEADER_BYTES_MAX) range.len = IMAP_HEADER_BYTES_MAX;
    if (range.len == 0 || read_piece(fetch, entry, range, &header)) {
        pick_fields(&picked, buffer_slice(&header), section);
        struct body_range shown = fetch_partial((struct body_range){0, picked.len}, section);
        write_literal(fetch->call->out, slice_sub(buffer_slice(&picked), shown.offset, shown.len));
    } else {
        buffer_append_text(fetch->call->out, "NIL");
    }
    buffer_free(&picked);
    buffer_free(&header);
}

bool fetch_section_write(struct task *t, struct fetch *fetch, const struct entry *entry,
                         const struct imap_section *section, bool is_first) {
    struct buffer *out = fetch->call->out;
    struct body_range range;
    if (!is_first) buffer_append_byte(out, ' ');
    imap_reply_section(out, section);
    buffer_append_byte(out, ' ');
    if (section->kind == IMAP_SECTION_BINARY || section->kind == IMAP_SECTION_BINARY_SIZE)
        return fetch_binary_write(t, fetch, entry, section);
    if (!fetch_locate(fetch, entry, section, &range)) {
        buffer_append_text(out, "NIL");
        return true;
    }
    if (section->header_count) {
        write_fields(fetch, entry, section, range);
        return true;
    }
    return write_range(t, fetch, entry, fetch_partial(range, section));
}
