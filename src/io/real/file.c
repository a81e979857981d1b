/* Files of the kernel. */
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "io/real/loop.h"

enum { FILE_PERMISSIONS = 0640, SECRET_PERMISSIONS = 0600, FOLDER_PERMISSIONS = 0750 };

struct real_file {
    struct file file;
    int fd;
};

static int fd_of(struct file *file) { return CONTAINER_OF(file, struct real_file, file)->fd; }

static struct file *real_file_new(int fd) {
    struct real_file *file = calloc(1, sizeof *file);
    if (!file) FATAL("out of memory for a file");
    file->file.ops = &real_file_ops;
    file->fd = fd;
    return &file->file;
}

static int open_flags(enum file_mode mode) {
    switch (mode) {
    case FILE_READ:
        return O_RDONLY;
    case FILE_WRITE:
        return O_RDWR | O_CREAT;
    case FILE_CREATE:
    case FILE_SECRET:
        return O_RDWR | O_CREAT | O_EXCL;
    }
    FATAL("unknown file mode %d", (int)mode);
}

static int real_open(struct env *env, const char *path, enum file_mode mode, struct file **file) {
    (void)env;
    mode_t permissions = mode == FILE_SECRET ? SECRET_PERMISSIONS : FILE_PERMISSIONS;
    int fd = open(path, open_flags(mode) | O_CLOEXEC | O_NOFOLLOW, permissions);
    if (fd < 0) return -errno;
    *file = real_file_new(fd);
    return 0;
}

static int real_open_temporary(struct env *env, const char *folder, struct file **file) {
    (void)env;
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, FILE_PERMISSIONS);
    if (fd < 0) return -errno;
    *file = real_file_new(fd);
    return 0;
}

static struct file *real_adopt(struct env *env, struct handle handle) {
    (void)env;
    return real_file_new(handle.fd);
}

static int64_t real_read(struct file *file, void *bytes, size_t len, uint64_t offset) {
    size_t done = 0;
    while (done < len) {
        ssize_t got = pread(fd_of(file), (uint8_t *)bytes + done, len - done, (off_t)(offset + done));
        if (got == 0) break;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        done += (size_t)got;
    }
    return (int64_t)done;
}

static int real_write(struct file *file, struct slice bytes, uint64_t offset) {
    while (bytes.len) {
        ssize_t put = pwrite(fd_of(file), bytes.ptr, bytes.len, (off_t)offset);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return -errno;
        offset += (size_t)put;
        bytes = slice_skip(bytes, (size_t)put);
    }
    return 0;
}

static void real_start_sync(struct file *file, uint64_t offset, uint64_t len) {
    (void)sync_file_range(fd_of(file), (off_t)offset, (off_t)len, SYNC_FILE_RANGE_WRITE);
}

static int real_sync(struct file *file) { return fdatasync(fd_of(file)) ? -errno : 0; }

static int64_t real_size(struct file *file) {
    struct stat status;
    return fstat(fd_of(file), &status) ? -errno : status.st_size;
}

static int real_truncate(struct file *file, uint64_t size) {
    return ftruncate(fd_of(file), (off_t)size) ? -errno : 0;
}

static int real_lock(struct file *file) { return flock(fd_of(file), LOCK_EX | LOCK_NB) ? -errno : 0; }

static int real_handle_copy(struct file *file, struct handle *handle) {
    int fd = fcntl(fd_of(file), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return -errno;
    *handle = (struct handle){fd, NULL};
    return 0;
}

static void real_close(struct file *file) {
    (void)close(fd_of(file));
    free(CONTAINER_OF(file, struct real_file, file));
}

static int real_remove(struct env *env, const char *path) {
    (void)env;
    return unlink(path) ? -errno : 0;
}

static int real_rename(struct env *env, const char *from, const char *to) {
    (void)env;
    return rename(from, to) ? -errno : 0;
}

static int real_folder_make(struct env *env, const char *path) {
    (void)env;
    return mkdir(path, FOLDER_PERMISSIONS) && errno != EEXIST ? -errno : 0;
}

static int real_folder_sync(struct env *env, const char *path) {
    (void)env;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -errno;
    int result = fsync(fd) ? -errno : 0;
    (void)close(fd);
    return result;
}

static int real_folder_list(struct env *env, const char *path, void (*name)(void *context, const char *name),
                            void *context) {
    (void)env;
    DIR *folder = opendir(path);
    if (!folder) return -errno;
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) name(context, entry->d_name);
    (void)closedir(folder);
    return 0;
}

static int64_t real_free_bytes(struct env *env, const char *path) {
    (void)env;
    struct statvfs status;
    return statvfs(path, &status) ? -errno : (int64_t)(status.f_bavail * status.f_frsize);
}

static const char *real_sqlite_vfs(struct env *env) {
    (void)env;
    return NULL;
}

const struct file_ops real_file_ops = {
    .open = real_open,
    .open_temporary = real_open_temporary,
    .adopt = real_adopt,
    .read = real_read,
    .write = real_write,
    .start_sync = real_start_sync,
    .sync = real_sync,
    .size = real_size,
    .truncate = real_truncate,
    .lock = real_lock,
    .handle_copy = real_handle_copy,
    .close = real_close,
    .remove = real_remove,
    .rename = real_rename,
    .folder_make = real_folder_make,
    .folder_sync = real_folder_sync,
    .folder_list = real_folder_list,
    .free_bytes = real_free_bytes,
    .sqlite_vfs = real_sqlite_vfs,
};
