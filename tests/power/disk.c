#include "disk.h"

#include <stdlib.h>

#include "base/fatal.h"

/* `list` with room for one item more than `count`: it doubles at each power of two. */
static void *grown(void *list, size_t count, size_t item_bytes) {
    if (count & (count - 1)) return list;
    void *more = realloc(list, (count ? count * 2 : 1) * item_bytes);
    if (!more) FATAL("out of memory");
    return more;
}

/* ---- names ---- */

static struct name *names_find(const struct names *names, struct slice text) {
    for (size_t i = 0; i < names->count; i++)
        if (slice_equal(names->list[i].text, text)) return &names->list[i];
    return NULL;
}

static void names_set(struct names *names, struct slice text, struct node *node) {
    struct name *name = names_find(names, text);
    if (!name) {
        names->list = grown(names->list, names->count, sizeof *names->list);
        name = &names->list[names->count++];
    }
    *name = (struct name){text, node};
}

static struct node *names_remove(struct names *names, struct slice text) {
    struct name *name = names_find(names, text);
    if (!name) return NULL;
    struct node *node = name->node;
    *name = names->list[--names->count];
    return node;
}

static void names_apply(struct names *names, const struct name_change *change) {
    if (change->node) {
        names_set(names, change->text, change->node);
        return;
    }
    struct node *node = names_remove(names, change->text);
    if (change->to.len && node) names_set(names, change->to, node);
}

struct names names_with(const struct node *folder, const bool *is_done) {
    struct names names = {0};
    for (size_t i = 0; i < folder->durable.count; i++)
        names_set(&names, folder->durable.list[i].text, folder->durable.list[i].node);
    for (size_t i = 0; i < folder->name_change_count; i++)
        if (is_done[i]) names_apply(&names, &folder->name_changes[i]);
    return names;
}

void names_free(struct names *names) {
    free(names->list);
    *names = (struct names){0};
}

/* ---- finding ---- */

static struct node *node_new(struct disk *disk, uint64_t inode) {
    struct node *node = calloc(1, sizeof *node);
    if (!node) FATAL("out of memory");
    node->inode = inode;
    disk->nodes = grown(disk->nodes, disk->node_count, sizeof *disk->nodes);
    disk->nodes[disk->node_count++] = node;
    return node;
}

/* The newest of that number: inodes are used again. NULL: it is none of the folder's. */
static struct node *node_find(const struct disk *disk, uint64_t inode) {
    for (size_t i = disk->node_count; i > 0; i--)
        if (disk->nodes[i - 1]->inode == inode) return disk->nodes[i - 1];
    return NULL;
}

static bool ends(struct slice text, struct slice end) {
    return text.len >= end.len && slice_equal(slice_skip(text, text.len - end.len), end);
}

static enum file_class class_of(struct slice name) {
    if (ends(name, SLICE("-wal")) || ends(name, SLICE("-journal"))) return CLASS_LOG;
    if (ends(name, SLICE("-shm"))) return CLASS_INDEX;
    if (ends(name, SLICE(".seg"))) return CLASS_SEGMENT;
    return slice_starts(name, SLICE("store.db")) ? CLASS_DATABASE : CLASS_OTHER;
}

/* The folder that a path is in, and its name there. */
static struct node *folder_of(const struct disk *disk, struct slice path, struct slice *name) {
    struct node *folder = disk->root;
    if (!slice_take_prefix(&path, disk->root_path)) FATAL("%.*s is elsewhere", SLICE_PRINT(path));
    for (;;) {
        while (slice_take_byte(&path, '/')) continue;
        *name = slice_take_until(&path, '/');
        if (path.len == 0) return folder;
        struct name *found = names_find(&folder->live, *name);
        if (!found) FATAL("no folder %.*s", SLICE_PRINT(*name));
        folder = found->node;
    }
}

static void change_name(struct node *folder, struct name_change change) {
    names_apply(&folder->live, &change);
    folder->name_changes =
        grown(folder->name_changes, folder->name_change_count, sizeof *folder->name_changes);
    folder->name_changes[folder->name_change_count++] = change;
}

/* ---- records ---- */

static void on_create(struct disk *disk, const struct record *record) {
    struct slice text;
    struct node *folder = folder_of(disk, record->data, &text);
    const struct name *known = names_find(&folder->live, text);
    if (known && known->node->inode == record->first) return;
    struct node *node = node_new(disk, record->first);
    node->class = record->kind == RECORD_MKDIR ? CLASS_FOLDER : class_of(text);
    node->name = text;
    disk->has_log = disk->has_log || ends(text, SLICE("-wal"));
    change_name(folder, (struct name_change){record->number, text, SLICE_EMPTY, node});
}

static void on_remove(struct disk *disk, const struct record *record) {
    struct slice text;
    struct node *folder = folder_of(disk, record->data, &text);
    /* A socket's name is none of ours. */
    if (names_find(&folder->live, text))
        change_name(folder, (struct name_change){record->number, text, SLICE_EMPTY, NULL});
}

static void on_rename(struct disk *disk, const struct record *record) {
    struct slice to = record->data;
    struct slice from = slice_take_until(&to, 0);
    struct slice from_text;
    struct slice to_text;
    struct node *folder = folder_of(disk, from, &from_text);
    if (folder != folder_of(disk, slice_skip(to, 1), &to_text)) FATAL("a rename between folders");
    struct name *name = names_find(&folder->live, from_text);
    if (!name) FATAL("a rename of nothing");
    if (name->node->class != CLASS_FOLDER) name->node->class = class_of(to_text);
    name->node->name = to_text;
    change_name(folder, (struct name_change){record->number, from_text, to_text, NULL});
}

static void on_change(struct disk *disk, const struct record *record) {
    struct node *node = node_find(disk, record->first);
    if (!node) return;
    node->changes = grown(node->changes, node->change_count, sizeof *node->changes);
    node->changes[node->change_count++] =
        (struct change){record->number, record->kind == RECORD_TRUNCATE, record->second, record->data};
}

static void on_sync_begin(struct disk *disk, const struct record *record) {
    struct node *node = node_find(disk, record->first);
    if (!node) return;
    node->syncs = grown(node->syncs, node->sync_count, sizeof *node->syncs);
    node->syncs[node->sync_count++] = (struct sync){record->second, record->number};
}

/* ---- becoming durable ---- */

static void resize(struct node *node, uint64_t size) {
    uint8_t *bytes = size ? realloc(node->bytes, size) : node->bytes;
    if (size && !bytes) FATAL("out of memory");
    if (size > node->size) memset(bytes + node->size, 0, size - node->size);
    node->bytes = bytes;
    node->size = size;
}

static void settle_change(struct node *node, const struct change *change) {
    uint64_t end = change->offset + change->bytes.len;
    if (change->is_truncation || end > node->size) resize(node, end);
    if (change->bytes.len) memcpy(node->bytes + change->offset, change->bytes.ptr, change->bytes.len);
}

/* Those asked for before `asked`; a list keeps what is left. */
static void settle_bytes(struct node *node, uint64_t asked) {
    size_t done = 0;
    while (done < node->change_count && node->changes[done].number < asked)
        settle_change(node, &node->changes[done++]);
    size_t rest = node->change_count - done;
    struct change *left = NULL;
    size_t count = 0;
    for (; count < rest; count++) {
        left = grown(left, count, sizeof *left);
        left[count] = node->changes[done + count];
    }
    free(node->changes);
    node->changes = left;
    node->change_count = rest;
}

static void settle_names(struct node *node, uint64_t asked) {
    size_t done = 0;
    while (done < node->name_change_count && node->name_changes[done].number < asked)
        names_apply(&node->durable, &node->name_changes[done++]);
    size_t rest = node->name_change_count - done;
    struct name_change *left = NULL;
    size_t count = 0;
    for (; count < rest; count++) {
        left = grown(left, count, sizeof *left);
        left[count] = node->name_changes[done + count];
    }
    free(node->name_changes);
    node->name_changes = left;
    node->name_change_count = rest;
}

static bool is_forgotten(const struct disk *disk, const struct node *node) {
    struct slice what = disk->forgotten;
    if (slice_equal(what, SLICE("log"))) return node->class == CLASS_LOG;
    if (slice_equal(what, SLICE("segment"))) return node->class == CLASS_SEGMENT;
    if (slice_equal(what, SLICE("checkpoint"))) return node->class == CLASS_DATABASE && disk->has_log;
    if (slice_equal(what, SLICE("folder"))) return node->class == CLASS_FOLDER;
    return what.len && slice_equal(what, node->name);
}

static void on_sync_end(struct disk *disk, const struct record *record) {
    struct node *node = node_find(disk, record->first);
    for (size_t i = 0; node && i < node->sync_count; i++) {
        if (node->syncs[i].number != record->second) continue;
        uint64_t asked = node->syncs[i].asked;
        node->syncs[i] = node->syncs[--node->sync_count];
        if (is_forgotten(disk, node)) return;
        bool has_news = node->class == CLASS_FOLDER ? node->name_change_count : node->change_count;
        node->class == CLASS_FOLDER ? settle_names(node, asked) : settle_bytes(node, asked);
        disk->settled += has_news;
        return;
    }
}

static void on_map(const struct disk *disk, const struct record *record) {
    const struct node *node = node_find(disk, record->first);
    if (node && node->class != CLASS_INDEX) FATAL("a file is written through memory");
}

void disk_start(struct disk *disk, const struct log_file *log, struct slice forgotten) {
    *disk = (struct disk){.root_path = log->root, .forgotten = forgotten};
    disk->root = node_new(disk, log->root_inode);
    disk->root->class = CLASS_FOLDER;
}

void disk_apply(struct disk *disk, const struct record *record) {
    switch (record->kind) {
    case RECORD_CREATE:
    case RECORD_MKDIR:
        on_create(disk, record);
        return;
    case RECORD_TEMPORARY:
        (void)node_new(disk, record->first);
        return;
    case RECORD_WRITE:
    case RECORD_TRUNCATE:
        on_change(disk, record);
        return;
    case RECORD_RENAME:
        on_rename(disk, record);
        return;
    case RECORD_UNLINK:
    case RECORD_RMDIR:
        on_remove(disk, record);
        return;
    case RECORD_SYNC_BEGIN:
        on_sync_begin(disk, record);
        return;
    case RECORD_SYNC_END:
        on_sync_end(disk, record);
        return;
    case RECORD_MAP:
        on_map(disk, record);
        return;
    case RECORD_MARK:
        return;
    case RECORD_UNKNOWN:
    case RECORD_KINDS:
        break;
    }
    FATAL("record %llu: the replay has no words for it", (unsigned long long)record->number);
}

static bool has_name(const struct disk *disk, const struct node *node) {
    for (size_t i = 0; i < disk->node_count; i++)
        for (size_t j = 0; j < disk->nodes[i]->live.count; j++)
            if (disk->nodes[i]->live.list[j].node == node) return true;
    return false;
}

bool disk_is_settled(const struct disk *disk) {
    for (size_t i = 0; i < disk->node_count; i++) {
        const struct node *node = disk->nodes[i];
        if (node->name_change_count) return false;
        if (node->change_count && node->class != CLASS_INDEX && has_name(disk, node)) return false;
    }
    return true;
}
