/*
 * The folder of an export. A file ".posthaste-export" in it says whose mail it is and in which form;
 * it is written first, into a folder that is empty, so whatever has it is ours to add to.
 */
#include <errno.h>
#include <stdio.h>

#include "app/carry/export.h"
#include "io/file.h"
#include "io/real/read_file.h"
#include "io/real/tree.h"
#include "wire/folder_name.h"

enum { MARK_BYTES_MAX = 4096, SUBSCRIPTIONS_BYTES_MAX = 64 * 1024 * 1024 };

static const char mark_name[] = ".posthaste-export";

const char *export_path(struct export *export, const char *path, const char *name) {
    return (const char *)arena_printf(export->arena, "%s/%s%c", path, name, 0).ptr;
}

int export_write_file(struct export *export, const char *path, struct slice bytes) {
    const char *partial = (const char *)arena_printf(export->arena, "%s.partial%c", path, 0).ptr;
    struct file *file = NULL;
    int result = file_open(export->env, partial, FILE_WRITE, &file);
    if (result == 0) result = file_truncate(file, 0);
    if (result == 0) result = file_write(file, bytes, 0);
    if (result == 0) result = file_sync(file);
    file_close(&file);
    return result ? result : file_rename(export->env, partial, path);
}

static struct slice mark_of(struct export *export) {
    return arena_printf(export->arena, "posthaste export of %.*s\nform %s\n", SLICE_PRINT(export->address),
                        export->is_mbox ? "mbox" : "maildir");
}

static const char *begin(struct export *export, const char *mark) {
    struct tree_names names;
    struct arena *arena = arena_new(MIB(512));
    int result = tree_list(arena, export->path, &names);
    /* What a run that was broken off right here left. */
    bool is_empty = names.count == 0 ||
                    (names.count == 1 && slice_equal(names.names[0], SLICE(".posthaste-export.partial")));
    arena_free(&arena);
    if (result) return strerror(-result);
    if (!is_empty) return "is not empty, and no export of before; name a new folder";
    result = export_write_file(export, mark, mark_of(export));
    return result ? strerror(-result) : NULL;
}

const char *export_place_open(struct export *export) {
    struct slice text;
    int result = folder_make(export->env, export->path);
    if (result == 0) result = tree_resolve(export->arena, export->path, &export->path);
    if (result) return strerror(-result);
    const char *mark = export_path(export, export->path, mark_name);
    result = read_file(export->arena, mark, MARK_BYTES_MAX, &text);
    if (result == -ENOENT) return begin(export, mark);
    if (result) return strerror(-result);
    return slice_equal(text, mark_of(export))
               ? NULL
               : "has an export of another account or in the other form; name a new folder";
}

int export_subscriptions(struct export *export) {
    struct buffer text = buffer_new(SUBSCRIPTIONS_BYTES_MAX);
    buffer_append_text(&text, "V\t2\n\n");
    for (size_t i = 0; i < export->folder_count; i++) {
        const struct mailbox *mailbox = &export->folders[i].mailbox;
        struct slice rest = mailbox->name;
        if (!mailbox->is_subscribed) continue;
        while (rest.len) {
            if (!folder_name_encode_level(slice_take_until(&rest, '/'), !export->is_mbox, &text)) break;
            buffer_append_byte(&text, slice_take_byte(&rest, '/') ? '\t' : '\n');
        }
    }
    int result =
        export_write_file(export, export_path(export, export->path, "subscriptions"), buffer_slice(&text));
    buffer_free(&text);
    return result;
}
