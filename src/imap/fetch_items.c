/*
 * The FETCH items that stand in the database: no body is read for them (RFC 9051 7.5.2; RFC 7162
 * MODSEQ, RFC 8474 EMAILID and THREADID, RFC 8970 PREVIEW, RFC 8514 SAVEDATE).
 */
#include "base/limits.h"
#include "imap/imap_fetch.h"
#include "wire/imap_string.h"
#include "wire/imap_structure.h"
#include "wire/structure.h"

/* A message whose structure was too large to be kept, or is damaged: one opaque part. Where its header
   ends is looked up (fetch_body.c) by whoever needs it. */
static const struct mime_part *opaque(struct fetch *fetch, const struct entry *entry) {
    struct mime_part *part = ARENA_NEW(fetch->structure_arena, struct mime_part);
    struct buffer header = buffer_new(IMAP_HEADER_BYTES_MAX + BODY_FRAME_BYTES);
    part->media = (struct media){.type = SLICE("application"), .subtype = SLICE("octet-stream")};
    part->envelope = entry->envelope;
    if (reader_entry_body(fetch->call->session->server->reader, entry, 0, IMAP_HEADER_BYTES_MAX, &header) ==
        STORE_OK) {
        size_t end = slice_find(buffer_slice(&header), SLICE("\r\n\r\n"));
        part->header_len = end == SLICE_NOT_FOUND ? header.len : end + 4;
    }
    buffer_free(&header);
    part->body_offset = part->header_len;
    part->body_len = entry->raw_bytes - part->body_offset;
    return part;
}

const struct mime_part *fetch_structure(struct fetch *fetch, const struct entry *entry) {
    if (fetch->structure) return fetch->structure;
    struct mime_part *root = NULL;
    arena_reset(fetch->structure_arena);
    enum structure_result result = structure_decode(fetch->structure_arena, entry->structure, &root);
    if (result == STRUCTURE_OK) {
        fetch->structure = root;
    } else {
        arena_reset(fetch->structure_arena);
        fetch->structure = opaque(fetch, entry);
    }
    return fetch->structure;
}

static void write_uid(struct fetch *fetch, const struct entry *entry) {
    buffer_append_number(fetch->call->out, entry->uid);
}

static void write_flags(struct fetch *fetch, const struct entry *entry) {
    imap_flags_write(fetch->call->out, entry->flags, &fetch->keywords);
}

static void write_internal_date(struct fetch *fetch, const struct entry *entry) {
    imap_date_time_render(fetch->call->out, (struct imap_date_time){entry->saved_ms, 0});
}

static void write_size(struct fetch *fetch, const struct entry *entry) {
    buffer_append_number(fetch->call->out, entry->raw_bytes);
}

static void write_envelope(struct fetch *fetch, const struct entry *entry) {
    if (entry->envelope.len)
        buffer_append(fetch->call->out, entry->envelope);
    else
        buffer_append_text(fetch->call->out, "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
}

static void write_body(struct fetch *fetch, const struct entry *entry) {
    imap_bodystructure_render(fetch->call->out, fetch_structure(fetch, entry), false);
}

static void write_bodystructure(struct fetch *fetch, const struct entry *entry) {
    imap_bodystructure_render(fetch->call->out, fetch_structure(fetch, entry), true);
}

static void write_modseq(struct fetch *fetch, const struct entry *entry) {
    buffer_printf(fetch->call->out, "(%llu)", (unsigned long long)entry->modseq);
}

static void write_emailid(struct fetch *fetch, const struct entry *entry) {
    buffer_printf(fetch->call->out, "(M%016llx)", (unsigned long long)entry->message);
}

static void write_threadid(struct fetch *fetch, const struct entry *entry) {
    if (entry->thread)
        buffer_printf(fetch->call->out, "(T%016llx)", (unsigned long long)entry->thread);
    else
        buffer_append_text(fetch->call->out, "NIL");
}

static void write_preview(struct fetch *fetch, const struct entry *entry) {
    imap_string_render(fetch->call->out, entry->preview);
}

/* RFC 8514 4.3: INTERNALDATE is kept, the time of copying is not. */
static void write_savedate(struct fetch *fetch, const struct entry *entry) {
    (void)entry;
    buffer_append_text(fetch->call->out, "NIL");
}

struct item {
    enum imap_fetch_item item;
    struct slice name;
    void (*write)(struct fetch *fetch, const struct entry *entry);
};

/* UID first: some clients need it before all else. */
static const struct item items[] = {
    {IMAP_FETCH_UID, SLICE_INIT("UID "), write_uid},
    {IMAP_FETCH_FLAGS, SLICE_INIT("FLAGS "), write_flags},
    {IMAP_FETCH_MODSEQ, SLICE_INIT("MODSEQ "), write_modseq},
    {IMAP_FETCH_INTERNALDATE, SLICE_INIT("INTERNALDATE "), write_internal_date},
    {IMAP_FETCH_RFC822_SIZE, SLICE_INIT("RFC822.SIZE "), write_size},
    {IMAP_FETCH_ENVELOPE, SLICE_INIT("ENVELOPE "), write_envelope},
    {IMAP_FETCH_BODY, SLICE_INIT("BODY "), write_body},
    {IMAP_FETCH_BODYSTRUCTURE, SLICE_INIT("BODYSTRUCTURE "), write_bodystructure},
    {IMAP_FETCH_EMAILID, SLICE_INIT("EMAILID "), write_emailid},
    {IMAP_FETCH_THREADID, SLICE_INIT("THREADID "), write_threadid},
    {IMAP_FETCH_PREVIEW, SLICE_INIT("PREVIEW "), write_preview},
    {IMAP_FETCH_SAVEDATE, SLICE_INIT("SAVEDATE "), write_savedate},
};

void fetch_items_write(struct fetch *fetch, const struct entry *entry) {
    struct buffer *out = fetch->call->out;
    bool is_first = true;
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        if (!(fetch->request->items & items[i].item)) continue;
        if (!is_first) buffer_append_byte(out, ' ');
        buffer_append(out, items[i].name);
        items[i].write(fetch, entry);
        is_first = false;
    }
}
