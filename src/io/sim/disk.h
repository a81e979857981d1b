/*
 * A machine's disk. Each inode has two states: what processes see, and what a power cut leaves for
 * sure; between them lie the changes that were not synced yet, in their order. Folders have the
 * same two states of their names, with the changes in one journal of the machine.
 */
#ifndef IO_SIM_DISK_H
#define IO_SIM_DISK_H

#include "io/file.h"
#include "io/sim/world.h"

struct sim_sqlite;

struct sim_bytes {
    uint8_t *ptr;
    size_t len;
    size_t capacity;
};

struct sim_inode {
    struct list in_machine;
    struct sim_machine *machine;
    uint64_t id;
    /* Names, journal entries and open files that hold it. */
    unsigned references;
    bool is_folder;
    /* Of a file. */
    struct sim_bytes seen;
    struct sim_bytes durable;
    struct list changes;
    /* The open file that holds its lock, or NULL. */
    const void *locker;
    /* Of a folder: struct sim_name. */
    struct list names;
    struct list durable_names;
    /* SQLite's locks and shared memory, or NULL; vfs_lock.c's. */
    struct sim_sqlite *sqlite;
};

struct sim_name {
    struct list link;
    struct sim_inode *inode;
    char text[SIM_NAME_BYTES_MAX + 1];
};

/* A path, taken apart: the folder that holds its last name. */
struct sim_place {
    struct sim_inode *folder;
    char name[SIM_NAME_BYTES_MAX + 1];
};

struct sim_inode *sim_inode_new(struct sim_machine *machine, bool is_folder);
static inline struct sim_inode *sim_inode_hold(struct sim_inode *inode) {
    inode->references++;
    return inode;
}
void sim_inode_release(struct sim_inode *inode);

/* disk.c: bytes, without steps and faults. */
void sim_inode_write(struct sim_inode *inode, struct slice bytes, uint64_t offset);
/* What processes see of `from` becomes the bytes, synced, of one that is new. */
void sim_inode_copy(struct sim_inode *inode, const struct sim_inode *from);
void sim_inode_truncate(struct sim_inode *inode, uint64_t size);
void sim_inode_sync(struct sim_inode *inode);
/* A sync that fails, and a power cut: what was not synced gets there in part, or never. */
void sim_inode_sync_badly(struct sim_inode *inode);

/* name.c: 0, -ENOENT, -ENOTDIR, -ENAMETOOLONG. */
int sim_place_find(struct sim_machine *machine, const char *path, struct sim_place *place);
/* The inode that the name has, or NULL. */
struct sim_inode *sim_place_inode(const struct sim_place *place);
/* The inode of a path, or NULL. */
struct sim_inode *sim_path_inode(struct sim_machine *machine, const char *path);
/* Gives the name to the inode; `from` (may be NULL) loses it in the same change. */
void sim_name_link(const struct sim_place *from, const struct sim_place *to, struct sim_inode *inode);
void sim_name_unlink(const struct sim_place *place);
/* Makes the folder's names durable. */
void sim_names_sync(struct sim_inode *folder);
void sim_names_crash(struct sim_machine *machine);
void sim_names_free(struct list *names);
void sim_name_changes_free(struct sim_machine *machine);

/* file.c: what a process does to an inode, with steps and faults: 0 or more, or a negated errno. */
int64_t sim_file_read(struct sim_process *process, struct sim_inode *inode, void *bytes, size_t len,
                      uint64_t offset);
int sim_file_write(struct sim_process *process, struct sim_inode *inode, struct slice bytes, uint64_t offset);
int sim_file_truncate(struct sim_process *process, struct sim_inode *inode, uint64_t size);
int sim_file_sync(struct sim_process *process, struct sim_inode *inode);
int sim_file_find(struct sim_process *process, const char *path, enum file_mode mode, bool *is_new,
                  struct sim_inode **inode);
int sim_file_remove(struct sim_process *process, const char *path);
int sim_folder_sync(struct sim_process *process, const char *path);

/* vfs_lock.c */
void sim_sqlite_free(struct sim_inode *inode);

#endif
