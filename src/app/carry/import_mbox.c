/*
 * An mbox file: wire/mbox takes it apart, wire/mbox_header says what of a header is the mbox's. The
 * date of the "From " line is the INTERNALDATE; without one, the message's Date, then the file's.
 */
#include <errno.h>
#include <stdlib.h>

#include "app/carry/import.h"
#include "io/file.h"
#include "io/real/tree.h"
#include "wire/mbox_header.h"

struct mbox {
    struct import_item item;
    struct mbox_reader reader;
    struct file *file;
    struct slice path;
    int64_t changed_ms;
    struct buffer header;
    /* This one is no message, or belongs to none. */
    bool is_skipped;
    uint8_t *bytes;
};

static void begin(struct mbox *mbox, const struct mbox_event *event) {
    import_item_begin(&mbox->item, mbox->path, event->offset);
    mbox->item.has_date = event->from.has_date;
    mbox->item.saved_ms = event->from.utc_ms;
    mbox->item.otherwise_ms = mbox->changed_ms;
    mbox->is_skipped = false;
}

/* mboxcl2: does a message end where Content-Length says? */
static bool length_is_true(struct mbox *mbox, const struct mbox_header *header, uint64_t body_offset) {
    uint8_t bytes[MBOX_FROM_LINE_BYTES_MAX];
    int64_t size = file_size(mbox->file);
    if (!header->has_content_length || header->block_bytes || body_offset == 0 || size < 0) return false;
    if (body_offset > (uint64_t)size || header->content_length > (uint64_t)size - body_offset) return false;
    int64_t got = file_read(mbox->file, bytes, sizeof bytes, body_offset + header->content_length);
    return got >= 0 && mbox_is_boundary(slice_of(bytes, (size_t)got), got < (int64_t)sizeof bytes);
}

static void take_header(struct task *t, struct mbox *mbox, const struct mbox_event *event) {
    struct mbox_header header;
    mbox_header_read(event->bytes, &header);
    mbox->is_skipped = header.is_internal;
    bool is_trusted = length_is_true(mbox, &header, event->offset);
    if (is_trusted) mbox_trust(&mbox->reader, header.content_length);
    mbox->item.flags = header.flags;
    for (size_t i = 0; i < header.keyword_count; i++) mbox->item.keywords[i] = header.keywords[i];
    mbox->item.keyword_count = header.keyword_count;
    buffer_clear(&mbox->header);
    mbox_header_strip(event->bytes, &header, is_trusted, &mbox->header);
    if (!mbox->is_skipped) import_item_feed(t, &mbox->item, buffer_slice(&mbox->header));
}

static void take_event(struct task *t, struct mbox *mbox, const struct mbox_event *event) {
    struct import_item *item = &mbox->item;
    switch (event->kind) {
    case MBOX_BEGIN:
        begin(mbox, event);
        return;
    case MBOX_HEADER:
        take_header(t, mbox, event);
        return;
    case MBOX_BYTES:
        if (!mbox->is_skipped) import_item_feed(t, item, event->bytes);
        return;
    case MBOX_END:
        if (!mbox->is_skipped) import_item_end(t, item);
        return;
    case MBOX_GARBAGE:
        import_fault(item->import, item->folder, mbox->path, event->offset, "belongs to no message");
        return;
    case MBOX_MORE:
    case MBOX_DONE:
        return;
    }
}

/* Takes events until the input is used up. True: the mbox has ended. */
static bool take_input(struct task *t, struct mbox *mbox, struct slice input, bool at_end) {
    struct mbox_event event;
    do {
        mbox_next(&mbox->reader, &input, at_end, &event);
        take_event(t, mbox, &event);
        if (mbox->item.import->stopped) return true;
    } while (event.kind != MBOX_MORE && event.kind != MBOX_DONE);
    return event.kind == MBOX_DONE;
}

static int read_all(struct task *t, struct mbox *mbox) {
    uint64_t at = 0;
    for (;;) {
        int64_t got = file_read(mbox->file, mbox->bytes, MOVE_READ_BYTES, at);
        if (got < 0) {
            import_fault(mbox->item.import, mbox->item.folder, mbox->path, at, strerror((int)-got));
            return (int)got;
        }
        at += (uint64_t)got;
        if (take_input(t, mbox, slice_of(mbox->bytes, (size_t)got), got < MOVE_READ_BYTES)) return 0;
    }
}

void import_mbox(struct task *t, struct import *import, struct import_folder *folder) {
    struct mbox mbox = {.path = slice_from_text(folder->path),
                        .header = buffer_new(2 * (size_t)MBOX_HEADER_BYTES_MAX),
                        .bytes = malloc(MOVE_READ_BYTES)};
    struct tree_facts facts = {.changed_ms = 0};
    if (!mbox.bytes) FATAL("out of memory for reading");
    import_item_init(&mbox.item, import, folder);
    mbox_init(&mbox.reader, import->quoting);
    int result = tree_look(folder->path, &facts);
    if (result == 0) result = file_open(import->env, folder->path, FILE_READ, &mbox.file);
    mbox.changed_ms = facts.changed_ms;
    if (result)
        import_fault(import, folder, mbox.path, 0, strerror(-result));
    else
        (void)read_all(t, &mbox);
    file_close(&mbox.file);
    mbox_free(&mbox.reader);
    import_item_free(&mbox.item);
    buffer_free(&mbox.header);
    free(mbox.bytes);
}
