/*
 * A world whose writes fail: an env_ops over the real one, and a SQLite VFS over SQLite's own.
 * Every write, sync, truncation and making of a file is a step; the step with the chosen
 * number fails as on a full or a broken disk.
 */
#ifndef STORE_FAULTS_H
#define STORE_FAULTS_H

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "test.h"

#include "io/file.h"
#include "io/real/loop.h"

enum fault_kind { FAULT_FULL, FAULT_BROKEN };

/* Counted across the lanes' threads. */
struct faults {
    int steps;
    int failing_step;
    enum fault_kind kind;
};
static struct faults faults;

static inline bool fault_comes(void) {
    return __atomic_add_fetch(&faults.steps, 1, __ATOMIC_RELAXED) == faults.failing_step;
}
static inline int fault_errno(void) { return faults.kind == FAULT_FULL ? -ENOSPC : -EIO; }

/* The first counts the steps. Then each kind of fault comes at every second one, where the other does not; at
   all of them with EVERY_STEP=1. */
static inline int fault_next_step(int step, enum fault_kind kind) {
    int stride = getenv("EVERY_STEP") ? 1 : 2;
    if (step > 0) return step + stride;
    return stride == 2 && kind == FAULT_BROKEN ? 2 : 1;
}

/* ---- files ---- */

struct faulty_file {
    struct file file;
    struct file *real;
};
static struct file_ops faulty_ops;

static inline struct file *real_of(struct file *file) {
    return CONTAINER_OF(file, struct faulty_file, file)->real;
}
static inline struct file *faulty_of(struct file *real) {
    struct faulty_file *faulty = calloc(1, sizeof *faulty);
    assert_non_null(faulty);
    faulty->file.ops = &faulty_ops;
    faulty->real = real;
    return &faulty->file;
}
static inline int faulty_open(struct env *env, const char *path, enum file_mode mode, struct file **file) {
    if (mode != FILE_READ && fault_comes()) return fault_errno();
    int result = real_file_ops.open(env, path, mode, file);
    if (result == 0) *file = faulty_of(*file);
    return result;
}
static inline int faulty_open_temporary(struct env *env, const char *folder, struct file **file) {
    if (fault_comes()) return fault_errno();
    int result = real_file_ops.open_temporary(env, folder, file);
    if (result == 0) *file = faulty_of(*file);
    return result;
}
static inline struct file *faulty_adopt(struct env *env, struct handle handle) {
    return faulty_of(real_file_ops.adopt(env, handle));
}
static inline int64_t faulty_read(struct file *file, void *bytes, size_t len, uint64_t offset) {
    return real_file_ops.read(real_of(file), bytes, len, offset);
}
/* Half of it gets there. */
static inline int faulty_write(struct file *file, struct slice bytes, uint64_t offset) {
    if (!fault_comes()) return real_file_ops.write(real_of(file), bytes, offset);
    (void)!real_file_ops.write(real_of(file), slice_sub(bytes, 0, bytes.len / 2), offset);
    return fault_errno();
}
static inline void faulty_start_sync(struct file *file, uint64_t offset, uint64_t len) {
    real_file_ops.start_sync(real_of(file), offset, len);
}
static inline int faulty_sync(struct file *file) {
    return fault_comes() ? -EIO : real_file_ops.sync(real_of(file));
}
static inline int64_t faulty_size(struct file *file) { return real_file_ops.size(real_of(file)); }
static inline int faulty_truncate(struct file *file, uint64_t size) {
    return fault_comes() ? fault_errno() : real_file_ops.truncate(real_of(file), size);
}
static inline int faulty_lock(struct file *file) { return real_file_ops.lock(real_of(file)); }
static inline int faulty_handle_copy(struct file *file, struct handle *handle) {
    return real_file_ops.handle_copy(real_of(file), handle);
}
static inline void faulty_close(struct file *file) {
    real_file_ops.close(real_of(file));
    free(CONTAINER_OF(file, struct faulty_file, file));
}

/* ---- SQLite ---- */

struct faulty_database {
    sqlite3_file base;
    sqlite3_file *real;
};
static inline sqlite3_file *inner(sqlite3_file *file) {
    return ((struct faulty_database *)(void *)file)->real;
}
static inline int vfs_fault(void) { return faults.kind == FAULT_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE; }

static int db_file_close(sqlite3_file *f) {
    int code = inner(f)->pMethods->xClose(inner(f));
    free(inner(f));
    return code;
}
static int db_file_read(sqlite3_file *f, void *bytes, int len, sqlite3_int64 at) {
    return inner(f)->pMethods->xRead(inner(f), bytes, len, at);
}
static int db_file_write(sqlite3_file *f, const void *bytes, int len, sqlite3_int64 at) {
    return fault_comes() ? vfs_fault() : inner(f)->pMethods->xWrite(inner(f), bytes, len, at);
}
static int db_file_truncate(sqlite3_file *f, sqlite3_int64 size) {
    return fault_comes() ? SQLITE_IOERR_TRUNCATE : inner(f)->pMethods->xTruncate(inner(f), size);
}
static int db_file_sync(sqlite3_file *f, int flags) {
    return fault_comes() ? SQLITE_IOERR_FSYNC : inner(f)->pMethods->xSync(inner(f), flags);
}
static int db_file_size(sqlite3_file *f, sqlite3_int64 *size) {
    return inner(f)->pMethods->xFileSize(inner(f), size);
}
static int db_file_lock(sqlite3_file *f, int level) { return inner(f)->pMethods->xLock(inner(f), level); }
static int db_file_unlock(sqlite3_file *f, int level) { return inner(f)->pMethods->xUnlock(inner(f), level); }
static int db_file_check(sqlite3_file *f, int *out) {
    return inner(f)->pMethods->xCheckReservedLock(inner(f), out);
}
static int db_file_control(sqlite3_file *f, int op, void *argument) {
    return inner(f)->pMethods->xFileControl(inner(f), op, argument);
}
static int db_file_sector(sqlite3_file *f) { return inner(f)->pMethods->xSectorSize(inner(f)); }
static int db_file_device(sqlite3_file *f) { return inner(f)->pMethods->xDeviceCharacteristics(inner(f)); }
static int db_file_shm_map(sqlite3_file *f, int region, int size, int extend, void volatile **at) {
    return inner(f)->pMethods->xShmMap(inner(f), region, size, extend, at);
}
static int db_file_shm_lock(sqlite3_file *f, int offset, int n, int flags) {
    return inner(f)->pMethods->xShmLock(inner(f), offset, n, flags);
}
static void db_file_shm_barrier(sqlite3_file *f) { inner(f)->pMethods->xShmBarrier(inner(f)); }
static int db_file_shm_unmap(sqlite3_file *f, int removes) {
    return inner(f)->pMethods->xShmUnmap(inner(f), removes);
}

static const sqlite3_io_methods faulty_methods = {
    .iVersion = 2,
    .xClose = db_file_close,
    .xRead = db_file_read,
    .xWrite = db_file_write,
    .xTruncate = db_file_truncate,
    .xSync = db_file_sync,
    .xFileSize = db_file_size,
    .xLock = db_file_lock,
    .xUnlock = db_file_unlock,
    .xCheckReservedLock = db_file_check,
    .xFileControl = db_file_control,
    .xSectorSize = db_file_sector,
    .xDeviceCharacteristics = db_file_device,
    .xShmMap = db_file_shm_map,
    .xShmLock = db_file_shm_lock,
    .xShmBarrier = db_file_shm_barrier,
    .xShmUnmap = db_file_shm_unmap,
};

static sqlite3_vfs faulty_vfs;

static int faulty_vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
    struct faulty_database *faulty = (void *)file;
    sqlite3_vfs *real = vfs->pAppData;
    faulty->base.pMethods = NULL;
    faulty->real = calloc(1, (size_t)real->szOsFile);
    assert_non_null(faulty->real);
    int code = real->xOpen(real, name, faulty->real, flags, out);
    if (code == SQLITE_OK)
        faulty->base.pMethods = &faulty_methods;
    else
        free(faulty->real);
    return code;
}
static const char *faulty_vfs_name(struct env *env) { return (void)env, "faulty"; }

/* An env_ops whose steps can fail. */
static inline const struct env_ops *faults_install(struct env_ops *ops) {
    struct env *env = real_env_new(NULL);
    *ops = *env->ops;
    real_env_free(&env);
    faulty_ops = real_file_ops;
    faulty_ops.open = faulty_open;
    faulty_ops.open_temporary = faulty_open_temporary;
    faulty_ops.adopt = faulty_adopt;
    faulty_ops.read = faulty_read;
    faulty_ops.write = faulty_write;
    faulty_ops.start_sync = faulty_start_sync;
    faulty_ops.sync = faulty_sync;
    faulty_ops.size = faulty_size;
    faulty_ops.truncate = faulty_truncate;
    faulty_ops.lock = faulty_lock;
    faulty_ops.handle_copy = faulty_handle_copy;
    faulty_ops.close = faulty_close;
    faulty_ops.sqlite_vfs = faulty_vfs_name;
    ops->files = &faulty_ops;
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    faulty_vfs = *real;
    faulty_vfs.pNext = NULL;
    faulty_vfs.zName = "faulty";
    faulty_vfs.szOsFile = sizeof(struct faulty_database);
    faulty_vfs.pAppData = real;
    faulty_vfs.xOpen = faulty_vfs_open;
    assert_int_equal(sqlite3_vfs_register(&faulty_vfs, 0), SQLITE_OK);
    return ops;
}

#endif
