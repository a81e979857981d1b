/* The messages of a mailbox, for both forms of an export (app/carry/export.h). */
#include "app/carry/export.h"
#include "wire/mbox_quote.h"

void export_each(struct task *t, struct export *export, struct export_folder *folder, uint32_t first_uid,
                 void (*write)(void *context, const struct entry *entry), void *context) {
    struct uid_range all = {1, UINT32_MAX};
    struct arena *arena = arena_new(MIB(1));
    uint32_t from_uid = first_uid;
    while (!export->stopped && from_uid) {
        struct entry *entries = NULL;
        size_t count = 0;
        arena_reset(arena);
        enum store_result result =
            reader_entries(export->door->reader, arena, folder->mailbox.id, (struct uid_ranges){&all, 1},
                           from_uid, ENTRY_FLAGS, EXPORT_ENTRIES, &entries, &count);
        if (result) export->stopped = "a mailbox cannot be read";
        if (result || count == 0) break;
        for (size_t i = 0; i < count && !export->stopped; i++) {
            export->messages++;
            export_progress(export, folder);
            write(context, &entries[i]);
        }
        from_uid = entries[count - 1].uid + 1;
        if (task_yield(t) != WAIT_OK) break;
    }
    arena_free(&arena);
}

enum store_result export_bytes(struct export *export, const struct entry *entry, bool quotes,
                               struct byte_sink sink) {
    struct buffer raw = buffer_new(2 * (size_t)MOVE_READ_BYTES);
    struct mbox_quote quote = mbox_quote_new(quotes);
    enum store_result result = STORE_OK;
    for (uint64_t at = 0; at < entry->raw_bytes && result == STORE_OK; at += raw.len) {
        buffer_clear(&raw);
        result = reader_body(export->door->reader, entry->message, at, MOVE_READ_BYTES, &raw);
        if (result == STORE_OK && raw.len == 0) result = STORE_FAILED;
        if (result == STORE_OK) mbox_quote_write(&quote, buffer_slice(&raw), sink);
    }
    mbox_quote_finish(&quote, sink);
    buffer_free(&raw);
    return result;
}
