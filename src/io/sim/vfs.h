/*
 * SQLite's view of the disk: an open file of the VFS, and its locks. Locks and shared memory belong
 * to the inode, so they are seen by all processes of the machine; each open file counts for itself,
 * two of one process too.
 */
#ifndef IO_SIM_VFS_H
#define IO_SIM_VFS_H

#include <sqlite3.h>

#include "io/sim/disk.h"

enum { SHM_REGIONS_MAX = 64 };

struct sim_database {
    /* First, for SQLite. */
    sqlite3_file base;
    struct list in_process;
    struct sim_process *process;
    /* NULL once the process is dead. */
    struct sim_inode *inode;
    bool is_read_only;
    bool keeps_wal;
    /* A fresh journal: its name must be synced with it. */
    bool syncs_folder;
    bool is_removed_at_close;
    char *path;
    /* SQLITE_LOCK_NONE up to _EXCLUSIVE. */
    int lock;
    /* Shared memory: its regions here, and the bits of its locks. */
    bool has_shm;
    bool is_shm_read_only;
    void *regions[SHM_REGIONS_MAX];
    int region_bytes;
    unsigned shm_shared;
    unsigned shm_exclusive;
};

/* vfs_lock.c. Codes are SQLite's. */
int sim_database_lock(struct sim_database *database, int level);
void sim_database_unlock(struct sim_database *database, int level);
bool sim_database_is_reserved(struct sim_database *database);
int sim_shm_map(struct sim_database *database, int region, int region_bytes, bool is_extending,
                volatile void **memory);
int sim_shm_lock(struct sim_database *database, int first, int count, int flags);
void sim_shm_unmap(struct sim_database *database);
/* Its process dies: its locks go, and what it maps becomes its own copy. */
void sim_shm_cut(struct sim_database *database);

#endif
