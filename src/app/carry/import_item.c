/*
 * One message on its way in. Its bytes are made canonical and hashed as they come; up to
 * MOVE_HELD_BYTES are held, so that what is known from an earlier run is passed over before it is
 * analysed and packed. A larger one flows into the intake at once, and from there to a spool.
 *
 * Its name in the journal is a hash of the mailbox, the message's canonical bytes and how many like
 * it came to this mailbox before in the run: the same whatever its file is called, wherever in an
 * mbox it stands, and whatever its flags are.
 */
#include <stdlib.h>

#include "app/carry/import.h"

void import_item_init(struct import_item *item, struct import *import, struct import_folder *folder) {
    *item = (struct import_item){.import = import,
                                 .folder = folder,
                                 .hash = EVP_MD_CTX_new(),
                                 .piece = buffer_new(4 * (size_t)MOVE_READ_BYTES),
                                 .held = buffer_new(MOVE_HELD_BYTES + 4 * (size_t)MOVE_READ_BYTES)};
    if (!item->hash) FATAL("out of memory for a hash");
}

void import_item_free(struct import_item *item) {
    intake_free(&item->intake);
    buffer_free(&item->piece);
    buffer_free(&item->held);
    EVP_MD_CTX_free(item->hash);
}

void import_item_begin(struct import_item *item, struct slice file, uint64_t offset) {
    intake_free(&item->intake);
    buffer_clear(&item->held);
    item->file = file;
    item->offset = offset;
    item->flags = 0;
    item->keyword_count = 0;
    item->has_date = false;
    item->saved_ms = 0;
    item->otherwise_ms = 0;
    item->lines = canonical_lines_new();
    item->result = INTAKE_OK;
    item->bytes = 0;
    item->has_nul = false;
    item->is_too_large = false;
    if (EVP_DigestInit_ex(item->hash, EVP_sha256(), NULL) != 1) FATAL("no SHA-256");
}

/* Where the messages under way take up all memory, they are let finish first. */
static void begin_intake(struct task *t, struct import_item *item) {
    struct import *import = item->import;
    if (item->intake || import->is_dry_run) return;
    item->result = intake_begin(import->pool, import->message_bytes_max + 1, &item->intake);
    if (item->result != INTAKE_BUSY) return;
    import_batch_finish(t, import);
    item->result = intake_begin(import->pool, import->message_bytes_max + 1, &item->intake);
}

/* What was held flows on. */
static void pass_on(struct task *t, struct import_item *item) {
    begin_intake(t, item);
    if (item->intake && item->result == INTAKE_OK)
        item->result = intake_feed(t, item->intake, buffer_slice(&item->held));
    buffer_clear(&item->held);
}

static bool is_lost(const struct import_item *item) {
    return item->has_nul || item->is_too_large || item->result != INTAKE_OK;
}

/* Canonical bytes. */
static void take(struct task *t, struct import_item *item, struct slice bytes) {
    item->bytes += bytes.len;
    item->is_too_large = item->is_too_large || item->bytes > item->import->message_bytes_max;
    if (is_lost(item) || bytes.len == 0) return;
    if (EVP_DigestUpdate(item->hash, bytes.ptr, bytes.len) != 1) FATAL("SHA-256 fails");
    buffer_append(&item->held, bytes);
    if (item->intake || item->held.len > MOVE_HELD_BYTES) pass_on(t, item);
}

void import_item_feed(struct task *t, struct import_item *item, struct slice bytes) {
    while (bytes.len) {
        struct slice piece = slice_take(&bytes, MOVE_READ_BYTES);
        item->has_nul = item->has_nul || slice_find_byte(piece, 0) != SLICE_NOT_FOUND;
        buffer_clear(&item->piece);
        canonical_lines_write(&item->lines, piece, byte_sink_of_buffer(&item->piece));
        take(t, item, buffer_slice(&item->piece));
    }
}

/* The number of messages like this that the run met, itself not among them. */
static uint64_t count_alike(struct import_item *item, const uint8_t *digest) {
    uint64_t key;
    memcpy(&key, digest, sizeof key);
    uintptr_t count = (uintptr_t)map_get_id(item->import->seen, key);
    (void)map_put_id(item->import->seen, key, (void *)(count + 1));
    return count;
}

static void name_source(struct import_item *item) {
    uint8_t digest[EVP_MAX_MD_SIZE];
    struct slice target = item->folder->target;
    /* A name has no NUL and a message neither: nothing else gives these bytes. */
    bool is_good = EVP_DigestUpdate(item->hash, "", 1) == 1 &&
                   EVP_DigestUpdate(item->hash, target.ptr, target.len) == 1 &&
                   EVP_DigestFinal_ex(item->hash, digest, NULL) == 1;
    if (!is_good) FATAL("SHA-256 fails");
    uint64_t alike = count_alike(item, digest);
    for (size_t i = 0; i < sizeof alike; i++) digest[i] ^= (uint8_t)(alike >> (8 * i));
    memcpy(item->source, digest, sizeof item->source);
}

static const char *fault_of(const struct import_item *item) {
    if (item->has_nul) return "has NUL bytes, which no mailbox may hold";
    if (item->is_too_large) return "is larger than message_bytes_max allows";
    return item->bytes == 0 ? "is empty" : NULL;
}

/* What ends the run, as APPEND would say it. */
static const char *stop_of(enum intake_result result) {
    switch (result) {
    case INTAKE_FULL:
        return "the disk is full";
    case INTAKE_BUSY:
        return "there is no memory for more messages under way";
    default:
        return "the store has gone or failed";
    }
}

static bool is_known(struct import_item *item) {
    bool is_known = false;
    struct slice source = slice_of(item->source, sizeof item->source);
    enum store_result result =
        reader_import_is_known(item->import->door->reader, item->import->account, source, &is_known);
    if (result) item->import->stopped = "the import journal cannot be read";
    return is_known;
}

static void hand_in(struct task *t, struct import_item *item) {
    struct append append = {.flags = item->flags,
                            .keywords = item->keywords,
                            .keyword_count = item->keyword_count,
                            .source = slice_of(item->source, sizeof item->source)};
    pass_on(t, item);
    if (item->result == INTAKE_OK) item->result = intake_finish(t, item->intake, &append.body, &append.facts);
    if (item->result != INTAKE_OK) {
        item->import->stopped = stop_of(item->result);
        return;
    }
    int64_t otherwise_ms = append.facts.sent_ms ? append.facts.sent_ms : item->otherwise_ms;
    append.saved_ms = item->has_date ? item->saved_ms : otherwise_ms;
    import_batch_add(t, item, &append);
}

void import_item_end(struct task *t, struct import_item *item) {
    struct import *import = item->import;
    buffer_clear(&item->piece);
    canonical_lines_finish(&item->lines, byte_sink_of_buffer(&item->piece));
    take(t, item, buffer_slice(&item->piece));
    item->folder->messages++;
    import->messages++;
    import_progress(import, item->folder);
    const char *fault = fault_of(item);
    if (fault) {
        import_fault(import, item->folder, item->file, item->offset, fault);
        return;
    }
    if (item->result != INTAKE_OK) {
        import->stopped = stop_of(item->result);
        return;
    }
    name_source(item);
    if (is_known(item)) {
        item->folder->known++;
        return;
    }
    item->folder->bytes += item->bytes;
    if (import->is_dry_run)
        item->folder->imported++;
    else
        hand_in(t, item);
}
