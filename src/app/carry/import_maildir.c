/*
 * A folder of a Maildir: every file in new and cur is a message, its name says its flags. They come
 * in the order of delivery. The time of the file's last change is the INTERNALDATE, as Dovecot has
 * it; without one, the seconds that the name begins with.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/carry/import.h"
#include "io/file.h"
#include "io/real/read_file.h"
#include "io/real/tree.h"
#include "wire/maildir_name.h"

enum { LIST_BYTES_MAX = 1 << 30, KEYWORDS_BYTES_MAX = 1024 * 1024, PATH_ARENA_BYTES = 64 * 1024 };

struct listed {
    struct slice name;
    const char *folder;
    int64_t seconds;
};

struct maildir {
    struct import_item item;
    struct arena *arena;
    struct arena *path;
    struct slice keywords[MAILDIR_KEYWORDS];
    struct listed *listed;
    size_t count;
    uint8_t *bytes;
};

static int compare(const void *left, const void *right) {
    const struct listed *a = left;
    const struct listed *b = right;
    if (a->seconds != b->seconds) return a->seconds < b->seconds ? -1 : 1;
    return slice_compare(a->name, b->name);
}

/* ---- what there is ---- */

static void list_one(struct maildir *maildir, const struct tree_names *names, const char *folder) {
    for (size_t i = 0; i < names->count; i++) {
        struct maildir_name name;
        /* A dot first: no message (.nfs..., .DS_Store). */
        if (names->names[i].ptr[0] == '.') continue;
        maildir_name_read(names->names[i], &name);
        maildir->listed[maildir->count++] = (struct listed){names->names[i], folder, name.seconds};
    }
}

static bool list_all(struct maildir *maildir, struct import_folder *folder) {
    static const char *const folders[] = {"new", "cur"};
    struct tree_names names[2];
    for (size_t i = 0; i < 2; i++) {
        struct slice path = arena_printf(maildir->arena, "%s/%s%c", folder->path, folders[i], 0);
        int result = tree_list(maildir->arena, (const char *)path.ptr, &names[i]);
        if (result == 0) continue;
        import_fault(maildir->item.import, folder, slice_sub(path, 0, path.len - 1), 0, strerror(-result));
        return false;
    }
    maildir->listed = ARENA_NEW_ARRAY(maildir->arena, struct listed, names[0].count + names[1].count);
    for (size_t i = 0; i < 2; i++) list_one(maildir, &names[i], folders[i]);
    if (maildir->count) qsort(maildir->listed, maildir->count, sizeof *maildir->listed, compare);
    return true;
}

static void read_keywords(struct maildir *maildir, const struct import_folder *folder) {
    struct slice file;
    struct slice path = arena_printf(maildir->arena, "%s/dovecot-keywords%c", folder->path, 0);
    if (read_file(maildir->arena, (const char *)path.ptr, KEYWORDS_BYTES_MAX, &file) == 0)
        maildir_keywords_read(file, maildir->keywords);
}

/* ---- one message ---- */

static void take_flags(struct maildir *maildir, const struct maildir_name *name) {
    struct import_item *item = &maildir->item;
    item->flags = name->flags;
    for (size_t i = 0; i < MAILDIR_KEYWORDS; i++)
        if (name->keywords >> i & 1 && maildir->keywords[i].len)
            item->keywords[item->keyword_count++] = maildir->keywords[i];
    if (name->is_passed) item->keywords[item->keyword_count++] = SLICE("$Forwarded");
}

static int read_message(struct task *t, struct maildir *maildir, const char *path) {
    struct file *file = NULL;
    int result = file_open(maildir->item.import->env, path, FILE_READ, &file);
    for (uint64_t at = 0; result == 0;) {
        int64_t got = file_read(file, maildir->bytes, MOVE_READ_BYTES, at);
        if (got <= 0) {
            result = (int)got;
            break;
        }
        import_item_feed(t, &maildir->item, slice_of(maildir->bytes, (size_t)got));
        at += (uint64_t)got;
    }
    file_close(&file);
    return result;
}

static void import_one(struct task *t, struct maildir *maildir, const struct listed *listed) {
    struct import_item *item = &maildir->item;
    struct tree_facts facts;
    struct maildir_name name;
    arena_reset(maildir->path);
    struct slice path = arena_printf(maildir->path, "%s/%s/%.*s%c", item->folder->path, listed->folder,
                                     SLICE_PRINT(listed->name), 0);
    const char *text = (const char *)path.ptr;
    struct slice shown = slice_sub(path, 0, path.len - 1);
    int result = tree_look(text, &facts);
    if (result == 0 && facts.kind != TREE_FILE) return;
    if (result == 0) {
        maildir_name_read(listed->name, &name);
        import_item_begin(item, shown, 0);
        item->has_date = facts.changed_ms > 0 || name.seconds > 0;
        item->saved_ms = facts.changed_ms > 0 ? facts.changed_ms : name.seconds * 1000;
        take_flags(maildir, &name);
        result = read_message(t, maildir, text);
    }
    /* A mail program may have renamed it since it was listed: the next run finds it. */
    if (result)
        import_fault(item->import, item->folder, shown, 0,
                     result == -ENOENT ? "has gone or was renamed meanwhile; run again" : strerror(-result));
    else
        import_item_end(t, item);
}

void import_maildir(struct task *t, struct import *import, struct import_folder *folder) {
    struct maildir maildir = {.arena = arena_new(LIST_BYTES_MAX),
                              .path = arena_new(PATH_ARENA_BYTES),
                              .bytes = malloc(MOVE_READ_BYTES)};
    if (!maildir.bytes) FATAL("out of memory for reading");
    import_item_init(&maildir.item, import, folder);
    read_keywords(&maildir, folder);
    if (list_all(&maildir, folder))
        for (size_t i = 0; i < maildir.count && !import->stopped; i++)
            import_one(t, &maildir, &maildir.listed[i]);
    import_item_free(&maildir.item);
    free(maildir.bytes);
    arena_free(&maildir.path);
    arena_free(&maildir.arena);
}
