/*
 * The SQLite VFS of a process, on the files of its machine: fit for rollback journals and for WAL
 * between the processes of a machine. Each process has a VFS of its own, so that SQLite's calls
 * are steps of the process that makes them, and come to nothing when it is dead: every operation
 * is then an I/O error, but closing and unlocking succeed, and memory is freed.
 */
#include "io/sim/vfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATH_BYTES_MAX = 1024, SECTOR_BYTES = 4096 };
/* 1970-01-01 in Julian milliseconds. */
static const sqlite3_int64 unix_epoch_julian_ms = 210866760000000;

static struct sim_database *database_of(sqlite3_file *base) { return (struct sim_database *)(void *)base; }

static void database_cut(struct sim_database *database) {
    if (!database->inode) return;
    sim_shm_cut(database);
    sim_inode_release(database->inode);
    database->inode = NULL;
}

void sim_databases_cut(struct sim_process *process) {
    LIST_EACH(&process->databases, database, struct sim_database, in_process) database_cut(database);
}

static int vfs_close(sqlite3_file *base) {
    struct sim_database *database = database_of(base);
    sim_shm_unmap(database);
    if (database->inode) sim_database_unlock(database, SQLITE_LOCK_NONE);
    if (database->inode && database->is_removed_at_close && database->path)
        (void)sim_file_remove(database->process, database->path);
    if (database->inode) sim_inode_release(database->inode);
    list_remove(&database->in_process);
    database->process->descriptor_count--;
    free(database->path);
    return SQLITE_OK;
}

/* The lookup that a step may have just made vain. */
static bool is_gone(const struct sim_database *database) { return !database->inode; }

static int vfs_read(sqlite3_file *base, void *bytes, int len, sqlite3_int64 offset) {
    struct sim_database *database = database_of(base);
    if (is_gone(database)) return SQLITE_IOERR_READ;
    int64_t got = sim_file_read(database->process, database->inode, bytes, (size_t)len, (uint64_t)offset);
    if (got < 0) return SQLITE_IOERR_READ;
    if (got == len) return SQLITE_OK;
    memset((uint8_t *)bytes + got, 0, (size_t)(len - got));
    return SQLITE_IOERR_SHORT_READ;
}

static int vfs_write(sqlite3_file *base, const void *bytes, int len, sqlite3_int64 offset) {
    struct sim_database *database = database_of(base);
    if (is_gone(database) || database->is_read_only) return SQLITE_IOERR_WRITE;
    struct slice slice = slice_of(bytes, (size_t)len);
    int result = sim_file_write(database->process, database->inode, slice, (uint64_t)offset);
    if (result == -ENOSPC) return SQLITE_FULL;
    return result ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

static int vfs_truncate(sqlite3_file *base, sqlite3_int64 size) {
    struct sim_database *database = database_of(base);
    if (is_gone(database)) return SQLITE_IOERR_TRUNCATE;
    int result = sim_file_truncate(database->process, database->inode, (uint64_t)size);
    return result ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

static int folder_of_path_sync(struct sim_process *process, const char *path) {
    char folder[PATH_BYTES_MAX];
    const char *slash = strrchr(path, '/');
    (void)snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 0, path);
    return sim_folder_sync(process, folder);
}

static int vfs_sync(sqlite3_file *base, int flags) {
    (void)flags;
    struct sim_database *database = database_of(base);
    if (is_gone(database) || sim_file_sync(database->process, database->inode)) return SQLITE_IOERR_FSYNC;
    if (!database->syncs_folder) return SQLITE_OK;
    if (folder_of_path_sync(database->process, database->path)) return SQLITE_IOERR_DIR_FSYNC;
    database->syncs_folder = false;
    return SQLITE_OK;
}

static int vfs_size(sqlite3_file *base, sqlite3_int64 *size) {
    struct sim_database *database = database_of(base);
    if (is_gone(database)) return SQLITE_IOERR_FSTAT;
    *size = (sqlite3_int64)database->inode->seen.len;
    return SQLITE_OK;
}

static int vfs_lock(sqlite3_file *base, int level) {
    struct sim_database *database = database_of(base);
    if (!sim_step(database->process)) return SQLITE_IOERR_LOCK;
    return sim_database_lock(database, level);
}

static int vfs_unlock(sqlite3_file *base, int level) {
    struct sim_database *database = database_of(base);
    if (!is_gone(database)) sim_database_unlock(database, level);
    return SQLITE_OK;
}

static int vfs_check_reserved(sqlite3_file *base, int *is_reserved) {
    struct sim_database *database = database_of(base);
    *is_reserved = !is_gone(database) && sim_database_is_reserved(database);
    return is_gone(database) ? SQLITE_IOERR_CHECKRESERVEDLOCK : SQLITE_OK;
}

static int vfs_control(sqlite3_file *base, int operation, void *argument) {
    struct sim_database *database = database_of(base);
    int *number = argument;
    switch (operation) {
    case SQLITE_FCNTL_LOCKSTATE:
        *number = database->lock;
        return SQLITE_OK;
    case SQLITE_FCNTL_PERSIST_WAL:
        if (*number >= 0) database->keeps_wal = *number;
        *number = database->keeps_wal;
        return SQLITE_OK;
    case SQLITE_FCNTL_POWERSAFE_OVERWRITE:
        *number = 1;
        return SQLITE_OK;
    case SQLITE_FCNTL_HAS_MOVED:
        *number = 0;
        return SQLITE_OK;
    case SQLITE_FCNTL_VFSNAME:
        *(char **)argument = sqlite3_mprintf("%s", database->process->vfs->zName);
        return SQLITE_OK;
    default:
        return SQLITE_NOTFOUND;
    }
}

static int vfs_sector_size(sqlite3_file *base) {
    (void)base;
    return SECTOR_BYTES;
}

static int vfs_characteristics(sqlite3_file *base) {
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int vfs_shm_map(sqlite3_file *base, int region, int region_bytes, int is_extending,
                       void volatile **memory) {
    struct sim_database *database = database_of(base);
    *memory = NULL;
    if (!sim_step(database->process)) return SQLITE_IOERR_SHMMAP;
    return sim_shm_map(database, region, region_bytes, is_extending, memory);
}

static int vfs_shm_lock(sqlite3_file *base, int first, int count, int flags) {
    struct sim_database *database = database_of(base);
    bool is_unlock = flags & SQLITE_SHM_UNLOCK;
    if (is_gone(database) || (!is_unlock && !sim_step(database->process)))
        return is_unlock ? SQLITE_OK : SQLITE_IOERR_SHMLOCK;
    return sim_shm_lock(database, first, count, flags);
}

static void vfs_shm_barrier(sqlite3_file *base) { (void)base; }

static int vfs_shm_unmap(sqlite3_file *base, int is_deleting) {
    (void)is_deleting;
    sim_shm_unmap(database_of(base));
    return SQLITE_OK;
}

static const sqlite3_io_methods vfs_methods = {
    .iVersion = 2,
    .xClose = vfs_close,
    .xRead = vfs_read,
    .xWrite = vfs_write,
    .xTruncate = vfs_truncate,
    .xSync = vfs_sync,
    .xFileSize = vfs_size,
    .xLock = vfs_lock,
    .xUnlock = vfs_unlock,
    .xCheckReservedLock = vfs_check_reserved,
    .xFileControl = vfs_control,
    .xSectorSize = vfs_sector_size,
    .xDeviceCharacteristics = vfs_characteristics,
    .xShmMap = vfs_shm_map,
    .xShmLock = vfs_shm_lock,
    .xShmBarrier = vfs_shm_barrier,
    .xShmUnmap = vfs_shm_unmap,
};

static struct sim_process *process_of(sqlite3_vfs *vfs) { return vfs->pAppData; }

static int find_inode(struct sim_process *process, const char *name, int flags, bool *is_new,
                      struct sim_inode **inode) {
    if (!name) {
        *is_new = true;
        *inode = sim_inode_new(process->machine, false);
        return 0;
    }
    enum file_mode mode = flags & SQLITE_OPEN_CREATE ? FILE_WRITE : FILE_READ;
    if (flags & SQLITE_OPEN_EXCLUSIVE) mode = FILE_CREATE;
    return sim_file_find(process, name, mode, is_new, inode);
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out_flags) {
    struct sim_process *process = process_of(vfs);
    struct sim_database *database = database_of(base);
    struct sim_inode *inode = NULL;
    bool is_new = false;
    *database = (struct sim_database){.process = process};
    if (process->env.is_dead || find_inode(process, name, flags, &is_new, &inode)) return SQLITE_CANTOPEN;
    const int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
    database->inode = inode;
    database->path = name ? sim_copy_text(name) : NULL;
    database->is_read_only = !(flags & SQLITE_OPEN_READWRITE);
    database->is_removed_at_close = flags & SQLITE_OPEN_DELETEONCLOSE;
    database->syncs_folder = is_new && flags & journals;
    database->is_shm_read_only = flags & SQLITE_OPEN_MAIN_DB && sqlite3_uri_boolean(name, "readonly_shm", 0);
    database->base.pMethods = &vfs_methods;
    list_append(&process->databases, &database->in_process);
    process->descriptor_count++;
    if (out_flags) *out_flags = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int syncs_folder) {
    struct sim_process *process = process_of(vfs);
    int result = sim_file_remove(process, name);
    if (result == -ENOENT) return SQLITE_IOERR_DELETE_NOENT;
    if (result) return SQLITE_IOERR_DELETE;
    if (syncs_folder && folder_of_path_sync(process, name)) return SQLITE_IOERR_DIR_FSYNC;
    return SQLITE_OK;
}

/* Like the real one: an empty file does not exist. */
static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *is_there) {
    struct sim_process *process = process_of(vfs);
    *is_there = 0;
    if (process->env.is_dead) return SQLITE_IOERR_ACCESS;
    struct sim_inode *inode = sim_path_inode(process->machine, name);
    *is_there = inode && (flags != SQLITE_ACCESS_EXISTS || inode->is_folder || inode->seen.len > 0);
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int room, char *out) {
    (void)vfs;
    int len = snprintf(out, (size_t)room, "%s%s", name[0] == '/' ? "" : "/", name);
    return len < room ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int vfs_random(sqlite3_vfs *vfs, int len, char *bytes) {
    env_random(&process_of(vfs)->env, bytes, (size_t)len);
    return len;
}

/* All others stand still while a lane job runs, so waiting for them is in vain: SQLite counts its
   tries, and gives up in no time. */
static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
    (void)vfs;
    return microseconds;
}

static int vfs_now_ms(sqlite3_vfs *vfs, sqlite3_int64 *julian_ms) {
    *julian_ms = env_wall_ms(&process_of(vfs)->env) + unix_epoch_julian_ms;
    return SQLITE_OK;
}

static int vfs_now(sqlite3_vfs *vfs, double *julian_days) {
    sqlite3_int64 julian_ms;
    int result = vfs_now_ms(vfs, &julian_ms);
    *julian_days = (double)julian_ms / 86400000.0;
    return result;
}

static int vfs_last_error(sqlite3_vfs *vfs, int room, char *out) {
    (void)vfs;
    if (room > 0) out[0] = '\0';
    return 0;
}

const char *sim_vfs_name(struct env *env) {
    struct sim_process *process = sim_process_of(env);
    if (process->vfs) return process->vfs->zName;
    enum { NAME_BYTES_MAX = 64 };
    char *name = sim_alloc(NAME_BYTES_MAX);
    /* SQLite's list of VFSs is the program's: the address makes the name the only one. */
    (void)snprintf(name, NAME_BYTES_MAX, "sim-%p", (void *)process);
    process->vfs = sim_alloc(sizeof *process->vfs);
    *process->vfs = (sqlite3_vfs){.iVersion = 2,
                                  .szOsFile = sizeof(struct sim_database),
                                  .mxPathname = PATH_BYTES_MAX,
                                  .zName = name,
                                  .pAppData = process,
                                  .xOpen = vfs_open,
                                  .xDelete = vfs_delete,
                                  .xAccess = vfs_access,
                                  .xFullPathname = vfs_full_path,
                                  .xRandomness = vfs_random,
                                  .xSleep = vfs_sleep,
                                  .xCurrentTime = vfs_now,
                                  .xGetLastError = vfs_last_error,
                                  .xCurrentTimeInt64 = vfs_now_ms};
    if (sqlite3_vfs_register(process->vfs, 0) != SQLITE_OK) FATAL("SQLite takes no VFS");
    return name;
}

void sim_vfs_remove(struct sim_process *process) {
    if (!process->vfs) return;
    if (!list_empty(&process->databases)) FATAL("process %s ended with an open database", process->name);
    (void)sqlite3_vfs_unregister(process->vfs);
    free((char *)(uintptr_t)process->vfs->zName);
    free(process->vfs);
    process->vfs = NULL;
}
