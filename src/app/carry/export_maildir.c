/*
 * A mailbox as a folder of a Maildir++ tree. A message's file is named after its date, the mailbox's
 * UIDVALIDITY and its UID, so the next run finds it, whatever flags a mail program gave it
 * meanwhile; where they differ from ours the file is renamed. The time of its last change is the
 * INTERNALDATE.
 */
#include <errno.h>
#include <stdio.h>

#include "app/carry/export.h"
#include "base/map.h"
#include "io/file.h"
#include "io/real/read_file.h"
#include "io/real/tree.h"
#include "wire/folder_name.h"
#include "wire/maildir_name.h"

enum { LIST_BYTES_MAX = 1 << 30, PATH_ARENA_BYTES = 64 * 1024, NAME_BYTES_MAX = 200, MS = 1000 };

struct maildir {
    struct export *export;
    struct export_folder *folder;
    /* Base names that are there -> their path. */
    struct map *there;
    struct arena *list;
    struct arena *path;
    /* Of each keyword bit: its letter's bit, or 0 where there is none left. */
    uint32_t letters[KEYWORDS_MAX];
    bool has_lost_keywords;
};

struct writing {
    struct file *file;
    uint64_t at;
    int result;
};

static void write_some(void *context, struct slice bytes) {
    struct writing *writing = context;
    if (writing->result == 0) writing->result = file_write(writing->file, bytes, writing->at);
    writing->at += bytes.len;
}

/* ---- the folder ---- */

static bool make_path(struct export *export, struct export_folder *folder) {
    struct buffer name = buffer_new(8 * (size_t)IMAP_MAILBOX_NAME_BYTES_MAX);
    struct slice rest = folder->mailbox.name;
    bool is_good = true;
    bool is_inbox = slice_equal(rest, SLICE("INBOX"));
    while (rest.len && is_good) {
        buffer_append_byte(&name, '.');
        is_good = folder_name_encode_level(slice_take_until(&rest, '/'), true, &name);
        (void)slice_take_byte(&rest, '/');
    }
    buffer_append_byte(&name, 0);
    is_good = is_good && (is_inbox || name.len <= 255);
    folder->path = is_inbox  ? export->path
                   : is_good ? export_path(export, export->path, (const char *)name.ptr)
                             : NULL;
    buffer_free(&name);
    return is_good;
}

static int make_folders(struct export *export, const struct export_folder *folder) {
    static const char *const names[] = {"tmp", "new", "cur"};
    int result = folder_make(export->env, folder->path);
    for (size_t i = 0; i < 3 && result == 0; i++)
        result = folder_make(export->env, export_path(export, folder->path, names[i]));
    /* Maildir++: so that a delivery agent knows it for a folder. */
    if (result == 0 && folder->path != export->path) {
        struct file *file = NULL;
        result =
            file_open(export->env, export_path(export, folder->path, "maildirfolder"), FILE_WRITE, &file);
        file_close(&file);
    }
    return result;
}

static int list_there(struct maildir *maildir) {
    static const char *const folders[] = {"new", "cur"};
    for (size_t k = 0; k < 2; k++) {
        struct tree_names names;
        const char *path = export_path(maildir->export, maildir->folder->path, folders[k]);
        int result = tree_list(maildir->list, path, &names);
        if (result) return result;
        for (size_t i = 0; i < names.count; i++) {
            struct maildir_name name;
            maildir_name_read(names.names[i], &name);
            struct slice whole =
                arena_printf(maildir->list, "%s/%.*s%c", path, SLICE_PRINT(names.names[i]), 0);
            (void)map_put(maildir->there, name.base, (void *)(uintptr_t)whole.ptr);
        }
    }
    return 0;
}

/* ---- keywords ---- */

static uint32_t find_letter(struct slice *names, struct slice keyword, bool *is_new) {
    for (size_t i = 0; i < MAILDIR_KEYWORDS; i++) {
        if (names[i].len && !slice_equal_nocase(names[i], keyword)) continue;
        *is_new = *is_new || names[i].len == 0;
        names[i] = keyword;
        return UINT32_C(1) << i;
    }
    return 0;
}

/* Numbers that are given already stay. */
static int write_keywords(struct maildir *maildir) {
    struct export *export = maildir->export;
    struct slice names[MAILDIR_KEYWORDS] = {{NULL, 0}};
    struct slice file;
    bool is_new = false;
    const char *path = export_path(export, maildir->folder->path, "dovecot-keywords");
    if (read_file(maildir->list, path, MIB(1), &file) == 0) maildir_keywords_read(file, names);
    for (size_t i = 0; i < maildir->folder->keyword_count; i++)
        if (maildir->folder->keywords[i].len)
            maildir->letters[i] = find_letter(names, maildir->folder->keywords[i], &is_new);
    if (!is_new) return 0;
    struct buffer text = buffer_new(MIB(1));
    for (size_t i = 0; i < MAILDIR_KEYWORDS; i++)
        if (names[i].len) buffer_printf(&text, "%zu %.*s\n", i, SLICE_PRINT(names[i]));
    int result = export_write_file(export, path, buffer_slice(&text));
    buffer_free(&text);
    return result;
}

static uint32_t letters_of(struct maildir *maildir, uint64_t flags) {
    uint32_t letters = 0;
    for (size_t i = 0; i < maildir->folder->keyword_count; i++) {
        if (!(flags >> (FLAG_KEYWORD_FIRST_BIT + i) & 1)) continue;
        letters |= maildir->letters[i];
        maildir->has_lost_keywords = maildir->has_lost_keywords || maildir->letters[i] == 0;
    }
    return letters;
}

/* ---- messages ---- */

static int write_message(struct maildir *maildir, const struct entry *entry, const char *partial,
                         const char *path) {
    struct export *export = maildir->export;
    struct writing writing = {NULL, 0, 0};
    int result = file_remove(export->env, partial);
    if (result && result != -ENOENT) return result;
    result = file_open(export->env, partial, FILE_CREATE, &writing.file);
    if (result) return result;
    enum store_result read = export_bytes(export, entry, false, (struct byte_sink){write_some, &writing});
    result = writing.result;
    if (result == 0 && read != STORE_OK) result = -EBADMSG;
    if (result == 0) result = file_sync(writing.file);
    file_close(&writing.file);
    if (result == 0) result = tree_set_time(partial, entry->saved_ms);
    if (result == 0) result = tree_rename_new(partial, path);
    int removed = result ? file_remove(export->env, partial) : 0;
    return removed && removed != -ENOENT ? removed : result;
}

/* It is there: only its flags may have to change. */
static int keep_message(struct maildir *maildir, const char *there, const char *path) {
    maildir->folder->kept++;
    return strcmp(there, path) == 0 ? 0 : tree_rename_new(there, path);
}

static void put_message(void *context, const struct entry *entry) {
    struct maildir *maildir = context;
    struct export_folder *folder = maildir->folder;
    struct buffer flags = buffer_new(NAME_BYTES_MAX);
    arena_reset(maildir->path);
    int64_t seconds = entry->saved_ms / MS - (entry->saved_ms % MS < 0);
    struct slice base = arena_printf(maildir->path, "%lld.P%uU%010u.posthaste%c", (long long)seconds,
                                     (unsigned)folder->mailbox.uidvalidity, (unsigned)entry->uid, 0);
    base.len--;
    maildir_name_write_flags(&flags, (unsigned)(entry->flags & 0x1f), letters_of(maildir, entry->flags));
    buffer_append_byte(&flags, 0);
    const char *path = (const char *)arena_printf(maildir->path, "%s/cur/%s%s%c", folder->path,
                                                  (const char *)base.ptr, (const char *)flags.ptr, 0)
                           .ptr;
    const char *partial =
        (const char *)arena_printf(maildir->path, "%s/tmp/%s%c", folder->path, (const char *)base.ptr, 0).ptr;
    const char *there = map_get(maildir->there, base);
    int result = there ? keep_message(maildir, there, path) : write_message(maildir, entry, partial, path);
    buffer_free(&flags);
    if (result == 0 && !there) folder->written++;
    if (result == -ENOSPC || result == -EROFS || result == -EACCES)
        maildir->export->stopped = strerror(-result);
    else if (result)
        export_fault(maildir->export, folder, entry->uid,
                     result == -EBADMSG ? "is damaged in the store" : strerror(-result));
}

void export_maildir(struct task *t, struct export *export, struct export_folder *folder) {
    if (!make_path(export, folder)) {
        export_fault(export, folder, 0, "has a name that is too long for a folder");
        return;
    }
    struct maildir maildir = {.export = export,
                              .folder = folder,
                              .there = map_new(env_random_u64(export->env)),
                              .list = arena_new(LIST_BYTES_MAX),
                              .path = arena_new(PATH_ARENA_BYTES)};
    int result = make_folders(export, folder);
    if (result == 0) result = list_there(&maildir);
    if (result == 0) result = write_keywords(&maildir);
    if (result == 0) export_each(t, export, folder, 1, put_message, &maildir);
    if (result == 0) result = folder_sync(export->env, export_path(export, folder->path, "cur"));
    if (result == 0) result = folder_sync(export->env, folder->path);
    if (result) export->stopped = strerror(-result);
    if (maildir.has_lost_keywords)
        export_fault(export, folder, 0,
                     "has more keywords than the 26 a Maildir can hold; the rest is missing");
    map_free(&maildir.there);
    arena_free(&maildir.list);
    arena_free(&maildir.path);
}
