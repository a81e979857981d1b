/*
 * Inodes: their bytes, the changes that are not synced, and what a power cut makes of these. A
 * write is torn at 512-byte sectors; a file that grew may have its new size with zeros in it.
 */
#include "io/sim/disk.h"

#include <stdlib.h>

enum { SECTOR_BYTES = 512 };

struct change {
    struct list link;
    bool is_truncate;
    uint64_t offset;
    size_t len;
    uint8_t bytes[];
};

static void bytes_reserve(struct sim_bytes *b, size_t len) {
    if (len <= b->capacity) return;
    b->capacity = len > 2 * b->capacity ? len : 2 * b->capacity;
    b->ptr = realloc(b->ptr, b->capacity);
    if (!b->ptr) FATAL("out of memory for a simulated file");
}

static void bytes_resize(struct sim_bytes *b, size_t len) {
    bytes_reserve(b, len);
    if (len > b->len) memset(b->ptr + b->len, 0, len - b->len);
    b->len = len;
}

static void bytes_write(struct sim_bytes *b, struct slice bytes, uint64_t offset) {
    if (bytes.len == 0) return;
    if (offset > b->len) bytes_resize(b, (size_t)offset);
    if (offset + bytes.len > b->len) {
        bytes_reserve(b, (size_t)offset + bytes.len);
        b->len = (size_t)offset + bytes.len;
    }
    memcpy(b->ptr + offset, bytes.ptr, bytes.len);
}

struct sim_inode *sim_inode_new(struct sim_machine *machine, bool is_folder) {
    struct sim_inode *inode = sim_alloc(sizeof *inode);
    inode->machine = machine;
    inode->id = machine->next_inode++;
    inode->references = 1;
    inode->is_folder = is_folder;
    list_init(&inode->changes);
    list_init(&inode->names);
    list_init(&inode->durable_names);
    list_append(&machine->inodes, &inode->in_machine);
    return inode;
}

static void changes_free(struct sim_inode *inode) {
    LIST_EACH(&inode->changes, change, struct change, link) {
        list_remove(&change->link);
        free(change);
    }
}

void sim_inode_release(struct sim_inode *inode) {
    if (--inode->references) return;
    inode->machine->used_bytes -= inode->seen.len;
    list_remove(&inode->in_machine);
    changes_free(inode);
    sim_names_free(&inode->names);
    sim_names_free(&inode->durable_names);
    sim_sqlite_free(inode);
    free(inode->seen.ptr);
    free(inode->durable.ptr);
    free(inode);
}

static void change_add(struct sim_inode *inode, bool is_truncate, uint64_t offset, struct slice bytes) {
    struct change *change = sim_alloc(sizeof *change + bytes.len);
    change->is_truncate = is_truncate;
    change->offset = offset;
    change->len = bytes.len;
    if (bytes.len) memcpy(change->bytes, bytes.ptr, bytes.len);
    list_append(&inode->changes, &change->link);
}

void sim_inode_write(struct sim_inode *inode, struct slice bytes, uint64_t offset) {
    size_t before = inode->seen.len;
    bytes_write(&inode->seen, bytes, offset);
    inode->machine->used_bytes += inode->seen.len - before;
    change_add(inode, false, offset, bytes);
}

void sim_inode_copy(struct sim_inode *inode, const struct sim_inode *from) {
    struct slice bytes = slice_of(from->seen.ptr, from->seen.len);
    bytes_write(&inode->seen, bytes, 0);
    bytes_write(&inode->durable, bytes, 0);
    inode->machine->used_bytes += bytes.len;
}

void sim_inode_truncate(struct sim_inode *inode, uint64_t size) {
    inode->machine->used_bytes += size;
    inode->machine->used_bytes -= inode->seen.len;
    bytes_resize(&inode->seen, (size_t)size);
    change_add(inode, true, size, SLICE_EMPTY);
}

static void change_apply(struct sim_inode *inode, const struct change *change) {
    if (change->is_truncate)
        bytes_resize(&inode->durable, (size_t)change->offset);
    else
        bytes_write(&inode->durable, slice_of(change->bytes, change->len), change->offset);
}

void sim_inode_sync(struct sim_inode *inode) {
    LIST_EACH(&inode->changes, change, struct change, link) change_apply(inode, change);
    changes_free(inode);
}

static void write_apply_torn(struct sim_inode *inode, const struct change *change) {
    struct sim_world *world = inode->machine->world;
    size_t end = (size_t)change->offset + change->len;
    if (end > inode->durable.len && sim_world_random(world, 4) == 0) bytes_resize(&inode->durable, end);
    for (size_t at = 0; at < change->len;) {
        size_t len = SECTOR_BYTES - (size_t)((change->offset + at) % SECTOR_BYTES);
        struct slice sector = slice_sub(slice_of(change->bytes, change->len), at, len);
        if (sim_world_random(world, 2)) bytes_write(&inode->durable, sector, change->offset + at);
        at += sector.len;
    }
}

void sim_inode_sync_badly(struct sim_inode *inode) {
    struct sim_world *world = inode->machine->world;
    if (list_empty(&inode->changes)) return;
    uint64_t way = sim_world_random(world, 4);
    LIST_EACH(&inode->changes, change, struct change, link) {
        bool is_whole = way == 1 || (way == 3 && sim_world_random(world, 8));
        if (way == 0) break;
        if (is_whole || (change->is_truncate && sim_world_random(world, 2)))
            change_apply(inode, change);
        else if (!change->is_truncate)
            write_apply_torn(inode, change);
    }
    changes_free(inode);
}

static void inode_crash(struct sim_inode *inode) {
    sim_inode_sync_badly(inode);
    inode->machine->used_bytes += inode->durable.len;
    inode->machine->used_bytes -= inode->seen.len;
    bytes_resize(&inode->seen, 0);
    bytes_write(&inode->seen, slice_of(inode->durable.ptr, inode->durable.len), 0);
}

void sim_disk_crash(struct sim_machine *machine) {
    sim_names_crash(machine);
    LIST_EACH(&machine->inodes, inode, struct sim_inode, in_machine) {
        if (!inode->is_folder) inode_crash(inode);
    }
}

void sim_disk_init(struct sim_machine *machine) {
    list_init(&machine->inodes);
    list_init(&machine->name_changes);
    machine->root = sim_inode_new(machine, true);
}

void sim_disk_free(struct sim_machine *machine) {
    sim_name_changes_free(machine);
    sim_inode_release(machine->root);
    ASSERT(list_empty(&machine->inodes));
}

bool sim_machine_flip_bit(struct sim_machine *machine, const char *path, uint64_t offset, unsigned bit) {
    struct sim_inode *inode = sim_path_inode(machine, path);
    if (!inode || inode->is_folder || offset >= inode->seen.len) return false;
    inode->seen.ptr[offset] ^= (uint8_t)(1u << (bit & 7));
    if (offset < inode->durable.len) inode->durable.ptr[offset] ^= (uint8_t)(1u << (bit & 7));
    return true;
}
