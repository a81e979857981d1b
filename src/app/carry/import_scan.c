/*
 * What is at the path: one mbox; a Maildir with its Maildir++ folders (".Sub.Folder") or folders
 * below it (Dovecot's LAYOUT=fs); or a folder of mbox files and further folders. Walked with a list
 * of places, not with recursion; links are followed, and a place that cannot be read is noted.
 */
#include <errno.h>
#include <stdio.h>

#include "app/carry/import.h"
#include "io/file.h"
#include "io/real/tree.h"
#include "wire/folder_name.h"

enum { LOOK_BYTES = 64, NAME_BYTES_MAX = 4 * IMAP_MAILBOX_NAME_BYTES_MAX };

/* A folder of the file system that is still to be looked through. */
struct place {
    const char *path;
    struct slice name;
    size_t level;
};

struct scan {
    struct import *import;
    struct arena *arena;
    struct place *places;
    size_t place_count;
    size_t at;
};

static const char *path_below(struct arena *arena, const char *path, const char *name) {
    return (const char *)arena_printf(arena, "%s/%s%c", path, name, 0).ptr;
}

static bool is_folder(struct arena *arena, const char *path, const char *name) {
    struct tree_facts facts;
    return tree_look(path_below(arena, path, name), &facts) == 0 && facts.kind == TREE_FOLDER;
}

static bool is_maildir(struct arena *arena, const char *path) {
    return is_folder(arena, path, "cur") && is_folder(arena, path, "new");
}

static void leave_out(struct scan *scan, const char *path, const char *reason) {
    import_fault(scan->import, NULL, slice_from_text(path), 0, reason);
}

static void add_folder(struct scan *scan, enum import_kind kind, const char *path, struct slice name) {
    struct import *import = scan->import;
    if (import->folder_count == IMPORT_FOLDERS_MAX) {
        leave_out(scan, path, "is one folder too many");
        return;
    }
    import->folders[import->folder_count++] =
        (struct import_folder){.kind = kind, .path = path, .source = name.len ? name : SLICE("INBOX")};
}

static void add_place(struct scan *scan, const char *path, struct slice name, size_t level) {
    if (level > IMPORT_FOLDER_LEVELS_MAX || scan->place_count == IMPORT_FOLDERS_MAX)
        leave_out(scan, path, "lies too deep, or is one folder too many");
    else
        scan->places[scan->place_count++] = (struct place){path, name, level};
}

/* "PARENT/LEVEL", the level decoded; empty where no mailbox may be called so. */
static struct slice name_below(struct scan *scan, struct slice parent, struct slice level,
                               uint8_t separator) {
    struct buffer name = buffer_new(NAME_BYTES_MAX);
    buffer_append(&name, parent);
    if (parent.len) buffer_append_byte(&name, '/');
    bool is_good =
        separator ? folder_name_decode(level, separator, &name) : folder_name_decode_level(level, &name);
    struct slice copy = is_good ? arena_copy(scan->import->arena, buffer_slice(&name)) : SLICE_EMPTY;
    buffer_free(&name);
    return copy;
}

static struct slice without_suffix(struct slice name, struct slice suffix) {
    bool has_it = name.len > suffix.len && slice_ends_nocase(name, suffix);
    return has_it ? slice_sub(name, 0, name.len - suffix.len) : name;
}

/* ---- mbox files ---- */

/* It begins as an mbox does, or is an empty one. */
static bool is_mbox(struct import *import, const char *path, uint64_t bytes, bool is_named) {
    struct file *file = NULL;
    uint8_t first[LOOK_BYTES];
    if (bytes == 0) return is_named;
    if (file_open(import->env, path, FILE_READ, &file)) return false;
    int64_t got = file_read(file, first, sizeof first, 0);
    file_close(&file);
    struct slice start = slice_of(first, got > 0 ? (size_t)got : 0);
    while (slice_take_byte(&start, '\n') || slice_take_byte(&start, '\r')) continue;
    return slice_starts(start, SLICE("From "));
}

static void look_at_file(struct scan *scan, const struct place *place, const char *path, struct slice name,
                         uint64_t bytes) {
    static const struct slice others[] = {SLICE_INIT(".msf"), SLICE_INIT(".dat"), SLICE_INIT(".log"),
                                          SLICE_INIT(".partial")};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (slice_ends_nocase(name, others[i])) return;
    if (name.ptr[0] == '.') return;
    bool is_named = slice_ends_nocase(name, SLICE(".mbox"));
    if (!is_mbox(scan->import, path, bytes, is_named)) {
        if (is_named) leave_out(scan, path, "does not begin with a \"From \" line: no mbox");
        return;
    }
    struct slice level = without_suffix(name, SLICE(".mbox"));
    struct slice mailbox = name_below(scan, place->name, level, 0);
    if (mailbox.len)
        add_folder(scan, IMPORT_MBOX, path, mailbox);
    else
        leave_out(scan, path, "has a name that no mailbox may have");
}

/* ---- folders ---- */

/* ".Sub.Folder" beside cur and new: Maildir++. Other hidden folders are no mail. */
static void look_at_hidden(struct scan *scan, const char *path, struct slice name) {
    if (!is_maildir(scan->arena, path)) return;
    struct slice mailbox = name_below(scan, SLICE_EMPTY, slice_skip(name, 1), '.');
    if (mailbox.len)
        add_folder(scan, IMPORT_MAILDIR, path, mailbox);
    else
        leave_out(scan, path, "has a name that no mailbox may have");
}

static bool belongs_to_maildir(struct slice name) {
    return slice_equal(name, SLICE("cur")) || slice_equal(name, SLICE("new")) ||
           slice_equal(name, SLICE("tmp"));
}

static void look_at(struct scan *scan, const struct place *place, bool in_maildir, struct slice name) {
    struct tree_facts facts;
    const char *path = path_below(scan->import->arena, place->path, (const char *)name.ptr);
    int result = tree_look(path, &facts);
    if (result) {
        leave_out(scan, path, strerror(-result));
    } else if (facts.kind == TREE_FILE && !in_maildir) {
        look_at_file(scan, place, path, name, facts.bytes);
    } else if (facts.kind == TREE_FOLDER && name.ptr[0] == '.') {
        look_at_hidden(scan, path, name);
    } else if (facts.kind == TREE_FOLDER && !(in_maildir && belongs_to_maildir(name))) {
        struct slice mailbox = name_below(scan, place->name, without_suffix(name, SLICE(".sbd")), 0);
        if (mailbox.len)
            add_place(scan, path, mailbox, place->level + 1);
        else
            leave_out(scan, path, "has a name that no mailbox may have");
    }
}

static void look_through(struct scan *scan, const struct place *place) {
    struct tree_names names;
    bool in_maildir = is_maildir(scan->arena, place->path);
    if (in_maildir) add_folder(scan, IMPORT_MAILDIR, place->path, place->name);
    int result = tree_list(scan->arena, place->path, &names);
    if (result) leave_out(scan, place->path, strerror(-result));
    for (size_t i = 0; i < names.count; i++) look_at(scan, place, in_maildir, names.names[i]);
}

static const char *scan_tree(struct import *import) {
    struct scan scan = {import, arena_new(MIB(512)), NULL, 0, 0};
    scan.places = ARENA_NEW_ARRAY(scan.arena, struct place, IMPORT_FOLDERS_MAX);
    add_place(&scan, import->path, SLICE_EMPTY, 0);
    while (scan.at < scan.place_count) look_through(&scan, &scan.places[scan.at++]);
    arena_free(&scan.arena);
    return import->folder_count || import->left_out ? NULL : "no mbox and no Maildir is there";
}

/* One mbox file: its name is the mailbox's, but for those names that an inbox has. */
static const char *scan_file(struct import *import, uint64_t bytes) {
    struct slice path = slice_from_text(import->path);
    struct slice name = slice_skip(path, slice_find_last_byte(path, '/') + 1);
    struct slice address = import->address;
    if (!is_mbox(import, import->path, bytes, true)) return "is no mbox: it does not begin with \"From \"";
    name = without_suffix(name, SLICE(".mbox"));
    bool is_inbox = slice_equal_nocase(name, SLICE("mbox")) || slice_equal_nocase(name, SLICE("inbox")) ||
                    slice_equal_nocase(name, slice_take_until(&address, '@'));
    struct scan scan = {.import = import};
    struct slice mailbox = is_inbox ? SLICE("INBOX") : name_below(&scan, SLICE_EMPTY, name, 0);
    add_folder(&scan, IMPORT_MBOX, import->path, mailbox);
    return NULL;
}

const char *import_scan(struct import *import) {
    struct tree_facts facts;
    int result = tree_resolve(import->arena, import->path, &import->path);
    if (result == 0) result = tree_look(import->path, &facts);
    if (result) return strerror(-result);
    import->folders = ARENA_NEW_ARRAY(import->arena, struct import_folder, IMPORT_FOLDERS_MAX);
    if (facts.kind == TREE_FILE) return scan_file(import, facts.bytes);
    return facts.kind == TREE_FOLDER ? scan_tree(import) : "is neither a file nor a folder";
}
