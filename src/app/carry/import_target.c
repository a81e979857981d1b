/*
 * Which mailbox a folder becomes: below --folder where that is given; else its own name, whose
 * first level gives way to the account's mailbox of the same use (Sent Items -> Sent). Each use takes
 * one folder of the source, so that folders which are apart stay apart.
 */
#include <stdio.h>

#include "app/carry/import.h"
#include "io/real/read_file.h"
#include "store/mailbox_name.h"
#include "wire/folder_name.h"

/* Names that other systems give, the most certain first. */
static const struct {
    enum special_use use;
    struct slice name;
} aliases[] = {
    {SPECIAL_SENT, SLICE_INIT("Sent")},           {SPECIAL_SENT, SLICE_INIT("Sent Items")},
    {SPECIAL_SENT, SLICE_INIT("Sent Messages")},  {SPECIAL_SENT, SLICE_INIT("Sent Mail")},
    {SPECIAL_SENT, SLICE_INIT("sent-mail")},      {SPECIAL_DRAFTS, SLICE_INIT("Drafts")},
    {SPECIAL_DRAFTS, SLICE_INIT("Draft")},        {SPECIAL_TRASH, SLICE_INIT("Trash")},
    {SPECIAL_TRASH, SLICE_INIT("Deleted Items")}, {SPECIAL_TRASH, SLICE_INIT("Deleted Messages")},
    {SPECIAL_TRASH, SLICE_INIT("Deleted")},       {SPECIAL_TRASH, SLICE_INIT("Bin")},
    {SPECIAL_JUNK, SLICE_INIT("Junk")},           {SPECIAL_JUNK, SLICE_INIT("Spam")},
    {SPECIAL_JUNK, SLICE_INIT("Junk E-mail")},    {SPECIAL_JUNK, SLICE_INIT("Junk Email")},
    {SPECIAL_JUNK, SLICE_INIT("Bulk Mail")},      {SPECIAL_ARCHIVE, SLICE_INIT("Archive")},
    {SPECIAL_ARCHIVE, SLICE_INIT("Archives")},
};

enum { ALIASES = sizeof aliases / sizeof aliases[0], SUBSCRIPTIONS_BYTES_MAX = 16 * 1024 * 1024 };

static struct slice first_level(struct slice name) { return slice_take_until(&name, '/'); }

static bool source_has(const struct import *import, struct slice level) {
    for (size_t i = 0; i < import->folder_count; i++)
        if (slice_equal_nocase(first_level(import->folders[i].source), level)) return true;
    return false;
}

/* What the first level is called here, or empty: as there. */
struct renaming {
    struct slice from;
    struct slice to;
};

static size_t find_renamings(struct import *import, const struct mailbox *mailboxes, size_t count,
                             struct renaming *renamings) {
    size_t found = 0;
    enum special_use last = SPECIAL_NONE;
    for (size_t i = 0; i < ALIASES; i++) {
        if (aliases[i].use == last || !source_has(import, aliases[i].name)) continue;
        last = aliases[i].use;
        for (size_t k = 0; k < count; k++)
            if (mailboxes[k].special_use == last)
                renamings[found++] = (struct renaming){aliases[i].name, mailboxes[k].name};
    }
    return found;
}

static struct slice map_name(struct import *import, struct slice source, const struct renaming *renamings,
                             size_t count) {
    if (import->folder.len && slice_equal(source, SLICE("INBOX"))) return import->folder;
    if (import->folder.len)
        return arena_printf(import->arena, "%.*s/%.*s", SLICE_PRINT(import->folder), SLICE_PRINT(source));
    struct slice rest = source;
    struct slice level = slice_take_until(&rest, '/');
    for (size_t i = 0; i < count; i++)
        if (slice_equal_nocase(level, renamings[i].from))
            return arena_printf(import->arena, "%.*s%.*s", SLICE_PRINT(renamings[i].to), SLICE_PRINT(rest));
    return source;
}

/* ---- subscriptions ---- */

static void subscribe(struct import *import, struct slice name) {
    struct slice below = name;
    bool has_prefix = slice_take_prefix(&below, SLICE("INBOX/"));
    for (size_t i = 0; i < import->folder_count; i++) {
        struct slice source = import->folders[i].source;
        if (slice_equal(source, name) || (has_prefix && slice_equal(source, below)))
            import->folders[i].is_subscribed = true;
    }
}

/* Dovecot's file, version 2 with tabs between levels, or a name a line as it and Courier had it. */
static void read_subscriptions(struct import *import, struct slice file, bool has_dots) {
    struct buffer name = buffer_new(4 * IMAP_MAILBOX_NAME_BYTES_MAX);
    bool is_second = slice_take_prefix(&file, SLICE("V\t2\n"));
    uint8_t separator = is_second ? '\t' : has_dots ? '.' : '/';
    while (file.len) {
        struct slice line = slice_take_until(&file, '\n');
        (void)slice_take_byte(&file, '\n');
        if (line.len && line.ptr[line.len - 1] == '\r') line.len--;
        buffer_clear(&name);
        if (line.len && folder_name_decode(line, separator, &name)) subscribe(import, buffer_slice(&name));
    }
    buffer_free(&name);
}

/* Without such a file, what comes is subscribed. */
static void find_subscriptions(struct import *import) {
    static const char *const names[] = {"subscriptions", ".subscriptions", "courierimapsubscribed"};
    struct slice file;
    bool is_maildir = import->folder_count && import->folders[0].kind == IMPORT_MAILDIR;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct slice path = arena_printf(import->arena, "%s/%s%c", import->path, names[i], 0);
        if (read_file(import->arena, (const char *)path.ptr, SUBSCRIPTIONS_BYTES_MAX, &file)) continue;
        read_subscriptions(import, file, is_maildir);
        return;
    }
    for (size_t i = 0; i < import->folder_count; i++) import->folders[i].is_subscribed = true;
}

/* ---- all folders ---- */

/* Those that no mailbox can be named after are noted, and go. */
static void keep_good_names(struct import *import) {
    size_t kept = 0;
    for (size_t i = 0; i < import->folder_count; i++) {
        struct import_folder folder = import->folders[i];
        if (mailbox_name_read(import->arena, folder.target, &folder.target))
            import->folders[kept++] = folder;
        else
            import_fault(import, NULL, slice_from_text(folder.path), 0,
                         "has a name that no mailbox may have");
    }
    import->folder_count = kept;
}

const char *import_map_folders(struct import *import) {
    struct mailbox *mailboxes = NULL;
    size_t count = 0;
    if (reader_mailbox_list(import->door->reader, import->arena, import->account, &mailboxes, &count))
        return "the account's mailboxes cannot be read";
    struct renaming *renamings = ARENA_NEW_ARRAY(import->arena, struct renaming, ALIASES * (count + 1));
    size_t renaming_count = find_renamings(import, mailboxes, count, renamings);
    bool is_one = import->folder_count == 1 && import->folders[0].kind == IMPORT_MBOX &&
                  strcmp(import->folders[0].path, import->path) == 0;
    for (size_t i = 0; i < import->folder_count; i++) {
        struct import_folder *folder = &import->folders[i];
        bool is_folder_itself = is_one && import->folder.len;
        folder->target =
            is_folder_itself ? import->folder : map_name(import, folder->source, renamings, renaming_count);
    }
    find_subscriptions(import);
    keep_good_names(import);
    return NULL;
}

static enum store_result make_mailbox(struct task *t, struct import *import, struct import_folder *folder) {
    struct store_client *store = import->door->store;
    enum store_result result =
        store_mailbox_create(t, store, import->account, folder->target, SPECIAL_NONE, &folder->mailbox);
    if (result == STORE_OK && folder->is_subscribed)
        (void)store_mailbox_subscribe(t, store, import->account, folder->target, true);
    return result;
}

enum store_result import_target(struct task *t, struct import *import, struct import_folder *folder) {
    if (folder->mailbox) return STORE_OK;
    struct arena *arena = arena_new(MIB(1));
    struct mailbox mailbox;
    struct slice name = folder->target;
    enum store_result result =
        reader_mailbox_find(import->door->reader, arena, import->account, name, &mailbox);
    if (result == STORE_NOT_FOUND) result = make_mailbox(t, import, folder);
    /* Someone else made it between the two. */
    if (result == STORE_EXISTS)
        result = reader_mailbox_find(import->door->reader, arena, import->account, name, &mailbox);
    if (result == STORE_OK && folder->mailbox == 0) folder->mailbox = mailbox.id;
    arena_free(&arena);
    return result;
}
