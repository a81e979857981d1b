/*
 * Files, for the store's lanes and for reading bodies. These calls block, on the thread that
 * makes them. Results below zero are negated errno values; short reads and writes and EINTR
 * are dealt with here: a call does all of it, or says why not.
 */
#ifndef IO_FILE_H
#define IO_FILE_H

#include "io/env.h"

enum file_mode {
    FILE_READ,
    /* For reading and writing; made if it is missing (mode 0640). */
    FILE_WRITE,
    /* Made, and must not have been there. */
    FILE_CREATE,
    /* The same, for its owner alone (mode 0600). */
    FILE_SECRET,
};

struct file {
    const struct file_ops *ops;
};

struct file_ops {
    int (*open)(struct env *env, const char *path, enum file_mode mode, struct file **file);
    int (*open_temporary)(struct env *env, const char *folder, struct file **file);
    struct file *(*adopt)(struct env *env, struct handle handle);
    int64_t (*read)(struct file *file, void *bytes, size_t len, uint64_t offset);
    int (*write)(struct file *file, struct slice bytes, uint64_t offset);
    void (*start_sync)(struct file *file, uint64_t offset, uint64_t len);
    int (*sync)(struct file *file);
    int64_t (*size)(struct file *file);
    int (*truncate)(struct file *file, uint64_t size);
    int (*lock)(struct file *file);
    int (*handle_copy)(struct file *file, struct handle *handle);
    void (*close)(struct file *file);
    int (*remove)(struct env *env, const char *path);
    int (*rename)(struct env *env, const char *from, const char *to);
    int (*folder_make)(struct env *env, const char *path);
    int (*folder_sync)(struct env *env, const char *path);
    int (*folder_list)(struct env *env, const char *path, void (*name)(void *context, const char *name),
                       void *context);
    int64_t (*free_bytes)(struct env *env, const char *path);
    /* The name of the SQLite VFS that sees the same files, or NULL for SQLite's own. */
    const char *(*sqlite_vfs)(struct env *env);
};

/* 0 and *file, or -ENOENT, -EEXIST, -EACCES, -ENOSPC, -EMFILE, ... */
NODISCARD static inline int file_open(struct env *env, const char *path, enum file_mode mode,
                                      struct file **file) {
    return env->ops->files->open(env, path, mode, file);
}
/* A file without a name, in the folder's file system, gone when the last handle is (O_TMPFILE). */
NODISCARD static inline int file_open_temporary(struct env *env, const char *folder, struct file **file) {
    return env->ops->files->open_temporary(env, folder, file);
}
/* Takes over a handle that another role gave. */
static inline struct file *file_adopt(struct env *env, struct handle handle) {
    return env->ops->files->adopt(env, handle);
}
/* Bytes read: `len`, or fewer at the end of the file. */
NODISCARD static inline int64_t file_read(struct file *file, void *bytes, size_t len, uint64_t offset) {
    return file->ops->read(file, bytes, len, offset);
}
NODISCARD static inline int file_write(struct file *file, struct slice bytes, uint64_t offset) {
    return file->ops->write(file, bytes, offset);
}
/* Begins to write those bytes to the disk, so that the sync which comes has less to wait for. Promises
 * nothing. */
static inline void file_start_sync(struct file *file, uint64_t offset, uint64_t len) {
    file->ops->start_sync(file, offset, len);
}
/* After this the bytes and the size survive a power cut. An error means that they may not,
   now or ever: nothing written since the last good sync may be acknowledged. */
NODISCARD static inline int file_sync(struct file *file) { return file->ops->sync(file); }
NODISCARD static inline int64_t file_size(struct file *file) { return file->ops->size(file); }
NODISCARD static inline int file_truncate(struct file *file, uint64_t size) {
    return file->ops->truncate(file, size);
}
/* Locks the file against every other opener that asks, until it is closed or the process ends.
   0, or -EWOULDBLOCK when another has it. */
NODISCARD static inline int file_lock_exclusive(struct file *file) { return file->ops->lock(file); }
/* A second handle of the same open file, to give to another role. */
NODISCARD static inline int file_handle_copy(struct file *file, struct handle *handle) {
    return file->ops->handle_copy(file, handle);
}
/* Closes and nulls *file. NULL is fine. */
static inline void file_close(struct file **file) {
    if (*file) (*file)->ops->close(*file);
    *file = NULL;
}
NODISCARD static inline int file_remove(struct env *env, const char *path) {
    return env->ops->files->remove(env, path);
}
/* Atomic; durable only after folder_sync of the folder. */
NODISCARD static inline int file_rename(struct env *env, const char *from, const char *to) {
    return env->ops->files->rename(env, from, to);
}
/* 0 also where the folder is there already. */
NODISCARD static inline int folder_make(struct env *env, const char *path) {
    return env->ops->files->folder_make(env, path);
}
/* New names in the folder survive a power cut. */
NODISCARD static inline int folder_sync(struct env *env, const char *path) {
    return env->ops->files->folder_sync(env, path);
}
/* Calls `name` for each entry, without "." and "..". */
NODISCARD static inline int folder_list(struct env *env, const char *path,
                                        void (*name)(void *context, const char *name), void *context) {
    return env->ops->files->folder_list(env, path, name, context);
}
NODISCARD static inline int64_t folder_free_bytes(struct env *env, const char *path) {
    return env->ops->files->free_bytes(env, path);
}
static inline const char *env_sqlite_vfs(struct env *env) { return env->ops->files->sqlite_vfs(env); }

#endif
