/*
 * A mailbox as one mboxrd file, "Name.mbox" in a folder for each level above it. Flags, keywords and
 * UIDs stand in a block in front of each message (wire/mbox_header.h). It is written as
 * "Name.mbox.partial" and gets its name when it is whole; what was broken off goes on behind the last
 * message that is whole, and a whole file gets what came to the mailbox since.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/carry/export.h"
#include "io/file.h"
#include "io/real/tree.h"
#include "wire/folder_name.h"
#include "wire/imap_lex.h"
#include "wire/mbox.h"
#include "wire/mbox_header.h"

struct mbox {
    struct export *export;
    struct export_folder *folder;
    const char *path;
    const char *partial;
    struct file *file;
    uint64_t at;
    /* What waits to be written. */
    struct buffer text;
    int result;
};

/* ---- the name ---- */

static bool make_path(struct export *export, struct export_folder *folder) {
    struct buffer name = buffer_new(8 * (size_t)IMAP_MAILBOX_NAME_BYTES_MAX);
    struct slice rest = folder->mailbox.name;
    const char *path = export->path;
    bool is_good = true;
    int result = 0;
    for (bool is_last = false; !is_last && is_good && result == 0;) {
        buffer_clear(&name);
        is_good = folder_name_encode_level(slice_take_until(&rest, '/'), false, &name);
        is_last = !slice_take_byte(&rest, '/');
        if (is_last) buffer_append_text(&name, ".mbox");
        is_good = is_good && name.len + sizeof ".partial" <= 255;
        buffer_append_byte(&name, 0);
        if (is_good) path = export_path(export, path, (const char *)name.ptr);
        if (is_good && !is_last) result = folder_make(export->env, path);
    }
    buffer_free(&name);
    folder->path = path;
    if (result) export->stopped = strerror(-result);
    if (!is_good) export_fault(export, folder, 0, "has a name that is too long for a file");
    return is_good && result == 0;
}

/* ---- what is there ---- */

/* How far a file of before goes. */
struct extent {
    uint32_t uidvalidity;
    /* Of the last message, and of the one before it; where the last begins. */
    uint32_t uid;
    uint32_t uid_before;
    uint64_t last_offset;
    uint64_t bytes;
    bool is_foreign;
};

static void note_event(struct extent *extent, const struct mbox_event *event) {
    struct mbox_header header;
    if (event->kind == MBOX_GARBAGE) extent->is_foreign = true;
    if (event->kind == MBOX_BEGIN) extent->last_offset = event->offset;
    if (event->kind != MBOX_HEADER) return;
    mbox_header_read(event->bytes, &header);
    if (header.uidvalidity && extent->uidvalidity == 0) extent->uidvalidity = header.uidvalidity;
    extent->uid_before = extent->uid;
    extent->uid = header.uid;
}

static int measure(struct file *file, struct extent *extent) {
    struct mbox_reader reader;
    struct mbox_event event = {.kind = MBOX_MORE};
    uint8_t *bytes = malloc(MOVE_READ_BYTES);
    if (!bytes) FATAL("out of memory for reading");
    mbox_init(&reader, MBOX_QUOTING_RD);
    int64_t got = 0;
    *extent = (struct extent){.bytes = 0};
    while (event.kind != MBOX_DONE && (got = file_read(file, bytes, MOVE_READ_BYTES, extent->bytes)) >= 0) {
        struct slice input = slice_of(bytes, (size_t)got);
        extent->bytes += (uint64_t)got;
        do {
            mbox_next(&reader, &input, got < MOVE_READ_BYTES, &event);
            note_event(extent, &event);
        } while (event.kind != MBOX_MORE && event.kind != MBOX_DONE);
    }
    mbox_free(&reader);
    free(bytes);
    return got < 0 ? (int)got : 0;
}

/* 0 with the extent of a file that is there, -ENOENT, or what else is wrong. */
static int measure_path(struct export *export, const char *path, struct extent *extent) {
    struct file *file = NULL;
    int result = file_open(export->env, path, FILE_READ, &file);
    if (result == 0) result = measure(file, extent);
    file_close(&file);
    return result;
}

/* ---- messages ---- */

static void flush(struct mbox *mbox) {
    if (mbox->result == 0 && buffer_overflowed(&mbox->text)) mbox->result = -EMSGSIZE;
    if (mbox->result == 0) mbox->result = file_write(mbox->file, buffer_slice(&mbox->text), mbox->at);
    mbox->at += mbox->text.len;
    buffer_clear(&mbox->text);
}

static void write_some(void *context, struct slice bytes) {
    struct mbox *mbox = context;
    while (bytes.len) {
        buffer_append(&mbox->text, slice_take(&bytes, MOVE_READ_BYTES));
        if (mbox->text.len >= MOVE_READ_BYTES) flush(mbox);
    }
}

static void write_block(struct mbox *mbox, const struct entry *entry) {
    struct slice keywords[KEYWORDS_MAX];
    const struct mailbox *mailbox = &mbox->folder->mailbox;
    bool is_first = mbox->at + mbox->text.len == 0;
    struct mbox_block block = {.uidvalidity = is_first ? mailbox->uidvalidity : 0,
                               .uid_last = mailbox->uidnext - 1,
                               .uid = entry->uid,
                               .flags = (unsigned)(entry->flags & 0x1f),
                               .keywords = keywords};
    for (size_t i = 0; i < mbox->folder->keyword_count; i++)
        if (entry->flags >> (FLAG_KEYWORD_FIRST_BIT + i) & 1)
            keywords[block.keyword_count++] = mbox->folder->keywords[i];
    mbox_from_write(&mbox->text, SLICE_EMPTY, entry->saved_ms);
    mbox_header_write(&mbox->text, &block);
}

/* A message that cannot be read is taken back, and noted. */
static void put_message(void *context, const struct entry *entry) {
    struct mbox *mbox = context;
    uint64_t begun = mbox->at + mbox->text.len;
    write_block(mbox, entry);
    enum store_result read = export_bytes(mbox->export, entry, true, (struct byte_sink){write_some, mbox});
    if (read == STORE_OK) {
        mbox->folder->written++;
    } else {
        flush(mbox);
        if (mbox->result == 0) mbox->result = file_truncate(mbox->file, begun);
        mbox->at = begun;
        export_fault(mbox->export, mbox->folder, entry->uid, "is damaged in the store");
    }
    if (mbox->result) mbox->export->stopped = strerror(-mbox->result);
}

/* ---- the file ---- */

/* Where to go on: 0 and *first_uid; the partial file ends behind a whole message. */
static int go_on(struct mbox *mbox, bool is_whole, uint32_t *first_uid) {
    struct extent extent;
    int result = file_open(mbox->export->env, mbox->partial, FILE_WRITE, &mbox->file);
    if (result == 0) result = measure(mbox->file, &extent);
    if (result) return result;
    *first_uid = 1;
    if (extent.uidvalidity == mbox->folder->mailbox.uidvalidity && !extent.is_foreign) {
        mbox->at = is_whole ? extent.bytes : extent.last_offset;
        *first_uid = (is_whole ? extent.uid : extent.uid_before) + 1;
    }
    return file_truncate(mbox->file, mbox->at);
}

static int write_rest(struct task *t, struct mbox *mbox, bool is_whole) {
    struct export *export = mbox->export;
    uint32_t first_uid = 1;
    int result = go_on(mbox, is_whole, &first_uid);
    if (result) return result;
    mbox->folder->kept = 0;
    export_each(t, export, mbox->folder, first_uid, put_message, mbox);
    flush(mbox);
    result = mbox->result ? mbox->result : file_sync(mbox->file);
    if (result || export->stopped) return result;
    result = tree_rename_new(mbox->partial, mbox->path);
    mbox->folder->kept = mbox->folder->mailbox.message_count > mbox->folder->written
                             ? mbox->folder->mailbox.message_count - mbox->folder->written
                             : 0;
    return result ? result : folder_sync(export->env, export->path);
}

/* A whole file of before takes the partial name again where there is more to come. */
static int export_file(struct task *t, struct mbox *mbox) {
    struct extent extent = {.bytes = 0};
    const struct mailbox *mailbox = &mbox->folder->mailbox;
    int result = measure_path(mbox->export, mbox->path, &extent);
    if (result == -ENOENT) return write_rest(t, mbox, false);
    if (result) return result;
    bool is_ours = extent.bytes == 0 || (extent.uidvalidity == mailbox->uidvalidity && !extent.is_foreign);
    if (!is_ours) return -EEXIST;
    mbox->folder->kept = mailbox->message_count;
    if (extent.uid + 1 >= mailbox->uidnext || (extent.bytes == 0 && mailbox->message_count == 0)) return 0;
    result = file_rename(mbox->export->env, mbox->path, mbox->partial);
    return result ? result : write_rest(t, mbox, true);
}

void export_mbox(struct task *t, struct export *export, struct export_folder *folder) {
    if (!make_path(export, folder)) return;
    struct mbox mbox = {.export = export,
                        .folder = folder,
                        .path = folder->path,
                        .partial =
                            (const char *)arena_printf(export->arena, "%s.partial%c", folder->path, 0).ptr,
                        .text = buffer_new(4 * (size_t)MOVE_READ_BYTES)};
    int result = export_file(t, &mbox);
    if (result == -EEXIST)
        export_fault(export, folder, 0, "its file is there, and not of this mailbox; it was left alone");
    else if (result)
        export->stopped = strerror(-result);
    file_close(&mbox.file);
    buffer_free(&mbox.text);
}
