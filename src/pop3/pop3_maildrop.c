#include "pop3/pop3_maildrop.h"

#include <stdlib.h>

#include "base/limits.h"

enum { BATCH_MEMORY_BYTES = 1024 * 1024 };

static void add(struct pop3_maildrop *drop, const struct entry *entry) {
    if (drop->count == drop->capacity) {
        drop->capacity = drop->capacity ? 2 * drop->capacity : 64;
        drop->messages = reallocarray(drop->messages, drop->capacity, sizeof *drop->messages);
        if (!drop->messages) FATAL("out of memory for a list of messages");
    }
    drop->messages[drop->count++] = (struct pop3_message){entry->raw_bytes, entry->uid, false};
    drop->bytes += entry->raw_bytes;
}

/* One read of the database. *is_last: there was no more. */
static enum store_result load_batch(struct pop3_maildrop *drop, struct reader *reader, bool *is_last) {
    static const struct uid_range all = {1, UINT32_MAX};
    struct arena *arena = arena_new(BATCH_MEMORY_BYTES);
    struct entry *entries = NULL;
    size_t count = 0;
    uint32_t from_uid = drop->count ? drop->messages[drop->count - 1].uid + 1 : 1;
    enum store_result result = reader_entries(reader, arena, drop->mailbox, (struct uid_ranges){&all, 1},
                                              from_uid, ENTRY_FLAGS, POP3_BATCH_MESSAGES, &entries, &count);
    if (result == STORE_OK)
        for (size_t i = 0; i < count; i++) add(drop, &entries[i]);
    *is_last = count < POP3_BATCH_MESSAGES;
    arena_free(&arena);
    return result;
}

enum store_result pop3_maildrop_load(struct task *t, struct pop3_maildrop *drop, struct reader *reader) {
    for (bool is_last = false; !is_last;) {
        enum store_result result = load_batch(drop, reader, &is_last);
        if (result) return result;
        if (drop->count > POP3_MESSAGES_MAX) return STORE_REFUSED;
        if (!is_last && task_yield(t) != WAIT_OK) return STORE_GONE;
    }
    return STORE_OK;
}

void pop3_maildrop_free(struct pop3_maildrop *drop) {
    free(drop->messages);
    *drop = (struct pop3_maildrop){0};
}

struct pop3_message *pop3_maildrop_get(struct pop3_maildrop *drop, uint32_t number) {
    if (number == 0 || number > drop->count) return NULL;
    struct pop3_message *message = &drop->messages[number - 1];
    return message->is_deleted ? NULL : message;
}

void pop3_maildrop_mark(struct pop3_maildrop *drop, struct pop3_message *message) {
    message->is_deleted = true;
    drop->deleted_count++;
    drop->bytes -= message->bytes;
}

void pop3_maildrop_unmark_all(struct pop3_maildrop *drop) {
    for (size_t i = 0; i < drop->count; i++) {
        if (drop->messages[i].is_deleted) drop->bytes += drop->messages[i].bytes;
        drop->messages[i].is_deleted = false;
    }
    drop->deleted_count = 0;
}

/* Neighbours in the list share a range: UIDs between them are gone, and none comes back. */
struct uid_range *pop3_maildrop_marked(const struct pop3_maildrop *drop, size_t *count) {
    struct uid_range *ranges = NULL;
    size_t capacity = 0;
    *count = 0;
    for (size_t i = 0; i < drop->count; i++) {
        if (!drop->messages[i].is_deleted) continue;
        uint32_t uid = drop->messages[i].uid;
        if (i > 0 && drop->messages[i - 1].is_deleted) {
            ranges[*count - 1].last = uid;
            continue;
        }
        if (*count == capacity) {
            capacity = capacity ? 2 * capacity : 16;
            ranges = reallocarray(ranges, capacity, sizeof *ranges);
            if (!ranges) FATAL("out of memory for a list of messages");
        }
        ranges[(*count)++] = (struct uid_range){uid, uid};
    }
    return ranges;
}
